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
