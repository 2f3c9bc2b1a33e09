//! What `functions.json` describes, made: the table, topics, queues and secrets in moto; the
//! functions, roles, rules, schedules and mappings in the lab itself.

mod backing;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::description::Function as Described;
use crate::events::bus::{self, Rule, Scheduled, Target};
use crate::events::pattern::{Pattern, PatternError};
use crate::events::schedule::{self, ScheduleError};
use crate::iam::conditions;
use crate::lab::Lab;
use crate::lambda::function::{Config, Function};
use crate::lambda::permission;
use crate::lambda::stream::Mapping;
use crate::moto::MotoError;
use crate::slack::workspace;

/// What in the description cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProvisionError {
    /// moto refused.
    #[error("could not set up what the functions need")]
    Moto(#[from] MotoError),
    /// A pattern is not valid.
    #[error("function '{function}', rule '{rule}'")]
    Pattern {
        function: String,
        rule: String,
        #[source]
        source: PatternError,
    },
    /// A schedule is not valid.
    #[error("function '{function}'")]
    Schedule {
        function: String,
        #[source]
        source: ScheduleError,
    },
    /// A topic that the description does not name.
    #[error(
        "function '{function}' subscribes to the topic '{topic}', which is not under \"topics\""
    )]
    Topic {
        function: String,
        /// The key.
        topic: String,
    },
    /// A condition operator that would never hold.
    #[error("function '{function}', statement '{sid}': unknown condition operator '{operator}'")]
    Condition {
        function: String,
        /// The statement.
        sid: String,
        operator: String,
    },
}

type Done = Result<(), ProvisionError>;

/// Makes everything; with `bare` somebody else makes what is in moto.
///
/// # Errors
/// What cannot be made, and why.
pub(crate) async fn all(lab: &Arc<Lab>, bare: bool) -> Done {
    if !bare {
        backing::table(lab).await?;
        backing::topics(lab).await?;
        backing::secrets(lab).await?;
        backing::installation(lab).await?;
    }
    let stream = format!(
        "arn:aws:dynamodb:{}:{}:table/{}/stream/{}",
        lab.settings.region,
        lab.settings.account,
        lab.description.table.name,
        lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000")
    );
    // Known already where the table was made here.
    let _ = lab.streams.arn.set(stream);
    let mut mappings = Vec::new();
    for (short, described) in &lab.description.functions {
        if !bare && described.dead_letters {
            backing::queue(lab, &lab.description.dead_letter_queue(short)).await?;
        }
        let function = add(lab, short, described)?;
        rules(lab, short, described, &function, bare)?;
        for topic in &described.triggers.topics {
            let name = lab
                .description
                .topics
                .get(topic)
                .ok_or_else(|| ProvisionError::Topic {
                    function: short.clone(),
                    topic: topic.clone(),
                })?;
            let arn = format!(
                "arn:aws:sns:{}:{}:{name}",
                lab.settings.region, lab.settings.account
            );
            if !bare {
                let sid = format!("topic-{topic}");
                permission::grant(lab, &sid, "sns.amazonaws.com", &arn, &function);
            }
            lab.topics.subscribe(&arn, Arc::clone(&function));
        }
        mappings.extend(mapping(short, described, &function)?);
    }
    lab.streams.map(mappings);
    Ok(())
}

fn add(lab: &Lab, short: &str, described: &Described) -> Result<Arc<Function>, ProvisionError> {
    let name = lab.description.function_name(short);
    let role_arn = format!("arn:aws:iam::{}:role/{name}", lab.settings.account);
    for statement in &described.statements {
        let mut operators = statement.conditions.keys();
        if let Some(operator) = operators.find(|operator| !conditions::is_known(operator)) {
            return Err(ProvisionError::Condition {
                function: short.to_owned(),
                sid: statement.sid.clone(),
                operator: operator.clone(),
            });
        }
    }
    lab.roles
        .put_policy(&role_arn, "functions.json", described.statements.clone());
    let mut environment = lab.description.environment.clone();
    // As the Terraform module does from the packages, which are built with the lab.
    let version = env!("CARGO_PKG_VERSION").to_owned();
    environment.insert("TOWPATH_VERSION".to_owned(), version);
    environment.extend(described.environment.clone());
    // The one workspace and app there are, as the module's `slack` names them: clicks from elsewhere
    // are to be refused.
    if described.triggers.url.is_some() {
        environment.insert("TOWPATH_SLACK_APP_ID".into(), workspace::APP.into());
        environment.insert("TOWPATH_SLACK_TEAM_ID".into(), workspace::TEAM.into());
    }
    // Binaries are named as in the description, or as the function is in AWS.
    let binary = [short, &name]
        .map(|name| lab.settings.bin_dir.join(name))
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| lab.settings.bin_dir.join(short));
    Ok(lab.lambda.add(Config {
        account: lab.settings.account.clone(),
        region: lab.settings.region.clone(),
        name,
        binary,
        role_arn,
        description: described.description.clone(),
        memory_mb: described.memory_mb,
        timeout: Duration::from_secs(u64::from(described.timeout_seconds)),
        reserved_concurrency: described.reserved_concurrency,
        environment,
        asynchronous: described.asynchronous.clone(),
        dead_letters: described
            .dead_letters
            .then(|| lab.description.dead_letter_queue(short)),
    }))
}

/// The rules of a function, which may invoke it; with `bare` somebody else permits that, and a rule
/// takes nothing before somebody has given it a target.
fn rules(
    lab: &Lab,
    short: &str,
    described: &Described,
    function: &Arc<Function>,
    bare: bool,
) -> Done {
    let may_invoke = |rule: &Rule| {
        if bare {
            (lab.buses).set_enabled(&rule.account, &rule.region, &rule.name, false);
        } else {
            permission::grant(
                lab,
                &rule.name,
                "events.amazonaws.com",
                &rule.arn(),
                function,
            );
        }
    };
    let rule = |name: &str, pattern, input: &Option<Value>, retries, age_seconds| Rule {
        account: lab.settings.account.clone(),
        region: lab.settings.region.clone(),
        name: format!("{}-{name}", function.config.name),
        pattern,
        target: Target::Function {
            function: Arc::clone(function),
            input: input.clone(),
            retries,
            age_seconds,
        },
    };
    for event in &described.triggers.events {
        let pattern = Pattern::new(&event.pattern).map_err(|source| ProvisionError::Pattern {
            function: short.to_owned(),
            rule: event.name.clone(),
            source,
        })?;
        let (retries, age) = (
            event.maximum_retry_attempts,
            event.maximum_event_age_seconds,
        );
        let rule = rule(&event.name, Some(pattern), &event.input, retries, age);
        may_invoke(&rule);
        lab.buses.add(rule);
    }
    for scheduled in &described.triggers.schedules {
        let period =
            schedule::period(&scheduled.expression).map_err(|source| ProvisionError::Schedule {
                function: short.to_owned(),
                source,
            })?;
        let rule = rule(&scheduled.name, None, &scheduled.input, 185, 86_400);
        may_invoke(&rule);
        bus::schedule(lab, Scheduled { rule, period });
    }
    Ok(())
}

fn mapping(
    short: &str,
    described: &Described,
    function: &Arc<Function>,
) -> Result<Option<Mapping>, ProvisionError> {
    let Some(stream) = &described.triggers.stream else {
        return Ok(None);
    };
    let filters: Result<Vec<_>, _> = stream.filters.iter().map(Pattern::new).collect();
    let filters = filters.map_err(|source| ProvisionError::Pattern {
        function: short.to_owned(),
        rule: "stream".to_owned(),
        source,
    })?;
    Ok(Some(Mapping::new(
        Arc::clone(function),
        stream.clone(),
        filters,
    )))
}
