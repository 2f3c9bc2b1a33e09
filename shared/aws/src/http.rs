//! The one HTTP client of the process, shared by all AWS clients and by Slack. What is repeated when
//! its answer does not come uses connections again; what is sent once does not.
//!
//! Building a TLS connector reads every root certificate of the machine, which is most of a cold
//! start, so it is built when the first `https` request is sent and never before.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use towpath_deployer::ports::CallError;

use crate::deadline::Bound;

/// How long connecting may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an unused connection is kept. Short, because AWS and proxies close idle connections and
/// a frozen function does not notice: a request sent into a closed one is lost, and is sent again.
const IDLE: Duration = Duration::from_secs(15);

/// The HTTP client. Clones share their connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Http {
    shared: Arc<Connectors>,
    /// Where no connection is kept.
    unshared: Arc<Connectors>,
    sends_once: bool,
    bound: Bound,
}

impl Http {
    /// The same client, for requests that have this time.
    pub(crate) fn within(&self, bound: Bound) -> Self {
        Self {
            bound,
            ..self.clone()
        }
    }

    /// The same client, for requests that are sent once. Each gets a connection of its own: one that
    /// was idle may have been closed at the other end, and nobody could tell whether what was sent
    /// into it has been carried out. That costs a handshake, shortened by what TLS remembers.
    pub(crate) fn once(&self) -> Self {
        Self {
            sends_once: true,
            ..self.clone()
        }
    }

    /// Nothing, as long as there is time for requests.
    ///
    /// # Errors
    /// That `operation` is not begun any more.
    pub(crate) fn in_time(&self, operation: &'static str) -> Result<(), CallError> {
        self.bound.in_time(operation)
    }

    /// So long, or as long as a request may take.
    pub(crate) fn cap(&self, wanted: Duration) -> Duration {
        self.bound.cap(wanted)
    }
}

/// The configuration of a call that is sent once: one without a client token, so that a second
/// request could do it a second time. Whoever asks looks for what an earlier try left behind.
macro_rules! sent_once {
    ($sdk:ident, $set:expr) => {
        $sdk::config::Builder::new()
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .http_client($set.http().once())
    };
}
pub(crate) use sent_once;

#[derive(Debug, Default)]
struct Connectors {
    plain: OnceLock<Connector>,
    tls: OnceLock<Connector>,
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.bound.is_over() {
            // The call's own time limit is over, too, and says what is to be said: this may be a
            // second attempt, and nothing is known about the first one.
            return HttpConnectorFuture::new(std::future::pending());
        }
        let (connectors, kept) = if self.sends_once {
            (&self.unshared, 0)
        } else {
            (&self.shared, usize::MAX)
        };
        let connector = if request.uri().starts_with("http://") {
            connectors.plain.get_or_init(|| builder(kept).build_http())
        } else {
            connectors.tls.get_or_init(|| tls(kept))
        };
        let mut called = Called {
            call: named(&request),
            begun: Instant::now(),
            status: None,
        };
        let answer = connector.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            if let Ok(answer) = &answer {
                called.answered(answer.status().as_u16());
            }
            answer
        })
    }
}

/// A call, for the log: it is written once the answer is there, or nobody waits for one any more.
struct Called {
    call: String,
    begun: Instant,
    /// The answer's status; none where no answer came.
    status: Option<u16>,
}

impl Called {
    fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        let Self { call, status, .. } = self;
        let duration = self.begun.elapsed().as_millis();
        // Log readers take a number of 64 bits for a number, and a wider one for text.
        let duration_ms = u64::try_from(duration).unwrap_or(u64::MAX);
        tracing::debug!(call, status, duration_ms, "called");
    }
}

/// What is asked of whom, without anything that may be secret: a link to a layer of an image is signed
/// by its path and query, and a message has its text in its body.
fn named(request: &HttpRequest) -> String {
    let host = request.uri().split('/').nth(2).unwrap_or_default();
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.rsplit('.').next());
    // The query protocol of SNS, STS and others.
    let form = request.body().bytes().unwrap_or_default();
    let action = form.strip_prefix(b"Action=").map(|rest| {
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric());
        name.map(|byte| char::from(*byte)).collect::<String>()
    });
    match (target, action) {
        (Some(operation), _) => format!("{host} {operation}"),
        (None, Some(operation)) => format!("{host} {operation}"),
        (None, None) => format!("{host} {}", request.method()),
    }
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// So many connections to a host are kept for the next request.
fn builder(kept: usize) -> ConnectorBuilder {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    Connector::builder()
        .connector_settings(settings)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(kept)
}

fn tls(kept: usize) -> Connector {
    builder(kept)
        // `HTTPS_PROXY` and `NO_PROXY`, as every AWS tool obeys them.
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::AwsLc,
        ))
        .build()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn a_call_is_named_without_what_may_be_secret() {
        let request = |uri: &str, target: Option<&'static str>, body: &'static str| {
            let mut request = HttpRequest::new(SdkBody::from(body));
            request.set_method("POST").unwrap();
            request.set_uri(uri).unwrap();
            if let Some(target) = target {
                request.headers_mut().insert("x-amz-target", target);
            }
            named(&request)
        };
        let ecs = Some("AmazonEC2ContainerServiceV20141113.DescribeServices");
        assert_eq!(
            request("https://ecs.eu-west-1.amazonaws.com/", ecs, "{}"),
            "ecs.eu-west-1.amazonaws.com DescribeServices"
        );
        assert_eq!(
            request(
                "https://sns.eu-west-1.amazonaws.com/",
                None,
                "Action=Publish&Message=s3cret"
            ),
            "sns.eu-west-1.amazonaws.com Publish"
        );
        let layer = "https://layers.example/sha256?X-Amz-Signature=s3cret";
        assert_eq!(request(layer, None, ""), "layers.example POST");
    }
}
