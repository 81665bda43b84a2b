//! What room a host has for another sandbox, before one is made there.

use std::time::Duration;

use serde_json::Value;

use crate::host::{Facts, Host, HostError};

use super::{Request, succeed_within};

const LOOK: Duration = Duration::from_secs(15);

/// The room on a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacancy {
    /// Slots that nobody has or waits for.
    pub free: u32,
    /// How many sandboxes wait for a turn.
    pub waiting: u32,
    pub slots: u32,
    /// How many of them the sandbox would take.
    pub asked: u32,
    /// What is there already.
    pub warmth: Warmth,
    /// How many sandboxes of the repo are up there.
    pub up: u32,
}

/// What of a repo is on a host already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warmth {
    #[default]
    Cold,
    /// A workspace, to which only changes have to be sent; and likely the images.
    Workspace,
    /// A sandbox that is up.
    Sandbox,
}

impl Vacancy {
    /// Asks a host. `about` is what a sandbox says that counts as the same.
    pub async fn of(
        host: &dyn Host,
        facts: &Facts,
        about: &Value,
        request: Request,
    ) -> Result<Self, HostError> {
        let script = script!("the look for room", "queue", "enqueue", "slots")
            .var("root", &facts.root)
            .var("id", "")
            .var("slug", about["repo"].as_str().unwrap_or_default())
            .var("same", same(about))
            .var("engine_id", &facts.engine_id)
            .var("need_cpus", request.need.cpus.unwrap_or(0).to_string())
            .var("need_kb", request.need.memory.unwrap_or(0).to_string())
            .var("most", request.most());
        let output = succeed_within(host, &script, b"", LOOK).await?;
        Ok(Self::parse(&output.text()).unwrap_or_default())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let mut number = || words.next()?.parse().ok();
        Some(Self {
            free: number()?,
            waiting: number()?,
            slots: number()?,
            asked: number()?,
            warmth: match number()? {
                0 => Warmth::Cold,
                1 => Warmth::Workspace,
                _ => Warmth::Sandbox,
            },
            up: number()?,
        })
    }

    /// Returns whether a sandbox could begin at once.
    pub fn has_room(&self) -> bool {
        self.asked > 0 && self.free >= self.asked
    }
}

/// Returns the lines that the JSON of the same sandbox has, one for each field.
fn same(about: &Value) -> String {
    let fields = about.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    fields.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_room_there_is() {
        let vacancy = Vacancy::parse("2 1 4 2 1 0\n").unwrap();
        assert!(vacancy.has_room() && vacancy.warmth == Warmth::Workspace);
        assert!(!Vacancy::parse("1 0 4 2 0 1").unwrap().has_room());
        assert_eq!(Vacancy::parse("2 1 4"), None);
        let about = serde_json::json!({"repo": "shop", "spec": null});
        assert_eq!(same(&about), "\"repo\":\"shop\"\n\"spec\":null");
    }
}
