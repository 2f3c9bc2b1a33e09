//! What was registered (I3): whatever is registered for a release is found again, so that no revision
//! says the same as another one of its release, and there are no more of them than there were plans.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_taskdef::TAG_RELEASE;

/// How many revisions a release registers of one family at most: a plan is made anew where what runs
/// has changed meanwhile.
const MOST: usize = 4;

/// Everything that was registered.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    /// The image of each revision.
    images: BTreeMap<String, String>,
    /// What was registered for releases, by the release and the family.
    of_releases: BTreeMap<(String, String), Vec<Value>>,
}

impl Revisions {
    /// The digest of the image of a revision, if it names one.
    pub(super) fn digest(&self, revision: &str) -> Option<&str> {
        let (_, digest) = self.images.get(revision)?.split_once('@')?;
        Some(digest)
    }

    /// Something is registered, for a release or by hand. What does not hold then.
    pub(super) fn registered(&mut self, revision: &str, document: &Value) -> Option<String> {
        let image = document["containerDefinitions"][0]["image"].as_str();
        self.images
            .insert(revision.to_owned(), image.unwrap_or_default().to_owned());
        let tags = document["tags"].as_array().into_iter().flatten();
        let mut tags = tags.filter(|tag| tag["key"] == TAG_RELEASE);
        let release = tags.next()?["value"].as_str()?.to_owned();
        let family = document["family"].as_str().unwrap_or_default().to_owned();
        let key = (release, family);
        let (release, family) = key.clone();
        let of = self.of_releases.entry(key).or_default();
        let again = of.contains(document);
        of.push(document.clone());
        if again {
            return Some(format!(
                "I3: {revision} of {release} says what another one of its revisions says"
            ));
        }
        (of.len() > MOST).then(|| format!("I3: {release} has {} revisions of {family}", of.len()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(value: u8) -> Value {
        json!({ "family": "shop", "tags": [{ "key": TAG_RELEASE, "value": "shop-1" }],
            "containerDefinitions": [{ "image": "registry/shop@sha256:00",
                "environment": [{ "name": "VALUE", "value": value }] }] })
    }

    #[test]
    fn what_is_registered_again_is_found() {
        let mut revisions = Revisions::default();
        assert_eq!(revisions.registered("shop:1", &document(0)), None);
        assert!(revisions.registered("shop:2", &document(0)).is_some());
        assert_eq!(revisions.digest("shop:2"), Some("sha256:00"));
    }

    #[test]
    fn too_many_are_found() {
        let mut revisions = Revisions::default();
        for value in 0..4 {
            assert_eq!(revisions.registered("shop:1", &document(value)), None);
        }
        assert!(revisions.registered("shop:5", &document(4)).is_some());
    }
}
