//! `towpath rollback`, `hold`, `release-hold`, `veto` and `lift-veto`, and what `status` and
//! `audit` say of them.
