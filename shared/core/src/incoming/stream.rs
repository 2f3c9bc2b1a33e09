//! What the ledger's DynamoDB stream delivers:
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>.
//!
//! Only the keys are looked at. A record that is to wake nobody is still listed, because a batch is
//! answered record by record.

use serde_json::Value;

use crate::names::{BulletinId, ReleaseId};

/// A change of an item of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// The record's place in its shard, which an answer names to have it delivered again. Empty
    /// where the record has none: an answer with an empty one has the whole batch delivered again.
    pub sequence_number: String,
    /// What was written; `None` for any other change.
    pub about: Option<About>,
}

/// What of the ledger is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A release, whose summary was written.
    Release(ReleaseId),
    /// A release about which a hook function has reported. The report has another partition key than
    /// the release, and so comes beside what is delivered of the release, and not after it.
    Report(ReleaseId),
    Bulletin(BulletinId),
}

/// Reads a batch. What is not understood is about nothing: nothing here fails, since a batch that
/// fails as a whole is delivered again until it expires, and holds up all behind it.
#[must_use]
pub fn read(event: &Value) -> Vec<StreamRecord> {
    let records = event.get("Records").and_then(Value::as_array);
    records
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|record| StreamRecord {
            sequence_number: record
                .pointer("/dynamodb/SequenceNumber")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            about: about(record),
        })
        .collect()
}

fn about(record: &Value) -> Option<About> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    if !matches!(text("/eventName"), Some("INSERT" | "MODIFY")) {
        return None;
    }
    let (kind, id) = text("/dynamodb/Keys/pk/S")?.split_once('#')?;
    match (kind, text("/dynamodb/Keys/sk/S")?) {
        ("RELEASE", "SUMMARY") => id.parse().ok().map(About::Release),
        ("BULLETIN", "BULLETIN") => id.parse().ok().map(About::Bulletin),
        ("HOOK", sort) if sort.starts_with("REPORT#") => {
            let (_account, release) = id.split_once('#')?;
            release.parse().ok().map(About::Report)
        }
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, pk: &str, sk: &str) -> Value {
        json!({
            "eventID": "c4ca4238a0b923820dcc509a6f75849b",
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1",
            "dynamodb": {
                "Keys": { "pk": { "S": pk }, "sk": { "S": sk } },
                "SequenceNumber": "4421584500000000017450439091",
                "SizeBytes": 26,
                "StreamViewType": "KEYS_ONLY"
            },
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:111111111111:table/towpath/stream/2026-01-01T00:00:00.000"
        })
    }

    fn about(name: &str, pk: &str, sk: &str) -> Option<About> {
        let read = read(&json!({ "Records": [record(name, pk, sk)] }));
        let [StreamRecord { about, .. }] = read.as_slice() else {
            panic!("{read:?}");
        };
        about.clone()
    }

    const PK: &str = "RELEASE#shop-api-0123456789abcdef";

    #[test]
    fn a_written_summary_names_its_release() {
        let release = About::Release("shop-api-0123456789abcdef".parse().unwrap());
        assert_eq!(about("INSERT", PK, "SUMMARY"), Some(release.clone()));
        assert_eq!(about("MODIFY", PK, "SUMMARY"), Some(release));
    }

    #[test]
    fn a_bulletin_is_named_by_its_key() {
        let pk = "BULLETIN#tag/shop-api/2026-11-27";
        let bulletin = About::Bulletin("tag/shop-api/2026-11-27".parse().unwrap());
        assert_eq!(about("INSERT", pk, "BULLETIN"), Some(bulletin));
    }

    #[test]
    fn a_hook_function_s_report_names_its_release() {
        let pk = "HOOK#222222222222#shop-api-0123456789abcdef";
        let report = About::Report("shop-api-0123456789abcdef".parse().unwrap());
        assert_eq!(
            about("INSERT", pk, "REPORT#d-1#after_install"),
            Some(report)
        );
    }

    #[test]
    fn other_changes_name_none() {
        for (name, pk, sk) in [
            ("REMOVE", PK, "SUMMARY"),
            ("INSERT", PK, "00000001"),
            ("INSERT", "SERVICE#1/eu-west-1/a/b", "SUMMARY"),
            ("INSERT", "RELEASE#", "SUMMARY"),
            ("INSERT", "RELEASE#Not An Id", "SUMMARY"),
            ("REMOVE", "BULLETIN#tag/a", "BULLETIN"),
            ("INSERT", "BULLETIN#tag/a", "SUMMARY"),
            ("INSERT", "BULLETIN#", "BULLETIN"),
            ("INSERT", "HOOK#222222222222", "REPORT#d-1"),
            (
                "INSERT",
                "HOOK#222222222222#shop-api-0123456789abcdef",
                "SUMMARY",
            ),
        ] {
            assert_eq!(about(name, pk, sk), None, "{name} {pk} {sk}");
        }
    }

    #[test]
    fn each_record_is_listed_in_its_place() {
        let mut second = record("MODIFY", PK, "SUMMARY");
        second["dynamodb"]["SequenceNumber"] = json!("2");
        let batch = json!({ "Records": [{}, second, 7] });
        let numbers: Vec<_> = read(&batch)
            .into_iter()
            .map(|record| (record.sequence_number, record.about.is_some()))
            .collect();
        assert_eq!(
            numbers,
            [
                (String::new(), false),
                ("2".to_owned(), true),
                (String::new(), false)
            ]
        );
    }

    #[test]
    fn what_is_no_batch_has_no_records() {
        for event in [json!(null), json!([]), json!({}), json!({ "Records": {} })] {
            assert_eq!(read(&event), []);
        }
    }
}
