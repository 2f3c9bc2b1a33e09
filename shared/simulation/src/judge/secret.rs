//! No secret leaves (I11): words that nobody is to read are planted where Towpath reads them, and are
//! looked for in whatever it writes and says.

use crate::ports::{LINK_KEY, SIGNING_SECRET};

/// What stands in the environment of every container.
pub(crate) const PLANTED: &str = "plover-in-the-environment-of-a-container";

/// What does not hold of a text that leaves.
pub(super) fn leaks(place: &str, text: &str) -> Option<String> {
    let keys = [SIGNING_SECRET, LINK_KEY].map(|key| std::str::from_utf8(key).unwrap_or(PLANTED));
    let mut words = [PLANTED].into_iter().chain(keys);
    words
        .any(|word| text.contains(word))
        .then(|| format!("I11: a secret is in {place}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_leaves_is_found() {
        assert_eq!(leaks("a message", "shop:7 runs now"), None);
        for word in [
            PLANTED,
            std::str::from_utf8(LINK_KEY).unwrap(),
            std::str::from_utf8(SIGNING_SECRET).unwrap(),
        ] {
            assert!(leaks("a message", &format!("it runs with {word}")).is_some());
        }
    }
}
