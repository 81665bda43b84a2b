//! `cargo e2e down`: remove a sandbox.

use std::time::Duration;

use cargo_e2e::host::{Facts, Host, HostError};
use cargo_e2e::outcome::{Verdict, exit_code};
use cargo_e2e::sandbox;

use crate::cli::DownArguments;

use super::{USAGE, chain, host_for, reach, report};

/// The end of a run id that is hardly another's.
const SHORTEST: usize = 6;
const LIMIT: Duration = Duration::from_mins(3);

pub(crate) async fn down(arguments: DownArguments) -> u8 {
    let name = host_for(&arguments.host);
    let (host, facts) = match reach(&name).await {
        Ok(reached) => reached,
        Err(code) => return code,
    };
    let code = match remove(host.as_ref(), &facts, &arguments.id).await {
        Ok(code) => code,
        Err(error) => {
            report(&chain(&error), error.help());
            exit_code(Verdict::HostError, None)
        }
    };
    host.close().await;
    code
}

async fn remove(host: &dyn Host, facts: &Facts, id: &str) -> Result<u8, HostError> {
    let name = host.name();
    if id.len() < SHORTEST {
        report(
            &format!("`{id}` is too short for an id"),
            Some(&format!(
                "give at least {SHORTEST} characters; `cargo e2e list --host {name}` shows them"
            )),
        );
        return Ok(USAGE);
    }
    let all = sandbox::list(host, &facts.root).await?;
    let mut matching: Vec<String> = all
        .iter()
        .filter(|one| one.run_id.ends_with(id) || one.about["project"].as_str() == Some(id))
        .map(|one| one.run_id.clone())
        .collect();
    if matching.is_empty() && sandbox::is_run_id(id) {
        // Its folder is gone, but something with its label may be left.
        matching.push(id.to_owned());
    }
    let [run_id] = matching.as_slice() else {
        let what = if matching.is_empty() {
            format!("no sandbox `{id}` on {name}")
        } else {
            format!("`{id}` could be {}", matching.join(" or "))
        };
        report(
            &what,
            Some(&format!("`cargo e2e list --host {name}` shows them")),
        );
        return Ok(USAGE);
    };
    let removed = sandbox::teardown(host, &facts.root, run_id, LIMIT).await?;
    if !removed.found {
        report(
            &format!("nothing of {run_id} is on {name}"),
            Some("name the host that it ran on with --host"),
        );
        return Ok(USAGE);
    }
    let left = removed.left;
    if left.is_empty() {
        anstream::eprintln!("removed {run_id} from {name}, nothing left");
        return Ok(0);
    }
    report(
        &format!("of {run_id} on {name} is left:\n{}", left.join("\n")),
        None,
    );
    Ok(exit_code(Verdict::Leaked, None))
}
