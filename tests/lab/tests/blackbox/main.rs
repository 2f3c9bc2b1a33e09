//! The lab as its clients see it: the real binary, a real moto, real processes as functions.

mod accounts;
mod events;
mod gateway;
mod harness;
mod iam;
mod lambda;
mod lists;
mod process;
mod shop;
mod slack;
mod story;
mod streams;
