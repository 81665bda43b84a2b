//! `cargo e2e gc`: take down what nobody takes down any more.

use cargo_e2e::outcome::{Verdict, exit_code};
use cargo_e2e::sandbox::{self, Expired, Gc};

use crate::cli::GcArguments;

use super::{on_host, report};

pub(crate) async fn gc(arguments: GcArguments) -> u8 {
    let what = Gc {
        dry_run: arguments.dry_run,
        all_users: arguments.all_users,
    };
    on_host(&arguments.host, async |host, facts| {
        let name = host.name();
        let Some(expired) = sandbox::gc(host, &facts.root, what).await? else {
            anstream::eprintln!("another gc is under way on {name}");
            return Ok(0);
        };
        if expired.is_empty() {
            anstream::eprintln!("nothing has expired on {name}");
        }
        let mut code = 0;
        for one in &expired {
            let Expired { run_id, owner, .. } = one;
            let because = because(one);
            if what.dry_run {
                anstream::println!("{run_id} of user {owner}: {because}");
            } else if one.left.is_empty() {
                anstream::eprintln!("removed {run_id} from {name}: {because}");
            } else {
                let left = sandbox::listed(&one.left);
                report(&format!("of {run_id} on {name} is left:\n{left}"), None);
                code = exit_code(Verdict::Leaked, None);
            }
        }
        Ok(code)
    })
    .await
}

fn because(expired: &Expired) -> &'static str {
    match expired.why.as_str() {
        "lease" => "its client and its guard are gone",
        "label" => "its labels say that it has expired, and nothing else knows of it",
        _ => "it has expired",
    }
}
