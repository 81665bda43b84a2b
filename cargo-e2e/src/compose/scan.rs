//! A look at the user's compose files before Compose reads them on the host: which variables
//! must travel, and which files that git ignores.
//!
//! It may find too much, or miss what Compose's own merging brings; it leaves judging the files to Compose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_yaml::Value;

/// What the files refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Names that are interpolated or passed through.
    pub variables: BTreeSet<String>,
    /// Files that Compose opens while it reads the model: `env_file`, `extends`, `include`.
    pub files: BTreeSet<PathBuf>,
    /// The same, each with who says so; also folders that such files are read from.
    pub opened: Vec<Opened>,
    /// Files that could not be looked through, and why.
    pub unread: BTreeMap<PathBuf, String>,
    /// What Compose would fetch from elsewhere to read the model.
    pub remote: BTreeSet<String>,
    /// Whether an `E2E_…` name is used, which is known only after a first reading.
    pub uses_endpoints: bool,
}

/// A path that a compose file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The file that names it.
    pub by: PathBuf,
    /// The key that does, such as `services.web.env_file`.
    pub key: String,
    /// As it is written.
    pub written: String,
    pub path: PathBuf,
}

/// How deep `extends` and `include` are followed, and into how many files: enough for people, not
/// for loops.
const DEEPEST: usize = 8;
const MOST: usize = 1000;
/// Nobody writes a longer one; a pipe or a device may never end.
const LONGEST: u64 = 4 << 20;

/// Looks at the compose files, and at those that they include.
pub fn scan(files: &[PathBuf], project: &Path) -> Scan {
    let mut look = Look::default();
    for file in files {
        look.at(file, project, 0);
    }
    let mut scan = look.scan;
    scan.uses_endpoints = scan.variables.iter().any(|name| name.starts_with("E2E_"));
    scan
}

/// Names that a text interpolates: `$NAME`, `${NAME:-default}`; `$$` is a literal dollar.
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

#[derive(Default)]
struct Look {
    scan: Scan,
    /// Files with the folders that their paths start from: the same file can have several.
    seen: BTreeSet<(PathBuf, PathBuf)>,
}

impl Look {
    fn at(&mut self, file: &Path, project: &Path, depth: usize) {
        if !self.seen.insert((file.to_owned(), project.to_owned())) {
            return;
        }
        let mut unread = |why: String| {
            self.scan.unread.insert(file.to_owned(), why);
        };
        let ends = |data: std::fs::Metadata| data.is_file() && data.len() <= LONGEST;
        if std::fs::metadata(file).is_ok_and(|data| !ends(data)) {
            return unread("not a file of at most 4 MB".to_owned());
        }
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            // Compose says so, unless the build makes it first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return unread(error.to_string()),
        };
        if depth > DEEPEST || self.seen.len() > MOST {
            return unread("too many nested includes".to_owned());
        }
        self.scan.variables.extend(interpolated(&text));
        for document in serde_yaml::Deserializer::from_str(&text) {
            let model = Value::deserialize(document).and_then(|mut model| {
                // One call merges one level.
                for _ in 0..DEEPEST {
                    model.apply_merge()?;
                }
                Ok(model)
            });
            match model {
                Ok(model) => self.model(&model, file, project, depth),
                // A file that is no YAML is Compose's to complain about.
                Err(error) => {
                    self.scan.unread.insert(file.to_owned(), error.to_string());
                    return;
                }
            }
        }
    }

    fn model(&mut self, model: &Value, file: &Path, project: &Path, depth: usize) {
        for included in list(&model["include"]) {
            self.include(included, file, project, depth);
        }
        let services = model["services"].as_mapping();
        for (name, service) in services.into_iter().flatten() {
            let key = |key: &str| format!("services.{}.{key}", name.as_str().unwrap_or_default());
            for entry in list(&service["env_file"]) {
                let path = entry.as_str().or_else(|| entry["path"].as_str());
                self.opens(file, key("env_file"), project, path);
            }
            for entry in list(&service["label_file"]) {
                self.opens(file, key("label_file"), project, entry.as_str());
            }
            let extended = service["extends"]["file"].as_str();
            let opened = self.opens(file, key("extends.file"), project, extended);
            if let Some(path) = opened {
                let folder = path.parent().unwrap_or(project).to_owned();
                self.at(&path, &folder, depth + 1);
            }
            pass_through(&service["environment"], &mut self.scan);
            pass_through(&service["build"]["args"], &mut self.scan);
        }
        for kind in ["secrets", "configs"] {
            let all = model[kind].as_mapping();
            for definition in all.into_iter().flat_map(|all| all.values()) {
                if let Some(name) = definition["environment"].as_str() {
                    take(name, &mut self.scan);
                }
            }
        }
    }

    fn include(&mut self, included: &Value, file: &Path, project: &Path, depth: usize) {
        let key = || "include".to_owned();
        let entries = match included {
            Value::Mapping(_) => list(&included["path"]),
            _ => vec![included],
        };
        let entries = entries.into_iter().map(Value::as_str);
        let paths: Vec<PathBuf> = entries
            .filter_map(|path| self.opens(file, key(), project, path))
            .collect();
        let folder = if let Some(written) = included["project_directory"].as_str() {
            let path = project.join(written);
            let key = "include.project_directory".to_owned();
            self.notes(file, key, written, path.clone());
            path
        } else {
            let first = paths.first().and_then(|path| path.parent());
            first.unwrap_or(project).to_owned()
        };
        for path in &paths {
            self.at(path, &folder, depth + 1);
        }
        let own = list(&included["env_file"]);
        for path in &own {
            self.opens(file, "include.env_file".to_owned(), project, path.as_str());
        }
        if own.is_empty() && folder.join(".env").symlink_metadata().is_ok() {
            self.notes(file, key(), ".env", folder.join(".env"));
        }
    }

    /// Notes a file that Compose opens, or would fetch; where it is here, if it is.
    fn opens(
        &mut self,
        by: &Path,
        key: String,
        folder: &Path,
        written: Option<&str>,
    ) -> Option<PathBuf> {
        let written = written?;
        if is_remote(written) {
            self.scan.remote.insert(written.to_owned());
            return None;
        }
        let path = folder.join(written);
        self.scan.files.insert(path.clone());
        self.notes(by, key, written, path.clone());
        Some(path)
    }

    fn notes(&mut self, by: &Path, key: String, written: &str, path: PathBuf) {
        self.scan.opened.push(Opened {
            by: by.to_owned(),
            key,
            written: written.to_owned(),
            path,
        });
    }
}

/// As Compose tells them: an OCI artifact, or a git repo.
fn is_remote(path: &str) -> bool {
    let begins = ["github.com/", "git@"];
    path.contains("://")
        || begins.iter().any(|begin| path.starts_with(begin))
        || is_of_an_account(path)
}

/// `git@host:path`, for which git uses ssh, and so keys.
pub(super) fn is_of_an_account(path: &str) -> bool {
    path.split_once(':')
        .and_then(|(account, _)| account.split_once('@'))
        .is_some_and(|(user, host)| !user.is_empty() && !format!("{user}{host}").contains('/'))
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

/// Returns a list, or one value as a list of one, whatever its tag.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Tagged(tagged) => list(&tagged.value),
        Value::Null => Vec::new(),
        Value::Sequence(all) => all.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use indoc::indoc;

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
        std::thread::spawn(move || drop(done.send(scan(&[main], &root))));
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
            indoc! {"
                include: [db/compose.yml, 'oci://x/y:1']
                services:
                  api:
                    env_file: [api.env, {path: b.env, required: false}]
                    environment: [TOKEN, PORT=1]
                    image: ${IMAGE:-x}
                    extends: {file: base.yml, service: b}
                secrets:
                  s: {environment: S}
            "},
        );
        write(
            "db/compose.yml",
            indoc! {"
                services:
                  db:
                    env_file: db.env
                    environment: {PASSWORD: }
                    command: ${E2E_DB_5432}
            "},
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

    #[test]
    fn files_are_found_through_merges_of_merges_and_behind_tags() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let main = root.join("compose.yml");
        let text = indoc! {"
            include: !override [more.yml]
            x-base: &base {env_file: [app.env]}
            x-app: &app {<<: *base, restart: always}
            services:
              web: {<<: *app, label_file: !override [labels]}
              worker: {env_file: !reset [{path: worker.env}]}
        "};
        std::fs::write(&main, text).expect("a file");
        let scan = scan(&[main], root);
        let files = scan
            .files
            .iter()
            .filter_map(|file| file.file_name()?.to_str());
        let files: Vec<_> = files.collect();
        assert_eq!(files, ["app.env", "labels", "more.yml", "worker.env"]);
    }
}
