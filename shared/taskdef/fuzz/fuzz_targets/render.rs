//! Any bytes are read as a task definition, rendered, printed and compared, and what has to hold for
//! all definitions is checked: `cargo +nightly fuzz run render` in `shared/taskdef`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use towpath_taskdef::{
    Changes, ReleaseMark, Rules, TaskDefinition, diff, pretty, protected_hash, render, spec_hash,
    validate,
};

fuzz_target!(|text: &[u8]| {
    let Ok(base) = TaskDefinition::parse(text) else {
        return;
    };

    // Printing and reading again is the same.
    let document = Value::Object(base.document().clone());
    for printed in [pretty(base.document()), document.to_string()] {
        let again = TaskDefinition::parse(printed.as_bytes()).expect("what was printed is read");
        assert_eq!(again.document(), base.document());
        assert_eq!(spec_hash(&again), spec_hash(&base));
        let diff = diff(&base, &again);
        assert!(diff.is_same() && diff.changes().is_empty());
    }

    // Nothing asked is nothing changed, but for tags that are AWS's own.
    let unchanged = render(&base, &Changes::default()).expect("nothing has no way to fail");
    if unchanged.reserved_tags.is_empty() {
        assert_eq!(unchanged.definition.document(), base.document());
    }

    // A release changes what it lists, and the same again the second time.
    let changes = changes(&base);
    if let Ok(rendered) = render(&unchanged.definition, &changes) {
        let again = render(&rendered.definition, &changes).expect("renders again");
        assert_eq!(again, rendered);
        assert_eq!(
            protected_hash(&rendered.definition, &changes),
            protected_hash(&unchanged.definition, &changes)
        );
        let diff = diff(&base, &rendered.definition);
        assert_eq!(diff.changes().is_empty(), diff.is_same());
        assert_eq!(diff.unified("a", "b", true).is_empty(), diff.is_same());
        validate(&rendered.definition, &Rules::default());
    }
});

/// An image, a variable and a label for each container, as a release has them.
fn changes(base: &TaskDefinition) -> Changes {
    let image = format!("localhost:5000/shop/api@sha256:{}", "0".repeat(64));
    let mut changes = Changes {
        tags: [("team".to_owned(), "shop".to_owned())].into(),
        release: Some(ReleaseMark {
            release: "r-1".to_owned(),
            commit: None,
        }),
        ..Changes::default()
    };
    for name in base.containers().filter_map(|container| container.name()) {
        let image = image.parse().expect("an image");
        changes.images.insert(name.to_owned(), image);
        let pair = || [("TOWPATH_RELEASE".to_owned(), "r-1".to_owned())].into();
        changes.environment.insert(name.to_owned(), pair());
        changes.docker_labels.insert(name.to_owned(), pair());
    }
    changes
}
