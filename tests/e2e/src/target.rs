//! An account that a stage lives in, made as the Terraform modules make it: `infra/target-account`
//! there, and in the deployer's account what `target_accounts` of `infra/deployer` adds.

use serde_json::{Value, json};

use crate::account::{Place, TOOLS};
use crate::described::{self, Described};
use crate::lab::{Error, Lab};
use crate::shop::Shop;

/// Such an account. A story may leave out what somebody could forget.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which account, and where.
    pub place: Place,
    /// The external id that the stage names.
    pub external_id: &'static str,
    /// Whether its rule sends state changes on to the deployer's account.
    pub forwards: bool,
    /// Whether the ledger's table admits its hook function.
    pub admitted: bool,
}

/// The external id that the account's role asks for.
const EXTERNAL_ID: &str = "an-id-that-nobody-guesses";

impl Default for Target {
    fn default() -> Self {
        Self {
            place: Place {
                account: "222222222222",
                region: "eu-west-1",
            },
            external_id: EXTERNAL_ID,
            forwards: true,
            admitted: true,
        }
    }
}

impl Target {
    /// The template that the stage's task definition is rendered from, in the account itself.
    pub const TEMPLATE: &'static str = "/towpath/templates/shop-api";

    /// The role that the stage names.
    #[must_use]
    pub fn role(&self) -> String {
        self.arn_of_role("towpath-target")
    }

    /// The role of the hook function.
    #[must_use]
    pub fn hook_role(&self) -> String {
        self.arn_of_role("towpath-lifecycle-hook")
    }

    /// Makes everything in both accounts.
    ///
    /// # Errors
    /// When AWS or the lab says no.
    pub async fn set_up(&self, lab: &Lab) -> Result<(), Error> {
        let functions = Described::read()?;
        self.admit(lab, &functions).await?;
        self.let_advance_in(lab, &functions).await?;
        self.add_hook(lab, &functions).await?;
        if self.forwards {
            self.forward_events(lab, &functions).await?;
        }
        Ok(())
    }

    /// Keeps the template that the stage names as its base.
    ///
    /// # Errors
    /// When SSM says no.
    pub(crate) async fn keep_template(&self, lab: &Lab, template: &Value) -> Result<(), Error> {
        let parameter =
            json!({ "Name": Self::TEMPLATE, "Type": "String", "Value": template.to_string() });
        let owner = lab.account(self.place);
        owner.aws("ssm", "PutParameter", &parameter).await?;
        Ok(())
    }

    /// What the deployer's account lets the other one do: `infra/deployer/accounts.tf`, and
    /// `pull_accounts` of `infra/service/pipeline`.
    async fn admit(&self, lab: &Lab, functions: &Described) -> Result<(), Error> {
        let (tools, account) = (lab.account(TOOLS), self.place.account);
        let root = format!("arn:aws:iam::{account}:root");
        let bus = functions.bus_policy(&root, "deployment-event", &bus())?;
        let policy = json!({ "Policy": bus.to_string() });
        tools.aws("events", "PutPermission", &policy).await?;
        let pull = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": root },
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"] }] });
        let policy = json!({ "repositoryName": Shop::NAME, "policyText": pull.to_string() });
        tools.aws("ecr", "SetRepositoryPolicy", &policy).await?;
        if !self.admitted {
            return Ok(());
        }
        let mut admitted = Vec::new();
        for statement in functions.ledger_statements("lifecycle-hook")? {
            let mut condition = statement["conditions"].clone();
            condition["ArnLike"] = json!({ "aws:PrincipalArn": [self.hook_role(), format!("{}-*", self.hook_role())] });
            admitted.push(
                json!({ "Sid": statement["sid"], "Effect": "Allow", "Principal": { "AWS": [root] },
                "Action": statement["actions"], "Resource": table(), "Condition": condition }),
            );
        }
        let hooks = json!({ "Version": "2012-10-17", "Statement": admitted });
        let policy = json!({ "ResourceArn": table(), "Policy": hooks.to_string() });
        tools.aws("dynamodb", "PutResourcePolicy", &policy).await?;
        Ok(())
    }

    /// `infra/target-account/target.tf`.
    async fn let_advance_in(&self, lab: &Lab, functions: &Described) -> Result<(), Error> {
        let at_home = described::kept_at_home()?;
        let mut statements = functions.other_statements("advance", self.place)?;
        statements.retain(|statement| !at_home.iter().any(|sid| statement["sid"] == *sid));
        for statement in &mut statements {
            if statement["sid"] == "PassTaskRoles" {
                statement["resources"] = json!([self.arn_of_role("shop-*")]);
            }
        }
        let role = json!({ "arn": self.role(), "statements": statements, "trust": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": format!("arn:aws:iam::{}:role/towpath-advance", TOOLS.account) },
            "Condition": { "StringEquals": { "sts:ExternalId": EXTERNAL_ID } } }] });
        lab.post("roles", &role).await.map(|_| ())
    }

    /// `infra/target-account/hook.tf`.
    async fn add_hook(&self, lab: &Lab, functions: &Described) -> Result<(), Error> {
        let mut statements = functions.other_statements("lifecycle-hook", self.place)?;
        statements.extend(functions.ledger_statements("lifecycle-hook")?);
        let role = json!({ "arn": self.hook_role(), "statements": statements });
        lab.post("roles", &role).await?;
        let Place { account, region } = self.place;
        let function = json!({ "name": "towpath-lifecycle-hook", "account": account, "region": region,
            "like": "lifecycle-hook", "environment": { "TOWPATH_TABLE": table() } });
        lab.post("functions", &function).await.map(|_| ())
    }

    /// `infra/target-account/forward.tf`.
    async fn forward_events(&self, lab: &Lab, functions: &Described) -> Result<(), Error> {
        let Place { account, region } = self.place;
        let bus = bus();
        let forward = self.arn_of_role("towpath-forward");
        let role = json!({ "arn": forward,
            "statements": [{ "sid": "Bus", "actions": ["events:PutEvents"], "resources": [bus] }],
            "trust": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": { "Service": "events.amazonaws.com" },
                "Condition": { "ArnLike": { "aws:SourceArn": format!("arn:aws:events:{region}:{account}:rule/towpath-forward-*") } } }] });
        lab.post("roles", &role).await?;
        for event in functions.events("deployment-event", self.place)? {
            let name = event["name"].as_str().unwrap_or_default();
            let rule = json!({ "name": format!("towpath-forward-{name}"), "account": account, "region": region,
                "pattern": event["pattern"], "bus": bus, "role": forward });
            lab.post("rules", &rule).await?;
        }
        Ok(())
    }

    fn arn_of_role(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.place.account)
    }
}

/// The deployer's bus.
fn bus() -> String {
    let Place { account, region } = TOOLS;
    format!("arn:aws:events:{region}:{account}:event-bus/default")
}

/// The ledger, as it is named from another account.
fn table() -> Value {
    let Place { account, region } = TOOLS;
    json!(format!(
        "arn:aws:dynamodb:{region}:{account}:table/towpath-ledger"
    ))
}
