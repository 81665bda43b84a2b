//! The file as a whole: its keys, and those that it can't be without.

use std::path::Path;

use super::decoder::{Decoder, Place};
use super::fields::Spec;
use super::level::{self, Level as _};
use super::locate;
use super::name::slug_of;
use super::node::{Kind, Node};
use super::source::{Finding, Source};

/// Reads the file's tree. `path` only gives the hint for a missing `name`; `in_cargo` is whether
/// Cargo's test targets may be the tests.
pub(super) fn read(
    path: &Path,
    source: &Source<'_>,
    root: &Node,
    in_cargo: bool,
) -> Result<Spec, Vec<Finding>> {
    let mut decoder = Decoder::new(source, Spec::KEYS);
    let Kind::Map(_) = root.kind else {
        let message = format!(
            "e2e.yml is a map of keys such as `name`, found {}",
            root.describe()
        );
        decoder.report(root.spot, message, None);
        return decoder.end(None);
    };
    let file = Place {
        key: Spec::KEYS.what,
        spot: root.spot,
    };
    let spec = level::read(&mut decoder, file, root);
    if Spec::KEYS.lacks(root, "name") {
        let folder = path.ancestors().nth(2).and_then(Path::file_name);
        let slug = folder.and_then(|name| slug_of(&name.to_string_lossy()));
        let slug = slug.unwrap_or_else(|| "my-repo".to_owned());
        let help = format!("add `name: {slug}`");
        decoder.report(root.spot, "`name` is missing: the repo's slug", Some(help));
    }
    if !in_cargo && Spec::KEYS.lacks(root, "test_command") && root.get("test_service").is_none() {
        let message =
            "`test_command` is missing, and this is not a Cargo project with test targets";
        let help = "add for example `test_command: e2e/tests/run.sh`, or `test_service` with a compose service that runs the tests";
        decoder.report(root.spot, message, Some(help.to_owned()));
    }
    if let Some(entrypoint) = root.get("entrypoint")
        && root.get("test_service").is_none()
    {
        let message = "`entrypoint` is for a `test_service`, and there is none";
        let help = "`shell` says how a `test_command` on a machine is started".to_owned();
        decoder.report(entrypoint.spot, message, Some(help));
    }
    decoder.end(spec)
}

/// Returns whether a file is meant as an e2e.yml: others are compose files, or another program's.
/// What is empty, or no YAML, may be one.
pub fn is_meant(text: &[u8]) -> bool {
    let Ok(source) = Source::decode(text) else {
        return true;
    };
    let Ok(root) = locate::read(&source) else {
        return true;
    };
    let Kind::Map(entries) = &root.kind else {
        return false;
    };
    let of_compose = |key: &str, value: &Node| match key {
        "services" | "volumes" | "networks" | "secrets" | "configs" => {
            matches!(value.kind, Kind::Map(_))
        }
        _ => key == "include",
    };
    let mut keys = entries
        .iter()
        .filter_map(|(key, value)| Some((key.text()?, value)));
    let is_compose = keys.clone().any(|(key, value)| of_compose(key, value));
    !is_compose && keys.any(|(key, _)| Spec::KEYS.has(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_files_and_other_programs_are_not_meant() {
        for text in [
            "name: shop\nservices: [db]\n",
            "timeout: 5\nnmae: shop\n",
            "name: 'shop\n",
            "",
        ] {
            assert!(is_meant(text.as_bytes()), "{text}");
        }
        for text in [
            "name: shop\nservices: {db: {}}\n",
            "scrape_configs: []\n",
            "name: shop\ninclude: [db.yml]\n",
        ] {
            assert!(!is_meant(text.as_bytes()), "{text}");
        }
    }
}
