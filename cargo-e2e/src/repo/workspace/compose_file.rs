//! Compose files by their names, as `cargo e2e init` finds them.

use std::path::Path;

/// The names that Compose takes without `-f`, in its own order.
pub const COMPOSE_FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// Returns whether a file's name is that of a compose file; one that is merged into another is none.
pub fn is_compose_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_yaml = [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
    is_yaml && name.contains("compose") && !name.contains("override")
}

/// Returns the likeliest compose file of a folder, relative to it: one in `e2e` counts too.
pub(super) fn compose_file(folder: &Path) -> Option<String> {
    ["", "e2e/"].into_iter().find_map(|below| {
        let entries = std::fs::read_dir(folder.join(below)).ok()?;
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        let names = files.filter_map(|entry| entry.file_name().into_string().ok());
        let likeliest = names
            .filter(|name| is_compose_file(name))
            .min_by_key(|name| {
                let known = COMPOSE_FILES.iter().position(|known| known == name);
                (known.unwrap_or(COMPOSE_FILES.len()), name.clone())
            });
        Some(format!("{below}{}", likeliest?))
    })
}
