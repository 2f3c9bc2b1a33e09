//! What holds for every pipeline and for every text, checked on generated ones.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

/// A value of a checked type, from texts that all fit it.
fn text<T>(pattern: &'static str) -> impl Strategy<Value = T>
where
    T: TryFrom<String> + std::fmt::Debug,
    T::Error: std::fmt::Debug,
{
    pattern.prop_map(|text| T::try_from(text).unwrap())
}

fn span() -> impl Strategy<Value = Span> {
    (1..=2_592_000_u32).prop_map(Span::from_seconds)
}

fn tags() -> impl Strategy<Value = TagPolicy> {
    prop_oneof![
        Just(TagPolicy::Commit),
        Just(TagPolicy::Numeric),
        text("[a-z]{1,5}(-\\\\d\\+)?").prop_map(TagPolicy::Regex),
        text(">=[1-9][0-9]{0,2}\\.[1-9], <[1-9][0-9]{0,2}").prop_map(TagPolicy::Semver),
        text("[a-z.*?-]{1,9}").prop_map(TagPolicy::Glob),
    ]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<i32>().prop_map(|n| (f64::from(n) / 8.0).into()),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            btree_map(any::<String>(), inner, 0..4).prop_map(|members| members
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

prop_compose! {
    fn http()(
        url in "https?://[a-z]{1,8}(:[1-9][0-9]{0,3})?/[a-z]{0,5}",
        status in 100..=599_u16,
        headers in btree_map("[a-z-]{1,9}", "[ -~]{0,9}", 0..3),
        body_contains in option::of("[^{}]{1,9}"),
        json in btree_map("(/[a-z~01]{0,4}){0,2}", json(), 0..3),
        timeout in (1..=20_u32).prop_map(Span::from_seconds),
        (attempts, successes) in (1..=100_u8).prop_flat_map(|attempts| (Just(attempts), 1..=attempts)),
        interval in (1..=9_u32).prop_map(Span::from_seconds),
    ) -> HttpCheck {
        HttpCheck { url, status, headers, body_contains, json, timeout, attempts, successes, interval }
    }
}

prop_compose! {
    fn check()(
        name in text("[a-z0-9_-]{1,40}"),
        at in proptest::sample::select(&HookPoint::ALL[..]),
        kind in kind(),
    ) -> Check {
        Check { name, at, kind }
    }
}

fn kind() -> impl Strategy<Value = CheckKind> {
    let alarm =
        (vec(text("[ -~]{1,30}"), 0..3), any::<bool>()).prop_map(|(names, ok)| AlarmCheck {
            names,
            insufficient_data_is_ok: ok,
        });
    let task = (
        text("[a-zA-Z0-9_-]{1,20}"),
        vec("[ -~]{0,10}", 0..3),
        btree_map("[A-Z]{1,5}", "[ -~]{0,5}", 0..3),
        span(),
    )
        .prop_map(|(container, command, environment, timeout)| TaskCheck {
            container,
            command,
            environment,
            timeout,
        });
    prop_oneof![
        http().prop_map(CheckKind::Http),
        alarm.prop_map(CheckKind::Alarm),
        metric().prop_map(CheckKind::Metric),
        task.prop_map(CheckKind::Task),
    ]
}

prop_compose! {
    fn metric()(
        (namespace, name, statistic) in ("[!-~]{1,10}", "[!-~]{1,10}", "Sum|Average|p99|p99.9"),
        dimensions in btree_map("[A-Z]{1,5}", "[a-z]{1,5}", 0..3),
        must_be in proptest::sample::select(&[
            Comparison::LessThan, Comparison::AtMost, Comparison::AtLeast, Comparison::MoreThan,
        ][..]),
        threshold in -1.0e9..1.0e9_f64,
        (window, wait) in (span(), span()),
        minimum_samples in any::<u32>(),
        on_no_data in proptest::sample::select(&[
            OnNoData::Wait, OnNoData::Pass, OnNoData::Fail,
        ][..]),
    ) -> MetricCheck {
        MetricCheck {
            namespace, name, dimensions, statistic, must_be, threshold, window, minimum_samples,
            on_no_data, wait,
        }
    }
}

fn engine() -> impl Strategy<Value = EngineSettings> {
    let name = || text("[!-z|~]{1,100}");
    let codedeploy = (
        name(),
        name(),
        option::of(name()),
        option::of(text("[A-Za-z0-9_-]{1,255}")),
        option::of(any::<NonZeroU16>()),
        option::of(text("[A-Za-z0-9_-]{1,64}")),
    );
    prop_oneof![
        Just(EngineSettings::Rolling(RollingSettings {})),
        option::of(text("[A-Za-z0-9_-]{1,64}"))
            .prop_map(|hook| EngineSettings::Ecs(EcsSettings { hook })),
        codedeploy.prop_map(
            |(application, group, configuration, container, port, hook)| {
                EngineSettings::CodeDeploy(CodeDeploySettings {
                    application,
                    group,
                    configuration,
                    container,
                    port,
                    hook,
                })
            }
        ),
    ]
}

prop_compose! {
    fn approval()(
        slack in vec(text("U[A-Z0-9]{5,10}"), 0..4),
        sns in any::<bool>(),
        required in any::<u8>(),
        when in proptest::sample::select(
            &[ApprovalPoint::BeforeRollout, ApprovalPoint::BeforeTraffic][..],
        ),
        expires in span(),
    ) -> ApprovalGate {
        ApprovalGate { slack, sns, required, when, expires }
    }
}

fn base() -> impl Strategy<Value = Base> {
    prop_oneof![
        Just(Base::Service),
        Just(Base::Family),
        text("/[a-z]{1,9}(/[A-Za-z0-9_.-]{1,9}){0,2}").prop_map(Base::Parameter),
    ]
}

prop_compose! {
    fn role()(arn in text("arn:aws(-cn)?:iam::[0-9]{12}:role/([a-z]{1,9}/){0,2}[a-z]{1,20}"), external_id in option::of("[a-z0-9]{2,9}")) -> Role {
        Role { arn, external_id }
    }
}

fn environment()
-> impl Strategy<Value = BTreeMap<crate::names::ContainerName, BTreeMap<String, String>>> {
    btree_map(
        text("[A-Za-z0-9_-]{1,9}"),
        btree_map("[A-Z_]{1,9}", any::<String>(), 0..3),
        0..3,
    )
}

prop_compose! {
    fn stage()(
        (name, account, region) in (text("[a-z][a-z0-9-]{0,23}"), option::of(text("[0-9]{12}")), option::of(text("[a-z]{2}-[a-z]{4,9}-[1-9]"))),
        role in option::of(role()),
        (cluster, service) in (text("[A-Za-z0-9_-]{1,255}"), text("[A-Za-z0-9_-]{1,255}")),
        containers in vec(text("[A-Za-z0-9_-]{1,255}"), 0..4),
        base in base(),
        (environment, docker_labels, tags) in (environment(), environment(), btree_map("[a-z]{1,9}", any::<String>(), 0..3)),
        engine in engine(),
        approval in option::of(approval()),
        checks in vec(check(), 0..3),
        auto_scaling in prop::option::of(prop_oneof![Just(AutoScaling::Suspend), Just(AutoScaling::Leave)]),
        (bake, timeout) in (option::of(span()), span()),
        rollback in prop_oneof![Just(RollbackPolicy::Required), Just(RollbackPolicy::Optional)],
    ) -> Stage {
        Stage { name, account, region, role, cluster, service, containers, base, environment, docker_labels, tags, engine, approval, checks, auto_scaling, bake, rollback, timeout }
    }
}

prop_compose! {
    fn pipeline()(
        pipeline in text("[a-z][a-z0-9-]{0,39}"),
        repository in text("[a-z0-9]{1,9}([._-][a-z0-9]{1,9})?(/[a-z0-9]{1,9}){0,3}"),
        registry in option::of(text("[0-9]{12}\\.dkr\\.ecr\\.eu-west-1\\.amazonaws\\.com")),
        tags in tags(),
        slack in option::of(text("C[A-Z0-9]{5,10}")),
        sns in any::<bool>(),
        arrivals in proptest::sample::select(
            &[Arrivals::NewestWins, Arrivals::Queue, Arrivals::RequireReapproval][..],
        ),
        operators in vec(text("U[A-Z0-9]{5,10}"), 0..3),
        stages in vec(stage(), 0..4),
    ) -> Pipeline {
        Pipeline { pipeline, repository, registry, tags, notify: Notify { slack, sns }, arrivals, operators, stages }
    }
}

/// A pipeline without contradictions, as JSON, to be mutilated.
fn valid() -> String {
    serde_json::json!({
        "pipeline": "api", "repository": "shop/api", "tags": {"regex": "a|b"},
        "notify": {"slack": "C0123456789", "sns": true},
        "stages": [{
            "name": "production", "cluster": "c", "service": "s", "containers": ["app"],
            "environment": {"app": {"A": "${tag}"}}, "base": {"parameter": "/a/templates/b"},
            "engine": {"codedeploy": {"application": "a", "group": "g", "hook": "h"}},
            "approval": {"slack": ["U01"], "sns": true, "required": 2, "expires": "2d"},
            "checks": [{"name": "a", "http": {"url": "http://h/", "status": 204, "json": {"/a": [1.5]}}}],
            "timeout": "30m"
        }]
    })
    .to_string()
}

proptest! {
    #[test]
    fn every_pipeline_reads_back_as_it_was_written(pipeline in pipeline()) {
        let printed = serde_json::to_string(&pipeline).unwrap();
        let read: Pipeline = serde_json::from_str(&printed).unwrap();
        prop_assert_eq!(&read, &pipeline);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), printed);
    }

    #[test]
    fn from_json_takes_what_check_finds_sound_and_nothing_else(pipeline in pipeline()) {
        let printed = serde_json::to_string(&pipeline).unwrap();
        match (pipeline.check(), Pipeline::from_json(&printed)) {
            (Ok(()), Ok(read)) => prop_assert_eq!(read, pipeline),
            (Err(expected), Err(ReadError::Contradictions(found))) => prop_assert_eq!(found, expected),
            (_, Err(ReadError::TooLarge(bytes))) => prop_assert!(bytes > MAX_TEXT),
            (checked, read) => prop_assert!(false, "{checked:?}, {read:?}"),
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        prop_assert!(Pipeline::from_json(&text).is_err());
    }

    #[test]
    fn no_mutilated_pipeline_makes_reading_panic(
        cuts in vec((any::<prop::sample::Index>(), 0..4_usize, "[\\PC{}\\[\\],:\"0-9]{0,3}"), 1..4),
    ) {
        let mut chars: Vec<char> = valid().chars().collect();
        for (at, length, new) in cuts {
            let at = at.index(chars.len());
            let end = (at + length).min(chars.len());
            chars.splice(at..end, new.chars());
        }
        let text: String = chars.into_iter().collect();
        if let Ok(pipeline) = Pipeline::from_json(&text) {
            prop_assert_eq!(pipeline.check(), Ok(()));
            let stored = pipeline.to_stored().unwrap();
            prop_assert_eq!(Pipeline::from_json(&stored.value), Ok(pipeline));
        }
    }
}

#[test]
fn the_pipeline_that_is_mutilated_is_valid_before() {
    assert_eq!(Pipeline::from_json(&valid()).unwrap().check(), Ok(()));
}
