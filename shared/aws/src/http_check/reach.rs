//! One request that only asks whether anybody answers: for whoever looks into a deployer from their
//! own machine. It goes where AWS says that a load balancer is, so no policy judges its addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;
use towpath_core::message::one_line;
use towpath_core::target::{CheckUrl, Scheme};

use super::{MAX_ADDRESSES, connect, encrypt, exchange, look_up, request};

/// What came of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Somebody answered with this status; what else came is thrown away.
    Answered(u16),
    /// Somebody took the connection, but TLS was not agreed on, so that nothing was asked: why.
    Untrusted(String),
    /// Nobody answered: why.
    Unreached(String),
}

/// Asks once, and follows nothing. Everything together takes no longer than `limit`.
pub async fn reach(url: &CheckUrl, limit: Duration) -> Reached {
    let asked = async {
        let mut addresses = look_up(url).await.map_err(Reached::Unreached)?;
        // Whoever has no IPv6 still has time for the others.
        addresses.sort_by_key(|address| address.is_ipv6());
        addresses.truncate(MAX_ADDRESSES);
        let tcp = connect(&addresses, limit).await;
        let tcp = tcp.map_err(Reached::Unreached)?;
        let request = request(&BTreeMap::new(), url).map_err(Reached::Unreached)?;
        let answer = match url.scheme() {
            Scheme::Http => exchange(request, tcp).await,
            Scheme::Https => {
                let stream = encrypt(url, tcp).await;
                let stream = stream.map_err(|why| Reached::Untrusted(one_line(&why, 300)))?;
                exchange(request, stream).await
            }
        };
        answer.map_err(|why| Reached::Unreached(one_line(&why, 300)))
    };
    match timeout(limit, asked).await {
        Ok(Ok((status, _body, _truncated))) => Reached::Answered(status),
        Ok(Err(instead)) => instead,
        Err(_) => Reached::Unreached("no answer in time".into()),
    }
}
