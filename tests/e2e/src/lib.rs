//! Stories told through the lab.
