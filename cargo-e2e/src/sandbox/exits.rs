//! Containers that ended between two looks at a stack: nobody waits for them any more, and a test
//! may pass without them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Container, Containers};

impl Containers {
    /// Returns how containers ended since an earlier look, a clause for each service and way to
    /// end, such as `worker exited with code 3`. One that is done, with code 0, is none of them,
    /// nor is one that was changed on purpose.
    pub fn exits_since(&self, before: &Self, changed: &BTreeSet<String>) -> Vec<String> {
        let mut exits: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for container in self.sorted() {
            let was = before.get(&container.id);
            let was = was.filter(|was| !changed.contains(&was.id));
            if let Some(how) = was.and_then(|was| exit(container, was)) {
                *exits.entry((&container.service, how)).or_default() += 1;
            }
        }
        let clause = |((service, how), count): ((&str, String), usize)| match count {
            1 => format!("{service} {how}"),
            count => format!("{count} containers of {service} {how}"),
        };
        exits.into_iter().map(clause).collect()
    }
}

fn exit(now: &Container, was: &Container) -> Option<String> {
    let is_down = !matches!(now.state.status.as_str(), "running" | "paused");
    // Docker counts from zero again after `docker start`.
    match now.restarts.saturating_sub(was.restarts) {
        0 if is_down && now.state.exit_code != 0 => Some(now.how_it_ended()),
        0 => None,
        1 => Some("exited and was restarted once".to_owned()),
        times => Some(format!("exited and was restarted {times} times")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn look(containers: &[(&str, &str, Value, u64)]) -> Containers {
        let lines = containers.iter().map(|(service, number, state, restarts)| {
            let container = json!({
                "id": format!("{service}-{number}"), "name": "/x", "service": service,
                "number": number, "state": state, "restarts": restarts,
            });
            format!("{container}\n")
        });
        Containers::read(&(lines.collect::<String>() + "end\n"))
    }

    #[test]
    fn what_ended_since_is_told_once_for_each_service() {
        let up = || json!({ "Status": "running" });
        let over = |code: i64| json!({ "Status": "exited", "ExitCode": code });
        let before = look(&[
            ("init", "1", over(0), 0),
            ("job", "1", up(), 0),
            ("loop", "1", up(), 1),
            ("web", "1", up(), 0),
            ("worker", "1", up(), 0),
            ("worker", "2", up(), 0),
            ("hungry", "1", up(), 0),
            ("mine", "1", up(), 0),
        ]);
        let oom = json!({ "Status": "exited", "ExitCode": 137, "OOMKilled": true });
        let now = look(&[
            ("init", "1", over(0), 0),
            ("job", "1", over(0), 0),
            ("loop", "1", up(), 3),
            ("web", "1", up(), 0),
            ("worker", "1", over(3), 0),
            ("worker", "2", over(3), 0),
            ("hungry", "1", oom, 0),
            ("mine", "1", over(137), 0),
            ("later", "1", over(9), 0),
        ]);
        let changed = BTreeSet::from(["mine-1".to_owned()]);
        assert_eq!(
            now.exits_since(&before, &changed),
            [
                "hungry ran out of memory and was killed (exit code 137)",
                "loop exited and was restarted 2 times",
                "2 containers of worker exited with code 3",
            ]
        );
    }
}
