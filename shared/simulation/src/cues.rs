//! People act by cues: they see a sign in the world, and do something.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::message::{APPROVE, REJECT, ROLL_BACK};
use towpath_core::release::{Decision, Order, Subject, WaitsFor};
use towpath_lab_world::Behaviour;

use crate::deliver::{Delivery, What};
use crate::fate::Fate;
use crate::rest::TICK;
use crate::runs::Origin;
use crate::scenario::{Act, Cue, Post, Sign};
use crate::set_up::{ACCOUNT, REGION, REPOSITORY};
use crate::simulation::Simulation;
use crate::story::Story;

/// More calls, deliveries and pauses than any scenario has.
const PATIENCE: usize = 60_000;

impl Story {
    /// Everything goes on in order, and people act by their cues, until nothing is left to wait for but
    /// people who lift holds.
    pub(crate) async fn follow(&mut self) {
        // What is pushed at the very moment at which the pipelines are applied is old.
        self.pass(SignedDuration::from_secs(1)).await;
        for _ in 0..PATIENCE {
            let mut acted = false;
            while self.simulation.borrow_mut().act() {
                acted = true;
            }
            if acted {
                self.go_before();
                continue;
            }
            if !self.runs.is_empty() {
                self.step(0).await;
                continue;
            }
            if self.deliver_all() {
                continue;
            }
            if self.simulation.borrow_mut().act_in_quiet() {
                continue;
            }
            let (is_open, due, next) = self.simulation.borrow().next();
            let now = self.simulation.borrow().now;
            let search_at = self.simulation.borrow().search_at;
            if search_at.is_some_and(|at| at <= now) {
                self.simulation.borrow_mut().search_at = None;
                self.begin(Origin::Delivery(Delivery::of(What::Sweep("pushes"))));
                continue;
            }
            if is_open && due.is_some_and(|due| due <= now) {
                if std::mem::take(&mut self.simulation.borrow_mut().sweep_failed) {
                    self.pass(TICK).await;
                }
                self.begin(Origin::Delivery(Delivery::of(What::Sweep("releases"))));
                continue;
            }
            match next {
                Some(next) => {
                    let time = next.duration_since(now);
                    self.pass(time.max(SignedDuration::from_millis(1))).await;
                }
                None => return,
            }
        }
        let what = "I6: people wait for something that never comes".to_owned();
        self.simulation.borrow_mut().violated(what);
    }

    /// What people have done is dealt with before whatever is under way makes its next call.
    fn go_before(&mut self) {
        let mut simulation = self.simulation.borrow_mut();
        let due = simulation.take_due();
        let theirs = |it: &Delivery| match it.what {
            What::Push(_) | What::Decision(_) | What::Order(_) => true,
            What::Report(_) | What::Hook { .. } | What::Sweep(_) => false,
        };
        let (theirs, others): (Vec<_>, Vec<_>) = due.into_iter().partition(theirs);
        simulation.deliveries.extend(others);
        drop(simulation);
        let begun = theirs.len();
        for delivery in theirs {
            self.begin(Origin::Delivery(delivery));
        }
        self.runs.rotate_right(begun);
    }
}

impl Simulation {
    /// Whether anything is open, when the sweeper finds it due, and when something is to happen next.
    fn next(&self) -> (bool, Option<Timestamp>, Option<Timestamp>) {
        let (is_open, due) = self.due();
        let cue = self.cues.front().and_then(|cue| match cue.sign {
            Sign::After(time) => Some(self.acted_at + time),
            Sign::Now | Sign::Called(..) | Sign::Asked(_) | Sign::Serves(_) | Sign::Quiet => None,
        });
        let due = due.filter(|_| is_open);
        let goes_on = is_open && !self.is_quiet();
        let world = self.aws.next_due().filter(|_| goes_on);
        let delivery = self.next_delivery();
        let next = [
            cue,
            due.filter(|_| goes_on),
            world,
            delivery,
            self.search_at,
        ];
        (is_open, due, next.into_iter().flatten().min())
    }

    /// Whether whatever is open waits for somebody who lifts a hold, or for such a release. A request
    /// for approval ends by itself.
    fn is_quiet(&self) -> bool {
        self.ledger.releases().all(|release| {
            release.conclusion().is_some() || {
                let waiting = release.waiting();
                waiting.is_some_and(|it| match it.waits_for() {
                    WaitsFor::People => it.until().is_none(),
                    WaitsFor::Release(_) => true,
                    WaitsFor::Towpath | WaitsFor::Aws => false,
                })
            }
        })
    }

    /// Whether nothing is open that does not wait for people.
    fn is_left_to_people(&self) -> bool {
        self.ledger.releases().all(|release| {
            release.conclusion().is_some()
                || release.waiting().is_some_and(|it| {
                    matches!(it.waits_for(), WaitsFor::People | WaitsFor::Release(_))
                })
        })
    }

    /// Somebody acts, where a sign is seen. Whether anybody did.
    fn act(&mut self) -> bool {
        let Some(cue) = self.cues.front() else {
            return false;
        };
        if !self.is_seen(cue.sign) {
            return false;
        }
        self.next_act();
        true
    }

    fn act_in_quiet(&mut self) -> bool {
        let waits = matches!(self.cues.front(), Some(cue) if matches!(cue.sign, Sign::Quiet));
        if waits && self.is_left_to_people() {
            self.next_act();
            return true;
        }
        false
    }

    fn next_act(&mut self) {
        if let Some(cue) = self.cues.pop_front() {
            self.acted_at = self.now;
            self.perform(cue.act);
        }
    }

    fn is_seen(&self, sign: Sign) -> bool {
        match sign {
            Sign::Now => true,
            Sign::After(time) => self.now >= self.acted_at + time,
            Sign::Called(operation, times) => self.carried_out(operation) >= times,
            Sign::Asked(times) => self.asked() >= times,
            Sign::Serves(cluster) => self.serves(cluster),
            Sign::Quiet => false,
        }
    }

    /// How often an operation was carried out.
    fn carried_out(&self, operation: &str) -> usize {
        let fates = [Fate::Done, Fate::Stale, Fate::AnswerLost, Fate::DeathAfter];
        let of = self.calls.fates.iter();
        let of = of.filter(|((of, fate), _)| *of == operation && fates.contains(fate));
        of.map(|(_, times)| times).sum()
    }

    /// How many approvals were asked for.
    fn asked(&self) -> usize {
        let buttons = self.messages.buttons.iter();
        let buttons = buttons.filter(|button| button.action == APPROVE);
        let values: std::collections::BTreeSet<_> = buttons.map(|button| &button.value).collect();
        if values.is_empty() {
            self.messages.answers.len() / 2
        } else {
            values.len()
        }
    }

    /// Whether something that was not there at first takes production traffic.
    fn serves(&self, cluster: &str) -> bool {
        let overview = self.aws.overview();
        let services = overview["services"].as_array().into_iter().flatten();
        let mut fleets = services
            .filter(|service| service["cluster"] == cluster)
            .filter_map(|service| service["fleets"].as_array())
            .flatten();
        fleets.any(|fleet| {
            let images = fleet["images"].as_array();
            let is_new = images.is_some_and(|images| {
                !images.is_empty() && images.iter().all(|it| *it != self.initial.as_str())
            });
            let weight = fleet["traffic_weight"].as_f64().unwrap_or_default();
            is_new && (weight > 0.0 || fleet["deployment"].is_null())
        })
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Wait => {}
            Act::Push(tag, behaviour) => self.push_tag(tag, tag, behaviour),
            Act::PushAgain { tag, of } => self.push_tag(tag, of, Behaviour::Healthy),
            Act::Approve(user) => self.click_newest(APPROVE, user, act),
            Act::Reject(user) => self.click_newest(REJECT, user, act),
            Act::RollBack(user) => self.click_newest(ROLL_BACK, user, act),
            Act::ApproveByMessage => self.approve_by_message(),
            Act::Again(delivery) => self.deliveries.push(delivery),
            Act::Veto(tag) => {
                if let Some(digest) = self.digest(tag).and_then(|it| it.parse().ok()) {
                    self.order(Subject::Image(digest), Order::Veto);
                }
            }
            Act::Hold => self.order_first(Order::Hold),
            Act::LiftHold => self.order_first(Order::LiftHold),
            Act::EditByHand => self.edit_by_hand(),
            Act::TurnAlarm => self.turn_alarm(),
            Act::Pushes(post) => self.post(post),
            Act::Apply(pipelines) => {
                self.does("applies the pipelines anew".into());
                self.pipelines = pipelines;
                self.version += 1;
                self.applied_at = self.now;
                self.judge_pipelines();
            }
            Act::Refuse(operation) => {
                self.does(format!("takes the right to {operation} away"));
                self.refusing.insert(operation);
            }
            Act::Grant(operation) => {
                self.does(format!("grants the right to {operation}"));
                self.refusing.remove(operation);
            }
            Act::TakeGroup => self.take_group(),
        }
    }

    /// Somebody who was told so sends the same again in a moment.
    pub(crate) fn again_in_a_moment(&mut self, delivery: Delivery) {
        self.acted_at = self.now;
        self.cues.push_front(Cue {
            sign: Sign::After(TICK),
            act: Act::Again(delivery),
        });
    }

    /// Somebody clicks the newest button, or looks again in a minute where there is none.
    fn click_newest(&mut self, action: &str, user: &str, act: Act) {
        let mut shown = self.messages.buttons.iter().rev();
        let shown = shown.find(|button| button.action == action);
        if let Some(button) = shown.cloned() {
            self.click(&button, user);
        } else {
            let sign = Sign::After(TICK);
            self.cues.push_front(Cue { sign, act });
        }
    }

    fn approve_by_message(&mut self) {
        let wanted = format!("\"decision\":\"{}\"", Decision::Approve);
        let mut answers = self.messages.answers.iter().rev();
        if let Some(answer) = answers.find(|it| it.contains(&wanted)).cloned() {
            self.answer(&answer);
        }
    }

    fn order_first(&mut self, order: Order) {
        if let Some(service) = self.services().first().cloned() {
            self.order(Subject::Service(service), order);
        }
    }

    /// The digest of a tag.
    fn digest(&mut self, tag: &str) -> Option<String> {
        let input = json!({ "repositoryName": REPOSITORY, "imageIds": [{ "imageTag": tag }] });
        let call = ("ecr", "DescribeImages");
        let answer = self.aws((ACCOUNT, REGION), "root", call, &input).ok()?;
        answer["imageDetails"][0]["imageDigest"]
            .as_str()
            .map(str::to_owned)
    }

    fn post(&mut self, post: Post) {
        self.does(format!("nobody has heard of some pushes yet: {post:?}"));
        let pushes = |it: &Delivery| matches!(it.what, What::Push(_));
        let all = std::mem::take(&mut self.deliveries);
        let (mut pushes, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(pushes);
        match post {
            Post::Twice => pushes.extend(pushes.clone()),
            Post::Lost => pushes.clear(),
            Post::Reordered => pushes.reverse(),
            Post::Kept => self.kept.append(&mut pushes),
            Post::Comes => pushes.append(&mut self.kept),
        }
        others.append(&mut pushes);
        self.deliveries = others;
    }

    fn take_group(&mut self) {
        let stages = self.pipelines.iter().flat_map(|it| &it.stages);
        let mut groups = stages.filter_map(|stage| {
            let settings = stage.engine.codedeploy()?;
            let group = (settings.application.clone(), settings.group.clone());
            Some((self.home.service_of(stage), group))
        });
        let Some((service, (application, group))) = groups.next() else {
            return;
        };
        drop(groups);
        let shown = self.service(&service).unwrap_or_default();
        let sets = shown["taskSets"].as_array().into_iter().flatten();
        let mut primary = sets.filter(|set| set["status"] == "PRIMARY");
        let revision = primary
            .next()
            .map_or(Value::Null, |set| set["taskDefinition"].clone());
        self.does(format!("deploys {revision} by CodeDeploy"));
        let appspec = json!({ "version": 0.0, "Resources": [{ "TargetService": {
            "Type": "AWS::ECS::Service", "Properties": { "TaskDefinition": revision,
                "LoadBalancerInfo": { "ContainerName": "api", "ContainerPort": 8080 } } } }] });
        let input = json!({ "applicationName": application, "deploymentGroupName": group,
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
            "revision": { "revisionType": "AppSpecContent",
                "appSpecContent": { "content": appspec.to_string() } } });
        let call = ("codedeploy", "CreateDeployment");
        if let Err(error) = self.aws((ACCOUNT, REGION), "root", call, &input) {
            self.does(format!("cannot take the group: {error}"));
        }
    }
}
