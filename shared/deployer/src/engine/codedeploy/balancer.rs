//! What a deployment group's load balancer lets CodeDeploy do.

use towpath_core::release::Misfit;

/// The one configuration that is for Network Load Balancers, and that of groups that name none.
const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// Why a deployment of that configuration cannot be made behind those production listeners, if so:
/// "If you're using a Network Load Balancer, only the `CodeDeployDefault.ECSAllAtOnce` predefined
/// deployment configuration is supported."
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>
#[must_use]
pub fn only_all_at_once<'a>(
    configuration: Option<&str>,
    listeners: impl IntoIterator<Item = &'a str>,
) -> Option<Misfit> {
    let configuration = configuration.unwrap_or(ALL_AT_ONCE);
    // <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html>
    let mut networks = listeners
        .into_iter()
        .filter(|arn| arn.contains(":listener/net/"));
    let listener = networks.next().filter(|_| configuration != ALL_AT_ONCE)?;
    Some(Misfit::OnlyAllAtOnce {
        configuration: configuration.to_owned(),
        supported: ALL_AT_ONCE.to_owned(),
        listener: listener.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/net/shop/1/2";
    const APPLICATION: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shop/1/2";

    #[test]
    fn a_network_load_balancer_takes_all_of_the_traffic_at_once() {
        let canary = Some("CodeDeployDefault.ECSCanary10Percent5Minutes");
        for (configuration, listener, refused) in [
            (canary, NETWORK, true),
            (
                Some("CodeDeployDefault.ECSLinear10PercentEvery1Minutes"),
                NETWORK,
                true,
            ),
            (Some("of-our-own"), NETWORK, true),
            (Some(ALL_AT_ONCE), NETWORK, false),
            (None, NETWORK, false),
            (canary, APPLICATION, false),
        ] {
            let found = only_all_at_once(configuration, [listener]);
            assert_eq!(found.is_some(), refused, "{configuration:?} {listener}");
        }
        let said = only_all_at_once(canary, [APPLICATION, NETWORK]).unwrap();
        let said = said.to_string();
        assert!(
            said.contains("ECSCanary10Percent5Minutes") && said.contains(NETWORK),
            "{said}"
        );
    }
}
