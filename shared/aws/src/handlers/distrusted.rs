//! What is done about a release with an entry that nobody vouches for. It is not driven: whatever that
//! entry says was not said by who may say it. People are told once, and an alarm as often as the release
//! is looked at; a service that it has is let go and put on hold, so that people can roll back.

use towpath_core::bulletin::{Audience, Bulletin};

use crate::metric;
use crate::perform::candidate;
use crate::ports::{CallError, Distrust, Ports};

/// Leaves a release as it is.
///
/// # Errors
/// When the ledger cannot be used.
pub(super) async fn leave<P: Ports>(
    ports: &P,
    function: &str,
    distrust: &Distrust,
) -> Result<(), CallError> {
    let Distrust {
        release,
        problem,
        trusted,
        passing,
    } = distrust;
    if *passing {
        return Err(CallError::NotDone {
            operation: "ledger:load",
            message: distrust.to_string(),
        });
    }
    tracing::error!(release.id = %release, problem, "a release is not driven: its ledger is not trusted");
    println!("{}", metric::distrusted(function, release, ports.now()));
    // Without its first entry nothing is known of its channels and services, and nothing was done
    // for it.
    let Some(trusted) = trusted else {
        return Ok(());
    };
    let pipeline = trusted.pipeline();
    if let Some(audience) = Audience::of(&pipeline.notify) {
        let (id, bulletin) = Bulletin::of_untrusted(
            audience,
            pipeline.pipeline.clone(),
            release.clone(),
            problem.clone(),
            ports.now(),
        );
        ports.announce(&id, &bulletin).await?;
    }
    let reason = format!("{distrust}: find out who wrote it, and roll back what is not wanted");
    for service in (0..pipeline.stages.len()).filter_map(|stage| trusted.service_id(stage)) {
        if ports
            .let_go(&service, release, &reason, ports.now())
            .await?
        {
            tracing::warn!(release.id = %release, %service, "the service is let go and put on hold");
            candidate(ports, trusted, &service).await?;
        }
    }
    Ok(())
}
