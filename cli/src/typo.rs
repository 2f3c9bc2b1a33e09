//! What somebody most probably meant, of the names that there are.

/// The known name that is so close to the unknown one that it must be meant.
pub(crate) fn closest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_lowercase();
    let unknown = plain(unknown);
    // Whatever is this long is no slip of the finger, and comparing costs the square.
    if unknown.len() > 40 {
        return None;
    }
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&unknown, &plain(name)), *name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

/// A question after the name that is meant, or all those that there are; nothing where there are none.
pub(crate) fn hint(unknown: &str, known: &[&str]) -> Option<String> {
    /// How many names are read before one gives up.
    const MAX: usize = 20;
    match (closest(unknown, known), known) {
        (Some(meant), _) => Some(format!("did you mean `{meant}`?")),
        (None, []) => None,
        (None, known) if known.len() > MAX => Some(format!(
            "there are {}, and {} more",
            known[..MAX].join(", "),
            known.len() - MAX
        )),
        (None, [one]) => Some(format!("there is only {one}")),
        (None, known) => Some(format!("there are {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_told_from_another_name() {
        let known = ["shop-api", "shop-web", "billing"];
        let said = |unknown: &str| hint(unknown, &known);
        assert_eq!(
            said("shop-wbe").as_deref(),
            Some("did you mean `shop-web`?")
        );
        assert_eq!(
            said("checkout").as_deref(),
            Some("there are shop-api, shop-web, billing")
        );
        assert_eq!(hint("x", &["shop"]).as_deref(), Some("there is only shop"));
        assert_eq!(hint("shop", &[]), None);
        let many: Vec<_> = (10..40).map(|n| format!("team-{n}-service")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let said = hint("checkout", &many).unwrap();
        assert!(said.ends_with("team-29-service, and 10 more"), "{said}");
    }
}
