//! The lab as a whole: all its parts, and how it starts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::activity::Activity;
use crate::cli::Serve;
use crate::clock::Clock;
use crate::dead_letters::DeadLetters;
use crate::description::told::Told;
use crate::description::{self, Description, DescriptionError};
use crate::events::bus::Buses;
use crate::gateway::faults::Faults;
use crate::gateway::identity::Identities;
use crate::gateway::journal::Journal;
use crate::gateway::transaction::Tokens;
use crate::iam::managed_keys::ManagedKeys;
use crate::iam::resource_policies::ResourcePolicies;
use crate::iam::roles::Roles;
use crate::ids::Ids;
use crate::lambda::host::Lambda;
use crate::lambda::stream::Streams;
use crate::listeners::Listeners;
use crate::logs;
use crate::moto::{Moto, MotoError, Place};
use crate::provision::{self, ProvisionError};
use crate::registry::Registry;
use crate::slack::workspace::Workspace;
use crate::sns::Topics;
use crate::ssm;
use crate::timers::Timers;
use crate::world::World;

/// What was chosen on the command line, resolved.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The account that the functions live in.
    pub(crate) account: String,
    /// The region that the functions live in.
    pub(crate) region: String,
    /// The gateway's address.
    pub(crate) base_url: String,
    /// Where logs are written.
    pub(crate) log_dir: PathBuf,
    /// Where the functions' binaries are.
    pub(crate) bin_dir: PathBuf,
    /// Variables of every function's environment, in place of the lab's own.
    pub(crate) function_environment: Vec<(String, String)>,
    /// Whether roles are enforced.
    pub(crate) enforce_iam: bool,
    /// Whether somebody else makes what is described.
    pub(crate) bare: bool,
}

/// All parts of the lab.
#[derive(Debug)]
pub(crate) struct Lab {
    /// What was chosen.
    pub(crate) settings: Settings,
    /// `functions.json`.
    pub(crate) description: Description,
    /// Identifiers.
    pub(crate) ids: Ids,
    /// Virtual time.
    pub(crate) clock: Clock,
    /// What is in hand.
    pub(crate) activity: Arc<Activity>,
    /// What waits for time.
    pub(crate) timers: Timers,
    /// Every call.
    pub(crate) journal: Journal,
    /// Injected faults.
    pub(crate) faults: Faults,
    /// Access keys.
    pub(crate) identities: Identities,
    pub(crate) roles: Roles,
    pub(crate) resource_policies: ResourcePolicies,
    /// Tables that no other account can read or write.
    pub(crate) managed_keys: ManagedKeys,
    /// The simulated services.
    pub(crate) world: Mutex<World>,
    /// Keys of log groups that were changed.
    pub(crate) log_keys: logs::Keys,
    /// What was pushed to the registry.
    pub(crate) registry: Registry,
    pub(crate) parameters: ssm::Written,
    /// The rest of AWS.
    pub(crate) moto: Moto,
    /// Functions.
    pub(crate) lambda: Lambda,
    /// EventBridge.
    pub(crate) buses: Buses,
    /// SNS.
    pub(crate) topics: Topics,
    /// The table's stream.
    pub(crate) streams: Streams,
    pub(crate) slack: Workspace,
    /// Load balancer listeners.
    pub(crate) listeners: Listeners,
    /// What was given up.
    pub(crate) dead_letters: DeadLetters,
    /// Idempotency tokens of DynamoDB.
    pub(crate) tokens: Tokens,
    /// One call of DynamoDB at a time.
    pub(crate) dynamodb_turn: tokio::sync::Mutex<()>,
    /// One mover of time at a time.
    pub(crate) time_turn: tokio::sync::Mutex<()>,
}

/// Why the lab did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The description of the functions is unusable.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    #[error(transparent)]
    Moto(#[from] MotoError),
    /// What the functions need could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A file or port could not be had.
    #[error("cannot use {what}")]
    Io {
        /// What was wanted.
        what: String,
        #[source]
        source: std::io::Error,
    },
}

impl StartError {
    /// An error about a file or port.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Starts all parts but the gateway's listener, whose address is `base_url`.
///
/// # Errors
/// When anything that functions need is missing.
pub(crate) async fn start(serve: &Serve, base_url: String) -> Result<Arc<Lab>, StartError> {
    let told = Told {
        target_accounts: serve.target_accounts.clone(),
        registries: serve.registries.clone(),
    };
    let file = &serve.functions_json;
    let description = description::read(file, &serve.account, &serve.region, &told)?;
    let log_dir = log_dir(serve)?;
    let bin_dir = match &serve.bin_dir {
        Some(dir) => dir.clone(),
        None => {
            let program =
                std::env::current_exe().map_err(StartError::io("the lab's own program"))?;
            program.parent().map(PathBuf::from).unwrap_or_default()
        }
    };
    let bin_dir = std::path::absolute(&bin_dir).unwrap_or(bin_dir);
    #[expect(
        clippy::disallowed_methods,
        reason = "virtual time begins at the real time"
    )]
    let now = jiff::Timestamp::now();
    let clock = Clock::new(now, serve.speed, log_dir.join("clock.json"))
        .map_err(StartError::io("the clock's file"))?;
    let journal = Journal::new(&log_dir.join("journal.jsonl"))
        .map_err(StartError::io("the journal's file"))?;
    let moto = Moto::start(&serve.moto, serve.moto_warm.as_deref(), &log_dir).await?;
    let lab = Arc::new(Lab {
        settings: Settings {
            account: serve.account.clone(),
            region: serve.region.clone(),
            base_url,
            log_dir,
            bin_dir,
            function_environment: serve.function_environment.clone(),
            enforce_iam: !serve.no_iam,
            bare: serve.bare,
        },
        description,
        ids: Ids::new(serve.seed),
        clock,
        activity: Arc::default(),
        timers: Timers::default(),
        journal,
        faults: Faults::default(),
        identities: Identities::new(&serve.account),
        roles: Roles::default(),
        resource_policies: ResourcePolicies::default(),
        managed_keys: ManagedKeys::default(),
        log_keys: logs::Keys::default(),
        registry: Registry::default(),
        parameters: ssm::Written::default(),
        world: Mutex::new(World::new(serve.seed, now)),
        moto,
        lambda: Lambda::default(),
        buses: Buses::default(),
        topics: Topics::default(),
        streams: Streams::default(),
        slack: Workspace::default(),
        listeners: Listeners::default(),
        dead_letters: DeadLetters::default(),
        tokens: Tokens::default(),
        dynamodb_turn: tokio::sync::Mutex::default(),
        time_turn: tokio::sync::Mutex::default(),
    });
    provision::all(&lab, serve.bare).await?;
    Ok(lab)
}

fn log_dir(serve: &Serve) -> Result<PathBuf, StartError> {
    let dir = match &serve.log_dir {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(format!("towpath-lab-{}", std::process::id())),
    };
    let name = dir.display().to_string();
    std::fs::create_dir_all(&dir).map_err(StartError::io(format!("the log folder '{name}'")))?;
    // Functions are started elsewhere and are told where the clock is.
    std::path::absolute(&dir).map_err(StartError::io(format!("the log folder '{name}'")))
}

impl Lab {
    /// The account and region of the functions.
    pub(crate) fn home(&self) -> Place<'_> {
        Place {
            account: &self.settings.account,
            region: &self.settings.region,
        }
    }

    /// A call of DynamoDB on the lab's own behalf; whoever makes it holds the turn.
    ///
    /// # Errors
    /// When moto refuses.
    pub(crate) async fn dynamodb(
        &self,
        operation: &str,
        input: &Value,
    ) -> Result<Value, MotoError> {
        let target = format!("DynamoDB_20120810.{operation}");
        self.moto
            .json(self.home(), "dynamodb", &target, input)
            .await
    }

    /// The present value of an SSM parameter of the description, by its key there, without the space
    /// around it; empty when there is none. Slack has the secret itself, and what people write into
    /// the parameter may end with the end of a line.
    pub(crate) async fn secret(&self, key: &str) -> String {
        let Some(name) = self.description.parameters.get(key) else {
            return String::new();
        };
        let input = json!({ "Name": name, "WithDecryption": true });
        let found = self
            .moto
            .json(self.home(), "ssm", "AmazonSSM.GetParameter", &input)
            .await;
        let value = found
            .map(|found| found["Parameter"]["Value"].clone())
            .unwrap_or_default();
        value
            .as_str()
            .map(|value| value.trim().to_owned())
            .unwrap_or_default()
    }

    /// What was printed for people when the lab started.
    pub(crate) fn places(&self) -> Value {
        json!({
            "endpoint": self.settings.base_url,
            "account": self.settings.account,
            "region": self.settings.region,
            "log_dir": self.settings.log_dir,
            "clock_file": self.clock.file(),
        })
    }
}
