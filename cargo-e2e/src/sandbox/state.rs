//! What an `up` writes down on the host, so that any client can live with the sandbox later.

use e2e_harness::protocol::Endpoints;
use serde::{Deserialize, Serialize};

use crate::host::{Host, HostError};

use super::{Identity, Listed, Sandbox, Visitor, succeed};

/// The file `state.json` in the sandbox's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Changes when e2e.yml, the compose files or what they read changes.
    pub definition: String,
    /// The expiry in the labels: a label that changes would make every container anew.
    pub label_expires: u64,
    /// The numbers that published ports were given, in the model's order; empty when declared.
    pub ports: Vec<u16>,
    /// Where everything answers, on the host.
    pub endpoints: Endpoints,
    /// The workspace on the host.
    pub repo_dir: String,
    /// `env` of e2e.yml, as written there.
    #[serde(default)]
    pub env: Vec<(String, String)>,
    /// `secrets` of e2e.yml: their names.
    #[serde(default)]
    pub secrets: Vec<String>,
}

/// A sandbox that is up already.
#[derive(Debug, Clone)]
pub struct Existing {
    pub sandbox: Sandbox,
    /// What its last `up` wrote down.
    pub state: State,
}

impl Existing {
    /// Returns what a listed sandbox wrote down; none when it never came so far, or is being taken
    /// down.
    pub async fn of(
        host: &dyn Host,
        root: &str,
        listed: &Listed,
    ) -> Result<Option<Self>, HostError> {
        let script = script!("state", "state")
            .var("root", root)
            .var("id", &listed.run_id);
        let output = succeed(host, &script, b"").await?;
        let Ok(state) = serde_json::from_slice::<State>(&output.stdout) else {
            return Ok(None);
        };
        let about = |key: &str| listed.about[key].as_str().unwrap_or_default().to_owned();
        Ok(Some(Self {
            sandbox: Sandbox {
                visitor: Visitor {
                    run: listed.run_id.clone(),
                    who: about("by"),
                },
                identity: Identity {
                    run_id: listed.run_id.clone(),
                    slug: about("repo"),
                    project: about("project"),
                    spec: listed.spec().map(str::to_owned),
                },
                root: root.to_owned(),
                expires: state.label_expires,
                lease: crate::plan::LEASE,
            },
            state,
        }))
    }
}
