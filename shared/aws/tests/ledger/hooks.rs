//! What hook functions report, each in a partition of its account.

use towpath_aws::ports::{AppendError, Ledger as _};
use towpath_core::names::AccountId;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{CheckResult, HookReport};

use crate::support::aws;
use crate::support::moto::{Moto, text};
use crate::support::releases::{append, at, id, open, planned, started};

fn report(passed: bool) -> HookReport {
    HookReport {
        stage: "test".parse().unwrap(),
        deployment: "ecs-svc/1".parse().unwrap(),
        at: HookPoint::AfterInstall,
        results: vec![CheckResult {
            check: "answers".parse().unwrap(),
            passed,
            detail: "as it is".into(),
        }],
        execution: None,
    }
}

#[tokio::test]
async fn a_hook_point_is_reported_once_and_by_who_knows_the_release_as_it_is() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let (id, account): (_, AccountId) = (id('a'), "222222222222".parse().unwrap());
    let before = open(&aws, 'a', 0).await;
    let release = append(&aws, &before, &[planned(), started(1)], 1)
        .await
        .unwrap();
    let behind = aws.report(&before, &account, &report(true), at(2)).await;
    assert!(matches!(behind, Err(AppendError::Behind)), "{behind:?}");
    assert_eq!(aws.hook_reports(&account, &id).await.unwrap(), []);

    aws.report(&release, &account, &report(true), at(3))
        .await
        .unwrap();
    let again = aws.report(&release, &account, &report(false), at(4)).await;
    assert!(matches!(again, Err(AppendError::Behind)), "{again:?}");
    assert_eq!(
        aws.hook_reports(&account, &id).await.unwrap(),
        [report(true)]
    );
    let of = async |account: &str, point| {
        let account = account.parse().unwrap();
        aws.hook_report(&account, &id, &report(true).deployment, point)
            .await
            .unwrap()
    };
    let point = HookPoint::AfterInstall;
    assert_eq!(of("222222222222", point).await, Some(report(true)));
    assert_eq!(of("222222222222", HookPoint::AfterTraffic).await, None);
    assert_eq!(of("111111111111", point).await, None);

    // What cannot be read hides none of the others.
    let key = format!("HOOK#222222222222#{id}");
    moto.set(&key, "REPORT#d-1#after_install", "report", text("{"))
        .await;
    assert_eq!(
        aws.hook_reports(&account, &id).await.unwrap(),
        [report(true)]
    );
}
