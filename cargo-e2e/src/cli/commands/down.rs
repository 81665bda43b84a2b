//! `cargo e2e down`: remove sandboxes.

use std::time::Duration;

use crate::host::{Facts, Host};
use crate::record::outcome::{Verdict, exit_code};
use crate::sandbox;

use crate::cli::args::DownArguments;
use crate::cli::exit::USAGE;
use crate::cli::host::{CommandError, on_host};
use crate::cli::print::{errln, show_error};
use crate::cli::sandboxes::{asker, not_chosen};

const LIMIT: Duration = Duration::from_mins(3);

pub(crate) async fn down(arguments: DownArguments) -> u8 {
    on_host(&arguments.host, async |host, facts| {
        let all = sandbox::list(host, &facts.root).await?;
        if arguments.all {
            let mut worst = 0;
            for one in &all {
                worst = worst.max(remove(host, facts, &one.run_id).await?);
            }
            if all.is_empty() {
                errln!("no sandboxes on {}", host.name());
            }
            return Ok(worst);
        }
        match sandbox::choose(&all, arguments.id.as_deref(), &asker(&arguments.of)?) {
            Ok(one) => remove(host, facts, &one.run_id).await,
            Err(error) => match &arguments.id {
                // Its folder is gone, but containers, networks or volumes with its label may be
                // left.
                Some(id) if sandbox::is_run_id(id) => remove(host, facts, id).await,
                _ => Err(not_chosen(host, &error)),
            },
        }
    })
    .await
}

async fn remove(host: &dyn Host, facts: &Facts, run_id: &str) -> Result<u8, CommandError> {
    let name = host.name();
    let removed = sandbox::teardown(host, &facts.root, run_id, LIMIT).await?;
    if !removed.found {
        show_error(
            &format!("no resources of run {run_id} on {name}"),
            Some("name the run's host with --host"),
        );
        return Ok(USAGE);
    }
    if removed.left.is_empty() {
        errln!("removed {run_id} from {name}, nothing left");
        return Ok(0);
    }
    show_error(
        &format!(
            "run {run_id} left resources on {name}:\n{}",
            sandbox::listed(&removed.left)
        ),
        None,
    );
    Ok(exit_code(Verdict::Leaked, None))
}
