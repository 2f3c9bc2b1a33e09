//! What people and AWS do in a story besides pushing and clicking: answer by SNS, tamper, deliver
//! events once more, fail; and time that passes.

use serde_json::{Value, json};

use crate::account::{Place, TOOLS};
use crate::lab::Error;
use crate::shop::{CHANNEL, Shop};
use crate::world::World;

impl World {
    /// Pushes an image of the example with any of the lab's options for a push, and returns its
    /// digest.
    ///
    /// # Errors
    /// When the registry says no.
    pub async fn push_with(&self, tag: &str, options: &Value) -> Result<String, Error> {
        let push = with(
            json!({ "repository": Shop::NAME, "tag": tag, "behaviour": "healthy" }),
            options,
        );
        let pushed = self.lab.post("push", &push).await?;
        Ok(pushed["digest"].as_str().unwrap_or_default().to_owned())
    }

    /// Puts another tag on an image of the example, as ECR's documentation has it, and returns its
    /// digest: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html>.
    ///
    /// # Errors
    /// When the registry says no.
    pub async fn retag(&self, from: &str, to: &str) -> Result<String, Error> {
        let image = json!({ "repositoryName": Shop::NAME, "imageIds": [{ "imageTag": from }] });
        let found = self.lab.aws("ecr", "BatchGetImage", &image).await?;
        let image = json!({ "repositoryName": Shop::NAME, "imageTag": to,
            "imageManifest": found["images"][0]["imageManifest"],
            "imageManifestMediaType": found["images"][0]["imageManifestMediaType"] });
        let put = self.lab.aws("ecr", "PutImage", &image).await?;
        let digest = &put["image"]["imageId"]["imageDigest"];
        Ok(digest.as_str().unwrap_or_default().to_owned())
    }

    /// The time in the lab.
    ///
    /// # Errors
    /// When the lab does not say.
    pub async fn now(&self) -> Result<String, Error> {
        let clock = self.lab.get("clock").await?;
        Ok(clock["now"].as_str().unwrap_or_default().to_owned())
    }

    /// The event of a push of the example, as ECR sends it; the lab adds when.
    #[must_use]
    pub fn push_event(&self, tag: &str, digest: &str) -> Value {
        json!({ "source": "aws.ecr", "detail-type": "ECR Image Action", "detail": {
            "action-type": "PUSH", "result": "SUCCESS", "repository-name": Shop::NAME,
            "image-tag": tag, "image-digest": digest } })
    }

    /// Delivers an event to the account's bus.
    ///
    /// # Errors
    /// When the lab does not take it.
    pub async fn event(&self, event: &Value) -> Result<(), Error> {
        self.lab.post("events", event).await.map(|_| ())
    }

    /// Publishes a message to the reply topic, as anybody may whom its policy lets.
    ///
    /// # Errors
    /// When SNS says no.
    pub async fn reply(&self, message: &str) -> Result<(), Error> {
        let Place { account, region } = TOOLS;
        let topic = format!("arn:aws:sns:{region}:{account}:towpath-replies");
        let parameters = [
            ("Action", "Publish"),
            ("TopicArn", &topic),
            ("Message", message),
        ];
        self.lab.query("sns", "2010-03-31", &parameters).await?;
        Ok(())
    }

    /// Clicks a button of a release's card, with some of the click's members changed.
    ///
    /// # Errors
    /// When there is no such card or button.
    pub async fn click_with(
        &self,
        tag: &str,
        action: &str,
        user: &str,
        changes: &Value,
    ) -> Result<u64, Error> {
        let card = self
            .card(tag)
            .await?
            .ok_or_else(|| Error::Story(format!("{tag} has no card")))?;
        let click = with(
            json!({ "channel": CHANNEL, "ts": card.ts, "action_id": action, "user": user }),
            changes,
        );
        let answer = self.lab.post("slack/click", &click).await?;
        Ok(answer["status"].as_u64().unwrap_or_default())
    }

    /// Posts a copy of a release's card, buttons and all, and returns its `ts`: a card as somebody's
    /// client still shows it, or as somebody who has the bot's token could forge it.
    ///
    /// # Errors
    /// When there is no such card or Slack says no.
    pub async fn post_as_bot(&self, channel: &str, tag: &str) -> Result<String, Error> {
        let card = self
            .card(tag)
            .await?
            .ok_or_else(|| Error::Story(format!("{tag} has no card")))?;
        let token = self.secret("slack/bot-token").await?;
        let copy = json!({ "channel": channel, "text": "a copy", "blocks": card.blocks });
        let posted = self.lab.slack("chat.postMessage", &token, &copy).await?;
        match posted["ts"].as_str() {
            Some(ts) => Ok(ts.to_owned()),
            None => Err(Error::Story(format!("the copy was not posted: {posted}"))),
        }
    }

    /// A secret of the deployer, as its administrator reads it.
    ///
    /// # Errors
    /// When SSM says no.
    pub async fn secret(&self, name: &str) -> Result<String, Error> {
        let input = json!({ "Name": format!("/towpath/{name}"), "WithDecryption": true });
        let found = self.lab.aws("ssm", "GetParameter", &input).await?;
        Ok(found["Parameter"]["Value"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// Somebody registers a revision by hand, edited from one that is named by its ARN or family,
    /// and gets its ARN.
    ///
    /// # Errors
    /// When ECS refuses.
    pub async fn register_edited(
        &self,
        from: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Value, Error> {
        let from = json!({ "taskDefinition": from });
        let mut described = self.lab.aws("ecs", "DescribeTaskDefinition", &from).await?;
        let mut edited = described["taskDefinition"].take();
        // The rest of a description stays.
        let kept = [
            "family",
            "networkMode",
            "requiresCompatibilities",
            "cpu",
            "memory",
            "executionRoleArn",
            "taskRoleArn",
            "runtimePlatform",
            "containerDefinitions",
        ];
        if let Some(fields) = edited.as_object_mut() {
            fields.retain(|name, _| kept.contains(&name.as_str()));
        }
        edit(&mut edited);
        let mut registered = self
            .lab
            .aws("ecs", "RegisterTaskDefinition", &edited)
            .await?;
        Ok(registered["taskDefinition"]["taskDefinitionArn"].take())
    }

    /// Calls of AWS or Slack fail by these rules from now on.
    ///
    /// # Errors
    /// When the lab does not know such a fault.
    pub async fn fail(&self, rules: &Value) -> Result<(), Error> {
        self.lab.post("faults", rules).await.map(|_| ())
    }

    /// Nothing fails any more.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn heal(&self) -> Result<(), Error> {
        self.lab.delete("faults").await.map(|_| ())
    }

    /// Lets time pass, with everything that happens meanwhile.
    ///
    /// # Errors
    /// When the lab does not come to rest.
    pub async fn pass(&self, seconds: u64) -> Result<(), Error> {
        self.lab.post("idle", &json!({})).await?;
        self.lab
            .post("clock/advance", &json!({ "seconds": seconds }))
            .await?;
        self.rest().await
    }

    /// Waits until everything that is in hand is done; no time passes.
    ///
    /// # Errors
    /// When the lab does not come to rest.
    pub async fn rest(&self) -> Result<(), Error> {
        self.lab.post("idle", &json!({})).await.map(|_| ())
    }
}

/// An object with the members of another added or put in place of its own.
fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    object
}
