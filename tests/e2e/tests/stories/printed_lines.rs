//! What is printed for people to paste works as it is printed, in a shell that knows nothing.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use towpath_e2e::shell::{paste, surroundings};
use towpath_e2e::terminal::towpath;
use towpath_e2e::{APPROVER, Error, World};

/// The longest that everything pasted may take together.
const PATIENCE: Duration = Duration::from_secs(240);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program that was built beside this test.
fn built(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let programs = own.ancestors().nth(2).map(PathBuf::from);
    programs.unwrap_or_default().join(name)
}

/// A file's blocks in a language.
fn blocks(file: &str, language: &str) -> Result<Vec<String>, Error> {
    let text = std::fs::read_to_string(root().join(file)).map_err(broken)?;
    let fence = format!("```{language}\n");
    let blocks: Vec<_> = text
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| block.to_owned())
        .collect();
    assert!(!blocks.is_empty(), "{file} has no {language} block");
    Ok(blocks)
}

fn broken(error: std::io::Error) -> Error {
    Error::Story(error.to_string())
}

/// A program that prints, and that is ended as with Ctrl-C, which a terminal sends to it and to what it
/// has started in its group.
struct Running {
    child: std::process::Child,
    printed: std::sync::mpsc::Receiver<String>,
    errors: tempfile::NamedTempFile,
}

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Result<Self, Error> {
        let errors = tempfile::NamedTempFile::new().map_err(broken)?;
        let mut child = std::process::Command::new(built(program))
            .args(arguments)
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.reopen().map_err(broken)?)
            .process_group(0)
            .spawn()
            .map_err(broken)?;
        let (sender, printed) = std::sync::mpsc::channel();
        let stdout = child.stdout.take();
        std::thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(|it| BufReader::new(it).lines());
            // Nobody listens any more when the test is over.
            let _ = lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line));
        });
        Ok(Self {
            child,
            printed,
            errors,
        })
    }

    fn line(&self) -> Result<String, Error> {
        let line = self.printed.recv_timeout(PATIENCE);
        line.map_err(|error| Error::Story(format!("the lab prints no more: {error}")))
    }

    /// Sends a signal to the program alone, as `kill` does: whether it ended well. Everything that it
    /// had started, and that was started by that, is to be gone then.
    fn told(mut self, signal: &str) -> Result<(bool, Vec<u32>), Error> {
        let started = descendants(self.child.id());
        assert!(
            started.len() > 2,
            "the lab, moto and functions: {started:?}"
        );
        let pid = self.child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        let sent = kill.args([signal, &pid]).status().map_err(broken)?;
        assert!(sent.success());
        let ended = self.child.wait().map_err(broken)?;
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        let mut left = started;
        while !left.is_empty() && std::time::Instant::now() < deadline {
            left.retain(|&pid| is_running(pid));
            std::thread::yield_now();
        }
        Ok((ended.success(), left))
    }

    /// Presses Ctrl-C: whether it ended well, and what it said on its standard error.
    fn interrupted(mut self) -> Result<(bool, String), Error> {
        let ended = self.interrupt()?;
        let said = std::fs::read_to_string(self.errors.path()).map_err(broken)?;
        Ok((ended.success(), said))
    }

    fn interrupt(&mut self) -> Result<std::process::ExitStatus, Error> {
        let group = format!("-{}", self.child.id());
        // What it has started ends with it, which it has to be left the time for.
        let asked = std::process::Command::new("kill")
            .args(["-INT", "--", &group])
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        self.child.wait().map_err(broken)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.interrupt();
        }
    }
}

/// Whether the kernel lists what a thread has started (`CONFIG_PROC_CHILDREN`).
/// <https://man7.org/linux/man-pages/man5/proc_tid_children.5.html>
fn lists_children() -> bool {
    let threads = std::fs::read_dir("/proc/self/task");
    let mut threads = threads.into_iter().flatten().flatten();
    threads.any(|it| it.path().join("children").exists())
}

/// The processes that one has started, and those that they have.
fn descendants(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let lists = threads.into_iter().flatten().flatten();
    let lists = lists.filter_map(|it| std::fs::read_to_string(it.path().join("children")).ok());
    let mut found = Vec::new();
    for child in lists.flat_map(|list| {
        let ids = list.split_whitespace().filter_map(|id| id.parse().ok());
        ids.collect::<Vec<u32>>()
    }) {
        found.push(child);
        found.extend(descendants(child));
    }
    found
}

/// Whether it runs; one that nobody has waited for yet does not.
fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find(|line| line.starts_with("State:"));
    state.is_some_and(|state| !state.contains('Z'))
}

#[tokio::test]
async fn nothing_is_left_when_make_lab_is_ended_by_kill() -> Result<(), Error> {
    if !lists_children() {
        eprintln!("skipped: this system does not list a process's children under /proc");
        return Ok(());
    }
    for signal in ["-TERM", "-HUP"] {
        let lab = Running::start("towpath-demo", &["--keep", "--speed", "60"])?;
        while lab.line()? != "Ctrl-C ends the lab." {}
        let (ended_well, left) = lab.told(signal)?;
        assert!(left.is_empty(), "{signal}: {left:?} still run");
        assert!(ended_well, "{signal}");
    }
    // Before it is up.
    let lab = Running::start("towpath-demo", &["--keep", "--speed", "60"])?;
    assert!(lab.line()?.starts_with("Starting"));
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while descendants(lab.child.id()).len() <= 2 {
        assert!(
            std::time::Instant::now() < deadline,
            "the lab, moto and functions are not begun within a minute"
        );
        std::thread::yield_now();
    }
    let (ended_well, left) = lab.told("-TERM")?;
    assert!(!ended_well && left.is_empty(), "{left:?} still run");
    Ok(())
}

#[tokio::test]
async fn what_make_lab_prints_and_the_readme_after_it_can_be_pasted() -> Result<(), Error> {
    let lab = Running::start("towpath-demo", &["--keep", "--speed", "60"])?;
    let mut block = None::<String>;
    loop {
        let line = lab.line()?;
        match &mut block {
            Some(_) if line == "Ctrl-C ends the lab." => break,
            Some(block) => block.push_str(&format!("{line}\n")),
            None if line.ends_with("Paste this into another shell:") => block = Some(String::new()),
            None => {}
        }
    }
    let block = block.unwrap_or_default();
    let readme = blocks("README.md", "sh")?.concat();
    let (printed, failed) = paste(&format!("{block}{readme}"), &root()).await?;
    // For `towpath`, 1 is an answer: it would change something, or something is not as it should be.
    let failed = failed
        .iter()
        .filter(|(code, line)| !(*code == 1 && line.starts_with("towpath ")));
    let failed: Vec<_> = failed.collect();
    assert!(failed.is_empty(), "{failed:?}\n{printed}");
    for told in [
        "arn:aws:ecs:eu-central-1:111111111111:cluster/production",
        "/111111111111/towpath-advance-dead-letters",
        "shop-api takes 3f2c1ab",
        "shop-api refuses latest",
        "to production (production/shop-api, codedeploy)",
    ] {
        assert!(printed.contains(told), "{told} is not in\n{printed}");
    }
    let (ended, said) = lab.interrupted()?;
    assert!(ended, "{said}");
    assert!(!said.contains("Traceback"), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_labs_readme_works_as_it_is_printed() -> Result<(), Error> {
    let readme = std::fs::read_to_string(root().join("tests/lab/README.md")).map_err(broken)?;
    let start = readme
        .lines()
        .find(|line| line.starts_with("target/debug/towpath-lab serve"));
    let start = start.ok_or_else(|| Error::Story("it does not say how to start".into()))?;
    // Any free port: 4566 may be taken.
    let start = start.replace("4566", "0");
    let arguments: Vec<&str> = start.split_whitespace().skip(1).collect();
    let lab = Running::start("towpath-lab", &arguments)?;
    let ready = lab.line()?;
    let url = ready.strip_prefix("lab ready ").unwrap_or_default();

    let shell = blocks("tests/lab/README.md", "sh")?.concat();
    let python = blocks("tests/lab/README.md", "python")?.concat();
    let folder = tempfile::tempdir().map_err(broken)?;
    let program = folder.path().join("printed.py");
    let led = |text: &str| text.replace("http://127.0.0.1:4566", url);
    std::fs::write(&program, led(&python)).map_err(broken)?;
    let pasted = format!("{}python3 {}\n", led(&shell), program.display());
    let (printed, failed) = paste(&pasted, &root()).await?;
    assert!(failed.is_empty(), "{failed:?}\n{printed}");
    assert!(printed.contains("\"imageTags\""), "{printed}");
    assert!(printed.contains("'fired'"), "{printed}");
    drop(lab);
    Ok(())
}

#[tokio::test]
async fn a_speed_that_tells_no_story_is_refused_with_those_that_do() -> Result<(), Error> {
    for (arguments, help) in [
        (&["--speed=NaN"][..], "from 1 to 240"),
        (&["--speed=inf", "--keep"], "from 1 to 240"),
        (&["--speed", "-1"], "from 1 to 240"),
        (&["--speed", "1e12"], "from 1 to 240"),
        (&["--speed", "0.001"], "from 1 to 240"),
        (&["--speed", "fast"], "from 1 to 240"),
        (&["--speed", ""], "from 1 to 240"),
        (&["--speed", "0"], "or --keep"),
    ] {
        let mut command = Command::new(built("towpath-demo"));
        let told = command.args(arguments).kill_on_drop(true).output();
        let told = tokio::time::timeout(Duration::from_secs(20), told).await;
        let told = told.map_err(|_late| Error::Story(format!("{arguments:?} hangs")))?;
        let told = told.map_err(broken)?;
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(help), "{arguments:?}: {text}");
        assert!(!text.contains("serve"), "another program's usage: {text}");
    }
    Ok(())
}

/// The lines of a command's help that are examples, each whole.
fn examples(help: &str) -> Vec<String> {
    let after = help.split("Example").nth(1).unwrap_or_default();
    let lines = after
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    let mut whole: Vec<String> = Vec::new();
    for line in lines {
        match whole.last_mut() {
            Some(begun) if begun.ends_with('\\') => {
                begun.pop();
                begun.push_str(line.trim());
            }
            Some(_) | None => whole.push(line.trim().to_owned()),
        }
    }
    whole
}

#[tokio::test]
async fn the_examples_of_the_help_work_as_they_are_printed() -> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    world.click("3f2c1ab", "towpath_approve", APPROVER).await?;
    world.ended("3f2c1ab").await?;
    let release = world.release("3f2c1ab").await?.id;

    let folder = tempfile::tempdir().map_err(broken)?;
    let there = folder.path();
    std::fs::create_dir(there.join("deploy")).map_err(broken)?;
    let pipeline = world.shop.pipeline().to_string();
    std::fs::write(there.join("deploy/shop-api.yaml"), pipeline).map_err(broken)?;
    let definition = serde_json::json!({ "taskDefinition": "shop-api-production" });
    let definition = world
        .lab
        .aws("ecs", "DescribeTaskDefinition", &definition)
        .await?;
    for name in ["taskdef.json", "before.json", "after.json"] {
        std::fs::write(there.join(name), definition.to_string()).map_err(broken)?;
    }
    let mut script = surroundings(&world.lab)?;
    let mut tried = 0;
    for verb in [
        "lint",
        "schema",
        "explain",
        "apply",
        "plan",
        "status",
        "doctor",
        "history",
        "audit",
        "hold",
        "release-hold",
        "veto",
        "lift-veto",
        "render",
        "diff",
    ] {
        let (_, help) = towpath(&world, &[verb, "--help"]).await?;
        for example in examples(&help) {
            // What is somebody's own is named as it is here.
            let example = example
                .replace("shop-api-0123456789abcdef", &release)
                .replace("shop/api", "shop-api")
                .replace(
                    "sha256:139b26d7e7f268d0d78e696d1addce9acf30935aa8f44d186dbc15d0abe2eb45",
                    &digest,
                )
                .replace(
                    "--task-definition shop-api ",
                    "--task-definition shop-api-production ",
                )
                .replace(" --in 222222222222=production-readonly", "");
            script.push_str(&format!("set -o pipefail; {example}\n"));
            tried += 1;
        }
    }
    assert!(tried > 25, "{tried}");
    let (printed, failed) = paste(&script, there).await?;
    // 1 is an answer: it would change, it is not taken.
    let failed: Vec<_> = failed.iter().filter(|(code, _)| *code != 1).collect();
    assert!(failed.is_empty(), "{failed:?}\n{printed}");
    Ok(())
}

/// A link to nowhere is no missing package, and is not told as one.
#[test]
fn what_keeps_the_labs_environment_from_being_made_is_told() -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(broken)?;
    let link = folder.path().join(".venv");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).map_err(broken)?;
    let script = root().join("scripts/venv");
    let mut venv = std::process::Command::new(script);
    let told = venv.arg(&link).output().map_err(broken)?;
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success());
    assert!(
        text.contains("is a link or a file") && text.contains("remove it"),
        "{text}"
    );
    assert!(!text.contains("apt-get"), "{text}");
    Ok(())
}
