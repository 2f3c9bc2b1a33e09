//! A shell that knows nothing, and lines that are pasted into it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::lab::{Error, Lab, binaries, workspace};

/// The longest that everything pasted may take together.
const PATIENCE: Duration = Duration::from_secs(240);

/// The lines that lead every AWS client and `towpath` itself to the lab, whatever profile or proxy
/// there is besides. Version 1 of awscli has names of its own for SQS and a few others, which it sets
/// over `AWS_ENDPOINT_URL` unless `--endpoint-url` is given:
/// <https://github.com/aws/aws-cli/blob/develop/awscli/customizations/overridesslcommonname.py>
///
/// # Errors
/// When the folder that this was built in is gone.
pub fn surroundings(lab: &Lab) -> Result<String, Error> {
    let url = lab.url();
    let root = workspace().canonicalize().map_err(broken)?;
    let (root, programs, logs) = (root.display(), binaries(), lab.logs().display());
    Ok(format!(
        r#"unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN
export AWS_ENDPOINT_URL={url} AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
export AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_PAGER=
export SLACK_API_URL={url}/slack/api TOWPATH_CLOCK_FILE='{logs}/clock.json'
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
export PATH='{}:{root}/.venv/bin':"$PATH"
aws() {{ command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }}
"#,
        programs.display()
    ))
}

/// Pastes lines into a fresh shell that is in this folder: what they print, and the lines that failed
/// with their exit codes.
///
/// # Errors
/// When there is no shell, or it does not end.
pub async fn paste(text: &str, there: &Path) -> Result<(String, Vec<(i32, String)>), Error> {
    let lines: Vec<&str> = text.lines().collect();
    let folder = tempfile::tempdir().map_err(broken)?;
    let failures = folder.path().join("failures");
    let mut script = String::new();
    for (number, line) in lines.iter().enumerate() {
        script.push_str(line);
        if !line.trim().is_empty() {
            let code = "code=$?; [ $code = 0 ] || echo";
            let file = failures.display();
            script.push_str(&format!("\n{code} \"$code {number}\" >> {file}"));
        }
        script.push('\n');
    }
    let pasted = folder.path().join("pasted");
    std::fs::write(&pasted, script).map_err(broken)?;
    let shell = Command::new("bash")
        .args(["--noprofile", "--norc"])
        .arg(&pasted)
        .current_dir(there)
        .env_clear()
        .env("HOME", folder.path())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(broken)?;
    let output = tokio::time::timeout(PATIENCE, shell.wait_with_output()).await;
    let output = output
        .map_err(|_late| Error::Story("what was pasted does not end".into()))?
        .map_err(broken)?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let failed = std::fs::read_to_string(failures).unwrap_or_default();
    let failed = failed.lines().filter_map(|failure| {
        let (code, number) = failure.split_once(' ')?;
        let line = lines.get(number.parse::<usize>().ok()?)?;
        Some((code.parse().ok()?, (*line).to_owned()))
    });
    Ok((printed, failed.collect()))
}

fn broken(error: std::io::Error) -> Error {
    Error::Story(error.to_string())
}
