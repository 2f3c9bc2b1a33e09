//! Holds and vetoes that another version has written: they count, and can be lifted, whatever this
//! version makes of their text.

use towpath_aws::Aws;
use towpath_core::release::{
    Block, Directive, Home, Order, Principal, ServiceRow, Subject, verify_trail,
};
use towpath_deployer::ports::{AppendError, Directives, Issue, Issued, Ledger, Notify};
use towpath_taskdef::image::Digest;

use crate::support::aws;
use crate::support::moto::{Moto, text};
use crate::support::releases::{append, at, id, open, planned, service, started};

/// The same hold in other words, a field more, and a reason that this version does not know.
const HOLDS: [&str; 3] = [
    r#"{"reason": "the sale", "order": "hold", "by": {"aws": "ada"}, "from": "order"}"#,
    r#"{"from":"order","by":{"aws":"ada"},"order":"hold","reason":"the sale","until":"2030-01-01T00:00:00Z"}"#,
    r#"{"from":"deploy_window","until":"2030-01-01T00:00:00Z"}"#,
];

async fn issue(aws: &Aws, subject: &Subject, order: Order) -> Directive {
    let home = Home {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    };
    let issue = Issue {
        subject,
        order,
        by: &Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
        reason: "looked at",
        at: at(9),
        notify: Notify {
            home: &home,
            pipelines: &[],
            tag: None,
        },
    };
    match aws.issue(issue).await.unwrap() {
        Issued::Written { directive, .. } => *directive,
        Issued::AlreadySo(standing) => panic!("it was so before: {standing:?}"),
    }
}

/// The orders about it are what was written.
async fn is_intact(aws: &Aws, subject: &Subject) {
    let trail = aws.trail(subject).await.unwrap();
    let head = trail.head.as_ref().map(|(last, print)| (*last, print));
    assert_eq!(verify_trail(subject, &trail.directives, head), Ok(()));
}

#[tokio::test]
async fn a_hold_is_lifted_whatever_version_has_written_it() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let (key, subject) = (
        format!("SERVICE#{}", service()),
        Subject::Service(service()),
    );
    let release = open(&aws, 'a', 0).await;
    let release = append(&aws, &release, &[planned()], 1).await.unwrap();
    for stored in HOLDS {
        moto.set(&key, "SERVICE", "hold", text(stored)).await;
        let row = aws.service(&service()).await.unwrap();
        assert_eq!(row.hold, Some(Block::read(stored)));
        let taken = append(&aws, &release, &[started(1)], 2).await;
        let kept = matches!(taken, Err(AppendError::ServiceCondition));
        assert!(kept, "{stored}: {taken:?}");
        let lifted = issue(&aws, &subject, Order::LiftHold).await;
        assert_eq!(lifted.lifted.as_deref(), Some(stored));
        let row = aws.service(&service()).await.unwrap();
        assert_eq!(row.hold, None, "{stored}");
        is_intact(&aws, &subject).await;
    }
    append(&aws, &release, &[started(1)], 3).await.unwrap();
}

#[tokio::test]
async fn a_service_is_let_go_of_whatever_stands_in_its_row() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let key = format!("SERVICE#{}", service());
    let release = open(&aws, 'a', 0).await;
    append(&aws, &release, &[planned(), started(1)], 1)
        .await
        .unwrap();
    moto.set(&key, "SERVICE", "hold", text(HOLDS[2])).await;
    let done = aws
        .let_go_of(&service(), &id('a'), "it is not trusted", at(2))
        .await;
    assert!(done.unwrap());
    let row: ServiceRow = aws.service(&service()).await.unwrap();
    assert_eq!(row.owner, None);
    let hold = row.hold.expect("it is held").to_string();
    assert!(hold.contains("it is not trusted"), "{hold}");
}

#[tokio::test]
async fn a_veto_is_lifted_whatever_version_has_written_it() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let digest = Digest::of(b"image");
    let (key, subject) = (format!("VETO#{digest}"), Subject::Image(digest));
    let veto = issue(&aws, &subject, Order::Veto).await;
    assert_eq!(aws.veto(&digest).await.unwrap(), Some(veto.block()));
    issue(&aws, &subject, Order::LiftVeto).await;
    for stored in [
        r#"{"reason": "it leaks", "order": "veto", "by": {"aws": "ada"}, "from": "order"}"#,
        r#"{"from":"scanner","finding":"CVE-2030-1"}"#,
    ] {
        moto.set(&key, "VETO", "active", text(stored)).await;
        let read = Some(Block::read(stored));
        assert_eq!(aws.veto(&digest).await.unwrap(), read);
        let (active, _) = aws.veto_and_orders(&digest).await.unwrap();
        assert_eq!(active, read);
        let lifted = issue(&aws, &subject, Order::LiftVeto).await;
        assert_eq!(lifted.lifted.as_deref(), Some(stored));
        assert_eq!(aws.veto(&digest).await.unwrap(), None);
        is_intact(&aws, &subject).await;
    }
}
