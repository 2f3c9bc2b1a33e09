//! `towpath hold`, `release-hold`, `veto` and `lift-veto`, and what `status` and
//! `audit` say of them.

use towpath_core::bulletin::News;
use towpath_core::release::{Block, Candidate, Order, Principal, Said, Subject};
use towpath_taskdef::image::Digest;

use super::shop::*;
use super::*;
use crate::deployer::memory::{PUSHED, home};

#[test]
fn a_hold_is_set_once_and_lifted_and_both_are_verified() {
    let (mut deployer, _, _) = shop();
    let pipeline = deployer.keep(SHOP);
    let waits = deployer.release(&pipeline, "0000005", &[]);
    row(&mut deployer).candidate = Some(Candidate {
        release: waits.clone(),
        tag: "0000005".parse().unwrap(),
        arrived_at: PUSHED,
    });
    let text = ordered(&deployer, "hold", &["--reason", "the sale begins"]);
    assert!(text.contains("user/ada held it: the sale begins"), "{text}");
    assert!(
        text.contains("`towpath release-hold shop-api production --reason …`"),
        "{text}"
    );
    let (_, text) = towpath(&deployer, &["audit", "shop-api/production"]);
    assert!(text.contains("1 order, the last is"), "{text}");
    let text = ordered(&deployer, "hold", &["--reason", "another"]);
    assert!(text.contains("already, which stays as it is"), "{text}");
    let rest = ["--reason", "it is over", "--output", "json"];
    let report = json(&ordered(&deployer, "release-hold", &rest));
    assert_eq!(report["woken"], waits.as_str());
    assert_eq!(report["directive"]["order"], "lift_hold");
    assert_eq!(deployer.ordered.borrow().woken.as_slice(), [waits]);
    let text = ordered(&deployer, "release-hold", &["--reason", "again"]);
    assert!(text.contains("is not on hold"), "{text}");
    assert!(text.contains("is next there, and checks again"), "{text}");
    assert!(!text.contains("goes on"), "{text}");

    let (_, text) = towpath(&deployer, &["audit", "shop-api/production"]);
    assert!(
        text.contains("2 orders") && text.contains("lifted the hold: it is over"),
        "{text}"
    );
    {
        let mut ordered = deployer.ordered.borrow_mut();
        let trail = ordered
            .trails
            .get_mut(&Subject::Service(service()))
            .unwrap();
        let said = &mut trail.directives[0].said;
        *said = Said::read(&said.text().replace("the sale begins", "nothing"));
    }
    let report = json(&no(
        &deployer,
        &["audit", "shop-api/production", "--output", "json"],
    ));
    assert_eq!(report["orders"][0]["order"], 1);
    assert!(
        report["orders"][0]["problem"]
            .as_str()
            .unwrap()
            .contains("was edited")
    );
}

#[test]
fn an_order_needs_a_reason() {
    for reason in ["", "  ", "two\nlines"] {
        let arguments = [
            "towpath",
            "hold",
            "shop-api",
            "production",
            "--reason",
            reason,
        ];
        assert!(Arguments::try_parse_from(arguments).is_err(), "{reason:?}");
    }
    let without = ["towpath", "veto", "shop-api-0123456789abcdef"];
    assert!(Arguments::try_parse_from(without).is_err());
}

#[test]
fn a_veto_stops_what_is_on_its_way_and_is_shown_where_it_serves() {
    let (mut deployer, _, worse) = shop();
    let pipeline = deployer.keep(SHOP);
    let on_its_way = deployer.release(&pipeline, "0000006", &[]);
    let digest = Digest::of(b"0000006").to_string();
    let rest = [
        "veto",
        &digest,
        "--reason",
        "it loses orders",
        "--output",
        "json",
    ];
    let report = json(&yes(&deployer, &rest));
    assert_eq!(report["notified"], serde_json::json!([on_its_way.as_str()]));
    assert_eq!(report["order"], serde_json::to_value(Order::Veto).unwrap());
    assert_eq!(deployer.ordered.borrow().recorded.len(), 1);
    yes(&deployer, &["status"]);

    let text = yes(&deployer, &["veto", worse.as_str(), "--reason", "this too"]);
    assert!(text.contains("`towpath rollback` rolls it back"), "{text}");
    let text = no(&deployer, &["status"]);
    assert!(
        text.contains("VETOED: arn:aws:iam::111111111111:user/ada vetoed"),
        "{text}"
    );
    let text = yes(
        &deployer,
        &["lift-veto", worse.as_str(), "--reason", "not this"],
    );
    assert!(text.contains("the veto is lifted"), "{text}");
    assert!(
        text.contains("push the image under a new tag; a longer or shorter abbreviation of the same commit's hash, of 7 to 40 digits, is another tag"),
        "{text}"
    );
    let again = ["lift-veto", worse.as_str(), "--reason", "not this"];
    let text = yes(&deployer, &again);
    assert!(
        !text.contains("under a new tag"),
        "nothing was lifted: {text}"
    );
    yes(&deployer, &["status"]);
    let (answer, _) = towpath(
        &deployer,
        &["veto", "shop-api-0123456789abcdef", "--reason", "none"],
    );
    assert!(answer.unwrap_err().starts_with("there is no release"));
}

#[test]
fn whoever_lifts_a_hold_is_told_that_a_rollback_holds_the_stage_again() {
    let (mut deployer, _, _) = shop();
    let pipeline = deployer.keep(SHOP);
    let mut events = rolled_out_on(deployer.services.get(&service()));
    let moves = deployer.release(&pipeline, "0000005", &events);
    events.push(Event::RollbackRequested {
        stage: "production".parse().unwrap(),
        by: towpath_core::release::Principal::Deployer,
        reason: None,
    });
    let goes_back = deployer.release(&pipeline, "0000006", &events);
    for (owner, says) in [
        (moves, "is finished first"),
        (goes_back, "holds the stage again when it is through"),
    ] {
        row(&mut deployer).owner = Some(owner.clone());
        let text = ordered(&deployer, "release-hold", &["--reason", "it is over"]);
        assert!(text.contains(&format!("{owner} ")), "{text}");
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn a_veto_is_told_with_the_tag_by_which_people_know_the_image() {
    let (deployer, _, worse) = shop();
    let digest = Digest::of(b"0000002").to_string();
    for image in [worse.as_str(), &digest] {
        let text = yes(&deployer, &["veto", image, "--reason", "it loses orders"]);
        assert!(text.contains(&format!("0000002 ({digest})")), "{text}");
        yes(&deployer, &["lift-veto", image, "--reason", "it does not"]);
    }
    let ordered = deployer.ordered.borrow();
    assert_eq!(ordered.bulletins.len(), 4);
    for (_, told) in &ordered.bulletins {
        let News::Veto { tag, .. } = &told.news else {
            panic!("{told:?}");
        };
        assert_eq!(
            tag.as_ref().map(ToString::to_string),
            Some("0000002".into())
        );
    }
}

#[test]
fn a_digest_that_no_repository_has_is_vetoed_only_if_that_is_meant() {
    let (deployer, ..) = shop();
    let digest = Digest::of(b"mistyped").to_string();
    let (answer, _) = towpath(&deployer, &["veto", &digest, "--reason", "none"]);
    let refused = answer.unwrap_err();
    assert!(
        refused.contains("no repository of a pipeline has"),
        "{refused}"
    );
    assert!(refused.contains("--not-pushed-yet"), "{refused}");
    assert!(deployer.ordered.borrow().trails.is_empty());
    let rest = ["veto", &digest, "--reason", "none", "--not-pushed-yet"];
    yes(&deployer, &rest);
}

#[test]
fn audit_misses_orders_that_are_not_listed_and_vetoes_that_nobody_ordered() {
    let (mut deployer, good, worse) = shop();
    let why = ["--reason", "it loses orders"];
    yes(&deployer, &[&["hold"], &PRODUCTION[..], &why].concat());
    yes(&deployer, &[&["veto", worse.as_str()], &why[..]].concat());
    let audited = |deployer: &Memory| json(&towpath(deployer, &["audit", "--output", "json"]).1);
    let orders = |report: &serde_json::Value| report["orders"].as_array().cloned().unwrap();
    let report = audited(&deployer);
    assert_eq!(report["order_log"], serde_json::Value::Null);
    assert_eq!(orders(&report).len(), 2, "{report:#}");
    // The list goes, with all about the service.
    let listed = std::mem::take(&mut deployer.ordered.borrow_mut().log);
    let report = audited(&deployer);
    let problem = report["order_log"].as_str().unwrap();
    assert!(
        problem.contains("is not in the list of orders"),
        "{problem}"
    );
    deployer.ordered.borrow_mut().log = listed;
    // A row says that an image is vetoed, and a release that one was.
    let image = |tag: &str| Subject::Image(Digest::of(tag.as_bytes()));
    let forged = image("0000001");
    let standing = Some(Block::hold(Principal::Aws("nobody".into()), "forged"));
    deployer
        .ordered
        .borrow_mut()
        .standing
        .insert(forged, standing);
    let pipeline = deployer.keep(SHOP);
    let vetoed = Event::Vetoed {
        by: towpath_core::release::Principal::Deployer,
        reason: "so they say".into(),
    };
    let stopped = deployer.release(&pipeline, "0000009", &[vetoed]);
    let broken: Vec<_> = orders(&audited(&deployer))
        .into_iter()
        .filter(|one| one["intact"] == false)
        .map(|one| (one["subject"].as_str().unwrap().to_owned(), one))
        .collect();
    let about = |tag: &str| {
        let found = broken
            .iter()
            .find(|(subject, _)| *subject == image(tag).to_string());
        found.map(|(_, one)| one.to_string()).unwrap_or_default()
    };
    assert!(
        about("0000001").contains("\"field\":\"active\""),
        "{broken:#?}"
    );
    assert!(about("0000009").contains(stopped.as_str()), "{broken:#?}");
    assert_eq!(broken.len(), 2, "{good}: {broken:#?}");
}

/// Whose people the orders are told to, one after the other.
fn notified(deployer: &Memory) -> Vec<Vec<String>> {
    let ordered = deployer.ordered.borrow();
    let whose = ordered.bulletins.iter().map(|(_, told)| match &told.news {
        News::Hold { stages, .. } => stages.iter().map(|it| it.pipeline.to_string()).collect(),
        News::Veto { pipelines, .. } => pipelines.iter().map(ToString::to_string).collect(),
        News::TagNotTaken { .. } | News::PipelineStuck { .. } | News::NotTrusted { .. } => {
            Vec::new()
        }
    });
    whose.collect()
}

#[test]
fn an_order_is_told_to_the_people_of_the_pipelines_that_it_concerns() {
    let (mut deployer, _, worse) = shop();
    let billing = deployer.keep(BILLING);
    let why = ["--reason", "it loses orders"];
    yes(&deployer, &[&["hold"], &PRODUCTION[..], &why].concat());
    yes(&deployer, &[&["hold"], &PRODUCTION[..], &why].concat());
    assert_eq!(notified(&deployer), [["shop-api"]]);
    yes(&deployer, &[&["veto", worse.as_str()], &why[..]].concat());
    assert_eq!(notified(&deployer)[1..], [["shop-api"]]);

    // A repository that does not answer keeps no veto from counting, and its people are told.
    deployer.silent.insert(billing.repository.clone());
    yes(
        &deployer,
        &[&["lift-veto", worse.as_str()], &why[..]].concat(),
    );
    let both = notified(&deployer).split_off(2);
    assert_eq!(both.concat().len(), 2, "{both:?}");

    // What is still to come may come to anybody.
    deployer.silent.clear();
    let later = Digest::of(b"later").to_string();
    let rest = [&["veto", &later, "--not-pushed-yet"], &why[..]].concat();
    yes(&deployer, &rest);
    assert_eq!(notified(&deployer).len(), 6);
}

#[test]
fn whatever_cannot_be_looked_up_a_veto_counts_and_says_so() {
    let (mut deployer, _, worse) = shop();
    let billing = deployer.keep(BILLING);
    let why = ["--reason", "it loses orders"];
    let veto = [&["veto", worse.as_str()], &why[..]].concat();
    let lift = [&["lift-veto", worse.as_str()], &why[..]].concat();

    // The row of a service that has nothing to do with it.
    let row = crate::deployer::service_of(&billing.stages[0], &home());
    deployer.unread.insert(row.clone());
    for order in [&veto, &lift] {
        let text = yes(&deployer, order);
        let said = format!(
            "warning: the service {row} could not be asked for the image, so that the people of \
             billing are told, too: the row of {row} cannot be read"
        );
        assert!(text.contains(&said), "{text}");
    }
    assert_eq!(
        notified(&deployer).concat().len(),
        4,
        "both pipelines, of both"
    );

    // No repository that answers has it.
    deployer.unread.clear();
    deployer.silent.insert(billing.repository.clone());
    let unknown = Digest::of(b"unknown").to_string();
    let text = yes(&deployer, &[&["veto", &unknown], &why[..]].concat());
    assert!(text.contains("team/billing does not answer"), "{text}");
    assert!(
        text.contains("no repository that could be asked has sha256:"),
        "{text}"
    );
    assert_eq!(notified(&deployer).concat().len(), 6, "it may be anybody's");

    // Not even the pipelines can be read: the release names one.
    deployer.locked = true;
    let json = [&veto[..], &["--output", "json"]].concat();
    let report = self::json(&yes(&deployer, &json));
    let warnings = report["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{report}");
    let warning = warnings[0].as_str().unwrap();
    assert!(
        warning.contains("only the people of shop-api are notified"),
        "{warning}"
    );
    let last = notified(&deployer).pop().unwrap();
    assert_eq!(last, ["shop-api"]);
    let text = yes(&deployer, &[&["lift-veto", &unknown], &why[..]].concat());
    assert!(text.contains("so that nobody is notified"), "{text}");
    // Nobody is told of what was so before, and nothing had to be known for that.
    let report = self::json(&yes(&deployer, &json));
    assert!(report.get("warnings").is_none(), "{report}");
}

#[test]
fn a_hold_says_whose_people_it_cannot_tell() {
    let (deployer, ..) = shop();
    let broken = "/towpath/pipelines/team/billing/billing".parse().unwrap();
    deployer.store(broken, "{}");
    let why = ["--reason", "the sale begins"];
    for verb in ["hold", "release-hold"] {
        let text = ordered(&deployer, verb, &why);
        let said =
            "the people of the pipeline in /towpath/pipelines/team/billing/billing are not told";
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(notified(&deployer), [["shop-api"], ["shop-api"]]);
}

#[test]
fn a_vetoed_image_is_explained_as_what_becomes_of_it() {
    let (mut deployer, _, worse) = shop();
    let image = towpath_deployer::ports::ImageDetail {
        digest: Digest::of(b"0000002"),
        tags: vec!["0000002".parse().unwrap()],
        pushed_at: PUSHED,
    };
    deployer.images.insert("0000002".parse().unwrap(), image);
    let repository = deployer.summaries[&worse].repository.to_string();
    let explain = ["explain", &repository, "0000002"];
    assert!(!yes(&deployer, &explain).contains("VETOED"));
    yes(
        &deployer,
        &["veto", worse.as_str(), "--reason", "it loses orders"],
    );
    let text = no(&deployer, &explain);
    assert!(text.contains("VETOED 0000002"), "{text}");
    assert!(text.contains("it loses orders"), "{text}");
}

#[test]
fn history_and_status_show_a_rollback_where_it_happened() {
    let (mut deployer, good, worse) = shop();
    // What it brings back was pushed before everything else, and it is on its way now.
    let back: ReleaseId = "shop-api-ffffffffffffffff".parse().unwrap();
    let mut summary = deployer.summaries[&good].clone();
    summary.release = back.clone();
    summary.arrived_at = PUSHED - jiff::SignedDuration::from_hours(240);
    summary.opened_at = PUSHED + jiff::SignedDuration::from_hours(1);
    summary.outcome = None;
    summary.open = true;
    deployer.summaries.insert(back.clone(), summary);
    let text = yes(&deployer, &["history", "shop-api", "--limit", "1"]);
    assert!(text.contains(back.as_str()), "{text}");
    assert!(!text.contains(worse.as_str()), "{text}");
    let text = yes(&deployer, &["status", "shop-api"]);
    assert!(text.contains(back.as_str()), "{text}");
}
