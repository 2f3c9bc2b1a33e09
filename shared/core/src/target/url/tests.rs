//! URLs that are taken apart, and those that are refused.

use proptest::prelude::*;

use super::*;

fn parts(text: &str) -> (String, u16, String, String) {
    let url: CheckUrl = text.parse().unwrap();
    (
        url.host().to_string(),
        url.port(),
        url.target().to_owned(),
        url.authority(),
    )
}

#[test]
fn a_url_is_taken_apart() {
    for (text, host, port, target, authority) in [
        ("http://green.test", "green.test", 80, "/", "green.test"),
        (
            "https://Green.Test:8443/health?deep=1",
            "green.test",
            8443,
            "/health?deep=1",
            "green.test:8443",
        ),
        (
            "https://green.test:443/",
            "green.test",
            443,
            "/",
            "green.test",
        ),
        ("http://green.test?x", "green.test", 80, "/?x", "green.test"),
        ("http://10.0.0.1:81/", "10.0.0.1", 81, "/", "10.0.0.1:81"),
        ("http://[fd12::1]:81/", "[fd12::1]", 81, "/", "[fd12::1]:81"),
        ("http://[fd12::1]", "[fd12::1]", 80, "/", "[fd12::1]"),
        (
            "http://internal-shop_1.eu-west-1.elb.amazonaws.com/a%20b",
            "internal-shop_1.eu-west-1.elb.amazonaws.com",
            80,
            "/a%20b",
            "internal-shop_1.eu-west-1.elb.amazonaws.com",
        ),
    ] {
        let expected = (
            host.to_owned(),
            port,
            target.to_owned(),
            authority.to_owned(),
        );
        assert_eq!(parts(text), expected, "{text}");
    }
}

#[test]
fn what_two_readers_could_take_differently_is_refused() {
    for (text, expected) in [
        ("ftp://green.test/", InvalidUrl::Scheme),
        ("HTTP://green.test/", InvalidUrl::Capitals),
        ("//green.test/", InvalidUrl::Scheme),
        ("http://user@green.test/", InvalidUrl::User),
        ("http://user:word@green.test/", InvalidUrl::User),
        ("http://green.test\\@169.254.169.254/", InvalidUrl::Path),
        ("http://green.test#@169.254.169.254/", InvalidUrl::Path),
        ("http://", InvalidUrl::NoHost),
        ("http:///health", InvalidUrl::NoHost),
        ("http://.test/", InvalidUrl::Host),
        ("http://green.test./", InvalidUrl::TrailingDot),
        ("http://gr een.test/", InvalidUrl::Host),
        ("http://grün.test/", InvalidUrl::NotAscii),
        ("http://%31%32%37.0.0.1/", InvalidUrl::Host),
        ("http://127.1/", InvalidUrl::Number),
        ("http://2130706433/", InvalidUrl::Number),
        ("http://0x7f000001/", InvalidUrl::Number),
        ("http://0177.0.0.1/", InvalidUrl::Number),
        ("http://127.0.0.0x1/", InvalidUrl::Number),
        ("http://[fe80::1%25eth0]/", InvalidUrl::Host),
        ("http://[::1/", InvalidUrl::Host),
        ("http://fd12::1/", InvalidUrl::NoBrackets),
        ("http://green.test:/", InvalidUrl::Port),
        ("http://green.test:0/", InvalidUrl::Port),
        ("http://green.test:+80/", InvalidUrl::Port),
        ("http://green.test:65536/", InvalidUrl::Port),
        ("http://green.test:22/", InvalidUrl::OtherService(22)),
        ("http://green.test:6379000/", InvalidUrl::Port),
        ("http://green.test/#top", InvalidUrl::Path),
        ("http://green.test/a b", InvalidUrl::Path),
        ("http://green.test/\r\nx:y", InvalidUrl::Path),
    ] {
        assert_eq!(text.parse::<CheckUrl>(), Err(expected), "{text}");
    }
    let long = format!("http://green.test/{}", "a".repeat(2_048));
    assert_eq!(long.parse::<CheckUrl>(), Err(InvalidUrl::TooLong));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r"(https?://)?[a-z0-9.:@\[\]/\\#%?-]{0,40}|\PC{0,60}") {
        if let Ok(url) = text.parse::<CheckUrl>() {
            let scheme = match url.scheme() {
                Scheme::Http => "http",
                Scheme::Https => "https",
            };
            let again = format!("{scheme}://{}{}", url.authority(), url.target());
            prop_assert_eq!(again.parse::<CheckUrl>(), Ok(url));
        }
    }
}

/// What is told to be written instead is taken.
#[test]
fn each_refusal_has_a_way_out_that_is_taken() {
    for (text, says, instead) in [
        (
            "green.test/health",
            "https://host/path",
            "https://green.test/health",
        ),
        (
            "ftp://green.test/",
            "https://host/path",
            "https://host/path",
        ),
        (
            "HTTP://Green.test/A",
            "in small letters",
            "http://Green.test/A",
        ),
        (
            "Https://green.test",
            "in small letters",
            "https://green.test",
        ),
        ("http://", "https://host/path", "https://host/path"),
        (
            "http://b\u{fc}cher.example/",
            "xn--bcher-kva.example",
            "http://xn--bcher-kva.example/",
        ),
        (
            "http://green.test./a",
            "leave that dot out",
            "http://green.test/a",
        ),
        (
            "http://green.test.:81/a",
            "leave that dot out",
            "http://green.test:81/a",
        ),
        (
            "http://127.1/",
            "http://10.0.0.1:8080/health",
            "http://10.0.0.1:8080/health",
        ),
        (
            "http://fd12::1/a",
            "http://[fd12::1]:8080/health",
            "http://[fd12::1]:8080/health",
        ),
        ("http://green.test:0/a", "or none", "http://green.test/a"),
        ("http://green.test:/a", "or none", "http://green.test/a"),
        ("http://green.test:99999", "or none", "http://green.test"),
        (
            "http://green.test:22/",
            "such as 8080",
            "http://green.test:8080/",
        ),
        ("http://green.test/a b", "%20", "http://green.test/a%20b"),
        (
            "http://a:b@green.test/",
            "leave user name and password out",
            "http://green.test/",
        ),
    ] {
        let refusal = text.parse::<CheckUrl>().expect_err(text);
        let help = refusal.help();
        assert!(help.contains(says), "{text}: {help}");
        assert!(instead.parse::<CheckUrl>().is_ok(), "{instead}");
    }
}
