//! `cargo e2e down`: remove sandboxes.

use std::cell::RefCell;
use std::time::Duration;

use crate::host::{Facts, Host};
use crate::record::outcome::{Verdict, exit_code};
use crate::sandbox::{self, ChooseError};

use crate::cli::answers::{DownAnswer, RemovedSandbox, print};
use crate::cli::args::DownArguments;
use crate::cli::exit::USAGE;
use crate::cli::host::{CommandError, Hosts, answered, host_for, on_each_host, one_of, release};
use crate::cli::print::{errln, show_error};
use crate::cli::sandboxes::{asker, not_chosen};

const LIMIT: Duration = Duration::from_mins(3);

pub(crate) async fn down(arguments: DownArguments) -> u8 {
    let id = arguments.id.as_deref();
    let json = arguments.format.is_json();
    let named = host_for(&arguments.place.host);
    let answers = RefCell::new(None);
    let gone = RefCell::new(Vec::new());
    let code = on_each_host(
        &arguments.place.host,
        id.map_or(Hosts::WithSandboxes, Hosts::With),
        async |host, facts| {
            let all = sandbox::list_folders(host, facts).await?;
            let mut nothing = "no sandboxes".to_owned();
            let ids: Vec<String> = if arguments.all {
                all.iter().map(|one| one.run_id.clone()).collect()
            } else {
                match sandbox::choose(&all, arguments.id.as_deref(), &asker(&arguments.place)?) {
                    Ok(one) => vec![one.run_id.clone()],
                    Err(error) => match &arguments.id {
                        // Its folder is gone, but containers, networks or volumes with its label may be
                        // left.
                        Some(id) if sandbox::is_run_id(id) => vec![id.clone()],
                        // What is wanted is so already, as with `--all`.
                        None if matches!(error, ChooseError::None(_)) => {
                            nothing = error.to_string();
                            Vec::new()
                        }
                        _ => return Err(not_chosen(host, &error)),
                    },
                }
            };
            if !json && ids.is_empty() {
                errln!("{nothing} on {}", host.name());
            }
            let _: &mut Vec<_> = answers.borrow_mut().get_or_insert_default();
            let mut worst = 0;
            for id in ids {
                let (mut one, code) = remove(host, facts, id, json).await?;
                worst = worst.max(code);
                if code == 0 {
                    gone.borrow_mut().push(one.run_id.clone());
                }
                one.host = one_of(host, &named);
                answers.borrow_mut().get_or_insert_default().push(one);
            }
            Ok(worst)
        },
    )
    .await;
    if json && let Some(removed) = answered(answers, code) {
        print(&DownAnswer {
            schema: 1,
            host: named,
            removed,
        });
    }
    release(&arguments.place.host, &gone.into_inner()).await;
    code
}

/// Says what of a sandbox could not be removed.
pub(super) fn show_left(run_id: &str, host: &str, left: &[String]) {
    let left = left.join("\n");
    show_error(
        &format!("run {run_id} left resources on {host}:\n{left}"),
        None,
    );
}

/// Removes one, says so where the answer is for people, and returns the exit code.
async fn remove(
    host: &dyn Host,
    facts: &Facts,
    run_id: String,
    json: bool,
) -> Result<(RemovedSandbox, u8), CommandError> {
    let name = host.name();
    let removed = sandbox::teardown(host, &facts.root, &run_id, LIMIT).await?;
    let code = match (removed.found, removed.left.is_empty()) {
        (false, _) => USAGE,
        (true, true) => 0,
        (true, false) => exit_code(Verdict::Leaked, None),
    };
    if json {
        // The answer has it.
    } else if !removed.found {
        let help = "name the run's host with --host";
        show_error(
            &format!("no resources of run {run_id} on {name}"),
            Some(help),
        );
    } else if removed.left.is_empty() {
        errln!("removed {run_id} from {name}");
    } else {
        show_left(&run_id, name, &removed.left);
    }
    let one = RemovedSandbox {
        run_id,
        host: None,
        found: removed.found,
        left: removed.left,
    };
    Ok((one, code))
}
