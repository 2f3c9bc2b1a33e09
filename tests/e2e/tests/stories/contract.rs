//! One contract for every rollout engine: the same scenarios, told through the real functions, end
//! in the same named outcomes whichever engine rolls the service out.
//!
//! What a scenario is and how it ends is in `scenario.rs`, what differs between the engines in
//! `engine.rs`. The cells of an engine share one lab: each has a service, a repository and a
//! pipeline of its own, and virtual time moves only while all of them wait.

mod calls;
mod cell;
mod decisions;
mod endings;
mod engine;
mod faults;
mod manual_changes;
mod polls;
mod scenario;
mod service;
mod together;

use towpath_e2e::Error;

use self::engine::Engine;

#[tokio::test]
async fn rolling_keeps_the_contract() -> Result<(), Error> {
    scenario::play_all(Engine::Rolling).await
}

#[tokio::test]
async fn codedeploy_keeps_the_contract() -> Result<(), Error> {
    scenario::play_all(Engine::CodeDeploy).await
}

#[tokio::test]
async fn ecs_keeps_the_contract() -> Result<(), Error> {
    scenario::play_all(Engine::Ecs).await
}
