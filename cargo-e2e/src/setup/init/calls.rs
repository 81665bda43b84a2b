//! Calls of Compose in a repo's recipes.

use e2e_harness::protocol::COMPOSE_FILE;

use super::recipe::{Step, join};
use super::tree::Tree;
use crate::repo::workspace::COMPOSE_FILES;
use crate::text::lists;

const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// One call of `docker compose`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    /// The compose files, relative to the root. None of them is missing.
    pub(super) files: Vec<String>,
    /// Whether the call, or a variable, names them.
    pub(super) is_named: bool,
    /// What its recipe sets, before or after it.
    pub(super) environment: Vec<(String, String)>,
    /// What is set for it alone.
    pub(super) assigned: Vec<(String, String)>,
    pub(super) profiles: Vec<String>,
    pub(super) env_files: Vec<String>,
    /// `up`, `run`, …
    pub(super) verb: String,
    pub(super) services: Vec<String>,
    /// The service whose end is the result.
    pub(super) result_of: Option<String>,
    /// Whether the end of any service is the end of all.
    pub(super) aborts: bool,
    /// What is run in the service, of `run` and `exec`.
    pub(super) command: Vec<String>,
}

/// The files that plain `docker compose` takes in a folder.
pub(super) fn defaults(tree: &Tree, folder: &str) -> Vec<String> {
    let there = |names: &[&str]| {
        let mut paths = names.iter().map(|name| join(folder, name));
        paths.find(|path| tree.has(path))
    };
    let Some(base) = there(&COMPOSE_FILES) else {
        return Vec::new();
    };
    std::iter::once(base).chain(there(&OVERRIDES)).collect()
}

/// The call that a command is.
pub(super) fn call(step: &Step, tree: &Tree) -> Option<Call> {
    let at = step.words.iter().position(|word| is_compose(word))?;
    let mut words = step.words[at + 1..].iter().map(String::as_str).peekable();
    if step.words[at] == "docker" && words.next_if_eq(&"compose").is_none() {
        return None;
    }
    let mut call = Call {
        environment: step.environment.clone(),
        assigned: step.assigned.clone(),
        ..Call::default()
    };
    let mut files: Vec<String> = Vec::new();
    let mut folder = step.folder.clone();
    while let Some(word) = words.next() {
        let (option, value) = option(word);
        let mut value = || {
            value
                .or_else(|| words.next())
                .unwrap_or_default()
                .to_owned()
        };
        match option {
            "-f" | "--file" => files.push(value()),
            "--profile" => call.profiles.push(value()),
            "--env-file" => call.env_files.push(join(&step.folder, &value())),
            "--project-directory" => folder = join(&step.folder, &value()),
            "-p" | "--project-name" | "--ansi" | "--progress" | "--parallel" | "-H" => {
                drop(value());
            }
            _ if option.starts_with("-f") && !option.starts_with("--") => {
                files.push(option[2..].to_owned());
            }
            _ if option.starts_with('-') => {}
            verb => {
                verb.clone_into(&mut call.verb);
                break;
            }
        }
    }
    if files.is_empty() {
        let mut set = step.environment.iter();
        let named = set.rfind(|(name, _)| name == COMPOSE_FILE);
        let named = named.into_iter().flat_map(|(_, value)| value.split(':'));
        files.extend(named.map(str::to_owned));
    }
    let profiles = step.environment.iter();
    let profiles = profiles.filter(|(name, _)| name == "COMPOSE_PROFILES");
    let profiles = profiles.flat_map(|(_, value)| value.split(',').map(str::to_owned));
    call.profiles.extend(profiles);
    call.profiles
        .retain(|name| !name.is_empty() && !name.contains('$'));
    call.profiles.dedup();
    call.files = files
        .iter()
        .map(|file| {
            let file = of_matrix(file, step);
            // Where a script is run is a guess.
            let paths = [step.folder.as_str(), &folder, ""].map(|folder| join(folder, &file));
            let there = paths.iter().find(|path| tree.has(path));
            there.unwrap_or(&paths[0]).clone()
        })
        .collect();
    call.is_named = !files.is_empty();
    if !call.is_named {
        call.files = defaults(tree, &folder);
    }
    if call.files.is_empty() || !call.files.iter().all(|file| tree.has(file)) {
        return None;
    }
    rest(&mut call, words);
    Some(call)
}

/// A name with the first values of the CI job's matrix in it.
fn of_matrix(file: &str, step: &Step) -> String {
    let values = step.environment.iter();
    let values = values.filter(|(name, _)| name.starts_with("matrix."));
    values.fold(file.to_owned(), |file, (name, value)| {
        file.replace(&format!("${{{{ {name} }}}}"), value)
            .replace(&format!("${{{{{name}}}}}"), value)
    })
}

/// What follows the verb.
fn rest<'a>(call: &mut Call, mut words: impl Iterator<Item = &'a str>) {
    let with_value = "-e --env -u --user -w --workdir -v --volume -p --publish --name --entrypoint -l --label \
                      --scale -t --timeout --wait-timeout --pull --attach --no-attach --index --env-from-file";
    let takes_command = matches!(call.verb.as_str(), "run" | "exec");
    while let Some(word) = words.next() {
        let (option, value) = option(word);
        match option {
            "--exit-code-from" => {
                call.result_of = value.or_else(|| words.next()).map(str::to_owned);
            }
            "--abort-on-container-exit" | "--abort-on-container-failure" => call.aborts = true,
            // `-t` of `exec` and `up` differ, and both are short.
            "-t" if call.verb == "exec" => {}
            _ if lists(with_value, option) => {
                if value.is_none() {
                    words.next();
                }
            }
            _ if option.starts_with('-') => {}
            service => {
                call.services.push(service.to_owned());
                if takes_command {
                    call.command = words.map(str::to_owned).collect();
                    return;
                }
            }
        }
    }
}

/// An option, and its value where that is in the same word.
fn option(word: &str) -> (&str, Option<&str>) {
    let parts = word.split_once('=');
    parts.map_or((word, None), |(option, value)| (option, Some(value)))
}

fn is_compose(word: &str) -> bool {
    let program = word.rsplit('/').next().unwrap_or(word);
    matches!(program, "docker" | "docker-compose" | "podman-compose")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(command: &str) -> Option<Call> {
        let tree = Tree {
            root: "/".into(),
            files: [
                "docker-compose.yml",
                "docker-compose.override.yml",
                "ci/a.yml",
                "ci/b.yml",
            ]
            .map(str::to_owned)
            .to_vec(),
        };
        let words = command.split_whitespace().map(str::to_owned).collect();
        let step = Step {
            kind: super::super::recipe::Kind::Ci,
            words,
            folder: String::new(),
            environment: vec![("matrix.db".to_owned(), "b".to_owned())],
            assigned: Vec::new(),
        };
        call(&step, &tree)
    }

    #[test]
    fn a_call_says_its_files_and_what_it_runs() {
        let call = read("docker compose -f ci/a.yml --file=ci/b.yml --profile x run --rm -e A=b tests pytest -x").unwrap();
        assert_eq!(call.files, ["ci/a.yml", "ci/b.yml"]);
        assert_eq!(call.profiles, ["x"]);
        assert_eq!(
            (call.verb.as_str(), call.services),
            ("run", vec!["tests".to_owned()])
        );
        assert_eq!(call.command, ["pytest", "-x"]);
        let call = read("docker compose -f ci/${{matrix.db}}.yml up").unwrap();
        assert_eq!(call.files, ["ci/b.yml"]);
        let call = read("docker-compose up --build --exit-code-from tests db tests").unwrap();
        assert_eq!(
            call.files,
            ["docker-compose.yml", "docker-compose.override.yml"]
        );
        assert_eq!(call.result_of.as_deref(), Some("tests"));
        assert_eq!(call.services, ["db", "tests"]);
    }

    #[test]
    fn what_is_no_call_or_names_no_file_is_none() {
        assert_eq!(read("docker build ."), None);
        assert_eq!(read("docker compose -f gone.yml up"), None);
        assert_eq!(read("make up"), None);
    }
}
