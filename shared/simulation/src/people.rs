//! People: who decides, orders and edits by hand.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use towpath_core::message::{APPROVE, REJECT, ROLL_BACK};
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::CheckKind;
use towpath_core::release::{Incoming, Order, Principal, ServiceId, Subject};
use towpath_deployer::handlers::{HandlerError, Recorded, record};
use towpath_deployer::ports::{Clock as _, Directives as _, Issue, Notify};
use towpath_lab_world::{Behaviour, Push};

use crate::deliver::{Delivery, What};
use crate::messages::Button;
use crate::ports::{Port, SIGNING_SECRET};
use crate::protocol::What as Happens;
use crate::set_up::{self, ACCOUNT, REGION, REPOSITORY};
use crate::simulation::Simulation;

/// The topic of replies.
pub(crate) const REPLIES: &str = "arn:aws:sns:eu-west-1:111111111111:towpath-replies";

/// The tags of what is pushed.
const TAGS: [&str; 4] = ["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd"];

/// An order that somebody gives by command line.
#[derive(Debug, Clone)]
pub(crate) struct Ordered {
    pub(crate) subject: Subject,
    pub(crate) order: Order,
}

/// How an image behaves: most are well.
const BEHAVIOURS: [Behaviour; 6] = [
    Behaviour::Healthy,
    Behaviour::Healthy,
    Behaviour::UnhealthyGreen,
    Behaviour::CrashLoop,
    Behaviour::DegradesAfterShift,
    Behaviour::Slow,
];

impl Simulation {
    /// Somebody does something.
    pub(crate) fn does(&mut self, what: String) {
        self.note(Happens::Person(what));
    }

    /// Somebody pushes an image, at most four times; it may have the content of an earlier one, or
    /// the tag.
    pub(crate) fn push(&mut self) {
        let pushes = self.seen.pushes;
        let Some(tag) = TAGS.get(pushes) else {
            return;
        };
        self.seen.pushes += 1;
        let drawn = BEHAVIOURS[self.dice.roll(BEHAVIOURS.len())];
        let behaviour = self.image.unwrap_or(drawn);
        let again = self.dice.roll(8);
        let content = match again {
            6 if pushes > 0 => TAGS[0],
            _ => tag,
        };
        let tag = match again {
            7 if pushes > 0 => TAGS[pushes - 1],
            _ => tag,
        };
        if self.has_tasks() {
            let ends = self.dice.roll(8) < 7;
            self.aws.set_script(set_up::migration(ends));
        }
        self.push_tag(tag, content, behaviour);
    }

    /// Somebody pushes an image.
    pub(crate) fn push_tag(&mut self, tag: &str, content: &str, behaviour: Behaviour) {
        let push = Push {
            repository: REPOSITORY.to_owned(),
            tag: Some(tag.to_owned()),
            behaviour,
            content: Some(content.to_owned()),
            ..Push::default()
        };
        self.does(format!("pushes {tag}: {}", behaviour.name()));
        // A tag that is there with the same content is taken, too.
        let pushed = self.aws.push(ACCOUNT, REGION, &push, self.now);
        match pushed {
            Ok(digest) => self.judge_push(tag, &digest, behaviour),
            Err(error) => self.violated(format!("the push of {tag} is refused: {error}")),
        }
        self.collect();
    }

    /// Whether a task is run anywhere.
    fn has_tasks(&self) -> bool {
        let stages = self.pipelines.iter().flat_map(|it| &it.stages);
        let mut checks = stages.flat_map(|stage| &stage.checks);
        checks.any(|check| matches!(check.kind, CheckKind::Task(_)))
    }

    /// Somebody clicks a button that was shown at some time.
    pub(crate) fn click_some(&mut self, roll_back: bool) {
        let buttons = self.messages.buttons.iter();
        let buttons = buttons.filter(|button| (button.action == ROLL_BACK) == roll_back);
        let buttons: Vec<_> = buttons.cloned().collect();
        if buttons.is_empty() {
            return;
        }
        // The newest first: those are what people see.
        let which = buttons.len() - 1 - self.dice.roll(buttons.len());
        let mut button = buttons[which].clone();
        let user = ["U1", "U2", "U9"][self.dice.roll(3)];
        if !roll_back {
            let action = if self.dice.roll(5) == 4 {
                REJECT
            } else {
                APPROVE
            };
            button.action = action.to_owned();
        }
        self.click(&button, user);
    }

    /// A click is on its way.
    pub(crate) fn click(&mut self, button: &Button, user: &str) {
        self.does(format!("clicks {} as {user}", button.action));
        let payload = json!({
            "type": "block_actions", "api_app_id": "A1", "team": { "id": "T1" },
            "channel": { "id": button.channel },
            "container": { "type": "message", "channel_id": button.channel,
                "message_ts": button.ts },
            "user": { "id": user, "username": user, "team_id": "T1" },
            "actions": [{ "action_id": button.action, "value": button.value }],
        });
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish();
        let signed_at = self.now.as_second().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET).expect("any key will do");
        mac.update(format!("v0:{signed_at}:{form}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        let event = json!({
            "version": "2.0", "rawPath": "/slack/interactive",
            "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
            "headers": { "x-slack-request-timestamp": signed_at, "x-slack-signature": signature },
            "body": form, "isBase64Encoded": false,
        });
        self.deliveries.push(Delivery::of(What::Decision(event)));
    }

    /// Somebody publishes what an e-mail offers.
    pub(crate) fn reply_some(&mut self) {
        let answers = self.messages.answers.len();
        if answers == 0 {
            return;
        }
        let which = answers - 1 - self.dice.roll(answers);
        let answer = self.messages.answers[which].clone();
        self.answer(&answer);
    }

    pub(crate) fn answer(&mut self, answer: &str) {
        self.does(format!("sends {answer}"));
        self.seen.replies += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.seen.replies);
        let event = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {
            "Type": "Notification", "TopicArn": REPLIES, "MessageId": id, "Message": answer } }] });
        self.deliveries.push(Delivery::of(What::Decision(event)));
    }

    /// Somebody orders something about a service or an image.
    pub(crate) fn order_some(&mut self) {
        let ids = self.releases();
        let services = self.services();
        let service = services[self.dice.roll(services.len())].clone();
        let (subject, order) = match self.dice.roll(10) {
            0..=6 => (Subject::Service(service), Order::LiftHold),
            7 | 8 => (Subject::Service(service), Order::Hold),
            _ => {
                if ids.is_empty() {
                    return;
                }
                let id = ids[self.dice.roll(ids.len())].clone();
                let Some(digest) = self.ledger.release(&id).map(|it| it.image().digest) else {
                    return;
                };
                (Subject::Image(digest), Order::Veto)
            }
        };
        self.order(subject, order);
    }

    pub(crate) fn order(&mut self, subject: Subject, order: Order) {
        self.does(format!("orders {order:?} for {subject}"));
        let ordered = Ordered { subject, order };
        self.deliveries.push(Delivery::of(What::Order(ordered)));
    }

    /// The services of all pipelines.
    pub(crate) fn services(&self) -> Vec<ServiceId> {
        let stages = self.pipelines.iter().flat_map(|it| &it.stages);
        let mut services: Vec<_> = stages.map(|stage| self.home.service_of(stage)).collect();
        services.dedup();
        services
    }

    /// Somebody puts another revision on a service by hand.
    pub(crate) fn edit_by_hand(&mut self) {
        let stages: Vec<_> = self
            .pipelines
            .iter()
            .flat_map(|it| it.stages.clone())
            .collect();
        let stage = &stages[self.dice.roll(stages.len())];
        let service = self.home.service_of(stage);
        self.seen.edits += 1;
        self.does(format!("puts another revision on {service} by hand"));
        let more = json!([{ "name": "EDITED", "value": self.seen.edits.to_string() }]);
        let definition = set_up::definition(stage.name.as_str(), &set_up::image("initial"), &more);
        let at = (ACCOUNT, REGION);
        let Ok(registered) = self.aws(at, "root", ("ecs", "RegisterTaskDefinition"), &definition)
        else {
            return;
        };
        let revision = registered["taskDefinition"]["taskDefinitionArn"].clone();
        let edited = match stage.engine.codedeploy() {
            None => {
                let input = json!({ "cluster": service.cluster, "service": service.service,
                    "taskDefinition": revision });
                self.aws(at, "root", ("ecs", "UpdateService"), &input)
            }
            Some(settings) => {
                let appspec = json!({ "version": 0.0, "Resources": [{ "TargetService": {
                    "Type": "AWS::ECS::Service", "Properties": { "TaskDefinition": revision,
                        "LoadBalancerInfo": { "ContainerName": "api", "ContainerPort": 8080 } } } }] });
                let input = json!({ "applicationName": settings.application,
                    "deploymentGroupName": settings.group,
                    "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
                    "revision": { "revisionType": "AppSpecContent",
                        "appSpecContent": { "content": appspec.to_string() } } });
                self.aws(at, "root", ("codedeploy", "CreateDeployment"), &input)
            }
        };
        let revision = revision.as_str().and_then(|arn| arn.parse().ok());
        if let (Ok(_), Some(revision)) = (edited, revision) {
            let at = self.now;
            self.seen.edited(&service, revision, at);
        }
    }

    /// An alarm goes on, or off.
    pub(crate) fn turn_alarm(&mut self) {
        let on = !self.alarms.remove("shop-5xx");
        if on {
            self.alarms.insert("shop-5xx".to_owned());
        }
        self.does(format!(
            "the alarm shop-5xx goes {}",
            if on { "on" } else { "off" }
        ));
        self.aws
            .set_alarm(ACCOUNT, REGION, "shop-5xx", on, self.now);
        self.collect();
    }
}

/// Carries out an order as the command line does.
pub(crate) async fn give(port: &Port, ordered: Ordered) -> Result<(), HandlerError> {
    let Ordered { subject, order } = ordered;
    let by = Principal::Aws("arn:aws:iam::111111111111:user/U1".into());
    let (home, pipelines, ids) = {
        let simulation = port.simulation.borrow();
        let home = simulation.home.clone();
        (home, simulation.pipelines.clone(), simulation.releases())
    };
    let reason = "somebody has a reason";
    let issue = Issue {
        subject: &subject,
        order,
        by: &by,
        reason,
        at: port.now(),
        notify: Notify {
            home: &home,
            pipelines: &pipelines,
            tag: None,
        },
    };
    port.issue(issue).await?;
    let carries = |id: &ReleaseId| {
        let simulation = port.simulation.borrow();
        let release = simulation.ledger.release(id);
        release.is_some_and(|it| Subject::Image(it.image().digest) == subject)
    };
    match order {
        Order::Veto => {
            for id in ids.iter().filter(|id| carries(id)) {
                let actor = towpath_core::release::Actor::Person(by.clone());
                let incoming = Incoming::Veto {
                    by: by.clone(),
                    reason: reason.into(),
                };
                let _: Recorded = record(port, id, &actor, incoming).await?;
            }
        }
        Order::LiftHold => {
            // Whoever waits there goes on, as the command line has it.
            let next = match &subject {
                Subject::Service(service) => {
                    let row = port.simulation.borrow().ledger.row(service);
                    let waiting = row.waiting.into_iter().chain(row.candidate);
                    waiting.map(|it| it.release).next()
                }
                Subject::Image(_) => None,
            };
            if let Some(next) = next {
                use towpath_deployer::ports::Ledger as _;
                port.wake(&next, port.now()).await?;
            }
        }
        Order::Hold | Order::LetGo | Order::LiftVeto => {}
    }
    Ok(())
}
