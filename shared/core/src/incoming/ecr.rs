//! Pushes and replications of images to ECR, as EventBridge delivers them:
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>.
//!
//! ECR sends such events on a best-effort basis, and a tag may have moved by the time that one is
//! read, so that an event only says where to look: the truth is what `DescribeImages` answers. It does not
//! say when an image got a tag, though, and the event does.

use jiff::Timestamp;
use serde_json::Value;
use towpath_taskdef::image::{Digest, RepositoryName, Tag};

use super::ReadError;
use super::envelope::Envelope;
use super::fields::Fields;
use crate::message::one_line;
use crate::names::{AccountId, Region};

/// The configuration of a container image, by its media type. An index has none.
const IMAGE_CONFIGS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// Where an image arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The account of the registry that has it now.
    pub account: AccountId,
    /// The region of that registry.
    pub region: Region,
    pub repository: RepositoryName,
    /// The tag that it was pushed with.
    pub tag: Tag,
    /// The digest that was pushed, if the event names one that can be read. The tag may be on
    /// another image by now.
    pub digest: Option<Digest>,
    /// When it arrived under the tag, to the second.
    pub at: Timestamp,
    /// The event's id, for the log. A push that is delivered twice has it twice.
    pub event_id: String,
}

impl Pushed {
    /// When the image that the registry has under the tag now arrived there; `None` when another one
    /// did: the tag has moved since, and that image's own event says when. ECR's `pushed_at` is when
    /// the image came under its first tag. It is exact, while the event's time is cut to the second.
    #[must_use]
    pub fn arrived_at(&self, digest: &Digest, pushed_at: Timestamp) -> Option<Timestamp> {
        match &self.digest {
            Some(pushed) if pushed != digest => None,
            Some(_) | None => Some(self.at.max(pushed_at)),
        }
    }
}

/// Reads `ECR Image Action` and `ECR Replication Action`.
///
/// # Errors
/// [`ReadError::Ignored`] for what is no new image with a tag (deletions, failures, archiving,
/// signatures, charts), [`ReadError::Malformed`] for what is no such event.
pub fn read(event: &Value) -> Result<Pushed, ReadError> {
    let envelope = Envelope::read(event)?;
    let wanted = match (envelope.source, envelope.detail_type) {
        ("aws.ecr", "ECR Image Action") => Action::Push,
        ("aws.ecr", "ECR Replication Action") => Action::Replicate,
        (_, _) => return Err(envelope.unexpected_source("no push and no replication")),
    };
    let detail = &envelope.detail;
    wanted.happened(detail)?;
    let repository = detail.name("repository-name")?;
    // A manifest that only an index refers to is pushed with an empty tag.
    if detail.optional_text("image-tag")?.is_none() {
        return Err(ReadError::ignored(format!(
            "an image without a tag was pushed to {repository}"
        )));
    }
    let tag: Tag = detail.name("image-tag")?;
    if is_attached(&tag) {
        return Err(ReadError::ignored(format!(
            "{tag} is a signature or document about another image"
        )));
    }
    if let Some(media) = detail.optional_text("artifact-media-type")?
        && !IMAGE_CONFIGS.contains(&media)
    {
        return Err(ReadError::ignored(format!(
            "{repository}:{tag} is no container image but {}",
            one_line(media, 80)
        )));
    }
    Ok(Pushed {
        repository,
        tag,
        // Not worth a dead letter: whoever looks the tag up learns the digest anyway. Even the
        // documented samples have digests that are too short.
        digest: detail
            .optional_text("image-digest")?
            .and_then(|digest| digest.parse().ok()),
        at: envelope.time()?,
        account: envelope.account,
        region: envelope.region,
        event_id: envelope.id,
    })
}

/// How an image gets into a repository.
#[derive(Debug, Clone, Copy)]
enum Action {
    Push,
    Replicate,
}

impl Action {
    fn happened(self, detail: &Fields<'_>) -> Result<(), ReadError> {
        let wanted = match self {
            Self::Push => "PUSH",
            Self::Replicate => "REPLICATE",
        };
        let action = detail.text("action-type")?;
        if action != wanted {
            return Err(ReadError::ignored(match action {
                "DELETE" => "an image was deleted".to_owned(),
                "UPDATE_STORAGE_CLASS" => match detail.optional_text("target-storage-class")? {
                    Some("ARCHIVE") => "an image was archived".to_owned(),
                    Some(_) | None => "an image came back from the archive".to_owned(),
                },
                other => format!("`{}` brings no image", one_line(other, 80)),
            }));
        }
        match detail.text("result")? {
            "SUCCESS" => Ok(()),
            other => Err(ReadError::ignored(format!(
                "the {} ended with {}",
                match self {
                    Self::Push => "push",
                    Self::Replicate => "replication",
                },
                one_line(other, 80)
            ))),
        }
    }
}

/// Whether the tag is one that tools give to what they attach to an image: `sha256-<digest>`,
/// followed by `.sig`, `.att` or `.sbom`
/// ([cosign](https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md)) or by nothing
/// ([referrers](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema)).
fn is_attached(tag: &Tag) -> bool {
    let Some(rest) = tag.as_str().strip_prefix("sha256-") else {
        return false;
    };
    let digits = rest.split('.').next().unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::incoming::fixtures::fixture;

    fn with_detail(key: &str, value: Value) -> Value {
        let mut event = fixture("ecr-image-action-push-mediatypes");
        event["detail"][key] = value;
        event
    }

    fn ignored(event: &Value) -> String {
        match read(event) {
            Err(ReadError::Ignored(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_push_says_where_to_look() {
        let pushed = read(&fixture("ecr-image-action-push-mediatypes")).unwrap();
        assert_eq!(
            pushed,
            Pushed {
                account: "123456789000".parse().unwrap(),
                region: "eu-central-1".parse().unwrap(),
                repository: "node".parse().unwrap(),
                tag: "20-alpine3.16".parse().unwrap(),
                digest: Some(
                    "sha256:3c949327e32569aff0c532905dcb9626892e4c9b109be08027bb1e44f7f96518"
                        .parse()
                        .unwrap()
                ),
                at: "2023-05-08T15:13:09Z".parse().unwrap(),
                event_id: "4f5ec4d5-4de4-7aad-a046-56d5cfe1df0e".into(),
            }
        );
    }

    #[test]
    fn a_replication_is_looked_for_where_it_arrived() {
        let pushed = read(&fixture("ecr-replication-success")).unwrap();
        assert_eq!(pushed.region.as_str(), "us-east-1");
        assert_eq!(pushed.repository.as_str(), "docker-hub/alpine");
        assert_eq!(pushed.tag.as_str(), "3.17.2");
    }

    #[test]
    fn a_digest_that_cannot_be_read_is_left_to_the_registry() {
        let pushed = read(&fixture("ecr-image-action-push")).unwrap();
        assert_eq!(pushed.digest, None);
        assert_eq!(pushed.tag.as_str(), "latest");
    }

    #[test]
    fn signatures_and_what_else_is_attached_are_no_images() {
        let hex = "3c949327e32569aff0c532905dcb9626892e4c9b109be08027bb1e44f7f96518";
        for suffix in ["", ".sig", ".att", ".sbom"] {
            let tag = format!("sha256-{hex}{suffix}");
            assert_eq!(
                ignored(&with_detail("image-tag", json!(tag))),
                format!("{tag} is a signature or document about another image")
            );
        }
        let short = with_detail("image-tag", json!("sha256-3c949327"));
        assert_eq!(read(&short).unwrap().tag.as_str(), "sha256-3c949327");
    }

    #[test]
    fn a_chart_is_no_image() {
        let chart = with_detail(
            "artifact-media-type",
            json!("application/vnd.cncf.helm.config.v1+json"),
        );
        assert_eq!(
            ignored(&chart),
            "node:20-alpine3.16 is no container image but application/vnd.cncf.helm.config.v1+json"
        );
    }

    #[test]
    fn an_image_arrives_when_it_gets_the_tag_and_not_before_it_was_pushed() {
        let pushed = read(&fixture("ecr-image-action-push-mediatypes")).unwrap();
        let digest = pushed.digest.unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (pushed_at, arrived_at) in [
            ("2021-01-01T00:00:00Z", "2023-05-08T15:13:09Z"),
            ("2023-05-08T15:13:09.432Z", "2023-05-08T15:13:09.432Z"),
        ] {
            assert_eq!(
                pushed.arrived_at(&digest, at(pushed_at)),
                Some(at(arrived_at))
            );
        }
        let another = Digest::of(b"another");
        assert_eq!(pushed.arrived_at(&another, pushed.at), None);
    }

    #[test]
    fn without_a_time_nothing_is_known_of_a_push() {
        let mut event = fixture("ecr-image-action-push");
        event["time"] = json!("soon\u{1b}[31m");
        assert_eq!(
            read(&event).unwrap_err(),
            ReadError::malformed("time is no time")
        );
    }

    #[test]
    fn a_failed_push_is_no_push() {
        let failed = with_detail("result", json!("FAILURE"));
        assert_eq!(ignored(&failed), "the push ended with FAILURE");
    }

    #[test]
    fn hostile_names_are_dead_letters_that_are_safe_to_read() {
        for (key, text) in [
            ("image-tag", "v1\u{1b}[31m"),
            ("repository-name", "../../etc\u{202e}"),
            ("repository-name", "node:latest"),
        ] {
            let error = read(&with_detail(key, json!(text))).unwrap_err();
            let shown = error.to_string();
            assert!(matches!(error, ReadError::Malformed(_)), "{shown}");
            assert!(shown.contains(key), "{shown}");
            assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
        }
    }

    #[test]
    fn nobody_else_speaks_for_ecr() {
        let mut event = fixture("ecr-image-action-push");
        event["source"] = json!("my.application");
        assert_eq!(
            ignored(&event),
            "`ECR Image Action` of `my.application` is no push and no replication"
        );
    }
}
