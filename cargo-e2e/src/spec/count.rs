//! A small whole number.

use serde_json::json;

use super::level::Type;

/// More retries than this hide a test that is broken.
const MOST: u32 = 10;

/// How often something is done again.
pub(super) const RETRIES: Type<u32> = Type::new(
    "0 to 10",
    || json!({"type": "integer", "minimum": 0, "maximum": MOST}),
    |decoder, place, node| {
        let number = node.text().filter(|_| node.is_plain());
        let number = number.and_then(|text| text.parse().ok());
        if number.is_none_or(|number| number > MOST) {
            return decoder.refuse(place, "a whole number from 0 to 10", node, None);
        }
        number
    },
);
