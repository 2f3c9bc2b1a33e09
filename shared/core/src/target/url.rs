//! The URL of a check, taken apart once.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Longest URL in bytes.
const MAX_LEN: usize = 2_048;

/// Ports of other services, to which a request could be made to say something else:
/// <https://fetch.spec.whatwg.org/#port-blocking>. A load balancer's listener may be on any other.
const OTHER_SERVICES: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

/// Where a check's request goes. What is connected to, what is asked for and what the request
/// calls its host all come from here, so that no two readers of the URL can differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUrl {
    scheme: Scheme,
    host: Host,
    port: u16,
    target: String,
}

/// How the server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear, as inside a VPC.
    Http,
    /// Over TLS.
    Https,
}

/// Whom the URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name to be resolved, in lower case.
    Name(String),
    Address(IpAddr),
}

/// Why a text is not a URL that a check can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is longer than 2048 bytes.
    #[error("the URL has more than 2048 bytes")]
    TooLong,
    /// It begins with neither `http://` nor `https://`.
    #[error("the URL does not begin with http:// or https://")]
    Scheme,
    /// It names a user, whose password would be shown with the URL.
    #[error("the URL carries a user name or password")]
    User,
    /// It begins with `HTTP://` or so.
    #[error("the URL's scheme has capitals")]
    Capitals,
    /// It names no host.
    #[error("the URL names no host")]
    NoHost,
    /// Its host has letters that the DNS does not have.
    #[error("the URL's host has letters other than those of ASCII")]
    NotAscii,
    /// Its host ends with a dot, which a server may not know as its name.
    #[error("the URL's host ends with a dot")]
    TrailingDot,
    /// Its host ends in a number and is no address in the usual form, as `127.1`.
    #[error("the URL's host is a number that is not written as an address")]
    Number,
    /// Its host is an IPv6 address without brackets.
    #[error("the URL's host is an IPv6 address without brackets")]
    NoBrackets,
    /// Its host is neither a name nor an address.
    #[error("the URL's host is neither a name nor an address")]
    Host,
    /// Its port is not a number from 1 to 65535.
    #[error("the URL's port is not a number from 1 to 65535")]
    Port,
    /// Its port is another service's.
    #[error("port {0} is that of another service than HTTP")]
    OtherService(u16),
    /// Its path or query has characters that a URL cannot have.
    #[error("the URL's path has characters that must be escaped, or a part after `#`")]
    Path,
}

impl CheckUrl {
    /// How the server is spoken to.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whom the URL names.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, which is the scheme's own if the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path and query, beginning with `/`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The value of the request's `Host` header: the port is left out if it is the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == self.scheme.port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl InvalidUrl {
    /// What to write instead. The URL is not repeated in it: its path may be a secret.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::TooLong => "shorten it to 2048 bytes",
            Self::Scheme | Self::NoHost | Self::Host => "write it as https://host/path",
            Self::Capitals => "write http:// or https:// in small letters",
            Self::User => "leave user name and password out: what a check sends is shown",
            Self::NotAscii => {
                "write the host in punycode, as xn--bcher-kva.example for b\u{fc}cher.example"
            }
            Self::TrailingDot => "leave that dot out, as in https://host/path",
            Self::Number => "write an address as four numbers, such as http://10.0.0.1:8080/health",
            Self::NoBrackets => "write the address in brackets, as in http://[fd12::1]:8080/health",
            Self::Port => "write one, or none for that of the scheme, as in https://host/path",
            Self::OtherService(_) => "put the listener on another one, such as 8080",
            Self::Path => {
                "write each of them as `%` and two digits, a space as %20, and leave out what follows a `#`"
            }
        }
    }
}

impl Scheme {
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(v4)) => write!(f, "{v4}"),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

impl FromStr for CheckUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        if text.len() > MAX_LEN {
            return Err(InvalidUrl::TooLong);
        }
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else {
            let is_http = |scheme: &str| {
                ["http", "https"]
                    .iter()
                    .any(|known| scheme.eq_ignore_ascii_case(known))
            };
            return Err(match text.split_once("://") {
                Some((scheme, _)) if is_http(scheme) => InvalidUrl::Capitals,
                Some(_) | None => InvalidUrl::Scheme,
            });
        };
        // A backslash or a `#` would end the authority for some readers and not for others.
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(InvalidUrl::User);
        }
        if authority.parse::<Ipv6Addr>().is_ok() {
            return Err(InvalidUrl::NoBrackets);
        }
        let (host, port) = split_port(authority)?;
        let host = host.parse()?;
        let port = port.unwrap_or(scheme.port());
        if OTHER_SERVICES.contains(&port) {
            return Err(InvalidUrl::OtherService(port));
        }
        Ok(Self {
            scheme,
            host,
            port,
            target: read_target(target)?,
        })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), InvalidUrl> {
    // A colon inside brackets belongs to an IPv6 address.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => return Ok((authority, None)),
    };
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidUrl::Port);
    }
    match port.parse() {
        Ok(port @ 1..) => Ok((host, Some(port))),
        Ok(0) | Err(_) => Err(InvalidUrl::Port),
    }
}

impl FromStr for Host {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        if let Some(rest) = text.strip_prefix('[') {
            let address: Ipv6Addr = rest
                .strip_suffix(']')
                .and_then(|address| address.parse().ok())
                .ok_or(InvalidUrl::Host)?;
            return Ok(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        if text.is_empty() {
            return Err(InvalidUrl::NoHost);
        }
        if !text.is_ascii() {
            return Err(InvalidUrl::NotAscii);
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        // What ends in a number is read as an address in one way or another: `127.1`, `0x7f.1`.
        let last = text.rsplit('.').next().unwrap_or_default();
        let ends_in_number = last.starts_with(|c: char| c.is_ascii_digit())
            && (last.bytes().all(|byte| byte.is_ascii_digit())
                || last.to_ascii_lowercase().starts_with("0x"));
        let is_name = |text: &str| text.len() <= 253 && text.split('.').all(is_label);
        match text.strip_suffix('.') {
            Some(rest) if is_name(rest) => Err(InvalidUrl::TrailingDot),
            Some(_) => Err(InvalidUrl::Host),
            None if !is_name(text) => Err(InvalidUrl::Host),
            None if ends_in_number => Err(InvalidUrl::Number),
            None => Ok(Self::Name(text.to_ascii_lowercase())),
        }
    }
}

/// The path and query, of the characters that
/// [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-3.3) gives them.
fn read_target(text: &str) -> Result<String, InvalidUrl> {
    let fits = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte));
    if !fits {
        return Err(InvalidUrl::Path);
    }
    Ok(if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("/{text}")
    })
}

#[cfg(test)]
mod tests;
