//! The adapters against a web server that answers what a test tells it to: what goes over the wire,
//! and what each way of failing is taken for.

#[path = "../support/mod.rs"]
mod support;

mod checks;
mod codedeploy;
mod deadline;
mod ecs;
mod failures;
mod ledger;
mod read;
mod readers;
mod roles;
mod sent;
mod service_deployments;

mod slack;
mod started_by;
mod values;
