//! A lab of one's own: started, talked to, and ended with everything it started.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::account::{Account, Place, TOOLS};

/// What goes wrong on the way to the lab.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something has to be built or installed first.
    #[error("{0} is not there; run `make test` or `make demo`, which build and install everything")]
    Missing(PathBuf),
    /// The lab did not start.
    #[error("the lab did not start: {0}; its log is in {1}")]
    NotStarted(String, PathBuf),
    /// The lab could not be reached.
    #[error("the lab does not answer")]
    Http(#[from] reqwest::Error),
    /// The lab, or AWS in it, said no.
    #[error("{what}: {status}: {body}")]
    Refused {
        /// What was asked.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What was answered.
        body: String,
    },
    /// What was waited for did not come.
    #[error("{0}")]
    Story(String),
}

/// How a lab is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Virtual seconds per real second; 0 for tests, which move time themselves.
    pub speed: f64,
    /// The gateway's port; 0 for a free one.
    pub port: u16,
    /// Other accounts that stages live in, as the deployer is told of them.
    pub target_accounts: Vec<String>,
    /// Other registries, as the deployer is told of them: `account/region`.
    pub registries: Vec<String>,
    /// Variables of every function's environment, in place of the lab's own.
    pub function_environment: Vec<(String, String)>,
}

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    child: Child,
    url: String,
    http: Client,
    logs: PathBuf,
    /// Kept so that the logs vanish with the lab; a failed test prints what matters before.
    _folder: Option<tempfile::TempDir>,
}

impl Lab {
    /// Starts a lab and waits until everything in it answers.
    ///
    /// # Errors
    /// When something is not built or installed, or the lab does not come up.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let root = workspace();
        let binaries = binaries();
        let lab = existing(binaries.join("towpath-lab"))?;
        let moto = towpath_moto::warm()
            .map_err(|problem| Error::NotStarted(problem, root.join("tests/lab")))?;
        existing(binaries.join("advance"))?;
        let folder = tempfile::Builder::new()
            .prefix("towpath-lab-")
            .tempdir()
            .map_err(|error| Error::NotStarted(error.to_string(), std::env::temp_dir()))?;
        let logs = folder.path().to_owned();
        let variables: Vec<String> = options
            .function_environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut child = Command::new(lab)
            .arg("serve")
            .args(["--port", &options.port.to_string()])
            .args(["--speed", &options.speed.to_string()])
            .arg("--functions-json")
            .arg(root.join("infra/functions.json"))
            .arg("--bin-dir")
            .arg(&binaries)
            .arg("--moto-warm")
            .arg(&moto.socket)
            .arg("--log-dir")
            .arg(&logs)
            .args(repeated("--target-account", &options.target_accounts))
            .args(repeated("--registry", &options.registries))
            .args(repeated("--function-env", &variables))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::NotStarted(error.to_string(), logs.clone()))?;
        let stdout = child.stdout.take();
        let url = ready(stdout)
            .await
            .map_err(|problem| Error::NotStarted(problem, logs.clone()))?;
        // The lab is on this machine, so no proxy is asked for it.
        let http = Client::builder()
            .no_proxy()
            // A day that passes has 1,440 sweeps in it, which take minutes on a busy machine.
            .timeout(Duration::from_secs(600))
            .build()?;
        Ok(Self {
            child,
            url,
            http,
            logs,
            _folder: Some(folder),
        })
    }

    /// The gateway that every AWS client talks to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the lab and the functions write their logs.
    #[must_use]
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// Asks one of the lab's own controls.
    ///
    /// # Errors
    /// When it cannot be reached or says no.
    pub async fn get(&self, control: &str) -> Result<Value, Error> {
        let request = self.http.get(format!("{}/_lab/{control}", self.url));
        answer(format!("GET /_lab/{control}"), request).await
    }

    /// Uses one of the lab's own controls.
    ///
    /// # Errors
    /// When it cannot be reached or says no.
    pub async fn post(&self, control: &str, body: &Value) -> Result<Value, Error> {
        let request = self
            .http
            .post(format!("{}/_lab/{control}", self.url))
            .json(body);
        answer(format!("POST /_lab/{control}"), request).await
    }

    /// Takes back what one of the lab's own controls has set up.
    ///
    /// # Errors
    /// When it cannot be reached or says no.
    pub async fn delete(&self, control: &str) -> Result<Value, Error> {
        let request = self.http.delete(format!("{}/_lab/{control}", self.url));
        answer(format!("DELETE /_lab/{control}"), request).await
    }

    /// An account in its region, and its administrator.
    #[must_use]
    pub fn account(&self, place: Place) -> Account<'_> {
        Account::new(self, place)
    }

    /// Calls an AWS API that speaks JSON, as an administrator of the deployer's account.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn aws(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Error> {
        self.account(TOOLS).aws(service, operation, input).await
    }

    /// Calls an AWS API that speaks the query protocol, as an administrator of the deployer's
    /// account, and returns its XML.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn query(
        &self,
        service: &str,
        version: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Error> {
        let tools = self.account(TOOLS);
        tools.query(service, version, parameters).await
    }

    /// A request to the gateway, not sent yet.
    pub(crate) fn gateway(&self) -> reqwest::RequestBuilder {
        self.gateway_at("")
    }

    pub(crate) fn gateway_at(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    /// Calls a method of Slack's Web API with a token.
    ///
    /// # Errors
    /// When it cannot be reached. What Slack refuses, it says in its answer.
    pub async fn slack(&self, method: &str, token: &str, input: &Value) -> Result<Value, Error> {
        let request = self
            .http
            .post(format!("{}/slack/api/{method}", self.url))
            .bearer_auth(token)
            .json(input);
        answer(format!("slack:{method}"), request).await
    }

    /// Invokes a function with a text, which need not be JSON, and returns what it answers.
    ///
    /// # Errors
    /// When Lambda says no.
    pub async fn invoke(&self, function: &str, text: &str) -> Result<String, Error> {
        self.account(TOOLS).invoke(function, text).await
    }

    /// Asks a service behind a load balancer's listener: the status and the body.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn visit(&self, url: &str) -> Result<(u16, String), Error> {
        send(self.http.get(url)).await
    }

    /// Ends the lab and everything it started.
    pub async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            // A kind request first: the lab ends its own children in order.
            let _ = Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status()
                .await;
        }
        let _ = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
    }
}

/// Waits for the one line that the lab prints when everything answers.
async fn ready(stdout: Option<tokio::process::ChildStdout>) -> Result<String, String> {
    let stdout = stdout.ok_or("its output is not connected")?;
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line())
        .await
        .map_err(|_| "it was not ready within a minute".to_owned())?
        .map_err(|error| error.to_string())?;
    let line = line.ok_or("it ended before it was ready")?;
    line.strip_prefix("lab ready ")
        .map(str::to_owned)
        .ok_or(format!("it said `{line}`"))
}

/// An option once for each value.
fn repeated<'a>(option: &'a str, values: &'a [String]) -> impl Iterator<Item = &'a str> {
    values.iter().flat_map(move |value| [option, value])
}

fn existing(path: PathBuf) -> Result<PathBuf, Error> {
    if path.exists() {
        Ok(path)
    } else {
        Err(Error::Missing(path))
    }
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the workspace's binaries are: beside the demo, or above a test's own folder.
pub(crate) fn binaries() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().map(Path::to_owned).unwrap_or_default();
    if folder.ends_with("deps") {
        folder.parent().map(Path::to_owned).unwrap_or_default()
    } else {
        folder
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> Result<(u16, String), Error> {
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

pub(crate) async fn answer(what: String, request: reqwest::RequestBuilder) -> Result<Value, Error> {
    let (status, body) = send(request).await?;
    if status >= 300 {
        return Err(Error::Refused { what, status, body });
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).map_err(|error| Error::Refused {
        what,
        status,
        body: format!("{error}: {body}"),
    })
}
