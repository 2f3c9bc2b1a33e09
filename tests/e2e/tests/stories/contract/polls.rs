//! What a cell is judged by: what ECS, visitors, auto scaling and the ledger say afterwards.

use serde_json::{Value, json};
use towpath_e2e::{Error, TOOLS, running_in, why};

use super::cell::{Cell, STAGE};
use super::engine::Engine;

/// How a release has to have ended.
pub(crate) struct Ending<'a> {
    pub(crate) outcome: &'a str,
    /// What the reason has to say.
    pub(crate) because: &'a [&'a str],
    /// The digest that has to serve.
    pub(crate) serves: &'a str,
    /// What the hold of the stage has to say, if it has to be on hold.
    pub(crate) hold: Option<&'a str>,
    /// Virtual minutes in which it has to have come to that.
    pub(crate) within: i64,
}

impl Cell {
    /// The digest that ECS says is in place and that visitors get; empty while that is not one.
    pub(crate) async fn serves(&self) -> Result<String, Error> {
        let lab = &self.together.lab;
        let running = running_in(lab.account(TOOLS), self.cluster(), self.name).await?;
        if let (Engine::Ecs, Some(url)) = (self.engine, &self.address.url) {
            // Blue and green run side by side, so the listener tells which one serves.
            let (_, body) = lab.visit(&format!("{url}/")).await?;
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            return Ok(body["image"].as_str().unwrap_or_default().to_owned());
        }
        let [digest] = &running[..] else {
            return Ok(String::new());
        };
        let Some(url) = &self.address.url else {
            return Ok(digest.clone());
        };
        let (_, body) = lab.visit(&format!("{url}/")).await?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        Ok(if body["image"] == *digest {
            digest.clone()
        } else {
            String::new()
        })
    }

    /// Whether ECS has this revision in place.
    pub(crate) async fn runs(&self, revision: &str) -> Result<bool, Error> {
        let named = json!({ "cluster": self.cluster(), "services": [self.name] });
        let described = self
            .together
            .lab
            .aws("ecs", "DescribeServices", &named)
            .await?;
        let service = &described["services"][0];
        let sets = service["taskSets"].as_array().into_iter().flatten();
        let primary = sets.into_iter().find(|set| set["status"] == "PRIMARY");
        Ok(primary.unwrap_or(service)["taskDefinition"] == revision)
    }

    /// The service's scalable target: its bounds, and what is suspended.
    pub(crate) async fn auto_scaling(&self) -> Result<Value, Error> {
        let resource = format!("service/{}/{}", self.cluster(), self.name);
        let input = json!({ "ServiceNamespace": "ecs", "ResourceIds": [resource] });
        let described = self
            .together
            .lab
            .aws("application-autoscaling", "DescribeScalableTargets", &input)
            .await?;
        let target = &described["ScalableTargets"][0];
        Ok(json!([
            target["MinCapacity"],
            target["MaxCapacity"],
            target["SuspendedState"]
        ]))
    }

    /// Lets time pass until the release of a tag has ended, and holds it to how it had to end.
    pub(crate) async fn ends(&self, tag: &str, ending: &Ending<'_>) -> Result<(), Error> {
        let began = self.together.now().await?;
        let outcome = self.ended(tag).await?;
        let took = self.together.now().await? - began;
        let reason = self.ledger().reason(tag).await?;
        assert_eq!(outcome, ending.outcome, "{reason}");
        for words in ending.because {
            assert!(reason.contains(words), "`{words}` is not said: {reason}");
        }
        assert!(
            took <= ending.within * 60,
            "it took {took}s, and has {} minutes",
            ending.within
        );
        self.stands(tag, ending.serves, ending.hold).await
    }

    /// What is left of the release of a tag: who serves, auto scaling, and the hold.
    pub(crate) async fn stands(
        &self,
        tag: &str,
        serves: &str,
        hold: Option<&str>,
    ) -> Result<(), Error> {
        assert_eq!(self.serves().await?, serves, "what serves");
        assert_eq!(
            self.auto_scaling().await?,
            self.scaling,
            "auto scaling is as it was"
        );
        let held = self.ledger().events_named(tag, "held").await?;
        let said: Vec<_> = held
            .iter()
            .filter(|held| held["stage"] == STAGE)
            .map(why)
            .collect();
        match hold {
            None => assert!(said.is_empty(), "the stage is not on hold"),
            Some(words) => assert!(
                said.len() == 1 && said[0].contains(words),
                "`{words}` is not what it is on hold for: {said:?}"
            ),
        }
        Ok(())
    }

    /// Everything that helps to understand why a cell went another way.
    pub(crate) async fn picture(&self) -> String {
        let lab = &self.together.lab;
        let mut picture = String::new();
        for release in self.ledger().releases().await.unwrap_or_default() {
            picture.push_str(&format!("\n{} ({:?}):", release.tag, release.outcome));
            for event in self
                .ledger()
                .events_of(&release.tag)
                .await
                .unwrap_or_default()
            {
                let mut line = event.to_string();
                line.truncate(600);
                picture.push_str(&format!("\n  {line}"));
            }
        }
        let named = json!({ "cluster": self.cluster(), "services": [self.name] });
        let service = lab.aws("ecs", "DescribeServices", &named).await;
        let service = service.map_or_else(
            |error| error.to_string(),
            |it| {
                let of = &it["services"][0];
                json!({ "deployments": of["deployments"], "taskSets": of["taskSets"] }).to_string()
            },
        );
        format!("{picture}\n{service}")
    }
}
