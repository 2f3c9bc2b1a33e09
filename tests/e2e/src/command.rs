//! The command line, as somebody runs it beside the deployer.

use serde_json::Value;

use crate::lab::Error;
use crate::terminal::towpath;
use crate::world::World;

impl World {
    /// What a command of `towpath` prints, and its exit code.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn towpath(&self, arguments: &[&str]) -> Result<(i32, String), Error> {
        towpath(self, arguments).await
    }

    /// What a command that succeeds answers to a program.
    ///
    /// # Errors
    /// When it does not succeed.
    pub async fn ordered(&self, arguments: &[&str]) -> Result<Value, Error> {
        let (code, printed) = self
            .towpath(&[arguments, &["--output", "json"]].concat())
            .await?;
        let answer = serde_json::from_str(&printed).ok().filter(|_| code == 0);
        answer.ok_or_else(|| Error::Story(format!("towpath {arguments:?}: {code}: {printed}")))
    }
}
