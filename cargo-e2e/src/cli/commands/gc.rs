//! `cargo e2e gc`: removes sandboxes whose client and guard are both gone, and forgets repos.

use crate::record::outcome::{Verdict, exit_code};
use crate::sandbox::{self, Expired, Forget, Forgotten, Gc, Swept};
use crate::units::kilobytes;

use crate::cli::args::GcArguments;
use crate::cli::commands::down::show_left;
use crate::cli::host::{Hosts, on_each_host};
use crate::cli::print::{errln, outln, show_error};

pub(crate) async fn gc(arguments: GcArguments) -> u8 {
    let forget = match arguments.repo {
        Some(slug) => Some(Forget::Repo(slug)),
        None => arguments.all.then_some(Forget::All),
    };
    let what = Gc {
        dry_run: arguments.dry_run,
        all_users: arguments.all_users,
        forget,
    };
    on_each_host(&arguments.host, Hosts::All, async |host, facts| {
        let name = host.name();
        let Some(swept) = sandbox::gc(host, &facts.root, &what).await? else {
            errln!("another gc is running on {name}");
            return Ok(0);
        };
        Ok(show(&swept, &what, name))
    })
    .await
}

/// Prints what was removed, or with `--dry-run` what would be, and returns the exit code.
fn show(swept: &Swept, what: &Gc, host: &str) -> u8 {
    if swept.expired.is_empty() && (what.forget.is_none() || what.all_users) {
        errln!("no expired sandboxes on {host}");
    }
    let mut code = 0;
    for one in &swept.expired {
        let Expired { run_id, owner, .. } = one;
        let because = because(one);
        if what.dry_run {
            outln!("{run_id} of user {owner}: {because}");
        } else if one.left.is_empty() {
            errln!("removed {run_id} from {host}: {because}");
        } else {
            show_left(run_id, host, &one.left);
            code = exit_code(Verdict::Leaked, None);
        }
    }
    let mut freed = 0;
    for one in &swept.stored {
        match &one.fate {
            Forgotten::Gone { kb, why } => {
                freed += kb;
                let (size, why) = (kilobytes(*kb), why_forgotten(why));
                if what.dry_run {
                    outln!("{one} ({size}): {why}");
                } else {
                    errln!("removed {one} ({size}) from {host}: {why}");
                }
            }
            Forgotten::InUse => errln!("{one} stays on {host}: a run uses it"),
            Forgotten::Left => {
                let help = "containers wrote files there as root, which only root can remove";
                show_error(&format!("failed to remove {one} from {host}"), Some(help));
                code = exit_code(Verdict::Leaked, None);
            }
        }
    }
    match &what.forget {
        Some(forget) if swept.stored.is_empty() => {
            errln!("no files of {} on {host}", of(forget));
        }
        Some(_) if !what.dry_run => errln!("{} freed on {host}", kilobytes(freed)),
        _ => {}
    }
    code
}

fn of(forget: &Forget) -> String {
    match forget {
        Forget::Repo(slug) => format!("`{slug}`"),
        Forget::All => "any repo".to_owned(),
    }
}

fn because(expired: &Expired) -> &'static str {
    match expired.why.as_str() {
        "lease" => "its client and its guard are gone",
        "label" => "its labels have expired, and it has no lease",
        _ => "it has expired",
    }
}

fn why_forgotten(why: &str) -> &'static str {
    match why {
        "asked" => "no run uses it",
        "many" => "50 others, or 20 GB of them, were used since",
        "room" => "less than 1 GB was free",
        _ => "no run used it for 30 days",
    }
}
