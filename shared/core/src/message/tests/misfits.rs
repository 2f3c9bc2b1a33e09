//! What does not fit, and what people should know before they rely on it: as it is stored, and as people
//! read it.

use towpath_taskdef::image::Platform;

use crate::appspec::AppSpecError;
use crate::names::CodeDeployName;
use crate::pipeline::{HookPoint, MissingContainers};
use crate::release::{
    ImageProblem, Misfit, OtherStrategy, Registration, Remark, ScalableTarget, ScalingState,
    ServiceId, SetUpProblem, Unfounded, WhyRefused,
};
use crate::sample;

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

fn service() -> ServiceId {
    sample::home().service_of(&sample::shop().stages[0])
}

fn strategy(engine: &str, found: &str, needs: Vec<String>, fits: Option<&str>) -> OtherStrategy {
    OtherStrategy {
        engine: engine.into(),
        found: found.into(),
        needs,
        fits: fits.map(str::to_owned),
    }
}

fn set_up() -> Vec<SetUpProblem> {
    let shifting = names(["BLUE_GREEN", "LINEAR", "CANARY"]);
    let function = || "towpath-lifecycle-hook".parse().unwrap();
    let stage = || "POST_TEST_TRAFFIC_SHIFT".to_owned();
    let at = HookPoint::AfterTestTraffic;
    vec![
        SetUpProblem::Strategy(strategy("ecs", "ROLLING", shifting, Some("rolling"))),
        SetUpProblem::Headless,
        SetUpProblem::NotAdvanced {
            of: Registration::LoadBalancer,
            missing: names(["alternateTargetGroupArn", "roleArn"]),
        },
        SetUpProblem::NotAdvanced {
            of: Registration::VpcLattice,
            missing: names(["productionListenerRule"]),
        },
        SetUpProblem::NoHookFunction { at, stage: stage() },
        SetUpProblem::NoHook {
            at,
            function: function(),
            stage: stage(),
        },
        SetUpProblem::HookGoesOn {
            function: function(),
            stage: stage(),
        },
        SetUpProblem::NoPause {
            at: names(["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_SCALE_UP"]),
        },
        SetUpProblem::PausesBeforeChecks {
            checks: HookPoint::BeforeTraffic,
            from: "POST_SCALE_UP".into(),
            to: "PRE_PRODUCTION_TRAFFIC_SHIFT".into(),
        },
        SetUpProblem::PauseGoesOn,
    ]
}

fn misfits() -> Vec<Misfit> {
    let code_deploy = |name: &str| -> CodeDeployName { name.parse().unwrap() };
    let (application, group) = (|| code_deploy("shop"), || code_deploy("production"));
    let template = || "/shop/template".parse().unwrap();
    let mut all = vec![
        Misfit::NoCluster { service: service() },
        Misfit::NoService { service: service() },
        Misfit::DeletedService {
            service: service(),
            status: "DRAINING".into(),
        },
        Misfit::NoTaskDefinition,
        Misfit::ExpressService,
        Misfit::Controller {
            engine: "rolling".into(),
            found: "CODE_DEPLOY".into(),
            needs: "ECS".into(),
        },
        Misfit::Strategy(strategy(
            "rolling",
            "LINEAR",
            names(["ROLLING"]),
            Some("ecs"),
        )),
        Misfit::Strategy(strategy("rolling", "OF_TOMORROW", names(["ROLLING"]), None)),
        Misfit::NoDeploymentGroup {
            application: application(),
            group: group(),
        },
        Misfit::OtherPlatform {
            application: application(),
            platform: "Lambda".into(),
        },
        Misfit::OtherService {
            group: group(),
            targets: names(["shop/web", "shop/old"]),
            service: service(),
        },
        Misfit::OnlyAllAtOnce {
            configuration: "CodeDeployDefault.ECSCanary10Percent5Minutes".into(),
            supported: "CodeDeployDefault.ECSAllAtOnce".into(),
            listener: "listener/net/shop/1/2".into(),
        },
        Misfit::GroupDoesNotWait { group: group() },
        Misfit::AppSpec {
            problem: AppSpecError::NoLoadBalancer {
                service: "api".into(),
            },
        },
        Misfit::NoTargetContainer {
            container: "web".into(),
            known: names(["api", "proxy"]),
        },
        Misfit::NoTargetPort {
            container: "api".into(),
            port: 8080,
        },
        Misfit::NoNamedPort {
            by: "Service Connect".into(),
            port: "http".into(),
        },
        Misfit::NoTemplate {
            parameter: template(),
        },
        Misfit::NoTemplateVersion {
            parameter: template(),
            version: 3,
        },
        Misfit::NoRevision {
            revision: "shop:7".into(),
        },
        Misfit::RevisionGone {
            revision: sample::revision(7),
        },
        Misfit::NoNewestRevision {
            family: "shop".into(),
        },
        Misfit::Unusable {
            revision: Some("shop:7".into()),
            said: "it has no family".into(),
        },
        Misfit::Unusable {
            revision: None,
            said: "it has no family".into(),
        },
        Misfit::Invalid {
            findings: names(["container `api`: no image", "no execution role"]),
        },
        Misfit::NotAsPlanned,
        Misfit::NoContainers {
            missing: MissingContainers {
                named: [("web".parse().unwrap(), names(["`containers`"]))].into(),
                definition: "shop:7".into(),
                known: names(["api"]),
            },
        },
        Misfit::Platform {
            image: ["linux/arm64".parse::<Platform>().unwrap()].into(),
            needs: "linux/amd64".into(),
        },
        Misfit::Unfounded {
            why: Unfounded::NoSuchRelease("shop-api-0123456789abcdef".parse().unwrap()),
        },
        Misfit::Ledger {
            said: "entry 4 is missing".into(),
        },
    ];
    for problem in [
        ImageProblem::Archived,
        ImageProblem::Activating,
        ImageProblem::Gone,
    ] {
        let image = "shop/api@sha256:0".into();
        all.push(Misfit::Image { image, problem });
    }
    let set_up = set_up();
    all.extend(set_up.into_iter().map(|problem| Misfit::SetUp {
        problems: vec![problem],
    }));
    all.push(Misfit::SetUp {
        problems: vec![SetUpProblem::Headless, SetUpProblem::PauseGoesOn],
    });
    all
}

#[test]
fn what_does_not_fit_is_stored_as_a_value_and_said_in_a_sentence() {
    let lines = misfits().into_iter().map(|misfit| {
        let why = WhyRefused::from(misfit);
        let stored = serde_json::to_string(&why).unwrap();
        let read: WhyRefused = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, why);
        format!("{stored}\n    {why}")
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_people_should_know_is_stored_as_a_value_and_said_in_a_sentence() {
    let target = |state| ScalableTarget {
        state,
        least: 1,
        most: 4,
    };
    let remarks = [
        Remark::Headless,
        Remark::TrafficUnknown,
        Remark::NoTestTraffic,
        Remark::NoTestListener {
            of: Registration::LoadBalancer,
        },
        Remark::NoTestListener {
            of: Registration::VpcLattice,
        },
        Remark::TestHeader {
            header: "x-amzn-ecs-blue-green-test".into(),
        },
        Remark::TestTrafficRules,
        Remark::SucceedsEarly,
        Remark::MayPause,
        Remark::ImageUnread {
            said: "ecr:BatchGetImage: AccessDeniedException: no right".into(),
            needs: "linux/amd64".into(),
        },
        Remark::OnePlatform {
            image: ["linux/arm64".parse::<Platform>().unwrap()].into(),
        },
        Remark::ScalingSuspended {
            target: target(ScalingState::SUSPENDED),
            desired: 0,
            service: service(),
        },
        Remark::ScalingLeft {
            target: target(ScalingState::default()),
            desired: 0,
        },
    ];
    let lines = remarks.map(|remark| {
        let stored = serde_json::to_string(&remark).unwrap();
        let read: Remark = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, remark);
        format!("{stored}\n    {remark}")
    });
    insta::assert_snapshot!(lines.join("\n"));
}
