//! The command line, as somebody runs it beside the deployer.

use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use crate::account::TOOLS;
use crate::lab::Error;
use crate::world::World;

impl World {
    /// What a command of `towpath` prints, and its exit code.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn towpath(&self, arguments: &[&str]) -> Result<(i32, String), Error> {
        let failed =
            |error: std::io::Error| Error::Story(format!("towpath {arguments:?}: {error}"));
        let own = std::env::current_exe().map_err(failed)?;
        let programs = own.ancestors().nth(2).map(PathBuf::from);
        let output = Command::new(programs.unwrap_or_default().join("towpath"))
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.lab.url())
            .env("AWS_ACCESS_KEY_ID", "AKIAADMINISTRATOR000")
            .env("AWS_SECRET_ACCESS_KEY", "none")
            .env("AWS_REGION", TOOLS.region)
            .env("NO_COLOR", "1")
            .output()
            .await
            .map_err(failed)?;
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        Ok((output.status.code().unwrap_or(-1), printed))
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
