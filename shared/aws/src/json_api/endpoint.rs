//! Where an API is, and for which region a call of it is signed:
//! <https://docs.aws.amazon.com/general/latest/gr/rande.html>.

use towpath_core::names::Partition;

use super::api::Api;

/// The API's endpoint in a region.
pub(super) fn url(api: &Api, region: &str) -> String {
    let host = api.name;
    let partition = Partition::named(region);
    if api.global {
        format!("https://{host}.{}", partition.global_suffix)
    } else {
        format!("https://{host}.{region}.{}", partition.suffix)
    }
}

/// The region for which a call is signed: a global API has one of its own in each partition.
pub(super) fn signing_region(api: &Api, region: &str) -> String {
    if api.global {
        Partition::named(region).global_region.to_owned()
    } else {
        region.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::api::{IAM, SQS};
    use super::*;

    #[test]
    fn a_regional_api_is_called_and_signed_in_its_region() {
        assert_eq!(
            url(&SQS, "eu-west-1"),
            "https://sqs.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            url(&SQS, "cn-north-1"),
            "https://sqs.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(
            url(&SQS, "us-iso-west-1"),
            "https://sqs.us-iso-west-1.c2s.ic.gov"
        );
        assert_eq!(signing_region(&SQS, "eu-west-1"), "eu-west-1");
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
        assert_eq!(
            of("eusc-de-east-1"),
            pair("https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1")
        );
        assert_eq!(
            of("us-isob-west-1"),
            pair("https://iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1")
        );
    }
}
