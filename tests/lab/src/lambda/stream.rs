//! The event source mapping from the ledger table's stream to functions.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
//!
//! As with a parallelization factor on AWS, a partition key always goes the same lane; a lane
//! works off its records in order, lanes work side by side. A lane that waits for its next
//! attempt holds back its own records only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::function::Function;
use super::stream_batch::{self, Slice};
use crate::description::Stream;
use crate::events::pattern::Pattern;
use crate::gateway::dynamodb::Change;
use crate::lab::Lab;
use crate::lock::lock;
use crate::timers::Wake;

/// One record of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The record as functions get it.
    pub(crate) body: Value,
    /// Its sequence number.
    pub(crate) sequence: String,
    pub(crate) written: Timestamp,
}

/// All mappings of the table's stream.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    mappings: OnceLock<Vec<Mapping>>,
    /// The stream's ARN, known once the table is there.
    pub(crate) arn: OnceLock<String>,
    next_sequence: Mutex<u64>,
}

/// A function fed from the stream.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) function: Arc<Function>,
    /// How it is fed.
    pub(crate) config: Stream,
    filters: Vec<Pattern>,
    lanes: Vec<Mutex<Lane>>,
}

/// Records that have to stay in order.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Record>,
    /// What was taken and is not done yet, in order.
    taken: VecDeque<Slice>,
    /// Whether somebody works at it or a timer waits for it.
    engaged: bool,
}

impl Mapping {
    /// A mapping to `function`.
    pub(crate) fn new(function: Arc<Function>, config: Stream, filters: Vec<Pattern>) -> Self {
        let lanes = config.parallelization_factor.clamp(1, 10);
        Self {
            function,
            config,
            filters,
            lanes: (0..lanes).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Streams {
    /// Sets the mappings, once.
    pub(crate) fn map(&self, mappings: Vec<Mapping>) {
        if self.mappings.set(mappings).is_err() {
            tracing::error!("the stream was mapped twice; the first mapping stays");
        }
    }

    /// Whether any function is fed from the stream.
    pub(crate) fn is_mapped(&self) -> bool {
        self.mappings
            .get()
            .is_some_and(|mappings| !mappings.is_empty())
    }

    /// The mapping of an index.
    pub(crate) fn mapping(&self, index: usize) -> Option<&Mapping> {
        self.mappings.get()?.get(index)
    }

    fn sequence(&self) -> String {
        let mut next = lock(&self.next_sequence);
        *next += 1;
        // 21 digits, as DynamoDB's are.
        format!(
            "{:021}",
            100_000_000_000_000_000_000_u128 + u128::from(*next)
        )
    }
}

/// Turns the changes of one write into records and hands them to the mappings.
pub(crate) fn record(lab: &Arc<Lab>, changes: Vec<Change>) {
    for change in changes {
        let record = to_record(lab, &change);
        let mappings = lab.streams.mappings.get().map_or(&[][..], Vec::as_slice);
        for (index, mapping) in mappings.iter().enumerate() {
            let taken = mapping.filters.is_empty()
                || mapping
                    .filters
                    .iter()
                    .any(|filter| filter.matches(&record.body));
            if taken {
                push(lab, index, mapping, &change.keys, record.clone());
            }
        }
    }
}

fn to_record(lab: &Lab, change: &Change) -> Record {
    let now = lab.clock.now();
    let kind = match (&change.before, &change.after) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "MODIFY",
        (Some(_), None) => "REMOVE",
    };
    let view = lab.description.table.stream_view_type.as_str();
    let sequence = lab.streams.sequence();
    let mut dynamodb = json!({
        "ApproximateCreationDateTime": now.as_second(),
        "Keys": change.keys,
        "SequenceNumber": sequence,
        "StreamViewType": view,
    });
    if let (Some(image), "NEW_IMAGE" | "NEW_AND_OLD_IMAGES") = (&change.after, view) {
        dynamodb["NewImage"] = image.clone();
    }
    if let (Some(image), "OLD_IMAGE" | "NEW_AND_OLD_IMAGES") = (&change.before, view) {
        dynamodb["OldImage"] = image.clone();
    }
    dynamodb["SizeBytes"] = json!(dynamodb.to_string().len());
    let body = json!({
        "eventID": lab.ids.uuid().replace('-', ""),
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": lab.settings.region,
        "dynamodb": dynamodb,
        "eventSourceARN": lab.streams.arn.get(),
    });
    Record {
        body,
        sequence,
        written: now,
    }
}

fn push(lab: &Arc<Lab>, index: usize, mapping: &Mapping, keys: &Value, record: Record) {
    let hash = Sha256::digest(keys["pk"].to_string());
    let number = usize::from(hash[0]) % mapping.lanes.len();
    let Some(lane) = mapping.lanes.get(number) else {
        return;
    };
    let mut lane = lock(lane);
    lane.waiting.push_back(record);
    if !lane.engaged {
        lane.engaged = true;
        drop(lane);
        work(lab, index, number);
    }
}

/// Works a lane off in the background, until it is empty or has to wait for another attempt.
pub(crate) fn work(lab: &Arc<Lab>, index: usize, number: usize) {
    let busy = lab.activity.begin(format!("stream lane {number}"));
    let lab = Arc::clone(lab);
    tokio::spawn(async move {
        work_off(&lab, index, number).await;
        drop(busy);
    });
}

async fn work_off(lab: &Arc<Lab>, index: usize, number: usize) {
    let Some(mapping) = lab.streams.mapping(index) else {
        return;
    };
    let Some(lane) = mapping.lanes.get(number) else {
        return;
    };
    loop {
        let slice = {
            let mut lane = lock(lane);
            if lane.taken.is_empty() {
                let size = mapping.config.batch_size.max(1).min(lane.waiting.len());
                let records: Vec<Record> = lane.waiting.drain(..size).collect();
                if !records.is_empty() {
                    lane.taken.push_back(Slice::new(records));
                }
            }
            match lane.taken.pop_front() {
                Some(slice) => slice,
                None => {
                    lane.engaged = false;
                    return;
                }
            }
        };
        let rest = stream_batch::attempt(lab, mapping, slice).await;
        if rest.slices.is_empty() {
            continue;
        }
        let mut lane = lock(lane);
        for slice in rest.slices.into_iter().rev() {
            lane.taken.push_front(slice);
        }
        drop(lane);
        if let Some(wait) = rest.wait {
            let due = lab.clock.now() + wait;
            let wake = Wake::Lane {
                mapping: index,
                lane: number,
            };
            lab.timers.add(due, wake);
            return;
        }
    }
}
