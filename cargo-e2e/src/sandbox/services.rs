//! What tests do with the containers of a service, and the folder that they tell into.

use std::time::Duration;

use crate::host::{self, Host, HostError, Output};
use crate::shell::quoted;

use super::{Sandbox, succeed, succeed_within};

/// Stopping takes a container's own grace, which may be long.
const CHANGE: Duration = Duration::from_mins(3);

impl Sandbox {
    /// Does to containers what `docker VERB` does; a signal goes with `kill` only.
    pub async fn change(
        &self,
        host: &dyn Host,
        verb: &'static str,
        signal: &str,
        containers: &[String],
    ) -> Result<(), HostError> {
        let mut script = self
            .bind(script!("change", "change"))
            .var("verb", verb)
            .var("signal", signal)
            .var("containers", containers.join(" "));
        // Nothing happens to what is started or stopped already.
        if !matches!(verb, "start" | "stop") {
            script = script.once();
        }
        succeed_within(host, &script, b"", CHANGE).await.map(drop)
    }

    /// Returns the last bytes of what containers printed, since a time by the host's clock (empty:
    /// ever).
    pub async fn said(
        &self,
        host: &dyn Host,
        containers: &[String],
        since: &str,
        most: usize,
    ) -> Result<Vec<u8>, HostError> {
        let script = self
            .bind(script!("logs", "said"))
            .var("containers", containers.join(" "))
            .var("since", since)
            .var("most", most.to_string());
        Ok(succeed(host, &script, b"").await?.stdout)
    }

    /// Runs a command in a container; its status is a result.
    pub async fn exec(
        &self,
        host: &dyn Host,
        container: &str,
        command: &[String],
        input: &[u8],
        deadline: Duration,
    ) -> Result<Output, HostError> {
        let script = self
            .bind(script!("exec", "exec"))
            .once()
            .long()
            .var("container", container)
            .var("words", quoted(command));
        host::run(host, &script, input, deadline).await
    }

    /// Makes an empty folder below the sandbox's.
    pub async fn fresh(&self, host: &dyn Host, folder: &str) -> Result<(), HostError> {
        let script = self.bind(script!("fresh", "fresh")).var("folder", folder);
        succeed(host, &script, b"").await.map(drop)
    }

    /// Returns a file of the sandbox's folder; one that is not there is empty.
    pub async fn get(&self, host: &dyn Host, file: &str) -> Result<Vec<u8>, HostError> {
        let script = self.bind(script!("get", "get")).var("file", file);
        Ok(succeed(host, &script, b"").await?.stdout)
    }

    /// Reads at most `most` bytes of a file of the sandbox's folder, from an offset. A connection
    /// that breaks meanwhile is not worth another.
    pub async fn piece(
        &self,
        host: &dyn Host,
        file: &str,
        from: u64,
        most: u64,
    ) -> Result<Vec<u8>, HostError> {
        let script = self
            .bind(script!("reading a file", "piece"))
            .var("file", file)
            .var("from", from.to_string())
            .var("most", most.to_string())
            .once();
        Ok(succeed(host, &script, b"").await?.stdout)
    }

    /// Nanoseconds since 1970, by the host's clock; never more than the truth.
    pub async fn clock(&self, host: &dyn Host) -> Result<i128, HostError> {
        let script = self.bind(script!("clock", "clock"));
        let text = succeed(host, &script, b"").await?.text();
        Ok(nanoseconds(text.trim()))
    }
}

/// `1795365660.123456789`; a part that is no number counts nothing.
pub(super) fn nanoseconds(text: &str) -> i128 {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i128 = seconds.parse().unwrap_or(0);
    let nanoseconds: i128 = match fraction.len() {
        9 => fraction.parse().unwrap_or(0),
        _ => 0,
    };
    let whole = seconds.saturating_mul(1_000_000_000);
    whole.saturating_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn a_clock_without_nanoseconds_is_read_in_seconds() {
        assert_eq!(nanoseconds("12.000000034"), 12_000_000_034);
        for text in ["12.%N", "12.", "12"] {
            assert_eq!(nanoseconds(text), 12_000_000_000, "{text}");
        }
        assert_eq!(nanoseconds(&i128::MAX.to_string()), i128::MAX);
        assert_eq!(nanoseconds(&i128::MIN.to_string()), i128::MIN);
    }
}
