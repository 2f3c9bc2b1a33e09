//! What the world does to its surroundings: events for EventBridge and invocations of functions.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{World, call::Place};

/// Something that happened and that others have to deliver.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// An EventBridge event, whole, for the default bus of the account it names.
    Emit(Value),
    /// CodeDeploy or ECS invoke a function as a lifecycle hook.
    Invoke {
        /// Account whose function it is.
        account: String,
        /// Region whose function it is.
        region: String,
        /// Name or ARN, as configured.
        function: String,
        /// The function's input.
        payload: Value,
        /// `None`: asynchronous, nobody waits for the answer. `Some`: the answer goes to
        /// [`World::function_answered`] with this token.
        token: Option<u64>,
    },
}

impl World {
    /// Emits an event in the envelope that EventBridge gives to AWS services' events.
    pub(crate) fn emit(
        &mut self,
        place: &Place,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: Value,
    ) {
        let event = json!({
            "version": "0",
            "id": self.ids.uuid(),
            "detail-type": detail_type,
            "source": source,
            "account": place.account,
            "time": iso(self.now),
            "region": place.region,
            "resources": resources,
            "detail": detail,
        });
        self.effects.push(Effect::Emit(event));
    }
}

/// The envelope's `time`: whole seconds.
pub(crate) fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Times within the detail of events: milliseconds.
pub(crate) fn iso_millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
