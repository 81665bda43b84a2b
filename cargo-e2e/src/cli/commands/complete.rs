//! `cargo e2e complete`, hidden: values for the completions of shells, a line each. What it can't
//! find out soon it leaves out, without a word.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use crate::compose::service_names;
use crate::host::{LOCAL, Purpose, connect, named_hosts, preflight};
use crate::record::history;
use crate::record::outcome::short_id;
use crate::record::store::{Store, state_folder};
use crate::sandbox;

use crate::cli::args::HostArgument;
use crate::cli::host::host_for;
use crate::cli::print::outln;
use crate::cli::repos;

/// The time limit for a host: the user waits at a shell prompt.
const SOON: Duration = Duration::from_secs(3);

/// Options whose value is a word of its own.
const WITH_VALUE: [&str; 6] = ["--host", "--spec", "--format", "--since", "--tail", "-n"];

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hosts,
    /// Slugs of recorded runs.
    Repos,
    /// Runs of this repo that have a page.
    Runs,
    Sandboxes,
    Services,
    SandboxesAndServices,
}

pub(crate) async fn complete(words: &[String]) -> u8 {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let typed = words.last().copied().unwrap_or_default();
    let Some(kind) = kind(&words) else {
        return 0;
    };
    let mut values = match kind {
        Kind::Hosts => [LOCAL.to_owned()]
            .into_iter()
            .chain(named_hosts())
            .collect(),
        Kind::Repos => recorded_repos(),
        Kind::Runs => runs(),
        Kind::Sandboxes => sandboxes(&words).await,
        Kind::Services => services(),
        Kind::SandboxesAndServices => [services(), sandboxes(&words).await].concat(),
    };
    values.retain(|value| value.starts_with(typed));
    for value in values {
        outln!("{value}");
    }
    0
}

/// Returns what the last of these words may be; the first is a command, where one is typed.
fn kind(words: &[&str]) -> Option<Kind> {
    let (last, before) = words.split_last()?;
    if before.contains(&"--") {
        return None;
    }
    let command = before.first().filter(|word| !word.starts_with('-'));
    match (command.copied(), before.last().copied()) {
        (_, Some("--host")) => return Some(Kind::Hosts),
        (Some("history" | "gc"), Some("--repo")) => return Some(Kind::Repos),
        (Some("report"), Some("--open")) => return Some(Kind::Runs),
        _ => {}
    }
    if last.starts_with('-') || before.last().is_some_and(|word| WITH_VALUE.contains(word)) {
        return None;
    }
    let given = positionals(before.get(1..).unwrap_or_default());
    match (command?, given) {
        (&"open", 0) => Some(Kind::Runs),
        (&"env" | &"down" | &"forward", 0) => Some(Kind::Sandboxes),
        (&"exec" | &"shell" | &"logs", 0) => Some(Kind::SandboxesAndServices),
        (&"exec" | &"shell", 1) | (&"logs", _) => Some(Kind::Services),
        _ => None,
    }
}

/// Counts the words that are neither options nor their values.
fn positionals(words: &[&str]) -> usize {
    let mut is_value = false;
    let is_positional = |word: &&&str| {
        let after_option = std::mem::replace(&mut is_value, WITH_VALUE.contains(word));
        !after_option && !word.starts_with('-')
    };
    words.iter().filter(is_positional).count()
}

fn recorded_repos() -> Vec<String> {
    let kept = Store::in_state(&state_folder()).kept();
    let all = kept.map(|kept| history::of(&kept.records, None));
    let names = all.into_iter().flatten().map(|history| history.repo);
    let names: BTreeSet<String> = names.collect();
    names.into_iter().collect()
}

fn runs() -> Vec<String> {
    let results = repos::here().map(|repo| repo.results_dir);
    let entries = results.and_then(|folder| std::fs::read_dir(folder).ok());
    let mut ids: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| sandbox::is_run_id(name))
        .collect();
    // The newest first.
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.iter().map(|id| short_id(id).to_owned()).collect()
}

fn services() -> Vec<String> {
    let Some(repo) = repos::here() else {
        return Vec::new();
    };
    let text = std::fs::read(&repo.spec_path).unwrap_or_default();
    let Ok(spec) = repos::parse(&repo, &repo.spec_path, text) else {
        return Vec::new();
    };
    let files = spec.compose_file.iter();
    let files: Vec<PathBuf> = files.map(|file| repo.root.join(file)).collect();
    let names = service_names(files.iter().map(PathBuf::as_path));
    names.into_iter().collect()
}

async fn sandboxes(words: &[&str]) -> Vec<String> {
    let typed = words.iter().zip(words.iter().skip(1));
    let mut typed = typed.filter(|(option, _)| **option == "--host");
    let argument = HostArgument {
        host: typed.next().map(|(_, host)| (*host).to_owned()),
    };
    let name = host_for(&argument);
    let list = async {
        let host = connect(&name).await.ok()?;
        let list = async {
            let facts = preflight(host.as_ref(), Purpose::Remove).await.ok()?;
            sandbox::list_folders(host.as_ref(), &facts).await.ok()
        };
        let list = timeout(SOON, list).await.ok().flatten();
        host.close().await;
        list
    };
    let all = timeout(SOON * 2, list).await.ok().flatten();
    let all = all.unwrap_or_default();
    all.iter()
        .map(|one| short_id(&one.run_id).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_depends_on_the_words_before() {
        let kind = |words: &str| kind(&words.split(' ').collect::<Vec<_>>());
        for (words, expected) in [
            ("--host ", Some(Kind::Hosts)),
            ("plan --host rai", Some(Kind::Hosts)),
            ("history --repo ", Some(Kind::Repos)),
            ("open ", Some(Kind::Runs)),
            ("report --open ", Some(Kind::Runs)),
            ("down ", Some(Kind::Sandboxes)),
            ("down 0000001a ", None),
            ("logs ", Some(Kind::SandboxesAndServices)),
            ("logs --host h web ", Some(Kind::Services)),
            ("exec 0000001a ", Some(Kind::Services)),
            ("exec web -- ", None),
            ("logs --spec ", None),
            ("pla", None),
            ("plan ", None),
        ] {
            assert_eq!(kind(words), expected, "{words}");
        }
    }
}
