//! How a sandbox ended whose client did not see it.

/// How a sandbox ended of which nothing is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSandbox {
    /// Its run.
    pub run_id: String,
    /// When, by the host's clock.
    pub at: jiff::Timestamp,
    /// A word for why: `lease`, `deadline`, `kept`, ….
    pub why: String,
}

impl EndedSandbox {
    /// The same for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let why = match self.why.as_str() {
            "lease" => "the client stopped renewing its lease",
            "deadline" => "it exceeded the sum of all timeouts",
            "kept" => "its lifetime was over",
            "expired" => "it had expired",
            "interrupted" => "its client received a signal",
            _ => "an earlier teardown was interrupted",
        };
        format!("the host took it down at {}: {why}", self.at)
    }
}
