//! The lab as a process: how it starts, and what is left when it ends.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::Lab;

/// Ids of the processes whose parent is `pid`.
fn children(pid: u32) -> Vec<u32> {
    let task = format!("/proc/{pid}/task");
    let threads = std::fs::read_dir(task).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Ids of the processes that write their output to a file.
fn writers(log: &Path) -> Vec<u32> {
    let log = log.canonicalize().expect("a log");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| std::fs::read_link(process.path().join("fd/1")).is_ok_and(|to| to == log))
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}

fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find(|line| line.starts_with("State:"));
    // A process that nobody has waited for yet has ended all the same.
    state.is_some_and(|state| !state.contains('Z'))
}

#[tokio::test]
async fn nothing_is_left_over_however_the_lab_ends() {
    if !Path::new("/proc/self/task").exists() {
        eprintln!("skipped: this system does not list processes under /proc");
        return;
    }
    for signal in ["-TERM", "-INT", "-KILL"] {
        let mut lab = Lab::start();
        lab.invoke("lab-echo", "RequestResponse", json!({})).await;
        let mut children = children(lab.pid());
        assert_eq!(children.len(), 1, "a function");
        // A warm server's fork is that one's child, and ends all the same.
        children.extend(writers(&lab.dir.path().join("logs/moto.log")));
        assert_eq!(children.len(), 2, "moto and a function");
        lab.end(signal);
        let deadline = Instant::now() + Duration::from_secs(10);
        while children.iter().any(|&child| runs(child)) {
            assert!(
                Instant::now() < deadline,
                "{signal}: {children:?} are still there"
            );
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn time_passes_by_itself_at_the_speed_that_was_set() {
    let lab = Lab::start_with(&["--speed", "6000"]);
    let deadline = Instant::now() + Duration::from_secs(30);
    // Five virtual minutes are 50 real milliseconds.
    while lab.received("lab-echo").len() < 3 {
        assert!(Instant::now() < deadline, "the schedule does not fire");
        tokio::task::yield_now().await;
    }
    lab.tell("clock/speed", json!({ "speed": 0 })).await;
    lab.idle().await;
    let now = lab.look("clock").await["now"].clone();
    assert_eq!(lab.look("clock").await["now"], now);
}

#[test]
fn what_is_missing_is_named_when_the_lab_cannot_start() {
    let lab = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_towpath-lab");
        let output = Command::new(program)
            .arg("serve")
            .args(arguments)
            .output()
            .expect("it runs");
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).expect("text")
    };
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/blackbox/functions.json");
    let port = ["--port", "0"];
    let missing = lab(&[&port[..], &["--functions-json", "/nowhere.json"]].concat());
    assert!(
        missing.contains("/nowhere.json") && missing.contains("--functions-json"),
        "{missing}"
    );
    let moto = lab(&[&port[..], &["--functions-json", here, "--moto", "/nowhere"]].concat());
    assert!(
        moto.contains("pip install") && moto.contains("--moto"),
        "{moto}"
    );
    let speed = lab(&["--speed=-1"]);
    assert!(speed.contains("virtual seconds"), "{speed}");
}
