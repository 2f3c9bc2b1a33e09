//! What AWS takes as the tags of a resource:
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>.

use crate::names::begins;

/// Most tags of a resource.
pub const MAX_TAGS: usize = 50;

/// Longest key, in characters.
pub const MAX_KEY: usize = 128;

/// Longest value, in characters.
pub const MAX_VALUE: usize = 256;

/// The characters of keys and values, in words.
pub const CHARACTERS: &str = "letters, digits, spaces and _ . : / = + - @";

/// Whether a key or a value may have the character: `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, by the properties
/// that the standard library knows.
pub fn is_permitted(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// Whether a key or a value begins with what AWS keeps to itself.
pub fn is_reserved(text: &str) -> bool {
    begins(text, "aws:")
}
