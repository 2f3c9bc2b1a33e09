//! The two ways in which the binary runs.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Leash, Serve};
use crate::lab::{self, StartError};
use crate::{leash, server, time};

/// Becomes another program.
pub(crate) fn leash(leash: &Leash) -> ExitCode {
    let error = leash::become_program(leash);
    eprintln!("towpath-lab: {error}");
    ExitCode::from(127)
}

/// Runs the lab until it is told to end.
pub(crate) fn serve(serve: &Serve) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("TOWPATH_LAB_LOG")
                .unwrap_or_else(|_unset| "towpath_lab=info,warn".into()),
        )
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    // On a worker and not on this thread: whatever spawns a child has to live as long as the lab.
    let serve = serve.clone();
    let main = runtime.spawn(async move { until_told(&serve).await });
    let ended = runtime.block_on(main);
    // Kills the children that are left, and does not wait for requests in flight.
    runtime.shutdown_background();
    match ended {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => fail(&error),
        Err(panic) => fail(&panic),
    }
}

async fn until_told(serve: &Serve) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::io("signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::io("signals"))?;
    tokio::select! {
        result = run(serve) => result,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

async fn run(serve: &Serve) -> Result<(), StartError> {
    let listener = TcpListener::bind(("127.0.0.1", serve.port))
        .await
        .map_err(StartError::io(format!(
            "port {}: choose another with --port, or 0 for any",
            serve.port
        )))?;
    let address = listener
        .local_addr()
        .map_err(StartError::io("the gateway's port"))?;
    let lab = lab::start(serve, format!("http://{address}")).await?;
    let gateway = tokio::spawn(server::serve(Arc::clone(&lab), listener));
    let time = tokio::spawn(time::drive(Arc::clone(&lab)));
    tracing::info!(log_dir = %lab.settings.log_dir.display(), speed = serve.speed, "logs and the journal are in the log folder");
    say_ready(&lab.settings.base_url).map_err(StartError::io("the standard output"))?;
    tokio::select! {
        ended = gateway => tracing::error!(?ended, "the gateway has ended"),
        ended = time => tracing::error!(?ended, "time has ended"),
    }
    Ok(())
}

/// The one line on standard output, for whoever waits for it.
fn say_ready(base_url: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "lab ready {base_url}")?;
    stdout.flush()
}

fn fail(error: &dyn Error) -> ExitCode {
    eprint!("towpath-lab: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprint!(": {cause}");
        source = cause.source();
    }
    eprintln!();
    ExitCode::FAILURE
}
