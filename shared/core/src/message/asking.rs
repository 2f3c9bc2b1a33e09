//! What is said of a request for approval: who may decide, until when, and what would be replaced.

use towpath_taskdef::image::ImageRef;

use super::style::Style;
use crate::pipeline::ApprovalGate;
use crate::release::{Approval, ImageChange, Plan};

/// How many containers' images are named.
const MOST_IMAGES: usize = 3;

/// Who may approve.
pub(super) fn approvers(gate: &ApprovalGate, style: Style) -> String {
    let people: Vec<_> = gate.slack.iter().map(style.person).collect();
    if people.is_empty() {
        "the holders of the e-mailed token".to_owned()
    } else {
        people.join(", ")
    }
}

/// By whom approval is waited for, how many have given it, and until when it counts.
pub(super) fn asks(gate: Option<&ApprovalGate>, approval: &Approval, style: Style) -> String {
    let (given, of) = (approval.approvers().len(), approval.required);
    let by = gate
        .map(|gate| format!(" by {}", approvers(gate, style)))
        .unwrap_or_default();
    format!(
        "{by} ({given} of {of}), until {}",
        (style.time)(approval.expires_at)
    )
}

/// What runs now, and the images that would change.
pub(super) fn replaces(plan: &Plan, style: Style) -> String {
    let images = plan.images.iter().take(MOST_IMAGES);
    let images = images.map(|change| of_container(change, style));
    let images: Vec<_> = images.collect();
    let with = if images.is_empty() {
        String::new()
    } else {
        format!(" with {}", images.join(", "))
    };
    format!("{} runs now{with}", (style.quote)(plan.current.short()))
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
        let mut plan = sample::plan();
        for (image, shown) in [
            ("shop/api:f00ba41".to_owned(), "f00ba41"),
            (format!("shop/api:f00ba41@{digest}"), "f00ba41"),
            (
                format!("shop/api@{digest}"),
                &format!("sha256:{}", digest.short()),
            ),
            ("<!channel>".to_owned(), "&lt;!channel&gt;"),
        ] {
            plan.images = vec![from(&image)];
            let told = format!("shop:7 runs now with {shown} of app");
            assert_eq!(replaces(&plan, SLACK), told);
        }
        plan.images = vec![from("shop/api:1"); MOST_IMAGES + 1];
        assert_eq!(
            replaces(&plan, SLACK).matches("of app").count(),
            MOST_IMAGES
        );
    }
}
