//! An id that no other try of a test has, in this run or another.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process;
use std::time::SystemTime;

/// Characters of the test's name in it, the last ones: there are the function and the case.
const NAME: usize = 24;
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Returns a new id, of at most 40 characters.
pub(crate) fn id(test: &str) -> String {
    let plain = test.to_ascii_lowercase();
    let plain = plain.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    // It is ASCII by now.
    let name = &plain[plain.len().saturating_sub(NAME)..];
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let name = if name.is_empty() { "t" } else { name };
    format!("{name}_{}", random())
}

fn random() -> String {
    // Its keys come from the system, and differ between processes.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(process::id());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    hasher.write_u128(now.unwrap_or_default().as_nanos());
    let mut bits = hasher.finish();
    let mut text = String::new();
    // As many as 64 bits need.
    for _ in 0..13 {
        text.push(char::from(DIGITS[(bits % 32) as usize]));
        bits /= 32;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_name_in_any_database() {
        let long = "placing::what_is_no_order_is_refused::less_than_none";
        for (test, start) in [
            ("placing::Über::an_order", "placing___ber__an_order_"),
            (long, "refused__less_than_none_"),
            ("::7", "t_"),
            ("", "t_"),
        ] {
            let id = id(test);
            assert!(id.starts_with(start), "{id}");
            assert!(id.len() <= 40, "{id}");
            assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(id.chars().all(allowed), "{id}");
        }
        assert_ne!(id("a"), id("a"));
    }
}
