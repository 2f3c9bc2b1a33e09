//! Bulletins: written in the transaction of the order that they tell of, and updated whatever other
//! transaction gets in the way.

use serde_json::json;
use towpath_aws::Aws;
use towpath_core::bulletin::{Bulletin, News};
use towpath_core::pipeline::Channel;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Home, Order, Principal, Subject};
use towpath_deployer::ports::{AppendError, Bulletins, Directives, Issue, Issued, Notify, Sending};

use crate::support::aws;
use crate::support::http::{Reply, Server, forward};
use crate::support::moto::Moto;
use crate::support::releases::at;

fn home() -> Home {
    Home {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

/// A pipeline whose people are told in a channel and by e-mail.
fn pipeline() -> Pipeline {
    serde_json::from_value(json!({
        "pipeline": "shop-api", "repository": "shop-api",
        "notify": { "slack": "C0123456789", "sns": true },
        "stages": [{ "name": "production", "cluster": "c", "service": "s",
            "containers": ["app"], "engine": { "rolling": {} } }],
    }))
    .unwrap()
}

/// Orders a hold of production.
async fn hold(aws: &Aws, second: i64) -> Issued {
    try_hold(aws, second).await.unwrap()
}

async fn try_hold(aws: &Aws, second: i64) -> Result<Issued, AppendError> {
    let (home, pipelines) = (home(), [pipeline()]);
    let subject = Subject::Service(home.service_of(&pipelines[0].stages[0]));
    let issue = Issue {
        subject: &subject,
        order: Order::Hold,
        by: &Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
        reason: "the sale begins",
        at: at(second),
        notify: Notify {
            home: &home,
            pipelines: &pipelines,
            tag: None,
        },
    };
    aws.issue(issue).await
}

#[tokio::test]
async fn an_order_and_its_bulletin_are_written_together_and_once() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    assert!(matches!(hold(&aws, 1).await, Issued::Written { .. }));
    assert!(matches!(hold(&aws, 2).await, Issued::AlreadySo(Some(_))));
    let due = aws.due_bulletins(at(3_600), 10).await.unwrap();
    assert_eq!(due.len(), 1, "{due:?}");
    let open = aws.bulletin(&due[0]).await.unwrap().unwrap();
    assert!(
        matches!(&open.bulletin.news, News::Hold { lifted: false, reason, .. } if reason == "the sale begins"),
        "{open:?}"
    );
}

#[tokio::test]
async fn that_a_bulletin_is_being_told_is_kept_until_it_is_told() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    hold(&aws, 1).await;
    let id = aws.due_bulletins(at(3_600), 10).await.unwrap().remove(0);
    let open = async || aws.bulletin(&id).await.unwrap();
    let first = open().await.unwrap();
    assert_eq!(first.sending, None);
    let sending = Sending {
        since: at(2),
        until: at(92),
    };
    assert!(aws.set_sending(&id, &first, sending).await.unwrap());
    let told = open().await.unwrap();
    assert_eq!(told.sending, Some(sending));
    assert_eq!(told.notified, [].into());
    let later = Sending {
        until: at(95),
        ..sending
    };
    let another = aws.set_sending(&id, &first, later).await.unwrap();
    assert!(!another, "somebody else is at it");
    assert!(aws.set_sending(&id, &told, later).await.unwrap());
    aws.set_notified(&id, &told, &[Channel::Sns].into(), Some(at(100)))
        .await
        .unwrap();
    let last = open().await.unwrap();
    assert_eq!(last.sending, Some(later));
    aws.set_notified(&id, &last, &[Channel::Slack].into(), None)
        .await
        .unwrap();
    assert_eq!(open().await, None);
    let closed = aws.set_sending(&id, &last, sending).await.unwrap();
    assert!(!closed, "it stays closed");
}

#[tokio::test]
async fn a_second_problem_is_told_though_the_first_was_being_told() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let stuck = |problem: &str, second| {
        let parameter = "/towpath/pipelines/shop-api".parse().unwrap();
        Bulletin::of_stuck(pipeline().notify, parameter, problem.into(), at(second))
    };
    let (id, first) = stuck("it is no JSON", 1);
    assert!(aws.announce_problem(&id, &first).await.unwrap());
    let read = aws.bulletin(&id).await.unwrap().unwrap();
    // A run is telling it when another problem is found.
    let (_, second) = stuck("it has no stages", 2);
    assert!(aws.announce_problem(&id, &second).await.unwrap());
    let sending = Sending {
        since: at(3),
        until: at(93),
    };
    let is_read = aws.set_sending(&id, &read, sending).await.unwrap();
    assert!(!is_read, "another bulletin is in its place");
    let everywhere = Channel::ALL.into_iter().collect();
    aws.set_notified(&id, &read, &everywhere, None)
        .await
        .unwrap();
    let open = aws.bulletin(&id).await.unwrap().expect("it is to be told");
    assert_eq!((&open.bulletin, open.sending), (&second, None));
    assert_eq!(open.notified, [].into());
    let due = aws.due_bulletins(at(3_600), 10).await.unwrap();
    assert_eq!(due.first(), Some(&id));
    // It is told in its turn, and the same problem is not told again.
    aws.set_notified(&id, &open, &everywhere, None)
        .await
        .unwrap();
    assert_eq!(aws.bulletin(&id).await.unwrap(), None);
    assert!(!aws.announce_problem(&id, &second).await.unwrap());
}

#[tokio::test]
async fn whoever_may_not_write_an_order_is_told_what_it_takes() {
    let moto = Moto::start().await;
    let behind = moto.url.clone();
    let server = Server::start(move |request| {
        if request.operation() == "TransactWriteItems" {
            let code = "com.amazon.coral.service#AccessDeniedException";
            return Reply::error(400, code, "User: ada is not authorized");
        }
        forward(request, &behind)
    });
    let refused = try_hold(&aws(&server.url), 1).await.unwrap_err();
    let refused = refused.to_string();
    for said in [
        "User: ada is not authorized",
        "SERVICE#*, ORDERS",
        "BULLETIN#order/*",
    ] {
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn an_update_that_a_transaction_gets_in_the_way_of_is_made_all_the_same() {
    let moto = Moto::start().await;
    let (behind, mut refusals) = (moto.url.clone(), 2);
    let server = Server::start(move |request| {
        if request.operation() == "UpdateItem" && refusals > 0 {
            refusals -= 1;
            let code = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
            return Reply::error(400, code, "Transaction is ongoing for the item");
        }
        forward(request, &behind)
    });
    let aws = aws(&server.url);
    hold(&aws, 1).await;
    let due = aws.due_bulletins(at(3_600), 10).await.unwrap();
    aws.wake_bulletin(&due[0], at(7)).await.unwrap();
    let everywhere = Channel::ALL.into_iter().collect();
    let open = aws.bulletin(&due[0]).await.unwrap().unwrap();
    aws.set_notified(&due[0], &open, &everywhere, None)
        .await
        .unwrap();
    assert_eq!(aws.bulletin(&due[0]).await.unwrap(), None);
    assert_eq!(server.requests_of("UpdateItem").len(), 4);
    // What is told everywhere is not opened again.
    aws.wake_bulletin(&due[0], at(9)).await.unwrap();
    assert_eq!(aws.due_bulletins(at(3_600), 10).await.unwrap(), []);
}
