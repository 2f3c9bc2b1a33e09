//! `sweeper`: what got lost is found. It runs on a schedule and only wakes; `advance` acts.
//!
//! A release that is due (its deployment reported nothing, a run died, people could not be told)
//! is woken, and so is whoever tells bulletins, when one is. A push whose event never came is found
//! by asking the registry; a pipeline for which that cannot be asked is [`stuck`]. Each look at the
//! open releases is also measured: see [`metric`].

mod stuck;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_core::names::{BulletinId, ParameterName};
use towpath_core::release::{Actor, Home, Image};

use super::HandlerError;
use super::image_push::{offer, read_pipeline};
use crate::metric;
use crate::ports::{
    Bulletins, CallError, Clock, Ecr, ImageDetail, Ledger, OpenRelease, Parameter, Parameters,
    WAKE_GRACE,
};

/// How many open releases one tick looks at, the most overdue first. The index of more than these
/// would not fit into one answer of DynamoDB.
const MAX_WATCHED: usize = 1_000;

/// How many releases one tick wakes at most. The most overdue come first, so the rest has its turn.
const MAX_WOKEN: usize = 50;

/// How long a release that was woken in vain is left alone at most.
const MAX_WAKE_GRACE: SignedDuration = SignedDuration::from_mins(15);

/// How far back lost pushes are looked for.
const SEARCH_WINDOW: SignedDuration = SignedDuration::from_hours(6);

/// Does what the schedule's input names: `{"sweep": "releases"}` or `{"sweep": "pushes"}`.
///
/// # Errors
/// When the input is neither, or AWS cannot be asked.
pub async fn handle<P>(
    ports: &P,
    pipelines_path: &ParameterName,
    home: &Home,
    function: &str,
    event: &Value,
) -> Result<(), HandlerError>
where
    P: Ledger + Bulletins + Ecr + Parameters + Clock,
{
    match event.get("sweep").and_then(Value::as_str) {
        Some("releases") => wake_due(ports, function).await,
        Some("pushes") => find_lost_pushes(ports, pipelines_path, home).await,
        Some(_) | None => Err(HandlerError::Malformed(
            "the schedule's input must be {\"sweep\": \"releases\"} or {\"sweep\": \"pushes\"}"
                .into(),
        )),
    }
}

async fn wake_due<P: Ledger + Bulletins + Clock>(
    ports: &P,
    function: &str,
) -> Result<(), HandlerError> {
    let now = ports.now();
    let open = ports.watched(MAX_WATCHED).await?;
    let due = open.iter().filter(|release| is_due(release, now));
    let due: Vec<_> = due.take(MAX_WOKEN).collect();
    let bulletins = ports.due_bulletins(now, MAX_WOKEN).await?;
    let (woken, reminded) = tokio::join!(
        join_all(due.iter().map(async |release| {
            let again = now
                .saturating_add(look_again_after(release.woken))
                .unwrap_or(now);
            ports.wake_due(release, now, again).await
        })),
        join_all(bulletins.iter().map(|id| ports.wake_bulletin(id, now))),
    );
    // Printed whatever level is logged: without the line there is no metric.
    let count_woken = woken.iter().filter(|it| matches!(it, Ok(true))).count();
    println!("{}", metric::line(function, &open, count_woken, now));
    let releases = due.iter().map(|release| release.release.as_str());
    let bulletins = bulletins.iter().map(BulletinId::as_str);
    let woken = woken.into_iter().map(|it| it.map(drop));
    count(releases.chain(bulletins).zip(woken.chain(reminded)))
}

/// What could not be woken is due still when the next tick comes, a minute later. The tick itself has
/// failed, and is tried again, where nothing could be.
fn count<'a>(
    woken: impl Iterator<Item = (&'a str, Result<(), CallError>)>,
) -> Result<(), HandlerError> {
    let (mut well, mut last) = (0, None);
    for (id, outcome) in woken {
        match outcome {
            Ok(()) => well += 1,
            Err(error) => {
                tracing::warn!(%id, %error, "it could not be woken, and is at the next tick");
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if well == 0 => Err(error.into()),
        Some(_) | None => Ok(()),
    }
}

/// After how long it is looked again at a release that is woken now. Where nobody has driven it since
/// it was woken before, whoever drives is behind, and to be woken more often keeps them from it.
fn look_again_after(woken: u32) -> SignedDuration {
    let times = 2_i32.checked_pow(woken);
    let after = times.and_then(|times| WAKE_GRACE.checked_mul(times));
    after.map_or(MAX_WAKE_GRACE, |it| it.min(MAX_WAKE_GRACE))
}

fn is_due(release: &OpenRelease, now: Timestamp) -> bool {
    release.due.is_some_and(|due| due <= now)
}

async fn find_lost_pushes<P>(
    ports: &P,
    pipelines_path: &ParameterName,
    home: &Home,
) -> Result<(), HandlerError>
where
    P: Ledger + Bulletins + Ecr + Parameters + Clock,
{
    let stored = ports.parameters_below(pipelines_path);
    let (stored, told) = tokio::try_join!(stored, ports.open_problems())?;
    let told = &told;
    let searched = join_all(stored.iter().map(async |parameter| {
        let looked = find_lost(ports, pipelines_path, parameter, home).await;
        stuck::settle(ports, pipelines_path, parameter, home, told, looked).await
    }))
    .await;
    stuck::forget(ports, &stored, told).await?;
    searched.into_iter().collect()
}

async fn find_lost<P>(
    ports: &P,
    root: &ParameterName,
    parameter: &Parameter,
    home: &Home,
) -> Result<(), HandlerError>
where
    P: Ledger + Ecr + Parameters + Clock,
{
    let pipeline = read_pipeline(root, parameter)?;
    let registry = home.registry_of(&pipeline);
    // What was pushed before the pipeline was applied or changed is not lost, only old: the rules of
    // that time left it, or somebody has rolled it back since. An event is taken whenever it comes.
    let Some(applied_at) = parameter.modified_at else {
        tracing::warn!(parameter = %parameter.name, "lost pushes are not looked for: Parameter Store does not say when the pipeline was applied");
        return Ok(());
    };
    let newest = ports.newest(&pipeline.pipeline).await?;
    let known = newest.map_or(applied_at, |(_, arrived_at)| arrived_at.max(applied_at));
    let since = known.max(
        ports
            .now()
            .checked_sub(SEARCH_WINDOW)
            .unwrap_or(Timestamp::MIN),
    );
    let pushed = ports
        .pushed_since(&registry, &pipeline.repository, since)
        .await?;
    let actor = Actor::Function("sweeper".into());
    for ImageDetail {
        digest,
        tags,
        pushed_at,
    } in pushed
    {
        if pushed_at <= known {
            continue;
        }
        for tag in tags {
            let image = Image {
                registry: registry.clone(),
                repository: pipeline.repository.clone(),
                digest,
                tag,
                // It has had the tag since then at most, so that it overtakes nothing newer.
                arrived_at: pushed_at,
            };
            offer(ports, root, parameter, home, &image, &actor).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_woken_in_vain_is_woken_less_and_less_often() {
        let minutes = |woken| look_again_after(woken).as_mins();
        assert_eq!(
            [0, 1, 2, 3, 4, 31, 32, 999].map(minutes),
            [2, 4, 8, 15, 15, 15, 15, 15]
        );
    }
}
