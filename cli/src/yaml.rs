//! YAML, and values with their places: read as people write it, and written so that people like to read
//! it.

pub(crate) mod document;
pub(crate) mod other_format;
mod read;
mod scalar;
mod write;

pub(crate) use read::read;
#[cfg(test)]
pub(crate) use write::tests::value;
pub(crate) use write::{block, document, flow, in_line};

/// Whether YAML takes these characters for text when they stand without quotes.
pub(crate) fn means_text(plain: &str) -> bool {
    matches!(scalar::of_plain(plain), Ok(document::Value::Text(_)))
}
