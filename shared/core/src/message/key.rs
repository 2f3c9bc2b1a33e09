//! What a message is about: it is sent along where a message can be found again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::{BulletinId, ReleaseId};

/// What a message is about. Every app of a workspace may read it, so there is nothing secret in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum MessageKey {
    /// How a release stands.
    Card { release: ReleaseId },
    /// An entry of a release.
    Entry { release: ReleaseId, sequence: u64 },
    /// A bulletin. What a pipeline is stuck at may be another thing later, under the same id.
    Bulletin { bulletin: BulletinId, at: Timestamp },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_read_as_it_was_sent() {
        let release: ReleaseId = "shop-api-0123456789abcdef".parse().expect("an id");
        let keys = [
            MessageKey::Card {
                release: release.clone(),
            },
            MessageKey::Entry {
                release,
                sequence: 12,
            },
            MessageKey::Bulletin {
                bulletin: "tag/shop-api/2026-03-02".parse().expect("an id"),
                at: crate::sample::dawn(),
            },
        ];
        for key in keys {
            let sent = serde_json::to_value(&key).expect("JSON");
            let mut values = sent.as_object().expect("an object").values();
            // Slack takes no deeper payload.
            assert!(values.all(|it| it.is_string() || it.is_u64()), "{sent}");
            assert_eq!(
                serde_json::from_value::<MessageKey>(sent).expect("a key"),
                key
            );
        }
        let other = json!({ "what": "card", "release": "r-1", "and": "more" });
        assert!(serde_json::from_value::<MessageKey>(other).is_err());
    }
}
