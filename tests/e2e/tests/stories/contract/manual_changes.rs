//! What people do past Towpath: they deploy by hand, and stop deployments in the console.

use towpath_e2e::Error;

use super::cell::{Cell, STAGE};
use super::engine::{self, Engine};
use super::polls::Ending;
use super::service;

const TAG: &str = "3f2c1ab";

/// Between the question and its answer, somebody deploys what Towpath did not leave: it is not
/// overwritten.
pub(crate) async fn edited_before(cell: &Cell) -> Result<(), Error> {
    let earlier = "2e1b0a9";
    let left = cell.push(earlier, "healthy").await?;
    cell.asks(earlier).await?;
    cell.approve(earlier).await?;
    assert_eq!(cell.ended(earlier).await?, "succeeded");
    cell.push(TAG, "healthy").await?;
    cell.asks(TAG).await?;
    let revision = service::edited(&cell.together.lab, cell.name, &left).await?;
    engine::deploy_by_hand(cell, &revision).await?;
    cell.serve_by_hand(&revision).await?;
    cell.approve(TAG).await?;
    cell.until("the stage is on hold", async || {
        Ok(!cell.ledger().events_named(TAG, "held").await?.is_empty())
    })
    .await?;
    cell.together.pass(5).await?;
    assert_eq!(cell.ledger().outcome(TAG).await?, None, "it waits");
    let number = revision.rsplit('/').next().unwrap_or_default();
    for words in [number, "which Towpath did not deploy", "environment"] {
        cell.stands(TAG, &left, Some(words)).await?;
    }
    // Nobody is asked about what may not begin.
    cell.waits_behind_hold(TAG).await?;
    assert!(cell.runs(&revision).await?, "it is left alone");
    Ok(())
}

/// While the release is rolled out, somebody deploys something else. CodeDeploy itself refuses
/// that.
pub(crate) async fn edited_meanwhile(cell: &Cell) -> Result<(), Error> {
    let new = cell.push(TAG, "healthy").await?;
    cell.started(TAG).await?;
    let revision = service::edited(&cell.together.lab, cell.name, &cell.old).await?;
    let by_hand = engine::deploy_by_hand(cell, &revision).await;
    if cell.engine == Engine::CodeDeploy {
        let refused = by_hand.expect_err("one deployment at a time").to_string();
        assert!(refused.contains("DeploymentLimitExceeded"), "{refused}");
        let ending = Ending {
            outcome: "succeeded",
            because: &[],
            serves: &new,
            hold: None,
            within: 10,
        };
        return cell.ends(TAG, &ending).await;
    }
    by_hand?;
    let outcome = cell.ended(TAG).await?;
    let reason = cell.ledger().reason(TAG).await?;
    assert_eq!(outcome, "superseded", "{reason}");
    assert!(reason.contains("started outside of Towpath"), "{reason}");
    cell.serve_by_hand(&revision).await?;
    let number = revision.rsplit('/').next().unwrap_or_default();
    cell.stands(TAG, &cell.old, Some(number)).await?;
    let next = "4a5b6c7";
    cell.push(next, "healthy").await?;
    cell.waits_behind_hold(next).await?;
    assert!(cell.runs(&revision).await?, "it is left alone");
    Ok(())
}

pub(crate) async fn stopped(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "healthy").await?;
    engine::stop(cell, TAG, true).await?;
    let ending = Ending {
        outcome: "rolled_back",
        because: &["stopped by a user"],
        serves: &cell.old,
        hold: None,
        within: 10,
    };
    cell.ends(TAG, &ending).await
}

/// It is stopped before any traffic has moved, and nothing is asked to roll it back.
pub(crate) async fn stopped_for_good(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "healthy").await?;
    engine::stop(cell, TAG, false).await?;
    let ending = Ending {
        outcome: "stopped",
        because: &["stopped by a user"],
        serves: &cell.old,
        hold: None,
        within: 10,
    };
    cell.ends(TAG, &ending).await
}

impl Cell {
    /// Lets time pass until what was deployed by hand is in place.
    async fn serve_by_hand(&self, revision: &str) -> Result<(), Error> {
        self.until("what was deployed by hand is in place", async || {
            Ok(self.runs(revision).await? && !self.serves().await?.is_empty())
        })
        .await
    }

    /// Lets time pass until the release of a tag waits for the hold to be lifted.
    async fn waits_behind_hold(&self, tag: &str) -> Result<(), Error> {
        self.until(&format!("{tag} waits behind a hold"), async || {
            let blocked = self.ledger().events_named(tag, "blocked").await?;
            let by_a_hold =
                |it: &serde_json::Value| it["stage"] == STAGE && it["by"]["by"] == "hold";
            Ok(blocked.iter().any(by_a_hold))
        })
        .await
    }
}
