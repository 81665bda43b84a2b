//! The two parts of a test's name.

use crate::record::outcome::TestRecord;

/// Returns the class or module that a test belongs to, else `or`, and its name there. A `::` in the
/// arguments of a test parts nothing.
pub(crate) fn split<'t>(test: &'t TestRecord, or: &'t str) -> (&'t str, &'t str) {
    let name = test.name.as_str();
    if let Some(class) = &test.classname {
        let own = name.strip_prefix(class.as_str());
        let own = own.and_then(|own| own.strip_prefix("::"));
        return (class, own.unwrap_or(name));
    }
    let path = name.find(['[', '(', ' ']).unwrap_or(name.len());
    match name[..path].rfind("::") {
        Some(at) if at > 0 && at + 2 < name.len() => (&name[..at], &name[at + 2..]),
        _ => (or, name),
    }
}

/// Returns the class, module or file that a test belongs to, and its name there.
pub(crate) fn split_or_file(test: &TestRecord) -> (&str, &str) {
    split(test, test.file.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::outcome::StageStatus;
    use crate::record::samples::test;

    #[test]
    fn a_name_is_parted_where_its_module_ends() {
        let mut pytest = test("tests.test_shop.TestX::test_a[x::y]", StageStatus::Passed);
        assert_eq!(
            split(&pytest, ""),
            ("tests.test_shop.TestX", "test_a[x::y]")
        );
        pytest.classname = Some("tests.test_shop.TestX".into());
        assert_eq!(
            split(&pytest, ""),
            ("tests.test_shop.TestX", "test_a[x::y]")
        );
        for (name, parts) in [
            ("orders::pay::twice", ("orders::pay", "twice")),
            ("shop::pay[x::y]", ("shop", "pay[x::y]")),
            ("a page shows x::y", ("or", "a page shows x::y")),
            ("::x", ("or", "::x")),
            ("x::", ("or", "x::")),
        ] {
            assert_eq!(split(&test(name, StageStatus::Passed), "or"), parts);
        }
    }
}
