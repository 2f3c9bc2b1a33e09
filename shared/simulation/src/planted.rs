//! Defects that are planted, to see that the checks find them. Each is in what the deployer is told by
//! a port, or in what a port does: the deployer's own code is the same.

/// A planted defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// What a call has made is not to be seen when it is looked for, so that it is made again.
    NoAdoption,
    /// Entries are written without the conditions on the service's row.
    NoFence,
    /// That auto scaling was suspended before is not told, so that it is not put back as it was.
    ForgottenScaling,
    /// A deployment that was rolled back is shown as one that was successful.
    RollbackTakenForSuccess,
    /// The clock of the function that takes decisions stands still.
    LateApproval,
    /// Messages are taken and not delivered.
    LostNotice,
    /// The service is shown as it was when it was looked at first, whatever was done to it since.
    StalePlan,
    /// What is registered names the image by its tag.
    ApprovedByTag,
}
