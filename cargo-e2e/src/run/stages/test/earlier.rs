//! What earlier attempts told of when their tests ran: each attempt writes its file anew.

use std::collections::HashMap;
use std::path::PathBuf;

use e2e_harness::protocol::record::Entry;

use crate::run::Context;

use super::event_files::FILE;

pub(super) struct Earlier {
    path: PathBuf,
    text: String,
}

impl Earlier {
    /// Reads what there is.
    pub(super) async fn read(context: &Context<'_>) -> Self {
        let path = context.bundle.join(FILE);
        let text = tokio::fs::read_to_string(&path).await.unwrap_or_default();
        Self { path, text }
    }

    /// Puts it before what another attempt told, whose numbers go on.
    pub(super) async fn join(self) {
        let after = tokio::fs::read_to_string(&self.path).await;
        if !self.text.is_empty() {
            // Only the timeline needs it; the report stage reports a full disk.
            let all = joined(self.text, &after.unwrap_or_default());
            let _ = tokio::fs::write(self.path, all).await;
        }
    }
}

fn joined(mut before: String, after: &str) -> String {
    let mut highest: HashMap<String, u32> = HashMap::new();
    for line in before.lines() {
        if let Ok(
            Entry::TestStarted { test, attempt, .. } | Entry::TestEnded { test, attempt, .. },
        ) = serde_json::from_str(line)
        {
            let number = highest.entry(test).or_default();
            *number = attempt.max(*number);
        }
    }
    for line in after.lines() {
        let Ok(mut entry) = serde_json::from_str::<Entry>(line) else {
            continue;
        };
        if let Entry::TestStarted { test, attempt, .. } | Entry::TestEnded { test, attempt, .. } =
            &mut entry
        {
            *attempt = attempt.saturating_add(highest.get(test).copied().unwrap_or_default());
        }
        before += &serde_json::to_string(&entry).unwrap_or_default();
        before.push('\n');
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_attempt_has_the_next_number() {
        let line = |test: &str, attempt| {
            format!(
                r#"{{"event":"test_started","test":"{test}","attempt":{attempt},"at":"2026-01-01T00:00:00Z"}}"#
            ) + "\n"
        };
        let all = joined(
            line("a", 1) + &line("a", 2),
            &(line("a", 1) + &line("b", 1)),
        );
        assert_eq!(
            all,
            line("a", 1) + &line("a", 2) + &line("a", 3) + &line("b", 1)
        );
    }
}
