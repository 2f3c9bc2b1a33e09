//! The simulated services, seen from outside: each test sets up a world, does what a client
//! would do, and looks at answers, events and traffic.

mod autoscaling;
mod bench;
mod codedeploy_bench;
mod codedeploy_endings;
mod codedeploy_paths;
mod codedeploy_rules;
mod data_plane;
mod ecr;
mod events;
mod hostile;
mod native;
mod native_hooks;
mod platforms;
mod pulls;
mod rolling;
mod services;
mod task_definitions;
