//! The one HTTP client of the process, shared by all AWS clients and by Slack.
//!
//! Building a TLS connector reads every root certificate of the machine, which is most of a cold
//! start, so it is built when the first `https` request is sent and never before.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::deadline::Bound;
use crate::ports::CallError;

/// How long connecting may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an unused connection is kept. Short, because AWS closes idle connections and a frozen
/// function does not notice: a request sent into a closed one has an unknown outcome.
const IDLE: Duration = Duration::from_secs(15);

/// The HTTP client. Clones share their connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Http {
    connectors: Arc<Connectors>,
    bound: Bound,
}

impl Http {
    /// The same client, for requests that have this time.
    pub(crate) fn within(&self, bound: Bound) -> Self {
        Self {
            connectors: Arc::clone(&self.connectors),
            bound,
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
        let connectors = &self.connectors;
        let connector = if request.uri().starts_with("http://") {
            connectors.plain.get_or_init(plain)
        } else {
            connectors.tls.get_or_init(tls)
        };
        connector.call(request)
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

fn settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

fn plain() -> Connector {
    Connector::builder()
        .connector_settings(settings())
        .pool_idle_timeout(IDLE)
        .build_http()
}

fn tls() -> Connector {
    Connector::builder()
        .connector_settings(settings())
        .pool_idle_timeout(IDLE)
        // `HTTPS_PROXY` and `NO_PROXY`, as every AWS tool obeys them.
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::AwsLc,
        ))
        .build()
}
