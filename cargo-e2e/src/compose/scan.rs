//! A look at the user's compose files before Compose reads them on the host: which variables
//! must travel, and which files that git ignores.
//!
//! It may find too much, never decides anything, and leaves judging the files to Compose.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

/// What the files refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Names that are interpolated or passed through.
    pub variables: BTreeSet<String>,
    /// Files that Compose opens while it reads the model: `env_file`, `extends`, `include`.
    pub files: BTreeSet<PathBuf>,
    /// What Compose would fetch from elsewhere to read the model.
    pub remote: BTreeSet<String>,
    /// Whether an `E2E_…` name is used, which is known only after a first reading.
    pub uses_endpoints: bool,
}

/// How deep `extends` and `include` are followed: enough for people, not for loops.
const DEEPEST: usize = 8;
/// How many are followed: a file may name itself in many ways.
const MOST: usize = 1000;
/// Nobody writes a longer one; a pipe or a device may never end.
const LONGEST: u64 = 4 << 20;

/// Looks at the compose files, and at those that they include.
#[must_use]
pub fn scan(files: &[PathBuf], project: &Path) -> Scan {
    let mut scan = Scan::default();
    for file in files {
        look(file, project, &mut scan, 0);
    }
    scan.uses_endpoints = scan.variables.iter().any(|name| name.starts_with("E2E_"));
    scan
}

/// Names that a text interpolates: `$NAME`, `${NAME:-default}`; `$$` is a literal dollar.
#[must_use]
pub fn interpolated(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(name.len());
        if end > 0 && !name.starts_with(|c: char| c.is_ascii_digit()) {
            names.insert(name[..end].to_owned());
        }
    }
    names
}

fn look(file: &Path, project: &Path, scan: &mut Scan, depth: usize) {
    let ends = |data: std::fs::Metadata| data.is_file() && data.len() <= LONGEST;
    if scan.files.len() > MOST || !std::fs::metadata(file).is_ok_and(ends) {
        return;
    }
    let Ok(text) = std::fs::read_to_string(file) else {
        return;
    };
    scan.variables.extend(interpolated(&text));
    // A file that is no YAML is Compose's to complain about.
    let Ok(model) = serde_yaml::from_str::<Value>(&text) else {
        return;
    };
    for included in list(&model["include"]) {
        let paths = match included {
            Value::Mapping(_) => list(&included["path"]),
            _ => vec![included],
        };
        for path in paths.into_iter().filter_map(Value::as_str) {
            if is_remote(path) {
                scan.remote.insert(path.to_owned());
                continue;
            }
            let path = project.join(path);
            let folder = path.parent().unwrap_or(project).to_owned();
            if scan.files.insert(path.clone()) && depth < DEEPEST {
                look(&path, &folder, scan, depth + 1);
            }
        }
        for path in list(&included["env_file"])
            .into_iter()
            .filter_map(Value::as_str)
        {
            scan.files.insert(project.join(path));
        }
    }
    let services = model["services"].as_mapping();
    for service in services.into_iter().flat_map(|services| services.values()) {
        for entry in list(&service["env_file"]) {
            if let Some(path) = entry.as_str().or_else(|| entry["path"].as_str()) {
                scan.files.insert(project.join(path));
            }
        }
        let extended = service["extends"]["file"].as_str();
        if let Some(path) = extended.filter(|path| is_remote(path)) {
            scan.remote.insert(path.to_owned());
        } else if let Some(path) = extended {
            let path = project.join(path);
            let folder = path.parent().unwrap_or(project).to_owned();
            if scan.files.insert(path.clone()) && depth < DEEPEST {
                look(&path, &folder, scan, depth + 1);
            }
        }
        pass_through(&service["environment"], scan);
        pass_through(&service["build"]["args"], scan);
    }
    for kind in ["secrets", "configs"] {
        let all = model[kind].as_mapping();
        for definition in all.into_iter().flat_map(|all| all.values()) {
            if let Some(name) = definition["environment"].as_str() {
                take(name, scan);
            }
        }
    }
}

/// As Compose tells them: an OCI artifact, or a git repo.
fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.starts_with("github.com/")
}

/// A name without a value takes the one of Compose's own environment.
fn pass_through(environment: &Value, scan: &mut Scan) {
    for entry in environment.as_sequence().into_iter().flatten() {
        if let Some(name) = entry.as_str().filter(|entry| !entry.contains('=')) {
            take(name, scan);
        }
    }
    for (name, value) in environment.as_mapping().into_iter().flatten() {
        if let (Some(name), Value::Null) = (name.as_str(), value) {
            take(name, scan);
        }
    }
}

/// A name that Compose makes of others, such as `${A}_B`, is no variable's.
fn take(name: &str, scan: &mut Scan) {
    if !name.is_empty() && !name.contains('$') {
        scan.variables.insert(name.to_owned());
    }
}

/// A list, or one value as a list of one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Sequence(all) => all.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_variable_is_found() {
        let found = interpolated("a $B ${C:-x} ${D} $$E $${F} ${G:?must} $1 ${H-${I}}");
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["B", "C", "D", "G", "H", "I"]);
    }

    #[test]
    fn what_never_ends_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let main = root.join("compose.yml");
        let pipe = std::process::Command::new("mkfifo")
            .arg(root.join("pipe"))
            .status();
        assert!(pipe.expect("mkfifo").success());
        for way in 0..10 {
            std::fs::create_dir(root.join(way.to_string())).expect("a folder");
        }
        // Itself, by ten names in each of eight depths.
        let itself = (0..10).map(|way| format!("{way}/../compose.yml"));
        let included = itself.collect::<Vec<_>>().join(", ");
        let text = format!("include: [pipe, /dev/zero, {included}]");
        std::fs::write(&main, text).expect("a file");
        let (done, ended) = std::sync::mpsc::channel();
        let root = root.to_owned();
        std::thread::spawn(move || done.send(scan(&[main], &root)));
        let scan = ended.recv_timeout(std::time::Duration::from_mins(1));
        assert!(scan.is_ok_and(|scan| scan.files.len() > 100));
    }

    #[test]
    fn files_and_names_are_found_through_includes() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(&path, text).expect("a file");
            path
        };
        let main = write(
            "compose.yml",
            "include: [db/compose.yml, 'oci://x/y:1']\nservices:\n  api:\n    env_file: [api.env, {path: b.env, required: false}]\n    \
             environment: [TOKEN, PORT=1]\n    image: ${IMAGE:-x}\n    extends: {file: base.yml, service: b}\n\
             secrets:\n  s: {environment: S}\n",
        );
        write(
            "db/compose.yml",
            "services:\n  db:\n    env_file: db.env\n    environment: {PASSWORD: }\n    command: ${E2E_DB_5432}\n",
        );
        let scan = scan(&[main], root);
        let names: Vec<_> = scan.variables.iter().map(String::as_str).collect();
        assert_eq!(names, ["E2E_DB_5432", "IMAGE", "PASSWORD", "S", "TOKEN"]);
        assert!(scan.uses_endpoints);
        assert!(scan.remote.contains("oci://x/y:1"), "{:?}", scan.remote);
        let files: Vec<_> = scan
            .files
            .iter()
            .map(|file| {
                file.strip_prefix(root)
                    .expect("inside")
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(
            files,
            [
                "api.env",
                "b.env",
                "base.yml",
                "db/compose.yml",
                "db/db.env"
            ]
        );
    }
}
