//! The moto server behind the gateway: everything of AWS that the lab does not do itself.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::process::Child;

use crate::leash;

/// What goes wrong between the lab and moto.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MotoError {
    /// It could not be started.
    #[error(
        "could not start '{program}': install it with `pip install 'moto[server]'` or name it with --moto"
    )]
    Start {
        /// The program as given.
        program: String,
        #[source]
        source: std::io::Error,
    },
    /// It ended or stayed silent.
    #[error("moto did not answer within {0:?}: its log is moto.log in the log folder")]
    Silent(Duration),
    /// A request could not be sent or its answer not read.
    #[error("moto could not be asked")]
    Http(#[from] reqwest::Error),
    /// It answered with an error.
    #[error("moto refused {operation} with {status}: {body}")]
    Refused {
        /// What was asked.
        operation: String,
        /// HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
}

/// An answer of moto, passed on as it is.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Its headers, without those that belong to one connection.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The reply with its list of this name changed; one without it is left as it is.
    pub(crate) fn with_members(mut self, list: &str, change: impl FnOnce(&mut Vec<Value>)) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if self.status == 200
            && let Some(members) = body.get_mut(list).and_then(Value::as_array_mut)
        {
            change(members);
            self.body = body.to_string().into();
            self.headers.remove("content-length");
        }
        self
    }
}

/// The server process and how to reach it.
#[derive(Debug)]
pub(crate) struct Moto {
    base: String,
    client: reqwest::Client,
    /// Ends the server when dropped.
    _server: Server,
}

/// How the server came to be.
#[derive(Debug)]
enum Server {
    /// Started, and killed when dropped.
    Started(Child),
    /// Forked from a warm one, and ended when dropped.
    Forked(towpath_moto::Fork),
}

/// Where a call acts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Twelve-digit account.
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

const PATIENCE: Duration = Duration::from_secs(60);

fn spawn(program: &Path, port: u16, log: &Path) -> std::io::Result<Child> {
    let log = std::fs::File::create(log)?;
    let errors = log.try_clone()?;
    leash::command(program.as_os_str())?
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        // The account comes with each request; this setting would override it.
        .env_remove("MOTO_ACCOUNT_ID")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
}

impl Moto {
    /// Starts the server on a free loopback port, or forks it from a warm one, and waits until it
    /// answers.
    ///
    /// # Errors
    /// When it cannot be started or does not answer in time.
    pub(crate) async fn start(
        program: &Path,
        warm: Option<&Path>,
        log_dir: &Path,
    ) -> Result<Self, MotoError> {
        let start_error = |source| MotoError::Start {
            program: warm.unwrap_or(program).display().to_string(),
            source,
        };
        if warm.is_none() && !program.is_file() {
            return Err(start_error(std::io::ErrorKind::NotFound.into()));
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(start_error)?
            .port();
        let log = log_dir.join("moto.log");
        let mut server = match warm {
            Some(warm) => {
                Server::Forked(towpath_moto::Fork::of(warm, port, &log).map_err(start_error)?)
            }
            None => Server::Started(spawn(program, port, &log).map_err(start_error)?),
        };
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()?;
        let base = format!("http://127.0.0.1:{port}");
        let started = Instant::now();
        while client
            .get(format!("{base}/moto-api/"))
            .send()
            .await
            .is_err()
        {
            let ended = match &mut server {
                Server::Started(child) => child.try_wait().map_err(start_error)?.is_some(),
                Server::Forked(fork) => fork.has_ended(),
            };
            if ended || started.elapsed() > PATIENCE {
                return Err(MotoError::Silent(started.elapsed()));
            }
            // A process that is starting gives no sign to wait for but its answer.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self {
            base,
            client,
            _server: server,
        })
    }

    /// Sends a request on, as `account`.
    ///
    /// # Errors
    /// When moto cannot be reached or breaks off.
    pub(crate) async fn forward(
        &self,
        method: reqwest::Method,
        path_and_query: &str,
        headers: HeaderMap,
        body: Bytes,
        account: &str,
    ) -> Result<Reply, MotoError> {
        let mut headers = headers;
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        if let Ok(account) = HeaderValue::from_str(account) {
            headers.insert("x-moto-account-id", account);
        }
        let response = self
            .client
            .request(method, format!("{}{path_and_query}", self.base))
            .headers(headers)
            .body(body)
            .send()
            .await?;
        let status = response.status().as_u16();
        let mut headers = response.headers().clone();
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        headers.remove("server");
        Ok(Reply {
            status,
            headers,
            body: response.bytes().await?,
        })
    }

    /// Makes a call of a JSON protocol on the lab's own behalf.
    ///
    /// # Errors
    /// When moto cannot be reached or refuses.
    pub(crate) async fn json(
        &self,
        place: Place<'_>,
        service: &str,
        target: &str,
        input: &Value,
    ) -> Result<Value, MotoError> {
        let mut headers = signed_headers(place.region, service);
        let kind = if service == "dynamodb" { "1.0" } else { "1.1" };
        if let Ok(kind) = HeaderValue::from_str(&format!("application/x-amz-json-{kind}")) {
            headers.insert("content-type", kind);
        }
        if let Ok(target) = HeaderValue::from_str(target) {
            headers.insert("x-amz-target", target);
        }
        let body = Bytes::from(input.to_string());
        let reply = self
            .forward(reqwest::Method::POST, "/", headers, body, place.account)
            .await?;
        let text = accepted(target, &reply)?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Makes a call of the query protocol on the lab's own behalf; answers with the XML.
    ///
    /// # Errors
    /// When moto cannot be reached or refuses.
    pub(crate) async fn query(
        &self,
        place: Place<'_>,
        service: &str,
        action: &str,
        version: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, MotoError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(parameters)
            .finish();
        let mut headers = signed_headers(place.region, service);
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let reply = self
            .forward(
                reqwest::Method::POST,
                "/",
                headers,
                body.into(),
                place.account,
            )
            .await?;
        accepted(action, &reply)
    }
}

/// Headers that describe one connection or one body's framing, which change on the way.
const HOP_BY_HOP: [&str; 8] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "expect",
    "keep-alive",
    "date",
    "accept-encoding",
];

fn signed_headers(region: &str, service: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential=LAB/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    if let Ok(credential) = HeaderValue::from_str(&credential) {
        headers.insert("authorization", credential);
    }
    headers
}

fn accepted(operation: &str, reply: &Reply) -> Result<String, MotoError> {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    if (200..300).contains(&reply.status) {
        Ok(body)
    } else {
        Err(MotoError::Refused {
            operation: operation.to_owned(),
            status: reply.status,
            body,
        })
    }
}
