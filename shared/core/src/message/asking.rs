//! What is said of a request for approval: who may decide, until when, and what would be replaced.

use towpath_taskdef::image::ImageRef;

use super::style::Style;
use crate::pipeline::ApprovalGate;
use crate::release::{self, ImageChange, OpenApproval, Principal};

/// How many containers' images are named.
const MAX_IMAGES: usize = 3;

/// Who may approve.
pub(super) fn approvers(gate: &ApprovalGate, style: Style) -> String {
    let people = release::approvers(gate).filter_map(|approver| match approver {
        Principal::Slack(user) => Some((style.person)(&user)),
        // Where people are named, they are asked by name.
        Principal::TokenHolder if !gate.slack.is_empty() => None,
        Principal::TokenHolder => Some("the holders of the e-mailed token".to_owned()),
        Principal::Aws(_) | Principal::Deployer => Some((style.quote)(&approver.to_string())),
    });
    people.collect::<Vec<_>>().join(", ")
}

/// By whom approval is waited for, how many have given it, until when it counts, and what happens then.
pub(super) fn asks(open: &OpenApproval, style: Style) -> String {
    let by = open.gate.as_ref();
    let by = by
        .map(|gate| format!(" by {}", approvers(gate, style)))
        .unwrap_or_default();
    format!(
        "{by} ({} of {}); {} if not approved by {}",
        open.approved,
        open.required,
        if open.of_traffic {
            "rolled back"
        } else {
            "expires"
        },
        (style.time)(open.until)
    )
}

/// What runs now, and the images that would change.
pub(super) fn replaces(open: &OpenApproval, style: Style) -> String {
    let images = open.images.iter().take(MAX_IMAGES);
    let images = images.map(|change| of_container(change, style));
    let images: Vec<_> = images.collect();
    let with = if images.is_empty() {
        String::new()
    } else {
        format!(" with {}", images.join(", "))
    };
    format!("{} runs now{with}", (style.quote)(open.current.short()))
}

/// The image that a container has now: by its tag, or by the first digits of its digest.
fn of_container(change: &ImageChange, style: Style) -> String {
    let image = change.from.parse::<ImageRef>().ok();
    let tag = image.as_ref().and_then(|image| image.tag());
    let digest = image.as_ref().and_then(|image| image.digest());
    let shown = match (tag, digest) {
        (Some(tag), _) => tag.to_string(),
        (None, Some(digest)) => format!("sha256:{}", digest.short()),
        (None, None) => change.from.clone(),
    };
    format!("{} of {}", (style.quote)(&shown), change.container)
}

#[cfg(test)]
mod tests {
    use super::super::style::SLACK;
    use super::*;
    use crate::sample;
    use towpath_taskdef::image::Digest;

    #[test]
    fn what_runs_now_is_told_with_the_images_that_change() {
        let digest = Digest::of(b"image");
        let from = |image: &str| ImageChange {
            container: "app".parse().unwrap(),
            from: image.into(),
            to: String::new(),
        };
        let mut open = OpenApproval {
            approval: "production-1".parse().unwrap(),
            gate: None,
            approved: 0,
            required: 1,
            until: sample::dawn(),
            current: sample::revision(7),
            images: Vec::new(),
            of_traffic: false,
            voided: None,
        };
        for (image, shown) in [
            ("shop/api:f00ba41".to_owned(), "f00ba41"),
            (format!("shop/api:f00ba41@{digest}"), "f00ba41"),
            (
                format!("shop/api@{digest}"),
                &format!("sha256:{}", digest.short()),
            ),
            ("<!channel>".to_owned(), "&lt;!channel&gt;"),
        ] {
            open.images = vec![from(&image)];
            let told = format!("shop:7 runs now with {shown} of app");
            assert_eq!(replaces(&open, SLACK), told);
        }
        open.images = vec![from("shop/api:1"); MAX_IMAGES + 1];
        assert_eq!(replaces(&open, SLACK).matches("of app").count(), MAX_IMAGES);
    }
}
