//! Which pipelines may roll an image out: whose people are told of an order about it. Neither a look-up
//! that fails nor one that takes long keeps the order from counting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use towpath_core::names::PipelineName;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Home, Image, Release, ServiceId};
use towpath_taskdef::image::{Digest, Registry, RepositoryName};

use super::stage::usable;
use crate::deployer::{Deployer, all_pipelines, service_of};
use crate::output::Failure;

/// How long the pipelines are waited for, and then again all places where the image may be: whatever
/// is rolled out meanwhile has not met the order.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How many places are asked at once.
const AT_ONCE: usize = 16;

/// The most places of which it is said that they could not be asked, each with the reason.
const MAX_NAMED: usize = 3;

/// Which pipelines may roll an image out, as far as that could be looked up in time.
#[derive(Debug)]
pub(super) struct Carriers {
    /// Those of a repository that has it, or that have a service where it serves or has served:
    /// it may have been deleted from its repository.
    having: Vec<Pipeline>,
    /// Those of which that is not known.
    unknown: Vec<Pipeline>,
    /// Every pipeline that can be used.
    all: Vec<Pipeline>,
    /// Whether those are all there are.
    listed: bool,
    /// What could not be looked up, and what comes of that.
    warnings: Vec<String>,
}

/// Whether the image is anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    Somewhere,
    /// It is nowhere, and every place was asked.
    Nowhere,
    /// No place that answered has it.
    NotKnown,
}

impl Carriers {
    pub(super) fn whereabouts(&self) -> Whereabouts {
        if !self.having.is_empty() {
            Whereabouts::Somewhere
        } else if self.listed && self.unknown.is_empty() {
            Whereabouts::Nowhere
        } else {
            Whereabouts::NotKnown
        }
    }

    /// The pipelines whose people are told of an order about the image, all where none is known to
    /// have it, since it may still come; and what could not be looked up.
    pub(super) fn into_notified(self) -> (Vec<Pipeline>, Vec<String>) {
        let told = match self.having.is_empty() {
            true => self.all,
            false => self.having.into_iter().chain(self.unknown).collect(),
        };
        (told, self.warnings)
    }
}

/// Looks for the image; `release` carries it, where one is known.
pub(super) async fn carriers<D: Deployer>(
    deployer: &D,
    digest: &Digest,
    release: Option<&Release>,
) -> Carriers {
    within(TIMEOUT, deployer, digest, release).await
}

async fn within<D: Deployer>(
    longest: Duration,
    deployer: &D,
    digest: &Digest,
    release: Option<&Release>,
) -> Carriers {
    let listing = async {
        let home = deployer.home().await?;
        Ok::<_, Failure>((home, all_pipelines(deployer).await?))
    };
    let listed = match tokio::time::timeout(longest, listing).await {
        Ok(listed) => listed.map_err(|failure| failure.to_string()),
        Err(_elapsed) => Err(no_answer(longest)),
    };
    let (home, kept) = match listed {
        Ok(listed) => listed,
        Err(problem) => return unlisted(release.map(Release::pipeline), &problem),
    };
    let (all, warnings) = usable(kept);
    let mut carriers = Carriers {
        having: Vec::new(),
        unknown: Vec::new(),
        all,
        listed: true,
        warnings,
    };
    let image = release.map(Release::image);
    let places: BTreeSet<_> = carriers
        .all
        .iter()
        .filter(|pipeline| !is_of(image, pipeline, &home))
        .flat_map(|pipeline| places_of(pipeline, &home))
        .collect();
    let asked = places.into_iter().map(async |place| {
        let has = place.has(deployer, digest).await;
        (place, has.map_err(|failure| failure.to_string()))
    });
    let in_time = tokio::time::sleep(longest);
    let answers = stream::iter(asked).buffer_unordered(AT_ONCE);
    let answers: BTreeMap<Place, _> = answers.take_until(in_time).collect().await;
    carriers.sort(&home, image, &answers, &no_answer(longest));
    carriers
}

fn no_answer(longest: Duration) -> String {
    format!("no answer within {} s", longest.as_secs_f32())
}

/// What is known where the pipelines cannot be read: that of the release which carries the image.
fn unlisted(own: Option<&Pipeline>, problem: &str) -> Carriers {
    let told = match own {
        Some(pipeline) => format!("only the people of {} are notified", pipeline.pipeline),
        None => "nobody is notified".to_owned(),
    };
    let having: Vec<_> = own.into_iter().cloned().collect();
    Carriers {
        all: having.clone(),
        having,
        unknown: Vec::new(),
        listed: false,
        warnings: vec![format!(
            "the pipelines could not be read, so that {told}: {problem}"
        )],
    }
}

impl Carriers {
    /// Sorts the pipelines by what was answered of their places.
    fn sort(
        &mut self,
        home: &Home,
        image: Option<&Image>,
        answers: &BTreeMap<Place, Result<bool, String>>,
        no_answer: &str,
    ) {
        let mut open: BTreeMap<Place, (&str, Vec<PipelineName>)> = BTreeMap::new();
        for pipeline in &self.all {
            let places = places_of(pipeline, home);
            let mut known_of = places.iter().filter_map(|place| answers.get(place));
            if is_of(image, pipeline, home) || known_of.any(|has| *has == Ok(true)) {
                self.having.push(pipeline.clone());
                continue;
            }
            let mut known = true;
            for place in places {
                let problem = match answers.get(&place) {
                    Some(Ok(_)) => continue,
                    Some(Err(problem)) => problem.as_str(),
                    None => no_answer,
                };
                known = false;
                let (_, whose) = open.entry(place).or_insert((problem, Vec::new()));
                whose.push(pipeline.pipeline.clone());
            }
            if !known {
                self.unknown.push(pipeline.clone());
            }
        }
        let warnings = open.iter().take(MAX_NAMED).map(|(place, (problem, whose))| {
            let whose: Vec<_> = whose.iter().map(PipelineName::as_str).collect();
            let whose = whose.join(", ");
            format!("{place} could not be asked for the image, so that the people of {whose} are told, too: {problem}")
        });
        self.warnings.extend(warnings);
        let more = open.len().saturating_sub(MAX_NAMED);
        if more > 0 {
            self.warnings.push(format!(
                "{more} more places could not be asked for the image, and their people are told, too"
            ));
        }
    }
}

/// Whether the pipeline takes images of the repository that this one was pushed to.
fn is_of(image: Option<&Image>, pipeline: &Pipeline, home: &Home) -> bool {
    image.is_some_and(|image| {
        image.repository == pipeline.repository
            && home.registry_of(pipeline).same_as(&image.registry)
    })
}

/// Where an image may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Repository(Registry, RepositoryName),
    Service(ServiceId),
}

fn places_of(pipeline: &Pipeline, home: &Home) -> Vec<Place> {
    let services = pipeline.stages.iter();
    let services = services.map(|stage| Place::Service(service_of(stage, home)));
    let repository = Place::Repository(home.registry_of(pipeline), pipeline.repository.clone());
    std::iter::once(repository).chain(services).collect()
}

impl Place {
    /// Whether the image is there, or has served there well.
    async fn has<D: Deployer>(&self, deployer: &D, digest: &Digest) -> Result<bool, Failure> {
        match self {
            Self::Repository(registry, repository) => {
                let has = deployer.has_image(registry, repository, digest).await?;
                has.ok_or_else(|| "you may not ask it".into())
            }
            Self::Service(service) => {
                let rows = deployer.services(std::slice::from_ref(service)).await?;
                let mut goods = rows
                    .iter()
                    .flat_map(|row| row.last_good.iter().chain(&row.history));
                Ok(goods.any(|good| good.digest.as_ref() == Some(digest)))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(registry, repository) => write!(f, "{registry}/{repository}"),
            Self::Service(service) => write!(f, "the service {service}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Memory;

    const SHOP: &str = include_str!("../../../docs/examples/three-stages.yaml");
    const BILLING: &str = include_str!("../../../docs/examples/two-accounts.yaml");

    #[tokio::test]
    async fn what_does_not_answer_in_time_is_told_and_not_waited_for() {
        let mut deployer = Memory::new();
        let shop = deployer.keep(SHOP);
        let billing = deployer.keep(BILLING);
        let id = Memory::release(&mut deployer, &shop, "0000001", &[]);
        deployer.mute.insert(billing.repository.clone());
        let release = Deployer::release(&deployer, &id).await.unwrap().unwrap();
        let (digest, longest) = (release.image().digest, Duration::from_millis(20));
        let found = within(longest, &deployer, &digest, None).await;
        assert_eq!(found.whereabouts(), Whereabouts::Somewhere);
        let (told, warnings) = found.into_notified();
        assert_eq!(told, [shop.clone(), billing.clone()]);
        let [warning] = warnings.as_slice() else {
            panic!("one place is silent: {warnings:?}");
        };
        assert!(
            warning.contains("team/billing could not be asked"),
            "{warning}"
        );
        assert!(warning.ends_with("no answer within 0.02 s"), "{warning}");

        // A release's own repository is not asked.
        deployer.mute.insert(shop.repository.clone());
        let found = within(longest, &deployer, &digest, Some(&release)).await;
        assert_eq!(found.having, [shop]);
        assert_eq!(found.unknown, [billing]);
    }
}
