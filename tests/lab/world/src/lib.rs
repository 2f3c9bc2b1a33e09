//! The part of AWS that the lab simulates itself, without any input or output: ECR, ECS,
//! CodeDeploy for ECS and Application Auto Scaling as one deterministic state machine over
//! virtual time.
