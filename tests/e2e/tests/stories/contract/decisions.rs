//! What people decide, and what newer releases do to older ones.

use towpath_e2e::{APPROVER, Error};

use super::cell::Cell;
use super::polls::Ending;

const TAG: &str = "3f2c1ab";

pub(crate) async fn rejected(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "healthy").await?;
    cell.asks(TAG).await?;
    cell.together.pass(2).await?;
    assert_eq!(cell.serves().await?, cell.old, "nobody has agreed yet");
    cell.reject(TAG).await?;
    let by = format!("{APPROVER} rejected it");
    let ending = Ending {
        outcome: "refused",
        because: &[&by],
        serves: &cell.old,
        hold: None,
        within: 10,
    };
    cell.ends(TAG, &ending).await
}

pub(crate) async fn expired(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "healthy").await?;
    cell.asks(TAG).await?;
    assert_eq!(cell.serves().await?, cell.old, "nobody has agreed yet");
    let ending = Ending {
        outcome: "expired",
        because: &["nobody decided about production"],
        serves: &cell.old,
        hold: None,
        within: 30,
    };
    cell.ends(TAG, &ending).await
}

/// While the first is rolled out, a second and a third one arrive: the first is finished, the
/// second never starts, the third serves.
pub(crate) async fn superseded(cell: &Cell) -> Result<(), Error> {
    let (second, third) = ("4a5b6c7", "5d6e7f8");
    let first = cell.push(TAG, "healthy").await?;
    cell.started(TAG).await?;
    cell.push(second, "healthy").await?;
    cell.together.turn().await?;
    let newest = cell.push(third, "healthy").await?;
    assert_eq!(cell.ended(second).await?, "superseded");
    let reason = cell.ledger().reason(second).await?;
    assert!(reason.contains(third), "{reason}");
    assert_eq!(cell.ended(TAG).await?, "succeeded", "{first} was finished");
    let ending = Ending {
        outcome: "succeeded",
        because: &[third],
        serves: &newest,
        hold: None,
        within: 15,
    };
    cell.ends(third, &ending).await?;
    let started = cell
        .ledger()
        .events_named(second, "deployment_started")
        .await?;
    assert_eq!(started.len(), 0, "{started:?}");
    Ok(())
}
