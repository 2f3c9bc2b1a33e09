//! Every text that people see: pure functions of a release or a bulletin, escaped for where they go.

mod asking;
mod bulletin;
mod buttons;
mod channels;
mod describe;
mod escape;
mod key;
mod outgoing;
mod reason;
mod said;

mod state;
mod style;
#[cfg(test)]
mod tests;
mod waiting;

pub use buttons::{APPROVE, ButtonValue, REJECT, ROLL_BACK, RollBackValue};
pub use channels::{
    EntryMessage, bulletin_message, card, double_card, entry_messages, how_to_answer, waits_on_card,
};
pub use describe::{Description, Tone, describe};
pub use escape::{one_line, slack_text};
pub use key::MessageKey;
pub use outgoing::Message;
pub use reason::reason_of;
pub use state::state;
pub use waiting::waiting;
