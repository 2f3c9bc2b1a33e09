//! What traffic reaches the example's services by: the default network, and load balancers.

use serde_json::Value;

use crate::account::Account;
use crate::lab::Error;

/// The address on this machine at which a listener's traffic arrives.
#[must_use]
pub fn find_listener(listeners: &Value, arn: &str) -> Option<String> {
    let listener = listeners["listeners"]
        .as_array()?
        .iter()
        .find(|listener| listener["arn"] == arn)?;
    listener["url"].as_str().map(str::to_owned)
}

/// A load balancer with a production and a test listener and two target groups.
#[derive(Debug)]
pub struct LoadBalancer {
    /// ARN of the target group that serves at first.
    pub blue: String,
    /// ARN of the other target group.
    pub green: String,
    /// ARN of the listener for production traffic.
    pub production: String,
    /// ARN of the listener for test traffic.
    pub test: String,
}

impl LoadBalancer {
    const API: (&'static str, &'static str) = ("elasticloadbalancing", "2015-12-01");

    /// Creates one, with everything behind it.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn create(owner: Account<'_>, name: &str, network: &Network) -> Result<Self, Error> {
        let mut parameters = vec![
            ("Action", "CreateLoadBalancer".to_owned()),
            ("Name", name.to_owned()),
        ];
        for (index, subnet) in network.subnets.iter().enumerate() {
            parameters.push((
                ["Subnets.member.1", "Subnets.member.2"][index],
                subnet.clone(),
            ));
        }
        let arn = Self::call(owner, &parameters, "LoadBalancerArn").await?;
        let blue = Self::target_group(owner, &format!("{name}-blue"), &network.vpc).await?;
        let green = Self::target_group(owner, &format!("{name}-green"), &network.vpc).await?;
        let production = Self::listener(owner, &arn, "80", &blue).await?;
        let port = free_port()?.to_string();
        let test = Self::listener(owner, &arn, &port, &green).await?;
        Ok(Self {
            blue,
            green,
            production,
            test,
        })
    }

    async fn target_group(owner: Account<'_>, name: &str, vpc: &str) -> Result<String, Error> {
        let parameters = [
            ("Action", "CreateTargetGroup"),
            ("Name", name),
            ("Protocol", "HTTP"),
            ("Port", "8080"),
            ("TargetType", "ip"),
            ("VpcId", vpc),
        ];
        Self::call(
            owner,
            &parameters.map(|(key, value)| (key, value.to_owned())),
            "TargetGroupArn",
        )
        .await
    }

    async fn listener(
        owner: Account<'_>,
        balancer: &str,
        port: &str,
        group: &str,
    ) -> Result<String, Error> {
        let parameters = [
            ("Action", "CreateListener"),
            ("LoadBalancerArn", balancer),
            ("Protocol", "HTTP"),
            ("Port", port),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", group),
        ];
        Self::call(
            owner,
            &parameters.map(|(key, value)| (key, value.to_owned())),
            "ListenerArn",
        )
        .await
    }

    /// A rule that takes every path of a listener, which is what ECS shifts.
    pub async fn rule(owner: Account<'_>, listener: &str, group: &str) -> Result<String, Error> {
        let parameters = [
            ("Action", "CreateRule"),
            ("ListenerArn", listener),
            ("Priority", "1"),
            ("Conditions.member.1.Field", "path-pattern"),
            ("Conditions.member.1.Values.member.1", "/*"),
            ("Actions.member.1.Type", "forward"),
            ("Actions.member.1.TargetGroupArn", group),
        ];
        Self::call(
            owner,
            &parameters.map(|(key, value)| (key, value.to_owned())),
            "RuleArn",
        )
        .await
    }

    async fn call(
        owner: Account<'_>,
        parameters: &[(&str, String)],
        wanted: &str,
    ) -> Result<String, Error> {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let xml = owner.query(Self::API.0, Self::API.1, &parameters).await?;
        element(&xml, wanted).ok_or_else(|| Error::Story(format!("no {wanted} in {xml}")))
    }
}

/// A port that the lab can give a listener as its own, so that it is found where AWS says it is.
fn free_port() -> Result<u16, Error> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0));
    let address = bound.and_then(|bound| bound.local_addr());
    let address = address.map_err(|error| Error::Story(format!("no free port: {error}")))?;
    Ok(address.port())
}

/// The default network that the services run in.
#[derive(Debug)]
pub struct Network {
    vpc: String,
    /// Two of its subnets.
    pub subnets: Vec<String>,
}

/// The default network of an account.
///
/// # Errors
/// When AWS says no, or there is none.
pub async fn network_of(owner: Account<'_>) -> Result<Network, Error> {
    let xml = owner
        .query("ec2", "2016-11-15", &[("Action", "DescribeSubnets")])
        .await?;
    let subnets: Vec<_> = xml
        .split("<subnetId>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .take(2)
        .map(str::to_owned)
        .collect();
    match element(&xml, "vpcId") {
        Some(vpc) if subnets.len() == 2 => Ok(Network { vpc, subnets }),
        Some(_) | None => Err(Error::Story(
            "the default network has no two subnets".into(),
        )),
    }
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split('<').next().map(str::to_owned)
}
