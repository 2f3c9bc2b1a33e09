//! Makes the requests of an HTTP check, and has the core judge what came back.
//!
//! The request is sent from inside the deployer's network to wherever a pipeline says, so it is kept
//! on a short lead: the host is resolved once, every address that it has is judged, and the
//! connection goes to one of those and nowhere else. No redirects, no proxies, no credentials;
//! time and bytes are bounded.

mod reach;
#[cfg(test)]
mod tests;

pub use reach::{Reached, reach};

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use towpath_core::check::{Answer, MAX_BODY, Response, Verdict, decided, judge};
use towpath_core::message::one_line;
use towpath_core::pipeline::HttpCheck;
use towpath_core::target::{AddressPolicy, CheckUrl, Host, Scheme};

/// Most addresses of one host that a request tries. Load balancers have one or more per zone.
const MAX_ADDRESSES: usize = 4;

/// Runs a check: asks until the verdict cannot change any more, or until there is no time for
/// another whole request within `time_left`. That the check could not be run is a verdict, too: it
/// has not passed.
pub(crate) async fn run(check: &HttpCheck, policy: &AddressPolicy, time_left: Duration) -> Verdict {
    let url: CheckUrl = match check.url.parse() {
        Ok(url) => url,
        // Not shown, since it may be a password that is wrong with it.
        Err(error) => return refused("the check's request", &error.to_string()),
    };
    let shown = format!("GET {}", one_line(&check.url, 200));
    let mut pinned: Option<Vec<SocketAddr>> = None;
    repeat(check, time_left, async || {
        let addresses = match &pinned {
            Some(addresses) => addresses,
            None => match timeout(limit(check), resolve(&url, policy)).await {
                Ok(Ok(addresses)) => pinned.insert(addresses),
                Ok(Err(Unreachable::Denied(why))) => return Err(refused(&shown, &why)),
                Ok(Err(Unreachable::Unresolved(why))) => return Ok(Answer { outcome: Err(why) }),
                Err(_) => {
                    let why = format!("{} was not resolved in time", url.host());
                    return Ok(Answer { outcome: Err(why) });
                }
            },
        };
        Ok(ask(check, &url, addresses).await)
    })
    .await
}

/// Asks with the check's pauses between. An `Err` of `ask` ends it: that verdict stands.
async fn repeat(
    check: &HttpCheck,
    time_left: Duration,
    mut ask: impl AsyncFnMut() -> Result<Answer, Verdict>,
) -> Verdict {
    let begun = Instant::now();
    let mut answers = Vec::new();
    while !decided(check, &answers) {
        let pause = if answers.is_empty() {
            Duration::ZERO
        } else {
            Duration::from_secs(check.interval.seconds().into())
        };
        // A request that cannot have its whole time would be blamed for what it had no chance to do.
        if begun.elapsed() + pause + limit(check) > time_left {
            break;
        }
        sleep(pause).await;
        match ask().await {
            Ok(answer) => answers.push(answer),
            Err(verdict) => return verdict,
        }
    }
    judge(check, &answers)
}

fn limit(check: &HttpCheck) -> Duration {
    Duration::from_secs(check.timeout.seconds().into())
}

fn refused(what: &str, why: &str) -> Verdict {
    Verdict {
        passed: false,
        detail: format!("{what} was not sent: {}", one_line(why, 300)),
    }
}

/// Why a host has no addresses to connect to.
enum Unreachable {
    /// It has one that no check may connect to.
    Denied(String),
    /// It has none, for now.
    Unresolved(String),
}

/// The addresses of the URL's host, all of them judged. One that is denied denies the host: a name
/// that points at the metadata service beside a harmless address is no mistake.
async fn resolve(url: &CheckUrl, policy: &AddressPolicy) -> Result<Vec<SocketAddr>, Unreachable> {
    let mut addresses = look_up(url).await.map_err(Unreachable::Unresolved)?;
    for address in &addresses {
        policy
            .admit(address.ip())
            .map_err(|denied| Unreachable::Denied(denied.to_string()))?;
    }
    // Functions in a VPC often have no way out by IPv6.
    addresses.sort_by_key(|address| match address.ip() {
        IpAddr::V4(_) => 0,
        IpAddr::V6(_) => 1,
    });
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

/// Every address of the URL's host, or why it has none.
async fn look_up(url: &CheckUrl) -> Result<Vec<SocketAddr>, String> {
    let addresses: Vec<SocketAddr> = match url.host() {
        Host::Address(address) => vec![SocketAddr::new(*address, url.port())],
        Host::Name(name) => lookup_host((name.as_str(), url.port()))
            .await
            .map_err(|_| format!("{name} does not resolve"))?
            .collect(),
    };
    if addresses.is_empty() {
        return Err(format!("{} has no address", url.host()));
    }
    Ok(addresses)
}

/// Makes one request, which may take as long as the check allows for one answer.
async fn ask(check: &HttpCheck, url: &CheckUrl, addresses: &[SocketAddr]) -> Answer {
    let begun = Instant::now();
    let exchange = async {
        let tcp = connect(addresses, limit(check)).await?;
        let request = request(&check.headers, url)?;
        match url.scheme() {
            Scheme::Http => exchange(request, tcp).await,
            Scheme::Https => exchange(request, encrypt(url, tcp).await?).await,
        }
    };
    let outcome = match timeout(limit(check), exchange).await {
        Ok(Ok((status, body, truncated))) => Ok(Response {
            status,
            body,
            truncated,
            elapsed_ms: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        }),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(format!("no answer within {}", check.timeout)),
    };
    Answer { outcome }
}

/// Connects to the first address that answers, each within its share of the time.
async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, String> {
    let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut why = "no address to connect to".to_owned();
    for address in addresses {
        why = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error.kind().to_string(),
            Err(_) => "no connection in time".to_owned(),
        };
    }
    Err(why)
}

async fn encrypt(
    url: &CheckUrl,
    tcp: TcpStream,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static + use<>, String> {
    let name = match url.host() {
        Host::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|error| error.to_string())?
        }
        Host::Address(address) => ServerName::from(*address),
    };
    TlsConnector::from(tls()?)
        .connect(name, tcp)
        .await
        .map_err(|error| format!("TLS: {error}"))
}

/// The TLS settings, made when a check first needs them: the system's roots take milliseconds to
/// read. `SSL_CERT_FILE` names others, such as a company's own.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static TLS: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let made = TLS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err("TLS: the system has no root certificates".to_owned());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    made.clone()
}

/// Sends the request over the connection; the status, the body as far as it is read, and whether
/// there is more.
async fn exchange<S>(
    request: Request<Empty<Bytes>>,
    stream: S,
) -> Result<(u16, Vec<u8>, bool), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_BODY)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // The connection ends with the set, however this function is left.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let (body, truncated) = read_body(response.into_body()).await?;
    Ok((status, body, truncated))
}

fn request(
    headers: &BTreeMap<String, String>,
    url: &CheckUrl,
) -> Result<Request<Empty<Bytes>>, String> {
    let mut request = Request::get(url.target())
        .header(HOST, url.authority())
        .header(USER_AGENT, concat!("towpath/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| error.to_string())?;
    for (name, value) in headers {
        let parsed: Result<hyper::header::HeaderName, _> = name.parse();
        let (Ok(name), Ok(value)) = (parsed, value.parse()) else {
            return Err(format!("the header `{name}` cannot be sent"));
        };
        // In the place of the one above, if it has the same name: a listener may route by host.
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

async fn read_body(mut body: Incoming) -> Result<(Vec<u8>, bool), String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| error.to_string())?.into_data() else {
            continue;
        };
        let room = MAX_BODY - bytes.len();
        if data.len() > room {
            bytes.extend_from_slice(&data[..room]);
            return Ok((bytes, true));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, false))
}
