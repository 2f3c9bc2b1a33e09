//! The task's `cpu` and `memory` as numbers, however they are written.
//!
//! ECS takes CPU units (`1024`) or vCPUs (`1 vCPU`, `.5 vcpu`), and MiB (`2048`) or GB (`2 GB`,
//! `0.5GB`), and stores CPU units and MiB
//! ([documentation](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html)).

/// A multiple of these is what a unit of `vCPU` or `GB` is worth.
const PER_UNIT: u64 = 1024;

/// CPU units, or nothing if the text is no size.
pub(crate) fn cpu_units(text: &str) -> Option<u64> {
    size(text, "vcpu")
}

/// MiB, or nothing if the text is no size.
pub(crate) fn mebibytes(text: &str) -> Option<u64> {
    size(text, "gb")
}

fn size(text: &str, unit: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    match text.strip_suffix(unit) {
        Some(number) => units(number.trim_end()),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

/// A decimal number of units, times 1024, if that is whole.
fn units(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Ten binary places are at most ten decimal ones.
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 10 {
        return None;
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let parse = |text: &str| match text {
        "" => Some(0),
        digits => digits.parse::<u64>().ok(),
    };
    let digits = parse(whole)?
        .checked_mul(scale)?
        .checked_add(parse(fraction)?)?;
    let product = digits.checked_mul(PER_UNIT)?;
    (product % scale == 0).then_some(product / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        for (text, expected) in [
            ("256", Some(256)),
            (".25 vCPU", Some(256)),
            ("0.25vcpu", Some(256)),
            ("1 vCPU", Some(1024)),
            ("16 VCPU", Some(16384)),
            ("1.0 vCPU", Some(1024)),
            ("0.3 vCPU", None),
            ("vCPU", None),
            (". vCPU", None),
            ("", None),
            ("-1", None),
            ("1 GB", None),
            ("99999999999999999999", None),
            ("99999999999999999 vCPU", None),
            ("1.00000000001 vCPU", None),
        ] {
            let expected = if text.is_empty() { None } else { expected };
            assert_eq!(cpu_units(text), expected, "{text}");
        }
        assert_eq!(mebibytes("0.5GB"), Some(512));
        assert_eq!(mebibytes("30 gb"), Some(30720));
        assert_eq!(mebibytes("512"), Some(512));
    }
}
