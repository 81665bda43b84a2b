//! What the engine of a cluster says of itself, for `doctor`.

use std::sync::Arc;

use crate::host::cluster::{ClusterName, NotGranted, engine};
use crate::host::{Check, Finding, Host, Problem, connect};

use super::doctor::{CONNECTION, missing};

/// How many nodes of a cluster `doctor` looks at: an admin sets up all alike.
const SAMPLE: usize = 3;

/// Asks the engine on its login host. Returns what it found, and nodes to look at.
pub async fn cluster(name: &ClusterName) -> (Vec<Check>, Vec<String>) {
    let login: Arc<dyn Host> = match connect(&name.login).await {
        Ok(host) => host.into(),
        Err(error) => return (vec![missing(CONNECTION, &error)], Vec::new()),
    };
    let asked = engine(name, Arc::clone(&login)).nodes().await;
    login.close().await;
    let (whole, listing) = (name.whole(), name.engine.lists_nodes());
    let problem = |what: String, fix: &str| {
        let fix = fix.to_owned();
        (Finding::Missing(Problem { what, fix }), Vec::new())
    };
    let (finding, nodes) = match asked {
        Ok(nodes) if nodes.is_empty() => problem(format!("{whole} has no nodes"), listing),
        Ok(nodes) => {
            let count = crate::text::count(nodes.len(), "node");
            let fine = Finding::Fine(format!("{whole} has {count}"));
            // Not only the first of them.
            let step = nodes.len().div_ceil(SAMPLE);
            (fine, nodes.into_iter().step_by(step).collect())
        }
        Err(NotGranted::Host(error)) => {
            return (vec![missing(CONNECTION, &error)], Vec::new());
        }
        Err(NotGranted::Refused { why, help }) => problem(why, help.unwrap_or(listing)),
    };
    let check = Check {
        name: name.engine.name(),
        finding,
    };
    (vec![check], nodes)
}
