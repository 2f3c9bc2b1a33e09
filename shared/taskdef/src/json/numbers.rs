//! Whether the numbers of a text are the same after they were read.

use memchr::memchr2;
use serde_json::Number;

use super::JsonError;

/// Finds the numbers in a text that is known to be JSON and checks each.
pub(super) fn check(text: &[u8]) -> Result<(), JsonError> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at + 1),
            b'-' | b'0'..=b'9' => {
                let length = text[at..]
                    .iter()
                    .take_while(|byte| {
                        matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                    })
                    .count();
                let number = &text[at..at + length];
                // Nearly all numbers are short and whole, and need no closer look.
                let is_plain =
                    length <= 18 && number[0] != b'-' && number.iter().all(u8::is_ascii_digit);
                if !is_plain {
                    let number = String::from_utf8_lossy(number);
                    if !is_kept(&number) {
                        let (line, column) = place(text, at);
                        return Err(JsonError::Inexact { line, column });
                    }
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

/// The position after a string's closing quote.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        // A backslash and what it escapes.
        at += 2;
    }
    text.len()
}

/// Whether the number that `serde_json` makes of a text is worth the same.
fn is_kept(number: &str) -> bool {
    let Ok(kept) = serde_json::from_str::<Number>(number) else {
        return false;
    };
    decimal(number) == decimal(&kept.to_string())
}

/// A decimal number as its sign, its digits without zeros at either end, and the power of ten of
/// the first of them.
fn decimal(number: &str) -> (bool, String, i64) {
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0').to_owned();
    if digits.is_empty() {
        return (negative, digits, 0);
    }
    // An exponent beyond any number is refused by serde_json before; it is only kept apart here.
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
    let power = exponent.saturating_add(whole.len() as i64 - leading as i64);
    (negative, digits, power)
}

/// Line and column, both from 1, of a byte.
fn place(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = at
        - before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |n| n + 1)
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::read;
    use super::*;

    fn error(text: &str) -> String {
        read(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn numbers_that_64_bits_hold_are_kept_as_written() {
        for text in [
            "1",
            "0",
            "-1",
            "1.0",
            "0.5",
            "18446744073709551615",
            "-9223372036854775808",
            "1e2",
            "0.1",
        ] {
            let value = read(text.as_bytes()).expect(text);
            assert_eq!(decimal(&value.to_string()), decimal(text), "{text}");
        }
        assert_eq!(read(b"1").expect("reads").to_string(), "1");
        assert_eq!(read(b"1.0").expect("reads").to_string(), "1.0");
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused_with_its_place() {
        insta::assert_snapshot!(error("{\n \"a\": 18446744073709551616000001}"), @"the number at line 2, column 7 cannot be kept exactly; write it as a string or with fewer digits");
        for text in [
            "0.1234567890123456789",
            "-9223372036854775809",
            "[1,-0.30000000000000000001]",
            "1e-400",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn digits_inside_strings_are_no_numbers() {
        let text = r#"{"a\"1": "\\", "b": "0.1234567890123456789\u0041"}"#;
        assert!(read(text.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn any_finite_number_is_read_back(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let text = serde_json::to_string(&number).expect("finite");
            let value = read(text.as_bytes()).expect("exact");
            prop_assert_eq!(value.as_f64(), Some(number));
        }
    }
}
