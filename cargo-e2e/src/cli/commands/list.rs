//! `cargo e2e list`: the sandboxes on a host.

use std::cell::RefCell;
use std::time::Duration;

use crate::sandbox::{self, Listed, ListedState, Listing};
use crate::text::{ordinal, printable};
use crate::units::{duration, kilobytes, whole};

use crate::cli::answers::{ListAnswer, ListedSandbox, print, time};
use crate::cli::args::ListArguments;
use crate::cli::host::{Hosts, answered, host_for, on_each_host, one_of};
use crate::cli::print::{errln, outln, table};

pub(crate) async fn list(arguments: ListArguments) -> u8 {
    let named = host_for(&arguments.host);
    let answers = RefCell::new(None);
    let code = on_each_host(
        &arguments.host,
        Hosts::WithSandboxes,
        async |host, facts| {
            let Listing { own: all, others } = sandbox::list(host, facts).await?;
            if arguments.format.is_json() {
                let mut answers = answers.borrow_mut();
                let (sandboxes, sum) = answers.get_or_insert_with(|| (Vec::new(), 0));
                let host = one_of(host, &named);
                sandboxes.extend(all.iter().map(|one| answer(one, host.clone())));
                *sum += others;
                return Ok(0);
            }
            if all.is_empty() {
                errln!("no sandboxes on {}", host.name());
            } else {
                for line in table(&rows(&all)) {
                    outln!("{line}");
                }
            }
            if others > 0 {
                errln!("other users have {others} there");
            }
            Ok(0)
        },
    )
    .await;
    if arguments.format.is_json()
        && let Some((sandboxes, others)) = answered(answers, code)
    {
        print(&ListAnswer {
            schema: 1,
            host: named,
            sandboxes,
            others,
        });
    }
    code
}

fn rows(all: &[Listed]) -> Vec<[String; 10]> {
    let head = [
        "RUN",
        "REPO",
        "STATE",
        "AGE",
        "EXPIRES",
        "CONTAINERS",
        "HEALTH",
        "MEMORY",
        "CPU",
        "FROM",
    ];
    let head = [head.map(str::to_owned)].into_iter();
    head.chain(all.iter().map(row)).collect()
}

fn row(one: &Listed) -> [String; 10] {
    let about = |key: &str| printable(one.about[key].as_str().unwrap_or("?"));
    let left = one.expires.saturating_sub(one.now);
    let by = one
        .spec()
        .map_or_else(String::new, |spec| format!(" by {}", printable(spec)));
    let containers = &one.containers;
    [
        one.run_id.clone(),
        about("repo"),
        match one.state {
            ListedState::Waiting => format!("waiting ({})", ordinal(one.place)),
            ListedState::Running => "running".to_owned(),
            ListedState::Kept => "kept".to_owned(),
            ListedState::InUse => "in use".to_owned(),
            ListedState::Removing => "removing".to_owned(),
        },
        match one.created {
            0 => "?".to_owned(),
            created => whole(Duration::from_secs(one.now.saturating_sub(created))),
        },
        match left {
            0 => "expired".to_owned(),
            left => format!("in {}", whole(rest(left))),
        },
        if containers.running == containers.all {
            containers.all.to_string()
        } else {
            format!("{} of {}", containers.running, containers.all)
        },
        health(one),
        kilobytes(one.usage.memory_kb),
        duration(Duration::from_millis(one.usage.cpu_ms)),
        format!("{} {}{by}", about("by"), about("folder")),
    ]
}

/// Returns what Docker's own health checks say, the worst first.
fn health(one: &Listed) -> String {
    let counts = &one.containers;
    match (counts.unhealthy, counts.starting, counts.healthy) {
        (0, 0, 0) => "-".to_owned(),
        (0, 0, _) => "healthy".to_owned(),
        (0, starting, _) => format!("{starting} starting"),
        (unhealthy, ..) => format!("{unhealthy} unhealthy"),
    }
}

/// Rounds up what is left, so that a sandbox kept for 24 h says so a second later.
fn rest(seconds: u64) -> Duration {
    let minutes = seconds.div_ceil(60);
    if minutes > 1 {
        Duration::from_mins(minutes)
    } else {
        Duration::from_secs(seconds)
    }
}

fn answer(one: &Listed, host: Option<String>) -> ListedSandbox {
    let about = |key: &str| one.about[key].as_str().map(str::to_owned);
    let counts = &one.containers;
    ListedSandbox {
        run_id: one.run_id.clone(),
        host,
        project: about("project"),
        repo: about("repo"),
        spec: one.spec().map(str::to_owned),
        state: one.state,
        place: Some(one.place).filter(|place| *place > 0),
        created_at: Some(one.created).filter(|at| *at > 0).and_then(time),
        expires_at: time(one.expires),
        containers: counts.all,
        running: counts.running,
        healthy: counts.healthy,
        unhealthy: counts.unhealthy,
        starting: counts.starting,
        memory_kb: one.usage.memory_kb,
        cpu_ms: one.usage.cpu_ms,
        by: about("by"),
        folder: about("folder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::outcome::Usage;
    use crate::sandbox::Counts;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let one = |state, containers, created| Listed {
            run_id: "01j0000000000000000000001a".into(),
            expires: 86_400 + 1_000,
            now: 1_001,
            created,
            state,
            place: 3,
            usage: Usage {
                memory_kb: 300_000,
                cpu_ms: 1_500,
            },
            containers,
            about: serde_json::json!({"repo": "shop", "by": "me@here", "folder": "/shop"}),
        };
        let sick = Counts {
            all: 3,
            running: 2,
            healthy: 1,
            unhealthy: 1,
            starting: 0,
        };
        let lines = table(&rows(&[
            one(ListedState::Kept, sick, 1_000),
            one(ListedState::InUse, Counts::default(), 0),
            one(ListedState::Waiting, Counts::default(), 1_000),
        ]));
        assert_eq!(
            lines,
            [
                "RUN                         REPO  STATE          AGE  EXPIRES    CONTAINERS  HEALTH       MEMORY  CPU     FROM",
                "01j0000000000000000000001a  shop  kept           1 s  in 24h00m  2 of 3      1 unhealthy  293 MB  1.50 s  me@here /shop",
                "01j0000000000000000000001a  shop  in use         ?    in 24h00m  0           -            293 MB  1.50 s  me@here /shop",
                "01j0000000000000000000001a  shop  waiting (3rd)  1 s  in 24h00m  0           -            293 MB  1.50 s  me@here /shop",
            ]
        );
    }
}
