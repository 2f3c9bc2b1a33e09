//! Where a stage is: regions that are none, and roles of another partition.

use towpath_taskdef::repeated;

use crate::names::Partition;
use crate::pipeline::Stage;
use crate::pipeline::finding::Found;

pub(super) fn find(stage: &Stage, path: &str, found: &mut Found) {
    if let Some(region) = &stage.region
        && !Partition::has_region(region.as_str())
    {
        let zone = region
            .as_str()
            .trim_end_matches(|c: char| c.is_ascii_lowercase());
        found.add(
            format!("{path}.region"),
            format!("`{}` is no region", repeated(region.as_str())),
            if Partition::has_region(zone) {
                format!("write `{zone}`: a zone is a part of it")
            } else {
                "write its code, such as `eu-west-1`".to_owned()
            },
        );
    }
    if let Some(role) = &stage.role {
        self::role(stage, role.arn.as_str(), path, found);
    }
}

/// A role is assumed in its own partition: credentials of one are good in no other.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
fn role(stage: &Stage, arn: &str, path: &str, found: &mut Found) {
    let own = arn.split(':').nth(1).unwrap_or_default();
    let path = format!("{path}.role.arn");
    let shown = repeated(arn);
    let within = |partition: &str| repeated(&arn.replacen(own, partition, 1));
    let region = stage.region.as_ref().map(|region| region.as_str());
    if Partition::with_id(own).is_none() {
        let meant = region.map_or("aws", |region| Partition::named(region).id);
        found.add(
            path,
            format!("`{shown}` is in another partition than AWS has"),
            format!("write `{}`", within(meant)),
        );
    } else if let Some(region) = region.filter(|region| Partition::has_region(region))
        && let Some(problem) = other_region(arn, region)
    {
        let meant = Partition::named(region).id;
        found.add(
            path,
            format!("`{shown}` {problem}"),
            format!(
                "write `{}`, or a region of its own partition",
                within(meant)
            ),
        );
    }
}

/// Why nothing with that ARN is in a region: it is in another partition.
pub(super) fn other_region(arn: &str, region: &str) -> Option<String> {
    let own = arn.split(':').nth(1)?;
    let partition = Partition::named(region).id;
    (own != partition).then(|| {
        let (own, region) = (repeated(own), repeated(region));
        format!("is in partition `{own}`, and region `{region}` in `{partition}`")
    })
}
