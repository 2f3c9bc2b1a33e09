//! Every text that people see: pure functions of a release or a bulletin, escaped for where they go.

mod bulletin;
mod buttons;
mod email;
mod escape;
mod slack;
#[cfg(test)]
mod tests;
mod wording;

pub use bulletin::{bulletin, bulletin_mail};
pub use buttons::{APPROVE, ButtonValue, REJECT, ROLL_BACK, RollBackValue};
pub use email::notice;
pub use escape::{one_line, slack_text};
pub use slack::card;
pub use wording::reply;
