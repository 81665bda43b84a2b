//! What a host remembers of sandboxes that ended without their client.

use std::time::Duration;

use crate::host::{self, Host, Script};
use crate::record::ended::EndedSandbox;

use super::is_run_id;

const LIMIT: Duration = Duration::from_secs(5);

/// Returns what a host remembers of these runs. A host that does not answer is asked by the next
/// run.
pub async fn ended_sandboxes(host: &dyn Host, root: &str, run_ids: &[String]) -> Vec<EndedSandbox> {
    if run_ids.is_empty() {
        return Vec::new();
    }
    let what = "reading the ends of other sandboxes";
    let script = Script::new(what, include_str!("../host/sh/buried.sh"))
        .var("root", root)
        .var("ids", run_ids.join(" "));
    let said = host::run(host, &script, b"", LIMIT).await;
    let text = said.map(|output| output.text()).unwrap_or_default();
    text.lines().filter_map(parse).collect()
}

pub(super) fn parse(line: &str) -> Option<EndedSandbox> {
    let mut words = line.split(' ');
    Some(EndedSandbox {
        run_id: words.next().filter(|id| is_run_id(id))?.to_owned(),
        at: jiff::Timestamp::from_second(words.next()?.parse().ok()?).ok()?,
        why: words.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_and_why() {
        let ended = parse("01m82gw0ed951hbcac07wrdmrd 1795381200 lease").unwrap();
        assert_eq!(
            ended.sentence(),
            "the host took it down at 2026-11-22T21:00:00Z: the client stopped renewing its lease"
        );
        assert_eq!(parse("../x 1 lease"), None);
        assert_eq!(parse("01m82gw0ed951hbcac07wrdmrd soon lease"), None);
    }
}
