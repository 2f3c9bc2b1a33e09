//! Rules for tags that no tag keeps.

use towpath_taskdef::repeated;

use crate::pipeline::finding::Found;
use crate::pipeline::{TagPolicy, TagRegex};

pub(super) fn find(tags: &TagPolicy, found: &mut Found) {
    if tags.takes_any() {
        return;
    }
    let (key, text) = match tags {
        TagPolicy::Commit | TagPolicy::Numeric => return,
        TagPolicy::Regex(regex) => ("regex", regex.as_str()),
        TagPolicy::Semver(range) => ("semver", range.as_str()),
        TagPolicy::Glob(glob) => ("glob", glob.as_str()),
    };
    let help = match without_slashes(tags) {
        Some(inner) => format!("leave the slashes out: `{}`", repeated(&inner)),
        None => "write one that a tag keeps (1 to 128 letters, digits and _ . -, not beginning with . or -, and never `latest`), or leave `tags` out to take commit hashes".to_owned(),
    };
    found.add(
        format!("tags.{key}"),
        format!("`{}` takes no tag at all", repeated(text)),
        help,
    );
}

/// The expression of `/…/` and `/…/i`, as other languages write it, if that takes a tag.
fn without_slashes(tags: &TagPolicy) -> Option<String> {
    let TagPolicy::Regex(regex) = tags else {
        return None;
    };
    let (inner, flags) = regex.as_str().strip_prefix('/')?.rsplit_once('/')?;
    let inner = match flags {
        "" => inner.to_owned(),
        "i" => format!("(?i){inner}"),
        _ => return None,
    };
    let meant = TagRegex::try_from(inner.clone()).ok()?;
    TagPolicy::Regex(meant).takes_any().then_some(inner)
}
