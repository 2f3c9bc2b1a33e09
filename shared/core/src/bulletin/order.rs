//! What people are told of an order about a service or an image.

use std::collections::BTreeMap;

use towpath_taskdef::image::Tag;

use super::{Bulletin, News, StageOf};
use crate::names::{BulletinId, PipelineName};
use crate::pipeline::{Notify, Pipeline};
use crate::release::{Directive, Home, Instruction, Said, Subject};

/// The most bulletins of one order: they are written in its transaction, which takes 100 items
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const MAX: usize = 90;

/// What tells people of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// The bulletins, one for each audience.
    pub bulletins: Vec<(BulletinId, Bulletin)>,
    /// The pipelines whose people are not told, because there are more audiences than one order can
    /// tell.
    pub untold: Vec<PipelineName>,
}

impl Bulletin {
    /// What tells of an order the people of these pipelines; of one about a service those whose
    /// pipelines have a stage there. Each audience is told once, however many of its pipelines it
    /// concerns. `tag` is one that the image is known by. One order tells 90 audiences at most, and says whose people it leaves out.
    #[must_use]
    pub fn of_order(
        subject: &Subject,
        directive: &Directive,
        home: &Home,
        pipelines: &[Pipeline],
        tag: Option<&Tag>,
    ) -> Announced {
        let Said::Known { instruction, .. } = &directive.said else {
            return Announced::default();
        };
        let mut audiences: BTreeMap<Notify, Vec<&Pipeline>> = BTreeMap::new();
        for pipeline in pipelines {
            let concerned = match subject {
                Subject::Service(_) => !stages_at(subject, home, pipeline).is_empty(),
                Subject::Image(_) => true,
            };
            if concerned && !pipeline.notify.is_empty() {
                let audience = audiences.entry(pipeline.notify.clone());
                audience.or_default().push(pipeline);
            }
        }
        let mut announced = Announced::default();
        for (number, (audience, pipelines)) in audiences.into_iter().enumerate() {
            if number >= MAX {
                announced.untold.extend(pipelines.into_iter().map(name));
                continue;
            }
            // No other order has its fingerprint.
            let id = format!("order/{}/{number}", directive.fingerprint);
            let id = id.parse().expect("digits are an id");
            let during = directive.owned;
            let news = news(subject, instruction, during, home, &pipelines, tag);
            let at = directive.at;
            announced.bulletins.push((id, Self { audience, news, at }));
        }
        announced
    }
}

fn news(
    subject: &Subject,
    instruction: &Instruction,
    rolling_out: bool,
    home: &Home,
    pipelines: &[&Pipeline],
    tag: Option<&Tag>,
) -> News {
    let Instruction { by, order, reason } = instruction.clone();
    let lifted = !order.sets();
    match subject {
        Subject::Service(_) => News::Hold {
            lifted,
            rolling_out,
            stages: pipelines
                .iter()
                .flat_map(|pipeline| stages_at(subject, home, pipeline))
                .collect(),
            by,
            reason,
        },
        Subject::Image(digest) => News::Veto {
            lifted,
            digest: *digest,
            tag: tag.cloned(),
            pipelines: pipelines.iter().map(|it| name(it)).collect(),
            by,
            reason,
        },
    }
}

fn name(pipeline: &Pipeline) -> PipelineName {
    pipeline.pipeline.clone()
}

/// The stages of a pipeline that are rolled out to the service that the order is about.
fn stages_at(subject: &Subject, home: &Home, pipeline: &Pipeline) -> Vec<StageOf> {
    let stages = pipeline.stages.iter();
    stages
        .filter(|stage| Subject::Service(home.service_of(stage)) == *subject)
        .map(|stage| StageOf {
            pipeline: name(pipeline),
            stage: stage.name.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{Order, Principal, SubjectState};
    use crate::sample;
    use towpath_taskdef::image::Digest;

    fn directive(subject: &Subject, order: Order) -> Directive {
        let instruction = Instruction {
            by: Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
            order,
            reason: "the sale begins".to_owned(),
        };
        Directive::next(
            &SubjectState::default(),
            subject,
            sample::dawn(),
            instruction,
        )
    }

    fn named(name: &str, channel: &str) -> Pipeline {
        let mut json = sample::shop_json();
        json["pipeline"] = name.into();
        json["notify"] = serde_json::json!({ "slack": channel, "sns": true });
        sample::pipeline(json)
    }

    #[test]
    fn each_audience_is_told_once_and_of_its_own_pipelines() {
        let pipelines = [
            named("a", "C0DEPLOYS"),
            named("b", "C0OTHERS"),
            named("c", "C0DEPLOYS"),
            sample::silent_shop(),
        ];
        let home = sample::home();
        let service = Subject::Service(home.service_of(&pipelines[0].stages[0]));
        let hold = directive(&service, Order::Hold);
        let told = Bulletin::of_order(&service, &hold, &home, &pipelines, None).bulletins;
        let stages = |news: &News| match news {
            News::Hold { stages, lifted, .. } => {
                assert!(!lifted);
                let names = stages
                    .iter()
                    .map(|it| format!("{} {}", it.pipeline, it.stage));
                names.collect::<Vec<_>>()
            }
            News::TagNotTaken { .. }
            | News::PipelineStuck { .. }
            | News::NotTrusted { .. }
            | News::Veto { .. } => Vec::new(),
        };
        let concerned: Vec<_> = told.iter().map(|(_, it)| stages(&it.news)).collect();
        assert_eq!(concerned, [vec!["a test", "c test"], vec!["b test"]]);
        assert!(told.iter().all(|(id, bulletin)| bulletin.is_under(id)));
        assert_ne!(told[0].0, told[1].0);
        // The same order is the same bulletin, and the next one another.
        let again = Bulletin::of_order(&service, &hold, &home, &pipelines, None);
        assert_eq!(again.bulletins, told);
        assert_eq!(again.untold, []);
        let upon = SubjectState {
            last: Some((hold.sequence, hold.fingerprint.clone())),
            ..SubjectState::default()
        };
        let Said::Known { instruction, .. } = hold.said else {
            panic!("it was made by this version: {hold:?}");
        };
        let next = Directive::next(&upon, &service, hold.at, instruction);
        let next = Bulletin::of_order(&service, &next, &home, &pipelines, None).bulletins;
        assert!(next.iter().zip(&told).all(|(next, told)| next.0 != told.0));
    }

    #[test]
    fn whoever_has_no_stage_there_is_told_nothing() {
        let mut other = named("b", "C0OTHERS");
        other.stages.truncate(1);
        let home = sample::home();
        let service = Subject::Service(home.service_of(&sample::shop().stages[2]));
        let hold = directive(&service, Order::LiftHold);
        assert_eq!(
            Bulletin::of_order(&service, &hold, &home, &[other.clone()], None),
            Announced::default()
        );
        let image = Subject::Image(Digest::of(b"image"));
        let veto = directive(&image, Order::Veto);
        let told = Bulletin::of_order(&image, &veto, &home, &[other], None);
        assert_eq!((told.bulletins.len(), told.untold), (1, Vec::new()));
    }

    #[test]
    fn whom_an_order_leaves_out_is_named() {
        let channel = |index| named(&format!("p{index:03}"), &format!("C{index:010}"));
        let pipelines: Vec<_> = (0..MAX + 2).map(channel).collect();
        let image = Subject::Image(Digest::of(b"image"));
        let veto = directive(&image, Order::Veto);
        let told = Bulletin::of_order(&image, &veto, &sample::home(), &pipelines, None);
        assert_eq!(told.bulletins.len(), MAX);
        let untold: Vec<_> = told.untold.iter().map(PipelineName::as_str).collect();
        assert_eq!(untold, ["p090", "p091"]);
    }
}
