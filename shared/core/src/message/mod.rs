//! Every text that people see: pure functions of a release or a bulletin, escaped for where they go.

mod asking;
mod bulletin;
mod buttons;
mod channels;
mod describe;
mod email;
mod escape;
mod reason;
mod said;
mod slack;
mod style;
#[cfg(test)]
mod tests;
mod waiting;

pub use bulletin::{bulletin, bulletin_mail};
pub use buttons::{APPROVE, ButtonValue, REJECT, ROLL_BACK, RollBackValue};
pub use channels::{notices, replies};
pub use describe::{Description, Tone, describe};
pub use email::how_to_answer;
pub use escape::{one_line, slack_text};
pub use reason::reason_of;
pub use slack::card;
pub use waiting::waiting;
