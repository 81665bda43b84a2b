//! What a `grpc` check sends: the request of grpc.health.v1, framed.

use std::fmt::Write as _;

/// The body of a Check, as a format for the shell's printf: every byte as `\ooo`.
///
/// A frame is a zero, the message's length in four bytes, and the message; in that, field 1 is the
/// service's name. No name asks for the server as a whole.
pub(super) fn check(service: Option<&str>) -> String {
    let mut message = Vec::new();
    if let Some(service) = service {
        message.push(0x0a);
        push_varint(&mut message, service.len());
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let frame = [&[0], &length.to_be_bytes()[..], &message].concat();
    let mut text = String::new();
    for byte in frame {
        // Writing to a String can't fail.
        let _ = write!(text, "\\{byte:03o}");
    }
    text
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn push_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn frames() {
        assert_eq!(check(None), r"\000\000\000\000\000");
        assert_eq!(
            check(Some("a.B")),
            r"\000\000\000\000\005\012\003\141\056\102"
        );
        let long = check(Some(&"x".repeat(200)));
        assert!(
            long.starts_with(r"\000\000\000\000\313\012\310\001\170"),
            "{long}"
        );
    }
}
