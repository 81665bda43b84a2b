//! Which compose files a repo has.

use std::path::Path;

/// In `e2e/`, the first of them is the default of e2e.yml.
const OWN: [&str; 4] = [
    "e2e/compose.yml",
    "e2e/compose.yaml",
    "e2e/docker-compose.yml",
    "e2e/docker-compose.yaml",
];

/// At the root, in Compose's own order, each with the file that Compose merges into it.
const ROOT: [(&str, [&str; 2]); 4] = [
    (
        "compose.yaml",
        ["compose.override.yml", "compose.override.yaml"],
    ),
    (
        "compose.yml",
        ["compose.override.yml", "compose.override.yaml"],
    ),
    (
        "docker-compose.yml",
        [
            "docker-compose.override.yml",
            "docker-compose.override.yaml",
        ],
    ),
    (
        "docker-compose.yaml",
        [
            "docker-compose.override.yml",
            "docker-compose.override.yaml",
        ],
    ),
];

/// What people call a stack that is not the default one, the likeliest first.
const KINDS: [&str; 6] = ["e2e", "test", "dev", "development", "local", "ci"];

/// The files that make the stack, as plain `docker compose` at the root would take them; none when
/// there is nothing.
pub(super) fn find(root: &Path) -> Vec<String> {
    let is_there = |name: &&str| root.join(name).is_file();
    if let Some(own) = OWN.iter().find(|name| is_there(name)) {
        return vec![(*own).to_owned()];
    }
    if let Some((name, overrides)) = ROOT.iter().find(|(name, _)| is_there(name)) {
        let merged = overrides.iter().find(|name| is_there(name));
        return std::iter::once(name)
            .chain(merged)
            .map(|name| (*name).to_owned())
            .collect();
    }
    for kind in KINDS {
        for base in ["compose", "docker-compose"] {
            for name in [
                format!("{base}.{kind}.yml"),
                format!("{base}.{kind}.yaml"),
                format!("{base}-{kind}.yml"),
                format!("{base}-{kind}.yaml"),
            ] {
                if root.join(&name).is_file() {
                    return vec![name];
                }
            }
        }
    }
    Vec::new()
}
