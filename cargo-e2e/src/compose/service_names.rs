//! The services of compose files as they are written, without Compose: for completions.

use std::collections::BTreeSet;
use std::path::Path;

use serde_yaml::Value;

/// Nobody writes a larger file.
const LARGEST: u64 = 4 << 20;

/// Returns the names in these files; what can't be read has none.
pub fn service_names<'p>(files: impl IntoIterator<Item = &'p Path>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files {
        let small = file.metadata().is_ok_and(|it| it.len() <= LARGEST);
        let text = small.then(|| std::fs::read(file).ok()).flatten();
        let Ok(model) = serde_yaml::from_slice::<Value>(&text.unwrap_or_default()) else {
            continue;
        };
        let services = model.get("services").and_then(Value::as_mapping);
        let keys = services.into_iter().flat_map(serde_yaml::Mapping::keys);
        names.extend(keys.filter_map(|key| key.as_str().map(str::to_owned)));
    }
    names
}
