//! Releases and what happens to them.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use towpath_aws::Aws;
use towpath_core::names::{Region, ReleaseId};
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    Actor, Block, BlockedBy, EndReason, Entry, Event, External, HoldReason, Home, Image,
    NewRollback, Outcome, Place, Plan, Principal, Reason, Release, ServiceId, WantedRollback,
    release_id,
};
use towpath_deployer::ports::{Append, AppendError, Ledger, NewDeployment};

/// The service of the pipeline's only stage.
pub fn service() -> ServiceId {
    ServiceId {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        cluster: "test".parse().unwrap(),
        service: "shop-api".parse().unwrap(),
    }
}

/// The service, in the deployer's own account.
pub fn place() -> Place {
    Place {
        service: service(),
        role: None,
    }
}

/// A time, in seconds after the tests' beginning.
pub fn at(seconds: i64) -> Timestamp {
    let beginning: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    beginning + SignedDuration::from_secs(seconds)
}

/// Who writes.
pub fn actor() -> Actor {
    Actor::Function("image-push".into())
}

/// An image whose digest consists of this digit, pushed at this second.
pub fn image(digit: char, pushed: i64) -> Image {
    Image {
        registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
            .parse()
            .unwrap(),
        repository: "shop-api".parse().unwrap(),
        digest: format!("sha256:{}", digit.to_string().repeat(64))
            .parse()
            .unwrap(),
        tag: "3f2c1ab".parse().unwrap(),
        arrived_at: at(pushed),
    }
}

/// The id of the release of that image.
pub fn id(digit: char) -> ReleaseId {
    let image = image(digit, 0);
    release_id(&"shop-api".parse().unwrap(), &image.digest, &image.tag)
}

/// What opens the release of that image.
pub fn opened(digit: char, pushed: i64) -> Event {
    opened_under("newest_wins", digit, pushed)
}

/// What opens the release of that image in a pipeline with that policy for arrivals.
pub fn opened_under(arrivals: &str, digit: char, pushed: i64) -> Event {
    let pipeline: Pipeline = serde_json::from_value(json!({
        "pipeline": "shop-api",
        "repository": "shop-api",
        "arrivals": arrivals,
        "stages": [{
            "name": "test",
            "cluster": "test",
            "service": "shop-api",
            "containers": ["app"],
            "engine": {"rolling": {}},
        }],
    }))
    .unwrap();
    Event::Opened {
        pipeline: Box::new(pipeline),
        version: 3,
        home: Home {
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse::<Region>().unwrap(),
        },
        image: image(digit, pushed),
        rollback: None,
    }
}

/// What a rollout to the stage would do was read.
pub fn planned() -> Event {
    let revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:7";
    let plan: Plan = serde_json::from_value(json!({
        "previous": revision,
        "base": {"revision": revision},
        "spec": "0".repeat(64),
        "images": [],
        "desired_count": 2,
        "service": {},
    }))
    .unwrap();
    Event::Planned {
        stage: "test".parse().unwrap(),
        plan: Box::new(plan),
    }
}

/// The release waits, because its stage is on hold.
pub fn blocked(reason: &str) -> Event {
    Event::Blocked {
        stage: "test".parse().unwrap(),
        by: BlockedBy::Hold {
            hold: Block::hold(Principal::Aws("ada".into()), reason),
        },
    }
}

/// The stage takes no new release.
pub fn held() -> Event {
    Event::Held {
        stage: "test".parse().unwrap(),
        reason: HoldReason::StartedElsewhere {
            found: External::Deployment {
                deployment: None,
                revision: None,
            },
            tag: "3f2c1ab".parse().unwrap(),
            was_deploying: false,
        },
    }
}

/// What opens the rollback to a release, as if it had succeeded.
pub fn rollback(good: &Release) -> (ReleaseId, Vec<Event>) {
    let mut good = good.clone();
    let last = good.entries().last().expect("an entry");
    let last = (last.sequence, &last.fingerprint);
    let ended = rollout_ended(Outcome::Succeeded);
    good.push(Entry::after(Some(last), good.id(), at(0), actor(), ended));
    let wanted = WantedRollback {
        stage: "test".parse().unwrap(),
        from: None,
        before: false,
        by: Principal::Slack("U1".parse().unwrap()),
        reason: None,
    };
    let rollback = NewRollback::new(&good, &good, wanted, 0).unwrap();
    rollback.opened(0)
}

/// The release took the service.
pub fn started(epoch: u64) -> Event {
    Event::RolloutStarted {
        stage: "test".parse().unwrap(),
        epoch,
    }
}

pub fn rollout_ended(outcome: Outcome) -> Event {
    Event::RolloutEnded {
        stage: "test".parse().unwrap(),
        outcome,
        reason: Reason::Serves {
            name: "as planned".into(),
        },
        revision: Some(
            "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8"
                .parse()
                .unwrap(),
        ),
    }
}

/// The release ended.
pub fn ended() -> Event {
    Event::Ended {
        outcome: Outcome::Succeeded,
        reason: EndReason::Serves {
            name: "3f2c1ab".into(),
            stage: "test".parse().unwrap(),
        },
    }
}

/// Something that matters to nobody's state.
pub fn reported(state: &str) -> Event {
    Event::DeploymentReported {
        deployment: "ecs-svc/1".parse().unwrap(),
        state: state.into(),
    }
}

/// Opens the release of an image and loads it.
pub async fn open(aws: &Aws, digit: char, pushed: i64) -> Release {
    open_under(aws, "newest_wins", digit, pushed).await
}

/// Opens the release of an image in a pipeline with that policy for arrivals, and loads it.
pub async fn open_under(aws: &Aws, arrivals: &str, digit: char, pushed: i64) -> Release {
    let events = [opened_under(arrivals, digit, pushed)];
    aws.open(&id(digit), &events, &actor(), at(pushed))
        .await
        .expect("it is new");
    load(aws, digit).await
}

/// Loads the release of an image.
pub async fn load(aws: &Aws, digit: char) -> Release {
    aws.load(&id(digit)).await.unwrap().expect("it was opened")
}

/// Appends as `advance` does.
pub async fn append(
    aws: &Aws,
    release: &Release,
    events: &[Event],
    seconds: i64,
) -> Result<Release, AppendError> {
    aws.append(Append {
        release,
        events,
        actor: &Actor::Function("advance".into()),
        at: at(seconds),
        wake: false,
        due: None,
    })
    .await
}

/// A deployment to be asked for.
pub fn new_deployment() -> NewDeployment {
    NewDeployment {
        application: "shop".into(),
        group: "shop-api".into(),
        configuration: None,
        appspec: "{}".into(),
        description: "towpath shop-api-0123456789abcdef test".into(),
        ignore_alarms: false,
    }
}
