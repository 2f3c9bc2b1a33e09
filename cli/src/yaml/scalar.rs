//! What a plain YAML scalar means, by the core schema: <https://yaml.org/spec/1.2.2/#103-core-schema>.

use super::document::Value;

/// The value of a scalar without quotes, or why JSON has none for it.
pub(crate) fn of_plain(text: &str) -> Result<Value, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Number::Is(number) => Value::Number(number),
            Number::HasNoJson => {
                return Err("this is a number that JSON cannot write");
            }
            Number::IsNone => Value::Text(text.to_owned()),
        },
    })
}

enum Number {
    Is(serde_json::Number),
    HasNoJson,
    IsNone,
}

fn number(text: &str) -> Number {
    let of = |number: Option<serde_json::Number>| number.map_or(Number::HasNoJson, Number::Is);
    let prefixed = [("0o", 8), ("0x", 16)].iter().find_map(|(prefix, radix)| {
        let digits = text.strip_prefix(prefix)?;
        let fits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(*radix));
        fits.then(|| u64::from_str_radix(digits, *radix).ok())
    });
    if let Some(integer) = prefixed {
        return of(integer.map(Into::into));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Number::HasNoJson;
    }
    let shape = Shape::of(unsigned);
    let text = text.strip_prefix('+').unwrap_or(text);
    match shape {
        Shape::Integer => match (text.parse::<u64>(), text.parse::<i64>()) {
            (Ok(number), _) => Number::Is(number.into()),
            (Err(_), Ok(number)) => Number::Is(number.into()),
            (Err(_), Err(_)) => Number::HasNoJson,
        },
        Shape::Float => of(text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)),
        Shape::Text => Number::IsNone,
    }
}

/// What the characters of an unsigned scalar make.
enum Shape {
    Integer,
    Float,
    Text,
}

impl Shape {
    /// `[0-9]+` is an integer, `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` a float.
    fn of(text: &str) -> Self {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if digits(text) {
            return Self::Integer;
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text, None),
        };
        let exponent_fits = exponent
            .is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
        let mantissa_fits = match mantissa.split_once('.') {
            None => digits(mantissa),
            Some(("", fraction)) => digits(fraction),
            Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        };
        if exponent_fits && mantissa_fits {
            Self::Float
        } else {
            Self::Text
        }
    }
}
