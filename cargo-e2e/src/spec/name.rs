//! The repo's slug, also where the rest of an e2e.yml is wrong.

use super::locate;
use super::source::Source;
use super::value::MAX_SLUG;

/// Whether a text is `[a-z0-9][a-z0-9-]{0,39}`.
///
/// # Examples
/// ```
/// use cargo_e2e::spec::is_slug;
/// assert!(is_slug("order-api2") && !is_slug("-x") && !is_slug("Shop") && !is_slug(""));
/// ```
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.starts_with('-') && (1..=MAX_SLUG).contains(&text.len()) && text.bytes().all(is_part)
}

/// Returns the `name` of an e2e.yml in which anything else may be wrong, the YAML itself too; none
/// where it is not a slug.
///
/// # Examples
/// ```
/// use cargo_e2e::spec::name_in;
/// assert_eq!(name_in(b"nmae: x\nname: shop # ours\n").as_deref(), Some("shop"));
/// assert_eq!(name_in(b"name: 'shop'\nenv: [").as_deref(), Some("shop"));
/// assert_eq!(name_in(b"{name: shop, timeout: soon}").as_deref(), Some("shop"));
/// assert_eq!(name_in(b"env:\n  name: shop\n"), None);
/// assert_eq!(name_in(b"name: My Shop\n"), None);
/// ```
#[must_use]
pub fn name_in(text: &[u8]) -> Option<String> {
    let source = Source::decode(text).ok()?;
    let name = match locate::read(&source) {
        Ok(root) => root.get("name")?.text()?.to_owned(),
        // After a mistake in the YAML only a line is a line.
        Err(_) => source.text.lines().find_map(in_line)?.to_owned(),
    };
    is_slug(&name).then_some(name)
}

fn in_line(line: &str) -> Option<&str> {
    let value = line.strip_prefix("name:")?;
    let value = value.split_once(" #").map_or(value, |(value, _)| value);
    Some(value.trim().trim_matches(['"', '\'']))
}
