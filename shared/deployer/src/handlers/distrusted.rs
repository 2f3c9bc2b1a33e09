//! What is done about a release with an entry that nobody vouches for. It is not driven: whatever that
//! entry says was not said by who may say it. What it keeps others from is let go: a service that it
//! has, on hold, so that people can roll back, and its place among those that wait in order. People
//! are told once, and its summary is closed, so that it is looked at no more. Its entries stay what
//! they are: evidence.

use towpath_core::bulletin::Bulletin;
use towpath_core::message::card;
use towpath_core::pipeline::Channel;
use towpath_core::release::{Release, ServiceId};

use crate::metric;
use crate::perform::notify_next;
use crate::ports::{CallError, Distrust, LoadError, Ports};

/// Ends a release that is not trusted. Doing it again changes nothing, so that what fails here is done
/// by the next look.
///
/// # Errors
/// When the ledger cannot be used, or Slack cannot be reached.
pub(super) async fn end<P: Ports>(
    ports: &P,
    function: &str,
    distrust: &Distrust,
) -> Result<(), LoadError> {
    let Distrust {
        release: id,
        problem,
        trusted,
    } = distrust;
    tracing::error!(release.id = %id, problem, "a release is not driven: its ledger is not trusted");
    println!("{}", metric::distrusted(function, id, ports.now()));
    // Where nothing of it is trusted, nobody but the release itself is concerned by what it says: it
    // leaves the services that it names, and its own summary is closed.
    let known = match trusted {
        Some(trusted) => Some(trusted.clone()),
        None => ports.load_unverified(id).await?,
    };
    let Some(release) = known.map(|known| known.distrusted(distrust.untrusted())) else {
        return Ok(());
    };
    for service in services(&release) {
        leave(ports, distrust, &service).await?;
    }
    if trusted.is_some() {
        announce(ports, &release, problem).await?;
    }
    // Before its card says so: Slack must not keep others from knowing.
    ports.close(&release).await?;
    if trusted.is_some() {
        update_cards(ports, &release).await?;
    }
    Ok(())
}

fn services(release: &Release) -> impl Iterator<Item = ServiceId> {
    (0..release.pipeline().stages.len()).filter_map(|stage| release.service_id(stage))
}

/// Has the release leave a service: whoever waits behind it goes on.
async fn leave<P: Ports>(
    ports: &P,
    distrust: &Distrust,
    service: &ServiceId,
) -> Result<(), LoadError> {
    let id = &distrust.release;
    let row = ports.service(service).await?;
    for waiting in row.waiting.iter().filter(|one| one.release == *id) {
        ports.dequeue(service, waiting).await?;
        tracing::warn!(release.id = %id, %service, "the release does not wait for the service any more");
    }
    let mut is_free = row.owner.is_none();
    if row.owner.as_ref() == Some(id) {
        let reason = format!("{distrust}: find out who wrote it, and roll back what is not wanted");
        if ports.let_go_of(service, id, &reason, ports.now()).await? {
            tracing::warn!(release.id = %id, %service, "the service is let go and put on hold");
            is_free = true;
        }
    }
    // Also where an earlier look let it go, and did not come so far.
    if is_free {
        notify_next(ports, id, service).await?;
    }
    Ok(())
}

/// Tells people in the pipeline's channels.
async fn announce<P: Ports>(ports: &P, release: &Release, problem: &str) -> Result<(), CallError> {
    let pipeline = release.pipeline();
    if !pipeline.notify.is_empty() {
        let (id, bulletin) = Bulletin::of_untrusted(
            pipeline.notify.clone(),
            pipeline.pipeline.clone(),
            release.id().clone(),
            problem.to_owned(),
            ports.now(),
        );
        ports.announce(&id, &bulletin).await?;
    }
    Ok(())
}

/// Has the release's cards say so. No entry says what they say then.
async fn update_cards<P: Ports>(ports: &P, release: &Release) -> Result<(), CallError> {
    let overview = release.overview();
    for channel in Channel::ALL {
        let known = release.notified(channel).card;
        let Some((known, card)) = known.zip(card(channel, &overview)) else {
            continue;
        };
        match ports.edit(channel, &known.message, &card).await {
            // A card that is gone, or a channel, keeps nothing open.
            Err(error @ CallError::Refused { .. }) => {
                tracing::warn!(release.id = %release.id(), %error, "the card of a release that is not trusted cannot say so");
            }
            updated => updated?,
        }
    }
    Ok(())
}
