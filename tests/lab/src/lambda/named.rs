//! How calls name functions.

/// A function as it is named: what a name leaves out is that of the call.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// Twelve-digit account.
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    /// The function's own name.
    pub(crate) name: &'a str,
    /// Version or alias.
    pub(crate) qualifier: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Reads a name, a partial ARN or an ARN, with or without a version, in a call of an account in a
    /// region.
    pub(crate) fn parse(account: &'a str, region: &'a str, text: &'a str) -> Self {
        let parts: Vec<&str> = text.split(':').collect();
        let (account, region, name, rest) = match parts.as_slice() {
            [
                "arn",
                _,
                "lambda",
                region,
                account,
                "function",
                name,
                rest @ ..,
            ]
            | [region, account, "function", name, rest @ ..] => (*account, *region, *name, rest),
            [account, "function", name, rest @ ..] => (*account, region, *name, rest),
            [name, rest @ ..] => (account, region, *name, rest),
            [] => (account, region, text, &[][..]),
        };
        Self {
            account,
            region,
            name,
            qualifier: rest.first().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_name_and_by_both_kinds_of_arn() {
        let named = |text| Named::parse("111111111111", "eu-central-1", text);
        let arn = "arn:aws:lambda:eu-central-1:111111111111:function:towpath-advance";
        for name in [
            "eu-central-1:111111111111:function:towpath-advance",
            "111111111111:function:towpath-advance",
            "towpath-advance",
        ] {
            assert_eq!(named(name), named(arn), "{name}");
        }
        for other in [
            "advance",
            "towpath-advance:live",
            "222222222222:function:towpath-advance",
        ] {
            assert_ne!(named(other), named(arn), "{other}");
        }
        assert_eq!(named("towpath-advance:live").qualifier, Some("live"));
    }
}
