//! The verbs of a story: push, approve, wait until something is so, and ask what runs where.

use serde_json::{Value, json};

use crate::account::Account;
use crate::encrypted::Front;
use crate::lab::{Error, Lab, Options};
use crate::native::Native;
use crate::shop::{CHANNEL, Shop, StageSetup};
use crate::target::Target;

/// A lab with the example in it, whose time stands still unless a story moves it.
#[derive(Debug)]
pub struct World {
    pub lab: Lab,
    /// The example.
    pub shop: Shop,
}

/// A release's card in Slack, with the replies in its thread.
#[derive(Debug, Clone)]
pub struct Card {
    /// The message's id.
    pub ts: String,
    /// What it says, blocks included, as one text.
    pub text: String,
    /// Its blocks, as they are posted.
    pub blocks: Value,
    /// The `action_id`s of its buttons.
    pub buttons: Vec<String>,
    /// The replies, in order.
    pub replies: Vec<String>,
}

/// More timers than any story has: reaching it means that something is waited for in vain.
const MAX_TIMERS: usize = 2_000;

impl World {
    /// A lab with the example, everything running.
    ///
    /// # Errors
    /// When the lab does not start or the example cannot be set up.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with(None).await
    }

    /// A lab with the example, whose production is in an account of its own.
    ///
    /// # Errors
    /// When the lab does not start or the example cannot be set up.
    pub async fn start_across(target: Target) -> Result<Self, Error> {
        Self::start_with(Some(target)).await
    }

    /// A lab with the example, whose deployer is told of other registries: `account/region`.
    ///
    /// # Errors
    /// When the lab does not start or the example cannot be set up.
    pub async fn start_told_of(registries: &[&str]) -> Result<Self, Error> {
        let options = Options {
            registries: registries.iter().map(|&one| one.to_owned()).collect(),
            ..Options::default()
        };
        let lab = Lab::start(&options).await?;
        let shop = Shop::set_up(&lab).await?;
        Self::with(lab, shop).await
    }

    /// A lab with the example, whose functions reach AWS and Slack through a proxy and TLS.
    ///
    /// # Errors
    /// When the lab does not start or the example cannot be set up.
    pub async fn start_behind(front: &Front) -> Result<Self, Error> {
        let options = Options {
            function_environment: front.environment(),
            ..Options::default()
        };
        let lab = Lab::start(&options).await?;
        front.stand_before(lab.url())?;
        let shop = Shop::set_up(&lab).await?;
        Self::with(lab, shop).await
    }

    async fn start_with(target: Option<Target>) -> Result<Self, Error> {
        // Time that only the story moves.
        let told = target.iter().map(|target| target.place.account.to_owned());
        let options = Options {
            target_accounts: told.collect(),
            ..Options::default()
        };
        let lab = Lab::start(&options).await?;
        let shop = Shop::set_up_with(&lab, target).await?;
        Self::with(lab, shop).await
    }

    /// A lab with the example's one service whose traffic ECS itself moves, running.
    ///
    /// # Errors
    /// When the lab does not start or the example cannot be set up.
    pub async fn start_native(native: &Native) -> Result<Self, Error> {
        let lab = Lab::start(&Options::default()).await?;
        let shop = Shop::set_up_native(&lab, native).await?;
        Self::with(lab, shop).await
    }

    async fn with(lab: Lab, shop: Shop) -> Result<Self, Error> {
        let world = Self { lab, shop };
        let initial = world.shop.initial.clone();
        for stage in &world.shop.stages {
            let stage = stage.name;
            world
                .until(&format!("{stage} runs the first image"), async |world| {
                    Ok(world.running(stage).await? == vec![initial.clone()])
                })
                .await?;
        }
        Ok(world)
    }

    /// Pushes an image of the example and returns its digest.
    ///
    /// # Errors
    /// When the registry says no.
    pub async fn push(&self, tag: &str, behaviour: &str) -> Result<String, Error> {
        let push = json!({ "repository": Shop::NAME, "tag": tag, "behaviour": behaviour });
        let pushed = self.lab.post("push", &push).await?;
        Ok(pushed["digest"].as_str().unwrap_or_default().to_owned())
    }

    /// Lets time pass, timer by timer, until something is so.
    ///
    /// # Errors
    /// When it never is, with what the lab shows then.
    pub async fn until(
        &self,
        what: &str,
        so: impl AsyncFn(&Self) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        for _ in 0..MAX_TIMERS {
            self.lab.post("idle", &json!({})).await?;
            if so(self).await? {
                return Ok(());
            }
            let fired = self.lab.post("clock/next", &json!({})).await?;
            if fired["fired"] == 0 {
                break;
            }
        }
        Err(Error::Story(format!(
            "{what}: it never came to that; {}",
            self.picture().await
        )))
    }

    /// Everything that helps to understand why a story went another way.
    pub async fn picture(&self) -> String {
        let mut picture = String::new();
        for control in ["overview", "slack/messages", "dead-letters"] {
            let shown = self
                .lab
                .get(control)
                .await
                .map_or_else(|error| error.to_string(), |value| format!("{value:#}"));
            picture.push_str(&format!("\n{control}: {shown}"));
        }
        for (log, lines) in self.logs_by_name().unwrap_or_default() {
            let last: Vec<_> = lines.lines().rev().take(15).collect();
            for line in last.iter().rev() {
                picture.push_str(&format!("\n{log}: {line}"));
            }
        }
        picture
    }

    /// The cards in the example's channel, the oldest first.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn cards(&self) -> Result<Vec<Card>, Error> {
        Card::all(&self.lab).await
    }

    /// The card of the release with that tag, if it was posted.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn card(&self, tag: &str) -> Result<Option<Card>, Error> {
        Card::of(&self.lab, Shop::NAME, tag).await
    }

    /// Clicks a button of a release's card as somebody.
    ///
    /// # Errors
    /// When there is no such card or button.
    pub async fn click(&self, tag: &str, action: &str, user: &str) -> Result<Value, Error> {
        let card = self
            .card(tag)
            .await?
            .ok_or_else(|| Error::Story(format!("{tag} has no card")))?;
        let click = json!({ "channel": CHANNEL, "ts": card.ts, "action_id": action, "user": user });
        self.lab.post("slack/click", &click).await
    }

    /// The digests that run in a stage, asked of ECS.
    ///
    /// # Errors
    /// When ECS says no.
    pub async fn running(&self, stage: &str) -> Result<Vec<String>, Error> {
        running(&self.lab, self.shop.stage(stage)).await
    }

    /// What a visitor of a stage's production listener gets: the digest that answers, or the
    /// status.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn visit(&self, stage: &str) -> Result<String, Error> {
        let url = self.shop.stage(stage).url.clone().unwrap_or_default();
        let (status, body) = self.lab.visit(&format!("{url}/")).await?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        Ok(body["image"]
            .as_str()
            .map_or_else(|| status.to_string(), str::to_owned))
    }

    /// The state of a stage's auto scaling: its three flags, as they are.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn suspended(&self, stage: &str) -> Result<Value, Error> {
        let input = json!({ "ServiceNamespace": "ecs", "ResourceIds": [format!("service/{stage}/{}", Shop::NAME)] });
        let described = self
            .lab
            .account(self.shop.stage(stage).place)
            .aws("application-autoscaling", "DescribeScalableTargets", &input)
            .await?;
        Ok(described["ScalableTargets"][0]["SuspendedState"].clone())
    }

    /// The calls of an operation so far, whoever made them.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn calls(&self, service: &str, operation: &str) -> Result<Vec<Value>, Error> {
        let journal = self.lab.get("journal").await?;
        let entries = journal["entries"].as_array().cloned().unwrap_or_default();
        Ok(entries
            .into_iter()
            .filter(|e| e["service"] == service && e["operation"] == operation)
            .collect())
    }

    /// How the release of a tag ended, as the ledger's summary says; `None` while it has not.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn outcome(&self, tag: &str) -> Result<Option<String>, Error> {
        self.ledger().outcome(tag).await
    }

    /// Lets time pass until the release of a tag has ended, and returns how.
    ///
    /// # Errors
    /// When it never ends.
    pub async fn ended(&self, tag: &str) -> Result<String, Error> {
        self.until(&format!("{tag} ends"), async |world| {
            Ok(world.outcome(tag).await?.is_some())
        })
        .await?;
        Ok(self.outcome(tag).await?.unwrap_or_default())
    }

    /// Lets time pass until a release's card has an Approve button.
    ///
    /// # Errors
    /// When it never has.
    pub async fn asks(&self, tag: &str) -> Result<(), Error> {
        self.until(&format!("{tag} asks for approval"), async |world| {
            Ok(world.card(tag).await?.is_some_and(|card| {
                card.buttons
                    .iter()
                    .any(|button| button == "towpath_approve")
            }))
        })
        .await
    }
}

impl Card {
    /// The cards in the example's channel, the oldest first.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn all(lab: &Lab) -> Result<Vec<Self>, Error> {
        let messages = lab.get("slack/messages").await?;
        let messages: Vec<Value> = messages["messages"].as_array().cloned().unwrap_or_default();
        let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
        let in_channel = messages
            .iter()
            .filter(|message| message["channel"] == CHANNEL);
        Ok(in_channel
            .clone()
            .filter(|message| message["thread_ts"].is_null())
            .map(|card| Self {
                ts: card["ts"].as_str().unwrap_or_default().to_owned(),
                text: format!("{}\n{}", text(card), texts(&card["blocks"]).join("\n")),
                blocks: card["blocks"].clone(),
                buttons: buttons(&card["blocks"]),
                replies: in_channel
                    .clone()
                    .filter(|reply| reply["thread_ts"] == card["ts"])
                    .map(text)
                    .collect(),
            })
            .collect())
    }

    /// The card of a pipeline's release with that tag, if it was posted.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn of(lab: &Lab, pipeline: &str, tag: &str) -> Result<Option<Self>, Error> {
        let title = format!("{pipeline} {tag}");
        Ok(Self::all(lab)
            .await?
            .into_iter()
            .find(|card| card.text.contains(&title)))
    }
}

/// The digests that the primary deployment or task set of a stage's service runs.
///
/// # Errors
/// When ECS says no.
pub async fn running(lab: &Lab, stage: &StageSetup) -> Result<Vec<String>, Error> {
    running_in(lab.account(stage.place), stage.name, Shop::NAME).await
}

/// The digests that the primary deployment or task set of a service runs; none while its tasks are
/// not all there.
///
/// # Errors
/// When ECS says no.
pub async fn running_in(
    owner: Account<'_>,
    cluster: &str,
    service: &str,
) -> Result<Vec<String>, Error> {
    let input = json!({ "cluster": cluster, "services": [service] });
    let described = owner.aws("ecs", "DescribeServices", &input).await?;
    let service = &described["services"][0];
    let listed = |key: &str| service[key].as_array().cloned().unwrap_or_default();
    let mut primaries: Vec<Value> = listed("taskSets")
        .into_iter()
        .filter(|set| set["status"] == "PRIMARY")
        .collect();
    if primaries.is_empty() {
        primaries = listed("deployments")
            .into_iter()
            .filter(|d| d["status"] == "PRIMARY")
            .collect();
    }
    let mut digests = Vec::new();
    for primary in primaries {
        let count = |long: &str, short: &str| {
            primary[long]
                .as_u64()
                .or_else(|| primary[short].as_u64())
                .unwrap_or(0)
        };
        let wanted = count("desiredCount", "computedDesiredCount");
        if count("runningCount", "runningCount") < wanted.max(1) {
            return Ok(Vec::new());
        }
        let definition = owner
            .aws(
                "ecs",
                "DescribeTaskDefinition",
                &json!({ "taskDefinition": primary["taskDefinition"] }),
            )
            .await?;
        for container in definition["taskDefinition"]["containerDefinitions"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let image = container["image"].as_str().unwrap_or_default();
            digests.push(
                image
                    .split_once('@')
                    .map_or(image, |(_, digest)| digest)
                    .to_owned(),
            );
        }
    }
    Ok(digests)
}

/// Every text in a message's blocks, in order.
fn texts(blocks: &Value) -> Vec<String> {
    match blocks {
        Value::Object(object) => {
            let own = object
                .get("text")
                .and_then(Value::as_str)
                .map(str::to_owned);
            own.into_iter()
                .chain(
                    object
                        .values()
                        .filter(|value| !value.is_string())
                        .flat_map(texts),
                )
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn buttons(blocks: &Value) -> Vec<String> {
    let elements = blocks
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|block| block["elements"].as_array().into_iter().flatten());
    elements
        .filter_map(|element| element["action_id"].as_str())
        .map(str::to_owned)
        .collect()
}
