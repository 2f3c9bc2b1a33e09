//! Who may do what: the roles' statements, decided as IAM decides.

pub(crate) mod access;
pub(crate) mod conditions;
pub(crate) mod managed_keys;
pub(crate) mod policy;
pub(crate) mod principals;
pub(crate) mod report;
pub(crate) mod resource_policies;
pub(crate) mod resources;
pub(crate) mod roles;
pub(crate) mod simulate;
