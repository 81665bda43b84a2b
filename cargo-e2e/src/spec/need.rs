//! What a stack needs of its host: an amount of processors and of memory.

use serde_json::json;

use super::level::Type;

/// More than any host has: a mistaken unit.
const MOST_CPUS: f64 = 1024.0;

/// Reads a number of processors, such as `2` or `0.5`, as thousandths.
pub fn cpus(text: &str) -> Option<u32> {
    let number: f64 = text.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0.001 to 1024"
    )]
    (0.001..=MOST_CPUS)
        .contains(&number)
        .then(|| (number * 1000.0).round() as u32)
}

/// Reads an amount of memory as Compose does, such as `512m`, `4G` or `1073741824`, as kilobytes.
pub fn memory(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    if number.starts_with('.') || number.ends_with('.') {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    let bytes = match unit.trim() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tb" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let kb = number * bytes / 1024.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 1 to 2^40"
    )]
    (1.0..=1_099_511_627_776.0)
        .contains(&kb)
        .then(|| kb.round() as u64)
}

pub(super) const CPUS: Type<u32> = Type::new(
    "number of CPUs",
    || json!({"type": "number", "exclusiveMinimum": 0, "maximum": MOST_CPUS}),
    |decoder, place, node| {
        let number = node.text().filter(|_| node.is_plain()).and_then(cpus);
        if number.is_none() {
            decoder.expected(place, "a number of CPUs, such as 2 or 0.5", node, None);
        }
        number
    },
);

pub(super) const MEMORY: Type<u64> = Type::new(
    "amount of memory",
    || json!({"type": ["string", "integer"], "pattern": "^ *[0-9]+(\\.[0-9]+)? *([bB]|[kKmMgGtT]([iI]?[bB])?)? *$", "minimum": 1024}),
    |decoder, place, node| {
        let amount = node.text().and_then(memory);
        if amount.is_none() {
            decoder.expected(place, "an amount of memory, such as 512m or 4G", node, None);
        }
        amount
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_compose_does() {
        for (text, kb) in [
            ("512m", 524_288),
            ("4G", 4_194_304),
            ("1.5gb", 1_572_864),
            ("1048576", 1024),
        ] {
            assert_eq!(memory(text), Some(kb), "{text}");
        }
        for bad in ["", "much", "0", "-1g", "4 Gold", "1e99g", ".5g", "1.g"] {
            assert_eq!(memory(bad), None, "{bad}");
        }
        assert_eq!((cpus("2"), cpus("0.5")), (Some(2000), Some(500)));
        for bad in ["", "two", "0", "-1", "NaN", "inf", "2000"] {
            assert_eq!(cpus(bad), None, "{bad}");
        }
    }
}
