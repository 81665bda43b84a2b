//! `cargo e2e down`: remove sandboxes.

use std::time::Duration;

use cargo_e2e::host::{Facts, Host, HostError};
use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::sandbox;

use crate::cli::args::DownArguments;

use super::print::errln;
use super::{USAGE, asker, on_host, refuse, report};

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
        match sandbox::choose(&all, arguments.id.as_deref(), &asker()) {
            Ok(one) => remove(host, facts, &one.run_id).await,
            Err(error) => match &arguments.id {
                // Its folder is gone, but something with its label may be left.
                Some(id) if sandbox::is_run_id(id) => remove(host, facts, id).await,
                _ => {
                    refuse(host, &error);
                    Ok(USAGE)
                }
            },
        }
    })
    .await
}

async fn remove(host: &dyn Host, facts: &Facts, run_id: &str) -> Result<u8, HostError> {
    let name = host.name();
    let removed = sandbox::teardown(host, &facts.root, run_id, LIMIT).await?;
    if !removed.found {
        report(
            &format!("nothing of {run_id} is on {name}"),
            Some("name the host that it ran on with --host"),
        );
        return Ok(USAGE);
    }
    if removed.left.is_empty() {
        errln!("removed {run_id} from {name}, nothing left");
        return Ok(0);
    }
    report(
        &format!(
            "of {run_id} on {name} is left:\n{}",
            sandbox::listed(&removed.left)
        ),
        None,
    );
    Ok(exit_code(Verdict::Leaked, None))
}
