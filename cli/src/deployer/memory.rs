//! A deployer in memory, for tests of the commands.

pub(crate) mod orders;
mod replies;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_aws::Reached;
use towpath_core::names::{DeploymentId, ParameterName, PipelineName, ReleaseId};
use towpath_core::pipeline::{PARAMETER_ROOT, Pipeline, Role};
use towpath_core::release::{
    Actor, EndReason, Entry, Event, GoodRelease, Home, Image, Outcome, Plan, PlanRequest, Release,
    ServiceId, ServiceRow, StoredEntry, Summary, Untrusted, release_id,
};
use towpath_core::target::CheckUrl;
use towpath_deployer::Preview;
use towpath_deployer::ports::{CallError, ImageDetail};
use towpath_taskdef::image::{Digest, Registry, RepositoryName, Tag};

use towpath_taskdef::{self as taskdef, TaskDefinition};

pub(crate) use replies::Replies;

use super::reads::{Reads, Spot};
use super::{Deployer, MaybeRead, Parameter, Sealed, StoredEntries};
use crate::output::Failure;

/// A deployer in memory.
pub(crate) struct Memory {
    root: ParameterName,
    pub(crate) parameters: RefCell<Vec<Parameter>>,
    pub(crate) entries: BTreeMap<ReleaseId, Vec<StoredEntry>>,
    pub(crate) summaries: BTreeMap<ReleaseId, Summary>,
    pub(crate) services: BTreeMap<ServiceId, ServiceRow>,
    pub(crate) deployments: BTreeMap<DeploymentId, ReleaseId>,
    pub(crate) images: BTreeMap<Tag, ImageDetail>,
    /// What runs, and what is planned for it.
    pub(crate) preview: Option<(TaskDefinition, Plan)>,
    /// What AWS answers to the doctor.
    pub(crate) answers: Replies,
    /// Why a release's entries cannot be read.
    pub(crate) unreadable: BTreeMap<ReleaseId, String>,
    /// Why a release is not trusted, as its summary says.
    pub(crate) untrusted: BTreeMap<ReleaseId, Untrusted>,
    /// The repositories that cannot be asked now.
    pub(crate) silent: BTreeSet<RepositoryName>,
    /// The repositories that never answer.
    pub(crate) mute: BTreeSet<RepositoryName>,
    /// The services whose rows cannot be read.
    pub(crate) unread: BTreeSet<ServiceId>,
    /// Whether the parameters cannot be read.
    pub(crate) locked: bool,
    /// What the seals of a release's entries say, where they do not hold.
    pub(crate) sealed: BTreeMap<ReleaseId, Sealed>,
    pub(crate) ordered: RefCell<orders::Ordered>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            root: PARAMETER_ROOT.parse().unwrap(),
            parameters: RefCell::default(),
            entries: BTreeMap::new(),
            summaries: BTreeMap::new(),
            services: BTreeMap::new(),
            deployments: BTreeMap::new(),
            images: BTreeMap::new(),
            preview: None,
            answers: calm(),
            unreadable: BTreeMap::new(),
            untrusted: BTreeMap::new(),
            silent: BTreeSet::new(),
            mute: BTreeSet::new(),
            unread: BTreeSet::new(),
            locked: false,
            sealed: BTreeMap::new(),
            ordered: RefCell::default(),
        }
    }

    /// Keeps a pipeline that is written like this.
    pub(crate) fn keep(&self, yaml: &str) -> Pipeline {
        let linter = crate::lint::Linter::new().unwrap();
        let pipeline = linter.lint(yaml, crate::lint::Format::Yaml).unwrap();
        let name = pipeline.parameter_name(&self.root).unwrap();
        self.store(name, &pipeline.to_stored().unwrap().value);
        pipeline
    }

    /// Stores a parameter, over what it held, and returns its new version.
    pub(crate) fn store(&self, name: ParameterName, value: &str) -> i64 {
        let mut parameters = self.parameters.borrow_mut();
        let value = value.to_owned();
        match parameters.iter_mut().find(|one| one.name == name) {
            Some(old) => {
                old.version += 1;
                old.value = value;
                old.version
            }
            None => {
                parameters.push(Parameter {
                    name,
                    version: 1,
                    value,
                });
                1
            }
        }
    }

    /// Writes a release that these events happened to, one each second from its push on.
    pub(crate) fn release(&mut self, pipeline: &Pipeline, tag: &str, then: &[Event]) -> ReleaseId {
        let image = image(pipeline, tag);
        let id = release_id(&pipeline.pipeline, &image.digest, &image.tag);
        let opened = Event::Opened {
            pipeline: Box::new(pipeline.clone()),
            version: 1,
            home: home(),
            image,
            rollback: None,
        };
        self.write(&id, &[&[opened][..], then].concat());
        id
    }

    /// Writes the entries of a release: these events, one each second from its push on.
    pub(crate) fn write(&mut self, id: &ReleaseId, events: &[Event]) {
        let mut entries = Vec::<Entry>::new();
        for (second, event) in events.iter().enumerate() {
            let at = PUSHED + SignedDuration::from_secs(i64::try_from(second).unwrap() + 1);
            let actor = Actor::Function(if second == 0 { "image-push" } else { "advance" }.into());
            let last = entries.last().map(|one| (one.sequence, &one.fingerprint));
            entries.push(Entry::after(last, id, at, actor, event.clone()));
        }
        let release = Release::fold(id.clone(), entries.clone()).unwrap();
        self.summaries
            .insert(id.clone(), Summary::of(&release).unwrap());
        let stored = entries.into_iter().map(Entry::into_stored);
        self.entries.insert(id.clone(), stored.collect());
    }

    /// Has a release run in a stage.
    pub(crate) fn runs(&mut self, pipeline: &Pipeline, stage: usize, id: &ReleaseId) {
        let service = super::service_of(&pipeline.stages[stage], &home());
        let row = self.services.entry(service).or_default();
        row.last_good = Some(GoodRelease {
            release: id.clone(),
            digest: Some(self.summaries[id].digest),
            is_from_before: false,
            revision: "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:7"
                .parse()
                .unwrap(),
            anew: None,
            at: PUSHED + SignedDuration::from_mins(5),
        });
    }
}

/// Every service is there, and nothing that failed is left in it.
fn calm() -> Replies {
    Replies::default()
        .say(
            "ecs:DescribeServices",
            json!({ "services": [{ "status": "ACTIVE" }] }),
        )
        .say(
            "codedeploy:GetDeploymentGroup",
            json!({ "deploymentGroupInfo": {} }),
        )
}

/// When every image was pushed.
pub(crate) const PUSHED: Timestamp = Timestamp::constant(1_795_000_000, 0);

pub(crate) fn home() -> Home {
    Home {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

fn image(pipeline: &Pipeline, tag: &str) -> Image {
    Image {
        registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
            .parse()
            .unwrap(),
        repository: pipeline.repository.clone(),
        digest: towpath_taskdef::image::Digest::of(tag.as_bytes()),
        tag: tag.parse().unwrap(),
        arrived_at: PUSHED,
    }
}

/// How releases end well.
pub(crate) fn succeeded() -> Event {
    Event::Ended {
        outcome: Outcome::Succeeded,
        reason: EndReason::Serves {
            name: "3f2c1ab".into(),
            stage: "production".parse().unwrap(),
        },
    }
}

impl Deployer for Memory {
    fn prefix(&self) -> &str {
        "towpath"
    }

    fn pipelines_path(&self) -> &ParameterName {
        &self.root
    }

    fn now(&self) -> Timestamp {
        PUSHED + SignedDuration::from_hours(2)
    }

    async fn home(&self) -> Result<Home, Failure> {
        Ok(home())
    }

    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, Failure> {
        if self.locked {
            return Err("the parameters cannot be read".into());
        }
        let below = format!("{path}/");
        let parameters = self.parameters.borrow();
        let found = parameters
            .iter()
            .filter(|one| one.name.as_str().starts_with(&below));
        Ok(found.cloned().collect())
    }

    async fn put(
        &self,
        name: &ParameterName,
        value: &str,
        _description: &str,
    ) -> Result<i64, Failure> {
        Ok(self.store(name.clone(), value))
    }

    async fn releases_of(
        &self,
        pipeline: &PipelineName,
        limit: usize,
    ) -> Result<Vec<Summary>, Failure> {
        let all = self
            .summaries
            .values()
            .filter(|one| one.pipeline == *pipeline);
        Ok(all.take(limit).cloned().collect())
    }

    async fn release(&self, id: &ReleaseId) -> Result<Option<Release>, Failure> {
        match self.release_if_readable(id).await? {
            MaybeRead::Read(release) => Ok(release.map(|release| *release)),
            MaybeRead::Unreadable(problem) => Err(problem.into()),
        }
    }

    async fn release_if_readable(&self, id: &ReleaseId) -> Result<MaybeRead, Failure> {
        if let Some(problem) = self.unreadable.get(id) {
            return Ok(MaybeRead::Unreadable(problem.clone()));
        }
        let Some(entries) = self.entries.get(id) else {
            return Ok(MaybeRead::Read(None));
        };
        let entries = entries.iter().map(|stored| stored.entry.clone()).collect();
        let release = Release::fold(id.clone(), entries)?;
        let untrusted = self.untrusted.get(id).cloned();
        Ok(MaybeRead::Read(Some(Box::new(match untrusted {
            None => release,
            Some(untrusted) => release.distrusted(untrusted),
        }))))
    }

    async fn summary(&self, id: &ReleaseId) -> Result<Option<Summary>, Failure> {
        Ok(self.summaries.get(id).cloned())
    }

    async fn stored_entries(&self, id: &ReleaseId) -> Result<StoredEntries, Failure> {
        Ok(match self.unreadable.get(id) {
            Some(problem) => StoredEntries::Unreadable(problem.clone()),
            None => StoredEntries::Readable {
                entries: self.entries.get(id).cloned().unwrap_or_default(),
                closed: self.untrusted.contains_key(id),
            },
        })
    }

    async fn seals(&self, id: &ReleaseId, _entries: &[StoredEntry]) -> Sealed {
        let sealed = self.sealed.get(id).cloned();
        sealed.unwrap_or(Sealed::Verified)
    }

    async fn image(
        &self,
        _registry: &Registry,
        _repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, Failure> {
        Ok(self.images.get(tag).cloned())
    }

    async fn images(
        &self,
        _registry: &Registry,
        repository: &RepositoryName,
    ) -> Result<Vec<ImageDetail>, Failure> {
        if self.silent.contains(repository) {
            return Err(format!("{repository} does not answer").into());
        }
        Ok(self.images.values().cloned().collect())
    }

    async fn has_image(
        &self,
        _registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<bool>, Failure> {
        if self.mute.contains(repository) {
            std::future::pending::<()>().await;
        }
        if self.silent.contains(repository) {
            return Err(format!("{repository} does not answer").into());
        }
        let mut images = self.images.values();
        let mut pushed = self.summaries.values();
        let pushed = pushed.any(|one| one.digest == *digest && one.repository == *repository);
        Ok(Some(pushed || images.any(|image| image.digest == *digest)))
    }

    async fn preview(&self, planning: &PlanRequest) -> Result<Preview, Failure> {
        let changes = &planning.changes;
        let (running, plan) = self
            .preview
            .clone()
            .ok_or("nothing is known of the service")?;
        let images = changes.images.iter();
        let images = images.map(|(name, image)| (name.to_string(), image.parse().unwrap()));
        let changes = taskdef::Changes {
            images: images.collect(),
            ..taskdef::Changes::default()
        };
        let rendered = taskdef::render(&running, &changes)?.definition;
        Ok(Preview {
            plan,
            running,
            rendered,
        })
    }

    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, Failure> {
        Ok(self.deployments.get(deployment).cloned())
    }

    async fn services(&self, ids: &[ServiceId]) -> Result<Vec<ServiceRow>, Failure> {
        if let Some(unread) = ids.iter().find(|id| self.unread.contains(id)) {
            return Err(format!("the row of {unread} cannot be read").into());
        }
        let row = |id| self.services.get(id).cloned().unwrap_or_default();
        Ok(ids.iter().map(row).collect())
    }
}

impl Reads for Memory {
    async fn read(
        &self,
        spot: &Spot,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, CallError> {
        self.answers.read(spot, operation, input).await
    }

    async fn caller_arn(&self) -> Result<String, CallError> {
        self.answers.caller_arn().await
    }

    async fn assume(&self, role: &Role) -> Result<(), CallError> {
        self.answers.assume(role).await
    }

    async fn slack_scopes(&self) -> Result<Vec<String>, CallError> {
        self.answers.slack_scopes().await
    }

    async fn slack_channel(&self, id: &str) -> Result<Value, CallError> {
        self.answers.slack_channel(id).await
    }

    async fn image_config(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        config: &Digest,
    ) -> Result<Value, CallError> {
        self.answers
            .image_config(registry, repository, config)
            .await
    }

    async fn reach(&self, url: &CheckUrl) -> Reached {
        self.answers.reach(url).await
    }
}
