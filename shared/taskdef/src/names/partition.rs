//! The partitions of AWS: regions with names, endpoints and ARNs of their own.

use super::Region;

/// A partition, as the SDKs' own table has it:
/// <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// The second part of its ARNs.
    pub id: &'static str,
    /// The end of its endpoints' host names.
    pub suffix: &'static str,
    /// The end of the host names of what it has once for all of its regions.
    pub global_suffix: &'static str,
    /// The region for which calls of that are signed.
    pub global_region: &'static str,
    /// How the names of its regions begin.
    regions: &'static str,
}

const fn partition(
    regions: &'static str,
    id: &'static str,
    suffix: &'static str,
    global_suffix: &'static str,
    global_region: &'static str,
) -> Partition {
    Partition {
        id,
        suffix,
        global_suffix,
        global_region,
        regions,
    }
}

/// The last one is that of everything else.
const ALL: [Partition; 8] = [
    partition(
        "cn-",
        "aws-cn",
        "amazonaws.com.cn",
        "cn-north-1.amazonaws.com.cn",
        "cn-north-1",
    ),
    partition(
        "us-gov-",
        "aws-us-gov",
        "amazonaws.com",
        "us-gov.amazonaws.com",
        "us-gov-west-1",
    ),
    partition(
        "us-iso-",
        "aws-iso",
        "c2s.ic.gov",
        "us-iso-east-1.c2s.ic.gov",
        "us-iso-east-1",
    ),
    partition(
        "us-isob-",
        "aws-iso-b",
        "sc2s.sgov.gov",
        "us-isob-east-1.sc2s.sgov.gov",
        "us-isob-east-1",
    ),
    partition(
        "eu-isoe-",
        "aws-iso-e",
        "cloud.adc-e.uk",
        "eu-isoe-west-1.cloud.adc-e.uk",
        "eu-isoe-west-1",
    ),
    partition(
        "us-isof-",
        "aws-iso-f",
        "csp.hci.ic.gov",
        "us-isof-south-1.csp.hci.ic.gov",
        "us-isof-south-1",
    ),
    partition(
        "eusc-",
        "aws-eusc",
        "amazonaws.eu",
        "eusc-de-east-1.amazonaws.eu",
        "eusc-de-east-1",
    ),
    partition("", "aws", "amazonaws.com", "amazonaws.com", "us-east-1"),
];

/// How the names of regions begin, in all partitions, as the SDKs' table has it.
const AREAS: [&str; 16] = [
    "af", "ap", "ca", "cn", "eu", "eu-isoe", "eusc-de", "il", "me", "mx", "sa", "us", "us-gov",
    "us-iso", "us-isob", "us-isof",
];

/// The ways in which the middle of a region's code ends.
const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

impl Partition {
    /// The partition of that id, such as `aws-cn`.
    #[must_use]
    pub fn with_id(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|it| it.id == id)
    }

    /// Whether a region may have that name, in any partition: `eu-west-1`, `us-gov-west-1`.
    #[must_use]
    pub fn has_region(text: &str) -> bool {
        let Some((words, number)) = text.rsplit_once('-') else {
            return false;
        };
        let Some((area, direction)) = words.rsplit_once('-') else {
            return false;
        };
        (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && !number.starts_with('0')
            && DIRECTIONS.contains(&direction)
            && AREAS.contains(&area)
    }

    /// The partition of the region of that name.
    #[must_use]
    pub fn named(region: &str) -> &'static Self {
        ALL.iter()
            .find(|it| region.starts_with(it.regions))
            .unwrap_or(&ALL[ALL.len() - 1])
    }

    /// The partition of a region.
    #[must_use]
    pub fn of(region: &Region) -> &'static Self {
        Self::named(region.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_is_in_its_partition() {
        for (region, id, suffix) in [
            ("eu-west-1", "aws", "amazonaws.com"),
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-west-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("of-tomorrow-1", "aws", "amazonaws.com"),
        ] {
            let region: Region = region.parse().unwrap();
            let partition = Partition::of(&region);
            assert_eq!((partition.id, partition.suffix), (id, suffix), "{region}");
        }
    }
}
