//! A cell: one scenario on one engine, with a service, a repository and a pipeline of its own.

use std::rc::Rc;

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, CHANNEL, Card, Error, Ledger, store};

use super::engine::Engine;
use super::scenario::Scenario;
use super::service::{self, Address, CLUSTER, Ground};
use super::together::Together;

/// One scenario on one engine.
pub(crate) struct Cell {
    pub(crate) together: Rc<Together>,
    pub(crate) engine: Engine,
    /// Of its service, its repository, its pipeline.
    pub(crate) name: &'static str,
    /// The digest that runs at first.
    pub(crate) old: String,
    pub(crate) address: Address,
    /// Auto scaling as it was set up.
    pub(crate) scaling: Value,
}

/// The stage of every cell.
pub(crate) const STAGE: &str = "production";

impl Cell {
    pub(crate) async fn set_up(
        together: &Rc<Together>,
        ground: &Ground,
        engine: Engine,
        scenario: Scenario,
    ) -> Result<Self, Error> {
        let lab = &together.lab;
        let name = scenario.name();
        let repository = json!({ "repositoryName": name, "imageTagMutability": "IMMUTABLE" });
        lab.aws("ecr", "CreateRepository", &repository).await?;
        let old = push(together, name, "0000001", "healthy").await?;
        let address = service::make(lab, ground, engine, scenario, &old).await?;
        let mut stage = json!({ "name": STAGE, "cluster": CLUSTER, "service": name, "containers": ["app"],
            "engine": engine.rollout(name), "auto_scaling": "suspend" });
        let additions = scenario.stage(engine, address.test_url.as_deref());
        for (key, value) in additions.as_object().into_iter().flatten() {
            stage[key] = value.clone();
        }
        let pipeline = json!({ "pipeline": name, "repository": name, "tags": "commit",
            "notify": { "slack": CHANNEL }, "stages": [stage] });
        store(lab, &pipeline).await?;
        let mut cell = Self {
            together: Rc::clone(together),
            engine,
            name,
            old,
            address,
            scaling: Value::Null,
        };
        cell.scaling = cell.auto_scaling().await?;
        Ok(cell)
    }

    pub(crate) fn cluster(&self) -> &'static str {
        CLUSTER
    }

    pub(crate) fn ledger(&self) -> Ledger<'_> {
        Ledger::new(&self.together.lab, self.name)
    }

    /// Lets time pass until the old version serves.
    pub(crate) async fn is_ready(&self) -> Result<(), Error> {
        self.until("the first image runs", async || {
            Ok(self.serves().await? == self.old)
        })
        .await
    }

    pub(crate) async fn until(
        &self,
        what: &str,
        so: impl AsyncFn() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.together.until(what, so).await
    }

    /// Pushes an image and returns its digest.
    pub(crate) async fn push(&self, tag: &str, behaviour: &str) -> Result<String, Error> {
        push(&self.together, self.name, tag, behaviour).await
    }

    /// Lets time pass until the deployment of the release of a tag has started.
    pub(crate) async fn started(&self, tag: &str) -> Result<(), Error> {
        self.until(&format!("{tag} is being deployed"), async || {
            let started = self
                .ledger()
                .events_named(tag, "deployment_started")
                .await?;
            Ok(!started.is_empty())
        })
        .await
    }

    /// The deployment of the release of a tag, once it has started.
    pub(crate) async fn deployment(&self, tag: &str) -> Result<String, Error> {
        self.started(tag).await?;
        let started = self
            .ledger()
            .events_named(tag, "deployment_started")
            .await?;
        let id = started[0]["deployment"].as_str();
        Ok(id.unwrap_or_default().to_owned())
    }

    /// Lets time pass until the release of a tag has ended, and returns how.
    pub(crate) async fn ended(&self, tag: &str) -> Result<String, Error> {
        self.until(&format!("{tag} ends"), async || {
            Ok(self.ledger().outcome(tag).await?.is_some())
        })
        .await?;
        Ok(self.ledger().outcome(tag).await?.unwrap_or_default())
    }

    /// Lets time pass until people are asked about the release of a tag.
    pub(crate) async fn asks(&self, tag: &str) -> Result<(), Error> {
        self.until(&format!("{tag} asks for approval"), async || {
            let card = self.card(tag).await?;
            Ok(card.is_some_and(|card| card.buttons.contains(&APPROVE.to_owned())))
        })
        .await
    }

    pub(crate) async fn approve(&self, tag: &str) -> Result<(), Error> {
        self.click(tag, APPROVE).await
    }

    pub(crate) async fn reject(&self, tag: &str) -> Result<(), Error> {
        self.click(tag, "towpath_reject").await
    }

    async fn click(&self, tag: &str, action: &str) -> Result<(), Error> {
        let card = self.card(tag).await?;
        let card = card.ok_or_else(|| Error::Story(format!("{tag} has no card")))?;
        let click =
            json!({ "channel": CHANNEL, "ts": card.ts, "action_id": action, "user": APPROVER });
        let answer = self.together.lab.post("slack/click", &click).await?;
        assert_eq!(answer["status"], 200, "{answer}");
        Ok(())
    }

    async fn card(&self, tag: &str) -> Result<Option<Card>, Error> {
        Card::of(&self.together.lab, self.name, tag).await
    }
}

const APPROVE: &str = "towpath_approve";

async fn push(
    together: &Together,
    repository: &str,
    tag: &str,
    behaviour: &str,
) -> Result<String, Error> {
    let push = json!({ "repository": repository, "tag": tag, "behaviour": behaviour });
    let pushed = together.lab.post("push", &push).await?;
    Ok(pushed["digest"].as_str().unwrap_or_default().to_owned())
}
