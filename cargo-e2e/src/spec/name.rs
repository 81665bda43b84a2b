//! The repo's slug, also where the rest of an e2e.yml is wrong.

use super::locate;
use super::pattern::SLUG;
use super::source::Source;

pub(super) const MAX_SLUG: usize = 40;

/// Tells whether a text is `[a-z0-9][a-z0-9-]{0,39}`.
pub fn is_slug(text: &str) -> bool {
    SLUG.is_match(text)
}

/// Returns the slug nearest to what was written, or `None` when nothing of it can stay.
pub(crate) fn slug_of(written: &str) -> Option<String> {
    let mut slug = String::new();
    for c in written.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// Returns the `name` of an e2e.yml in which anything else may be wrong, the YAML itself too; none
/// where it is not a slug.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_also_beside_mistakes() {
        assert!(is_slug("order-api2") && !is_slug("-x") && !is_slug("Shop") && !is_slug(""));
        let name = |text: &str| name_in(text.as_bytes());
        assert_eq!(
            name("nmae: x\nname: shop # ours\n").as_deref(),
            Some("shop")
        );
        assert_eq!(name("name: 'shop'\nenv: [").as_deref(), Some("shop"));
        assert_eq!(name("{name: shop, timeout: soon}").as_deref(), Some("shop"));
        assert_eq!(name("env:\n  name: shop\n"), None);
        assert_eq!(name("name: My Shop\n"), None);
    }

    #[test]
    fn slugs_keep_what_they_can() {
        for (written, slug) in [
            ("Activity Core", Some("activity-core")),
            ("--a__b--", Some("a-b")),
            ("naïve", Some("na-ve")),
            ("日本", None),
        ] {
            assert_eq!(slug_of(written).as_deref(), slug);
        }
        assert_eq!(slug_of(&"x".repeat(50)), Some("x".repeat(40)));
    }
}
