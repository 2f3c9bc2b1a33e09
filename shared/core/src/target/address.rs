//! Which addresses a check may connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use towpath_taskdef::repeated;

/// Decides about an address that a check's host resolved to.
///
/// | addresses | |
/// |---|---|
/// | global ones; private ones (`10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`), where internal load balancers are | allowed |
/// | loopback: inside Lambda the Runtime API is there | only if listed |
/// | `100.64.0.0/10`, which a VPC may have as its own, but which is also where providers and overlay networks keep what is not for everyone | only if listed |
/// | reserved, benchmarking and documentation ranges | only if listed |
/// | link-local and `fd00:ec2::/32`, where AWS keeps instance metadata and the credentials of tasks; unspecified; multicast; broadcast; tunnels | never |
///
/// An IPv4 address inside an IPv6 one (mapped, or translated by NAT64) is judged as itself.
///
/// The ranges are those of the registries of
/// [IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry) and
/// [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry); AWS's own are from
/// [IMDS](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html) and
/// [ECS](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    listed: Vec<IpNet>,
}

/// Why an address is not connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It may be if the deployer's operator lists it.
    #[error(
        "{address} is {kind}: no check goes there unless TOWPATH_CHECK_ALLOW lists its network"
    )]
    Unlisted { address: IpAddr, kind: &'static str },
    /// It never may be.
    #[error("{address} is {kind}: no check ever goes there")]
    Never { address: IpAddr, kind: &'static str },
}

/// A text that is not a list of networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a network: write CIDRs such as 10.1.0.0/16, separated by commas")]
pub struct InvalidNetwork(String);

impl AddressPolicy {
    /// Whether a check may connect to the address.
    ///
    /// # Errors
    /// Why it may not.
    pub fn admit(&self, address: IpAddr) -> Result<(), Denied> {
        let inner = unwrap(address);
        let reach = match inner {
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => of_v6(v6),
        };
        match reach {
            Reach::Open => Ok(()),
            Reach::Listed(_) if self.listed.iter().any(|network| network.contains(&inner)) => {
                Ok(())
            }
            Reach::Listed(kind) => Err(Denied::Unlisted { address, kind }),
            Reach::Never(kind) => Err(Denied::Never { address, kind }),
        }
    }
}

impl FromStr for AddressPolicy {
    type Err = InvalidNetwork;

    /// Reads a list of networks separated by commas, as in `TOWPATH_CHECK_ALLOW`. An empty list
    /// lists nothing.
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let listed = text
            .split(',')
            .map(str::trim)
            .filter(|network| !network.is_empty())
            .map(|network| {
                network
                    .parse()
                    .map_err(|_| InvalidNetwork(repeated(network)))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { listed })
    }
}

enum Reach {
    Open,
    Listed(&'static str),
    Never(&'static str),
}

/// The IPv4 address that an IPv6 one stands for: mapped (`::ffff:0:0/96`), or reached through the
/// translation of NAT64 (`64:ff9b::/96`), which VPCs have.
fn unwrap(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => address,
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [0, ..] => Reach::Never("unspecified"),
        [127, ..] => Reach::Listed("a loopback address"),
        [169, 254, ..] => Reach::Never("link-local, where metadata and credentials are"),
        [224..=239, ..] => Reach::Never("a multicast address"),
        [255, 255, 255, 255] => Reach::Never("the broadcast address"),
        [240..=255, ..] => Reach::Listed("reserved"),
        [100, 64..=127, ..] => Reach::Listed("in the shared address space"),
        [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Reach::Listed("for special purposes")
        }
        _ => Reach::Open,
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Reach::Never("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Listed("a loopback address"),
        [0, ..] => Reach::Never("reserved"),
        [0xfd00, 0x0ec2, ..] => Reach::Never("AWS's own, where metadata and credentials are"),
        [0xfc00..=0xfdff, ..] => Reach::Open,
        [0xfe80..=0xfebf, ..] => Reach::Never("link-local"),
        [0xfec0..=0xfeff, ..] => Reach::Never("site-local, which no longer exists"),
        [0xff00..=0xffff, ..] => Reach::Never("a multicast address"),
        [0x2002, ..] | [0x2001, 0, ..] => Reach::Never("a tunnel"),
        [0x2001, 0x0001..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => {
            Reach::Listed("for special purposes")
        }
        [0x2000..=0x3fff, ..] => Reach::Open,
        _ => Reach::Listed("not a global address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(policy: &str, address: &str) -> Result<(), Denied> {
        let policy: AddressPolicy = policy.parse().unwrap();
        policy.admit(address.parse().unwrap())
    }

    #[test]
    fn load_balancers_are_reached_inside_and_outside() {
        for address in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.254",
            "192.168.1.1",
            "fc00::1",
            "fd12:3456::1",
            "52.95.110.1",
            "2a05:d018::1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
        ] {
            assert_eq!(admit("", address), Ok(()), "{address}");
        }
    }

    #[test]
    fn metadata_is_never_reached_whatever_is_listed() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "::7f00:1",
            "::127.0.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "ff02::1",
            "255.255.255.255",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::1",
        ] {
            let denied = admit("0.0.0.0/0, ::/0", address).unwrap_err();
            assert!(
                matches!(denied, Denied::Never { .. }),
                "{address}: {denied}"
            );
        }
    }

    #[test]
    fn what_is_special_is_reached_only_if_it_is_listed() {
        for (network, address) in [
            ("127.0.0.1/32", "127.0.0.1"),
            ("127.0.0.0/8", "127.9.9.9"),
            ("127.0.0.0/8", "::ffff:127.0.0.1"),
            ("127.0.0.0/8", "64:ff9b::127.0.0.1"),
            ("::1/128", "::1"),
            ("100.64.0.0/10", "100.64.0.1"),
            ("100.64.0.0/10", "100.127.255.255"),
            ("198.18.0.0/15", "198.19.0.1"),
            ("192.0.0.0/24", "192.0.0.170"),
            ("203.0.113.0/24", "203.0.113.7"),
            ("240.0.0.0/4", "240.0.0.1"),
            ("2001:db8::/32", "2001:db8::1"),
            ("5f00::/16", "5f00::1"),
        ] {
            let denied = admit("10.0.0.0/8", address).unwrap_err();
            assert!(
                matches!(denied, Denied::Unlisted { .. }),
                "{address}: {denied}"
            );
            assert_eq!(admit(network, address), Ok(()), "{address} in {network}");
        }
        assert_eq!(
            admit("127.0.0.1/32", "127.0.0.2").unwrap_err().to_string(),
            "127.0.0.2 is a loopback address: no check goes there unless TOWPATH_CHECK_ALLOW \
             lists its network"
        );
    }

    #[test]
    fn neighbours_of_special_ranges_are_open() {
        for address in [
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "223.255.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2001:200::1",
            "2003::1",
        ] {
            assert_eq!(admit("", address), Ok(()), "{address}");
        }
    }

    #[test]
    fn a_list_is_of_networks() {
        for text in [
            "127.0.0.1",
            "10.0.0.0/33",
            "localhost/32",
            "10.0.0.0/8;::/0",
        ] {
            assert!(text.parse::<AddressPolicy>().is_err(), "{text}");
        }
        let empty: AddressPolicy = " , ".parse().unwrap();
        assert_eq!(empty, AddressPolicy::default());
    }
}
