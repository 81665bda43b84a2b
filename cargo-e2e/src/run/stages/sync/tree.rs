//! The files that git ships, sent straight into the sandbox's workspace.

use std::collections::BTreeSet;

use crate::host::{List, Transfer, rsync};
use crate::record::outcome::Verdict;
use crate::repo::files::Filters;
use crate::run::{Context, StageError};

use super::listing::{self, Listing};
use super::sent::Sent;
use super::workspace::Workspace;
use super::young::Young;

/// How much was sent, or was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) files: usize,
    pub(super) kb: usize,
}

/// What a sync did to an earlier run's workspace.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Files and links that were sent, and those that may have been.
    pub(super) names: BTreeSet<Vec<u8>>,
    /// Whether anything was removed.
    pub(super) removes: bool,
}

/// For a sandbox that is up: compares content even where size and time are equal, and writes in
/// place, because a container with a bind-mounted file keeps the old file when a new one replaces
/// it.
const AGAIN: [&str; 3] = ["--checksum", "--inplace", "--force"];

/// Sends the files: into a new workspace, or where there is none into a sandbox that is up.
pub(super) async fn send(
    context: &Context<'_>,
    filters: &Filters,
    workspace: Option<&Workspace>,
    sent: &mut Sent,
) -> Result<(Amount, Change), StageError> {
    let plan = context.plan;
    let mut arguments = vec![
        "--safe-links".to_owned(),
        // `symsafe` prints nothing unless names are printed too.
        "--info=stats2,symsafe1,name1".to_owned(),
    ];
    arguments.extend(listing::ARGUMENTS.map(str::to_owned));
    arguments.extend_from_slice(&filters.arguments);
    let transfer = Transfer {
        arguments: &arguments,
        source: &format!("{}/", plan.repo.root.display()),
        target: &format!("{}/", context.sandbox.repo_dir()),
        fetch: false,
        list: Some(List::Without(&filters.ignored)),
        deadline: plan.limits.sync,
    };
    let (said, change) = match workspace {
        Some(workspace) => update(context, &transfer, workspace, sent).await?,
        None => (again(context, &transfer, sent).await?, Change::default()),
    };
    for line in said.lines().filter(|line| line.contains("unsafe symlink")) {
        context.events.warn(format!(
            "{}: it leads out of the repo",
            crate::text::printable(line)
        ));
    }
    let amount = Amount {
        files: number_in(&said, "Number of files: ", "reg: "),
        kb: number_in(&said, "Total file size: ", "") / 1024,
    };
    Ok((amount, change))
}

fn with<'a>(arguments: &[String], more: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let more = more.into_iter().map(str::to_owned);
    arguments.iter().cloned().chain(more).collect()
}

/// Brings a new sandbox's workspace up to date.
async fn update(
    context: &Context<'_>,
    transfer: &Transfer<'_>,
    workspace: &Workspace,
    sent: &mut Sent,
) -> Result<(String, Change), StageError> {
    let write = Transfer {
        arguments: &with(transfer.arguments, workspace.arguments().iter().copied()),
        ..transfer.clone()
    };
    let said = rsync(context.host, &write).await?;
    let mut listing = Listing::read(&said);
    if let Some(moment) = workspace.known_since() {
        let young = read_young(context, moment, listing.clone(), transfer.target).await?;
        listing.changed.extend(young);
    }
    sent.tree.extend(listing.names);
    let change = Change {
        names: listing.changed,
        removes: listing.removes,
    };
    Ok((said, change))
}

/// Brings a sandbox that is up to date. What is in it may have been changed by containers.
async fn again(
    context: &Context<'_>,
    transfer: &Transfer<'_>,
    sent: &mut Sent,
) -> Result<String, StageError> {
    let arguments = with(transfer.arguments, AGAIN);
    let look = Transfer {
        arguments: &with(&arguments, ["-n"]),
        ..transfer.clone()
    };
    let looked = Listing::read(&rsync(context.host, &look).await?);
    make_way(context, sent, looked).await?;
    let write = Transfer {
        arguments: &arguments,
        ..transfer.clone()
    };
    let said = rsync(context.host, &write).await?;
    let listing = Listing::read(&said);
    sent.pending.extend(listing.changed);
    sent.tree.extend(listing.names);
    Ok(said)
}

/// Compares files that rsync calls unchanged, but that were touched since the last sync, byte by
/// byte. Returns their names.
async fn read_young(
    context: &Context<'_>,
    moment: i64,
    listing: Listing,
    target: &str,
) -> Result<BTreeSet<Vec<u8>>, StageError> {
    let root = context.plan.repo.root.clone();
    let look = move || {
        let mut young = Young::since(&root, moment);
        let unchanged = listing.names.difference(&listing.changed);
        let files = unchanged.filter(|name| !name.ends_with(b"/"));
        files.filter(|name| young.is(name)).cloned().collect()
    };
    let names: BTreeSet<Vec<u8>> = tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| StageError::new(Verdict::InternalError, error.to_string()))?;
    if names.is_empty() {
        return Ok(names);
    }
    let list: Vec<u8> = names
        .iter()
        .flat_map(|name| [name, &b"\0"[..]].concat())
        .collect();
    let compare = Transfer {
        arguments: &["--checksum", "--existing", "--safe-links"].map(str::to_owned),
        source: &format!("{}/", context.plan.repo.root.display()),
        target,
        fetch: false,
        list: Some(List::Only(&list)),
        deadline: context.plan.limits.sync,
    };
    rsync(context.host, &compare).await?;
    Ok(names)
}

/// Removes what an earlier sync sent and this one does not from a sandbox that is up, before the
/// sync writes changes. Stores both intentions first: a sync may be cut short.
async fn make_way(
    context: &Context<'_>,
    sent: &mut Sent,
    looked: Listing,
) -> Result<(), StageError> {
    let gone = sent.tree.difference(&looked.names).cloned().collect();
    sent.pending.extend(looked.changed);
    sent.tree.extend(looked.names);
    forget(context, sent, &gone).await?;
    sent.tree.retain(|name| !gone.contains(name));
    Ok(())
}

/// Removes these names from the workspace, after storing that they go.
pub(super) async fn forget(
    context: &Context<'_>,
    sent: &mut Sent,
    gone: &BTreeSet<Vec<u8>>,
) -> Result<(), StageError> {
    let (folders, files): (Vec<_>, Vec<_>) = gone.iter().partition(|name| name.ends_with(b"/"));
    sent.pending.extend(files.iter().copied().cloned());
    sent.write(context).await?;
    if gone.is_empty() {
        return Ok(());
    }
    let mut names = Vec::new();
    // A folder sorts before its content.
    for name in files.into_iter().chain(folders.into_iter().rev()) {
        names.extend_from_slice(name);
        names.push(0);
    }
    let limit = context.plan.limits.sync;
    context.sandbox.forget(context.host, &names, limit).await?;
    Ok(())
}

/// Parses `Number of files: 1,312 (reg: 1,300, dir: 12)` as 1300.
fn number_in(stats: &str, line: &str, before: &str) -> usize {
    stats
        .lines()
        .find_map(|said| said.strip_prefix(line))
        .and_then(|said| said.split_once(before))
        .map(|(_, rest)| {
            rest.chars()
                .take_while(|c| c.is_ascii_digit() || *c == ',')
                .filter(char::is_ascii_digit)
                .collect::<String>()
        })
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsyncs_own_numbers_are_read() {
        let said =
            "x\nNumber of files: 1,312 (reg: 1,300, dir: 12)\nTotal file size: 2,048 bytes\n";
        assert_eq!(number_in(said, "Number of files: ", "reg: "), 1300);
        assert_eq!(number_in(said, "Total file size: ", ""), 2048);
        assert_eq!(number_in("", "Number of files: ", "reg: "), 0);
    }
}
