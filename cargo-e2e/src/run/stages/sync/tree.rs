//! The files that git ships: sent into a mirror on the host, then copied into the sandbox; on this
//! machine sent directly.

use crate::host::{HostError, List, Transfer, rsync, rsync_in_one};
use crate::repo::files::Filters;
use crate::run::{Context, StageError};
use crate::sandbox::Copying;

use super::listing::{self, Listing};
use super::mirror::{self, Known};
use super::sent::Sent;
use super::young::{self, Young};

/// Dropped connections in one sync after which it gives up.
const TRIES: usize = 3;

/// For a sandbox that is up: compares content even where size and time are equal, and writes in
/// place, because a container with a bind-mounted file keeps the old file when a new one replaces
/// it.
const AGAIN: [&str; 3] = ["--checksum", "--inplace", "--force"];

/// Sends the files, and returns their number.
pub(super) async fn send(
    context: &Context<'_>,
    filters: &Filters,
    sent: &mut Sent,
) -> Result<usize, StageError> {
    let plan = context.plan;
    let mut arguments = vec![
        "--safe-links".to_owned(),
        // `symsafe` prints nothing unless names are printed too.
        "--info=stats2,symsafe1,name1".to_owned(),
    ];
    arguments.extend(listing::ARGUMENTS.map(str::to_owned));
    arguments.extend_from_slice(&filters.arguments);
    let source = format!("{}/", plan.repo.root.display());
    let transfer = Transfer {
        arguments: &arguments,
        source: &source,
        target: "",
        fetch: false,
        list: Some(List::Without(&filters.ignored)),
        deadline: plan.limits.sync,
    };
    let said = if context.host.is_local() {
        // There is no network in between.
        straight(context, &transfer, sent).await?
    } else {
        by_way_of_mirror(context, &transfer, sent).await?
    };
    for line in said.lines().filter(|line| line.contains("unsafe symlink")) {
        context.events.warn(format!(
            "{}: it leads out of the repo",
            crate::text::printable(line)
        ));
    }
    Ok(files_in(&said))
}

fn with<'a>(arguments: &[String], more: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let more = more.into_iter().map(str::to_owned);
    arguments.iter().cloned().chain(more).collect()
}

async fn straight(
    context: &Context<'_>,
    transfer: &Transfer<'_>,
    sent: &mut Sent,
) -> Result<String, StageError> {
    let target = format!("{}/", context.sandbox.repo_dir());
    let arguments = if context.before.is_some() {
        let arguments = with(transfer.arguments, AGAIN);
        let look = Transfer {
            arguments: &with(&arguments, ["-n"]),
            target: &target,
            ..transfer.clone()
        };
        let looked = Listing::read(&rsync(context.host, &look).await?);
        make_way(context, sent, looked).await?;
        arguments
    } else {
        transfer.arguments.to_vec()
    };
    let write = Transfer {
        arguments: &arguments,
        target: &target,
        ..transfer.clone()
    };
    let said = rsync(context.host, &write).await?;
    take(context, sent, Listing::read(&said));
    Ok(said)
}

/// Sends to a mirror, and copies from it. A connection holds the mirror's lock: when it is lost,
/// another run may have changed the mirror, and everything is repeated.
async fn by_way_of_mirror(
    context: &Context<'_>,
    transfer: &Transfer<'_>,
    sent: &mut Sent,
) -> Result<String, StageError> {
    let (host, sandbox, limit) = (context.host, context.sandbox, transfer.deadline);
    let known = mirror::of(&context.plan.repo.root, host.name(), sandbox).await;
    let target = format!("{}/mirrors/{}/", sandbox.root, known.mirror.name);
    for attempt in 0..TRIES {
        let before = host.connections();
        let moment = young::now();
        let held = sandbox.hold_mirror(host, &known.mirror, limit).await?;
        let mut arguments = with(transfer.arguments, ["--delete", "--delete-excluded"]);
        if !held.is_known {
            // Files of equal size and time may differ.
            arguments.push("--checksum".to_owned());
        }
        let write = Transfer {
            arguments: &arguments,
            target: &target,
            ..transfer.clone()
        };
        let Some(said) = rsync_in_one(host, &write).await? else {
            continue;
        };
        let listing = Listing::read(&said);
        if held.is_known && !read_young(context, &known, listing.clone(), &target).await? {
            continue;
        }
        if context.before.is_some() {
            let copy = async |how| sandbox.copy_mirror(host, &known.mirror, how, limit).await;
            let looked = Listing::read(&copy(Copying::Look).await?);
            make_way(context, sent, looked).await?;
            take(context, sent, Listing::read(&copy(Copying::Again).await?));
        } else {
            // Removes what was copied while another run had the mirror.
            let how = if attempt > 0 {
                Copying::Anew
            } else {
                Copying::New
            };
            sandbox.copy_mirror(host, &known.mirror, how, limit).await?;
            take(context, sent, listing);
        }
        if host.connections() == before {
            known.remember(sandbox, moment).await;
            return Ok(said);
        }
    }
    Err(HostError::Lost {
        host: host.name().to_owned(),
        doing: "sync",
    }
    .into())
}

/// Compares files that rsync calls unchanged, but that were touched since the last sync, byte by
/// byte. Returns whether the connection lasted.
async fn read_young(
    context: &Context<'_>,
    known: &Known,
    listing: Listing,
    target: &str,
) -> Result<bool, StageError> {
    let (root, moment) = (context.plan.repo.root.clone(), known.moment);
    let look = move || {
        let mut young = Young::since(&root, moment);
        let unchanged = listing.names.difference(&listing.changed);
        let files = unchanged.filter(|name| !name.ends_with(b"/"));
        let mut list = Vec::new();
        for name in files.filter(|name| young.is(name)) {
            list.extend_from_slice(name);
            list.push(0);
        }
        list
    };
    let list = tokio::task::spawn_blocking(look).await.map_err(|error| {
        StageError::new(
            crate::record::outcome::Verdict::InternalError,
            error.to_string(),
        )
    })?;
    if list.is_empty() {
        return Ok(true);
    }
    let compare = Transfer {
        arguments: &["--checksum", "--existing", "--safe-links"].map(str::to_owned),
        source: &format!("{}/", context.plan.repo.root.display()),
        target,
        fetch: false,
        list: Some(List::Only(&list)),
        deadline: context.plan.limits.sync,
    };
    Ok(rsync_in_one(context.host, &compare).await?.is_some())
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

/// Removes these names from the sandbox's copy, after storing that they go.
pub(super) async fn forget(
    context: &Context<'_>,
    sent: &mut Sent,
    gone: &std::collections::BTreeSet<Vec<u8>>,
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

fn take(context: &Context<'_>, sent: &mut Sent, listing: Listing) {
    if context.before.is_some() {
        sent.pending.extend(listing.changed);
    }
    sent.tree.extend(listing.names);
}

/// Parses `Number of files: 312 (reg: 300, dir: 12)` as 300.
fn files_in(stats: &str) -> usize {
    stats
        .lines()
        .find_map(|line| line.strip_prefix("Number of files: "))
        .and_then(|line| line.split_once("reg: "))
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
    fn rsyncs_own_count_is_read() {
        assert_eq!(
            files_in("x\nNumber of files: 1,312 (reg: 1,300, dir: 12)\n"),
            1300
        );
        assert_eq!(files_in(""), 0);
    }
}
