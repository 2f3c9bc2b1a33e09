//! An execution environment: one process of a function, from its start to its end.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};

use super::function::Function;
use super::runtime_api::{Init, Job, Runtime};
use crate::gateway::identity::Principal;
use crate::lab::Lab;
use crate::leash;
use crate::lock::lock;

/// A process that can be given work.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Number of the environment, over all functions.
    pub(crate) id: u64,
    /// Its process id.
    pub(crate) pid: u32,
    jobs: mpsc::Sender<Job>,
    ended: watch::Receiver<Option<String>>,
    kill: mpsc::Sender<()>,
}

/// Why an environment did not start.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum StartError {
    /// The process could not be started at all.
    #[error("could not start '{program}': {reason}")]
    Spawn {
        /// The binary.
        program: String,
        reason: String,
    },
    /// It ended before it asked for work.
    #[error("Runtime exited with error: {0}")]
    Exited(String),
    /// It reported an error of its own.
    #[error("the function reported an error while it started")]
    Reported(Value),
    /// It did not ask for work in time.
    #[error("the function did not ask for work within {0:?}")]
    TooSlow(Duration),
}

/// Lambda allows ten seconds for the start of a function.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Starts a process of `function` and waits until it asks for work.
///
/// # Errors
/// When it does not get that far.
pub(crate) async fn start(
    lab: &Arc<Lab>,
    function: &Arc<Function>,
) -> Result<Arc<Environment>, StartError> {
    let config = &function.config;
    let spawn_error = |reason: String| StartError::Spawn {
        program: config.binary.display().to_string(),
        reason,
    };
    if !config.binary.is_file() {
        return Err(spawn_error("there is no such file".to_owned()));
    }
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|e| spawn_error(e.to_string()))?;
    let address = listener
        .local_addr()
        .map_err(|e| spawn_error(e.to_string()))?;
    let (jobs, queue) = mpsc::channel(1);
    let (runtime, mut ready) = Runtime::new(queue);

    let id = lab.lambda.next_environment();
    let access_key = format!("ASIA{}", lab.ids.code(16));
    let mut principal = Principal::session(&config.role_arn, &config.name);
    principal.name.clone_from(&config.name);
    principal.environment = Some(id);
    lab.identities.remember(&access_key, principal);

    let started = Instant::now();
    let child = spawn(lab, function, id, &access_key, &address.to_string())
        .map_err(|e| spawn_error(e.to_string()))?;
    let pid = child.id().unwrap_or_default();
    lock(&function.stats).processes.push(pid);
    let (kill, killed) = mpsc::channel(1);
    let (end, ended) = watch::channel(None);
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, runtime.routes()).await {
            tracing::warn!(%error, "a runtime API has ended");
        }
    });
    tokio::spawn({
        let (lab, function) = (Arc::clone(lab), Arc::clone(function));
        async move {
            let how = wait(child, killed).await;
            server.abort();
            lab.identities.forget(&access_key);
            lab.lambda.forget(id);
            lock(&function.pool).idle.retain(|idle| idle.id != id);
            lock(&function.stats)
                .processes
                .retain(|&process| process != pid);
            end.send_replace(Some(how));
        }
    });
    let environment = Arc::new(Environment {
        id,
        pid,
        jobs,
        ended,
        kill,
    });
    lab.lambda.remember(&environment);
    let init = tokio::select! {
        init = ready.wait_for(|init| *init != Init::Starting) => match init.as_deref() {
            Ok(Init::Failed(description)) => Err(StartError::Reported(description.clone())),
            Ok(Init::Ready | Init::Starting) | Err(_) => Ok(()),
        },
        how = environment.end() => Err(StartError::Exited(how)),
        () = tokio::time::sleep(INIT_LIMIT) => Err(StartError::TooSlow(INIT_LIMIT)),
    };
    match init {
        Ok(()) => {
            let init_ms = started.elapsed().as_secs_f64() * 1000.0;
            lock(&function.stats).cold_starts.push(init_ms);
            Ok(environment)
        }
        Err(error) => {
            environment.kill();
            Err(error)
        }
    }
}

impl Environment {
    /// Gives the process an invocation.
    ///
    /// # Errors
    /// The job, when the process has ended.
    pub(crate) async fn give(&self, job: Job) -> Result<(), Job> {
        self.jobs.send(job).await.map_err(|refused| refused.0)
    }

    /// Waits for the end of the process and says how it ended.
    pub(crate) async fn end(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or_default(),
            Err(_lab_ends) => "the lab ends".to_owned(),
        }
    }

    /// Whether the process has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Kills the process; [`Environment::end`] tells when it is gone.
    pub(crate) fn kill(&self) {
        // A full channel means that it is being killed already.
        let _ = self.kill.try_send(());
    }
}

async fn wait(mut child: Child, mut killed: mpsc::Receiver<()>) -> String {
    let status = tokio::select! {
        status = child.wait() => status,
        Some(()) = killed.recv() => {
            kill_group(&child);
            if let Err(error) = child.start_kill() {
                tracing::debug!(%error, "the process had ended already");
            }
            child.wait().await
        }
    };
    status.map_or_else(|error| error.to_string(), describe)
}

/// Kills what the process may have started itself.
fn kill_group(child: &Child) {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid {
            // It may have ended in this very moment.
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = child;
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}

/// The environment that Lambda gives a function:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
fn spawn(
    lab: &Lab,
    function: &Function,
    id: u64,
    access_key: &str,
    runtime_api: &str,
) -> std::io::Result<Child> {
    let config = &function.config;
    let log = std::fs::File::options().create(true).append(true).open(
        lab.settings
            .log_dir
            .join(config.log_name(&lab.settings.account)),
    )?;
    let errors = log.try_clone()?;
    let folder = config.binary.parent().unwrap_or(&config.binary);
    let mut command = leash::command(config.binary.as_os_str())?;
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("LAMBDA_TASK_ROOT", folder)
        .env("_HANDLER", "bootstrap")
        .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env(
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", config.name),
        )
        .env("AWS_LAMBDA_LOG_STREAM_NAME", format!("lab/{access_key}"))
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .env("AWS_LAMBDA_FUNCTION_NAME", &config.name)
        .env(
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            config.memory_mb.to_string(),
        )
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", &config.region)
        .env("AWS_DEFAULT_REGION", &config.region)
        .env("AWS_ACCESS_KEY_ID", access_key)
        .env("AWS_SECRET_ACCESS_KEY", lab.ids.token())
        .env("AWS_SESSION_TOKEN", lab.ids.token())
        .env("AWS_ENDPOINT_URL", &lab.settings.base_url)
        .env(
            "SLACK_API_URL",
            format!("{}/slack/from/{id}/api", lab.settings.base_url),
        )
        .env("TOWPATH_CLOCK_FILE", lab.clock.file())
        .envs(&config.environment)
        // Load balancers are on loopback here, which checks may not reach anywhere else.
        .env("TOWPATH_CHECK_ALLOW", "127.0.0.1/32")
        .envs(lab.settings.function_environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors);
    command.spawn()
}

/// A job and where its answer arrives.
pub(crate) fn job(
    function: &Function,
    request_id: &str,
    payload: bytes::Bytes,
) -> (Job, oneshot::Receiver<super::runtime_api::Reported>) {
    let (reply, answer) = oneshot::channel();
    let timeout = i64::try_from(function.config.timeout.as_millis()).unwrap_or(i64::MAX);
    let deadline_ms = crate::clock::real_ms().saturating_add(timeout);
    let job = Job {
        request_id: request_id.to_owned(),
        payload,
        deadline_ms,
        arn: function.config.arn(),
        trace_id: format!(
            "Root=1-{:08x}-{}",
            deadline_ms / 1000,
            &request_id.replace('-', "")[..24.min(request_id.replace('-', "").len())]
        ),
        reply,
    };
    (job, answer)
}
