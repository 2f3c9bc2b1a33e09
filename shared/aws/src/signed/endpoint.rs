//! Where an API is, and for which region a call of it is signed:
//! <https://docs.aws.amazon.com/general/latest/gr/rande.html>.

use super::api::Api;

/// The API's endpoint in a region.
pub(super) fn url(api: &Api, region: &str) -> String {
    let host = api.host;
    match (api.global, partition(region)) {
        (true, Partition::Standard) => format!("https://{host}.amazonaws.com"),
        (true, Partition::China) => format!("https://{host}.cn-north-1.amazonaws.com.cn"),
        (true, Partition::UsGov) => format!("https://{host}.us-gov.amazonaws.com"),
        (false, Partition::Standard | Partition::UsGov) => {
            format!("https://{host}.{region}.amazonaws.com")
        }
        (false, Partition::China) => format!("https://{host}.{region}.amazonaws.com.cn"),
    }
}

/// The region for which a call is signed: a global API has one of its own in each partition.
pub(super) fn signing_region(api: &Api, region: &str) -> String {
    if !api.global {
        return region.to_owned();
    }
    match partition(region) {
        Partition::Standard => "us-east-1",
        Partition::China => "cn-north-1",
        Partition::UsGov => "us-gov-west-1",
    }
    .to_owned()
}

#[derive(Debug, Clone, Copy)]
enum Partition {
    Standard,
    China,
    UsGov,
}

fn partition(region: &str) -> Partition {
    if region.starts_with("cn-") {
        Partition::China
    } else if region.starts_with("us-gov-") {
        Partition::UsGov
    } else {
        Partition::Standard
    }
}

#[cfg(test)]
mod tests {
    use super::super::api::{ECR, IAM};
    use super::*;

    #[test]
    fn a_regional_api_is_called_and_signed_in_its_region() {
        assert_eq!(
            url(&ECR, "eu-west-1"),
            "https://api.ecr.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            url(&ECR, "cn-north-1"),
            "https://api.ecr.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(signing_region(&ECR, "eu-west-1"), "eu-west-1");
    }

    #[test]
    fn a_global_api_has_one_endpoint_in_each_partition() {
        let of = |region| (url(&IAM, region), signing_region(&IAM, region));
        let pair = |url: &str, region: &str| (url.to_owned(), region.to_owned());
        assert_eq!(
            of("eu-west-1"),
            pair("https://iam.amazonaws.com", "us-east-1")
        );
        assert_eq!(
            of("cn-northwest-1"),
            pair("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
        );
        assert_eq!(
            of("us-gov-east-1"),
            pair("https://iam.us-gov.amazonaws.com", "us-gov-west-1")
        );
    }
}
