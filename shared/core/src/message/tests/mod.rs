//! What people read in the main situations, that nothing hostile gets through, and that Slack and
//! SNS take all of it.

mod hostile;
mod limits;
mod reasons;
mod situations;
