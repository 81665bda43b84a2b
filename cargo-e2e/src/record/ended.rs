//! How a sandbox ended while its client was gone.

/// The end of a sandbox that has been removed, as its host remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSandbox {
    pub run_id: String,
    /// When, by the host's clock.
    pub at: jiff::Timestamp,
    /// A word for the reason: `lease`, `deadline`, `kept`, ….
    pub why: String,
}

impl EndedSandbox {
    /// Returns the end as a sentence for people.
    pub fn sentence(&self) -> String {
        let why = match self.why.as_str() {
            "lease" => "the client stopped renewing its lease",
            "deadline" => "it exceeded the sum of all timeouts",
            "kept" => "its lifetime was over",
            "expired" => "it had expired",
            "cancelled" => "the scheduler ended its slot",
            "no_slot" => "no slot of the scheduler held it",
            "interrupted" => "its client received a signal",
            _ => "an earlier teardown was interrupted",
        };
        format!("the host took it down at {}: {why}", self.at)
    }
}
