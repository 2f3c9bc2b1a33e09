//! `make demo` and `make lab`: Towpath's main stories, told live on this machine.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{CommandFactory as _, Parser};
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use towpath_e2e::pasted::to_paste;
use towpath_e2e::{APPROVER, CHANNEL, Error, Lab, Narrator, Options, Shop, running};

/// Tells Towpath's main stories on this machine: real function binaries, AWS simulated.
#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// Tell nothing; keep the lab running with the example in it, to try things out.
    #[arg(long)]
    keep: bool,
    /// The port of the lab with `--keep`; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Virtual seconds per real second, from 1 to 240; with `--keep` also 0, at which time moves
    /// only when the lab is told to.
    #[arg(long, default_value_t = 60.0, value_parser = speed, allow_negative_numbers = true)]
    speed: f64,
}

/// The fastest that is of use. Slack's signatures are good for five minutes, which pass in little
/// more than a second, and a function that starts takes a part of that.
const FASTEST: f64 = 240.0;

/// What is told, in this order; the README shows it.
const CHAPTERS: [&str; 4] = [
    "1. A good image, tagged with its commit, is pushed.",
    "2. A bad image is pushed: its green answers 500 at the test listener. The rolling service in test\n   \
     has no such listener, so nothing stops it there, and it serves. Staging stops it.",
    "3. Somebody pushes `latest`.",
    "What runs where, asked of ECS and CodeDeploy:",
];

/// What is pushed in each of the first three.
const PUSHES: [&str; 3] = [
    "docker push shop-api:3f2c1ab",
    "docker push shop-api:badbad1",
    "docker push shop-api:latest",
];

/// How the first is approved.
const CLICKS: &str = "click Approve, as the approver that the pipeline names";

/// The longest that one step of a story may take, in real time; its canary takes five virtual
/// minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest in virtual time, where that is more.
const VIRTUAL_PATIENCE: Duration = Duration::from_secs(20 * 60);

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed == 0.0 || (1.0..=FASTEST).contains(&speed) => Ok(speed),
        Ok(_) | Err(_) => Err(format!(
            "use a number of virtual seconds per real second from 1 to {FASTEST}, or 0 with --keep"
        )),
    }
}

impl Arguments {
    /// What was given, if it makes sense together.
    fn checked() -> Self {
        let arguments = Self::parse();
        if arguments.speed == 0.0 && !arguments.keep {
            let problem = "at speed 0 no story goes on: give a speed from 1 to 240, or --keep";
            let kind = clap::error::ErrorKind::ArgumentConflict;
            Self::command().error(kind, problem).exit();
        }
        arguments
    }

    /// The longest that one step of a story may take, in real time.
    fn patience(&self) -> Duration {
        PATIENCE.max(VIRTUAL_PATIENCE.div_f64(self.speed.max(1.0)))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::checked();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let told = runtime
        .map_err(|error| Error::Story(error.to_string()))
        .and_then(|runtime| runtime.block_on(run(&arguments)));
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("towpath-demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<bool, Error> {
    let started = Instant::now();
    let mut end = End::listen()?;
    println!("Starting AWS on this machine (the lab) …");
    let options = Options {
        speed: arguments.speed,
        port: arguments.port,
        ..Options::default()
    };
    let lab = tokio::select! {
        lab = Lab::start(&options) => lab?,
        () = end.asked() => return Ok(false),
    };
    let outcome = tokio::select! {
        outcome = stories(&lab, arguments, started) => outcome,
        // Whoever keeps a lab ends it so.
        () = end.asked() => Ok(arguments.keep),
    };
    if outcome.is_err() {
        eprintln!("the lab's log was in {}", lab.logs().display());
    }
    lab.stop().await;
    outcome
}

/// What asks a program to end. None of it ends this one before the lab has ended with everything that
/// it started.
struct End {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl End {
    fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(|error| Error::Story(error.to_string()));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

async fn stories(lab: &Lab, arguments: &Arguments, started: Instant) -> Result<bool, Error> {
    let shop = Shop::set_up(lab).await?;
    wait_for_first_image(lab, &shop).await?;
    if arguments.keep {
        keep(lab, &shop).await
    } else {
        tell(lab, &shop, started, arguments.patience()).await
    }
}

async fn wait_for_first_image(lab: &Lab, shop: &Shop) -> Result<(), Error> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let mut ready = true;
        for stage in &shop.stages {
            ready &= running(lab, stage).await? == [shop.initial.clone()];
        }
        if ready {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Error::Story("the example's services did not start".into()))
}

async fn tell(lab: &Lab, shop: &Shop, started: Instant, patience: Duration) -> Result<bool, Error> {
    println!(
        "A team runs {} in three ECS services: test (rolling), staging and production (CodeDeploy\n\
         blue/green, production behind an approval). The functions are the real binaries; time runs\n\
         {}× as fast.",
        Shop::NAME,
        lab.get("clock").await?["speed"]
    );
    let mut narrator = Narrator::new(lab, std::io::stdout().is_terminal()).await?;

    narrator.chapter(CHAPTERS[0]);
    narrator.person(PUSHES[0]).await?;
    let good = push(lab, "3f2c1ab", "healthy").await?;
    narrator
        .until(patience, "approval is asked for", async || {
            is_asked_for(lab, "3f2c1ab").await
        })
        .await?;
    narrator.person(CLICKS).await?;
    click(lab, "3f2c1ab", "towpath_approve", APPROVER).await?;
    narrator
        .until(patience, "3f2c1ab ends", async || {
            has_ended(lab, "3f2c1ab").await
        })
        .await?;

    narrator.chapter(CHAPTERS[1]);
    narrator.person(PUSHES[1]).await?;
    let bad = push(lab, "badbad1", "unhealthy-green").await?;
    narrator
        .until(patience, "badbad1 ends", async || {
            has_ended(lab, "badbad1").await
        })
        .await?;

    narrator.chapter(CHAPTERS[2]);
    narrator.person(PUSHES[2]).await?;
    push(lab, "latest", "healthy").await?;
    narrator
        .until(patience, "people are told of latest", async || {
            Ok(card(lab, "latest").await?.is_some())
        })
        .await?;

    narrator.chapter(CHAPTERS[3]);
    let right = report(lab, shop, &good, &bad).await?;
    println!(
        "\n{} in {} s.",
        if right {
            "As it should be, told"
        } else {
            "NOT as it should be, told"
        },
        started.elapsed().as_secs()
    );
    Ok(right)
}

/// Shows what runs, and says whether it is what should run.
async fn report(lab: &Lab, shop: &Shop, good: &str, bad: &str) -> Result<bool, Error> {
    let mut right = true;
    for stage in &shop.stages {
        let digests = running(lab, stage).await?;
        // The bad image passed the test stage, whose service has no test listener to fail it at.
        let wanted = if stage.name == "test" { bad } else { good };
        let expected = digests == [wanted];
        right &= expected;
        let name = match &digests[..] {
            [one] if one == good => "3f2c1ab",
            [one] if one == bad => "badbad1",
            [one] if *one == shop.initial => "the first image",
            _ => "another image",
        };
        let mark = if expected { " " } else { "!" };
        println!(
            "  {mark} {:<11} {name:<16} {}",
            stage.name,
            digests.join(", ")
        );
    }
    let deployments = lab
        .aws(
            "codedeploy",
            "ListDeployments",
            &json!({ "applicationName": Shop::NAME, "deploymentGroupName": "production" }),
        )
        .await?;
    for id in deployments["deployments"].as_array().into_iter().flatten() {
        let info = lab
            .aws(
                "codedeploy",
                "GetDeployment",
                &json!({ "deploymentId": id }),
            )
            .await?;
        let info = &info["deploymentInfo"];
        println!(
            "    production: CodeDeploy {} {} ({})",
            text(&info["deploymentId"]),
            text(&info["status"]),
            text(&info["description"])
        );
        right &= info["status"] == "Succeeded";
    }
    let url = shop.stage("production").url.clone().unwrap_or_default();
    let (status, body) = lab.visit(&format!("{url}/")).await?;
    println!("    production answers {status}: {body}");
    Ok(right && status == 200 && body.contains(good))
}

async fn keep(lab: &Lab, shop: &Shop) -> Result<bool, Error> {
    println!(
        "\nThe lab runs at {}. Paste this into another shell:\n\n{}\nCtrl-C ends the lab.",
        lab.url(),
        to_paste(lab, shop)?
    );
    std::future::pending().await
}

async fn push(lab: &Lab, tag: &str, behaviour: &str) -> Result<String, Error> {
    let push = json!({ "repository": Shop::NAME, "tag": tag, "behaviour": behaviour });
    Ok(text(&lab.post("push", &push).await?["digest"]).to_owned())
}

/// The message in the channel that names the tag: its release's card, or that there is none.
async fn card(lab: &Lab, tag: &str) -> Result<Option<Value>, Error> {
    let messages = lab.get("slack/messages").await?;
    let found = messages["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|message| {
            message["channel"] == CHANNEL
                && message["thread_ts"].is_null()
                && text(&message["text"]).contains(tag)
        });
    Ok(found.cloned())
}

/// Whether the card has its button, and the thread says what waits: they come one after the other.
async fn is_asked_for(lab: &Lab, tag: &str) -> Result<bool, Error> {
    let Some(card) = card(lab, tag).await? else {
        return Ok(false);
    };
    let messages = lab.get("slack/messages").await?;
    let mut messages = messages["messages"].as_array().into_iter().flatten();
    let is_said = messages.any(|message| {
        message["thread_ts"] == card["ts"] && text(&message["text"]).contains("waits for approval")
    });
    Ok(is_said && card["blocks"].to_string().contains("towpath_approve"))
}

async fn click(lab: &Lab, tag: &str, action: &str, user: &str) -> Result<(), Error> {
    let card = card(lab, tag)
        .await?
        .ok_or_else(|| Error::Story(format!("{tag} has no card")))?;
    let click = json!({ "channel": CHANNEL, "ts": card["ts"], "action_id": action, "user": user });
    lab.post("slack/click", &click).await?;
    Ok(())
}

/// Whether the ledger's summary says that the release has ended and everybody was told.
async fn has_ended(lab: &Lab, tag: &str) -> Result<bool, Error> {
    let query = json!({ "TableName": "towpath-ledger", "IndexName": "by_pipeline",
        "KeyConditionExpression": "pipeline = :p", "FilterExpression": "tag = :t AND attribute_exists(outcome) AND attribute_not_exists(#open)",
        "ExpressionAttributeNames": { "#open": "open" },
        "ExpressionAttributeValues": { ":p": { "S": Shop::NAME }, ":t": { "S": tag } } });
    let found = lab.aws("dynamodb", "Query", &query).await?;
    Ok(found["Items"]
        .as_array()
        .is_some_and(|items| !items.is_empty()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_what_is_told_in_its_order() {
        let readme = include_str!("../../../../README.md");
        let ask = "*production* waits for approval";
        let told = [
            CHAPTERS[0],
            PUSHES[0],
            ask,
            CLICKS,
            CHAPTERS[1],
            PUSHES[1],
            CHAPTERS[2],
            PUSHES[2],
            CHAPTERS[3],
            "As it should be, told in",
        ];
        let mut rest = readme;
        for line in told {
            let found = rest.split_once(line);
            assert!(
                found.is_some(),
                "README.md does not show, in this place: {line}"
            );
            rest = found.unwrap_or_default().1;
        }
    }
}
