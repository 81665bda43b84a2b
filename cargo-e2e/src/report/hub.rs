//! The state-hub: the request for a run's record, its address, and the meaning of its answers. A
//! hub with other field names or another path needs a change only here.

pub mod deliver;
mod outbox;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::environment::{self, set};
use crate::record::outcome::Record;
use crate::record::summary::summary_line;
use crate::secrets::Patterns;
use crate::spec::Report;
use crate::text::printable;

pub use outbox::{Entry, Outbox};

/// Appended to the hub's URL.
const PATH: &str = "/progress";
/// Longer times to wait are ignored, whether the hub asks for them or a clock was ahead.
const PATIENCE: Duration = Duration::from_hours(24);
/// Characters of an answer that are shown.
const ANSWER_LENGTH: usize = 300;

/// A hub, and how to reach it.
#[derive(Clone)]
pub struct Hub {
    url: Url,
    token: Option<String>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Hides the token, and a password in the address.
        f.debug_tuple("Hub").field(&self.shown()).finish()
    }
}

/// Why the hub in the environment can't be used.
#[derive(Debug, thiserror::Error)]
#[error("STATE_HUB_URL is not a URL of http or https: {0}")]
pub struct NotAUrl(String);

/// Returns the hub's address: `STATE_HUB_URL` with `STATE_HUB_PROGRESS_PATH` or `/progress`.
fn address(base: &str, path: Option<&str>) -> Result<Url, NotAUrl> {
    let path = path.filter(|path| !path.is_empty()).unwrap_or(PATH);
    let (start, end) = (base.trim_end_matches('/'), path.trim_start_matches('/'));
    // Appending a path would turn a URL without a host into one with a host.
    let url = Url::parse(base).and_then(|_| Url::parse(&format!("{start}/{end}")));
    match url {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(NotAUrl("it has another scheme".to_owned())),
        Err(error) => Err(NotAUrl(error.to_string())),
    }
}

impl Hub {
    /// Returns the hub that the environment names; `None` where it names none.
    #[must_use]
    pub fn from_environment() -> Option<Result<Self, NotAUrl>> {
        let base = set(environment::STATE_HUB_URL)?;
        let path = set(environment::STATE_HUB_PROGRESS_PATH);
        Some(address(&base, path.as_deref()).map(|url| Self {
            url,
            token: set(environment::STATE_HUB_TOKEN),
        }))
    }

    /// Returns the address for people, without credentials.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        // An address that takes no password has none to hide.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        url.set_query(None);
        url.to_string()
    }

    /// Masks the token in a text from the hub, and shortens it.
    fn clean(&self, text: &str) -> String {
        let patterns = Patterns::of(self.token.as_deref().into_iter());
        // Masked before it is cut: half a token would not be recognised.
        let masked = patterns.mask(text.as_bytes());
        let text = printable(&String::from_utf8_lossy(&masked));
        text.trim().chars().take(ANSWER_LENGTH).collect()
    }
}

/// Returns the request's body: the arguments of the hub's `add_progress_event`.
pub fn body(record: &Record, report: &Report) -> Value {
    json!({
        "event_type": "e2e_result",
        "summary": summary_line(record),
        "author": "cargo-e2e",
        "topic_slug": report.topic_slug,
        "workstream_id": report.workstream_id,
        "task_id": report.task_id,
        "detail": record,
    })
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The hub has the record, from now or before.
    Has,
    /// The hub may take it later.
    Later {
        why: String,
        /// The earliest time for another try.
        after: Option<Duration>,
    },
    /// The hub refuses the record as it is.
    Refused { why: String },
}

/// Returns the meaning of a status; `said` is the answer's text.
fn judge(status: u16, after: Option<Duration>, said: &str) -> Answer {
    let why = match said {
        "" => format!("HTTP {status}"),
        said => format!("HTTP {status}: {said}"),
    };
    match status {
        200..=299 | 409 => Answer::Has,
        408 | 425 | 429 | 500..=599 => Answer::Later { why, after },
        300..=399 => Answer::Refused {
            why: format!("{why} (redirects are not followed: correct STATE_HUB_URL)"),
        },
        _ => Answer::Refused { why },
    }
}

/// Parses `Retry-After`: seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a long time, too.
        value.parse().map_or(PATIENCE, Duration::from_secs)
    } else {
        let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        Duration::try_from(date.duration_since(jiff::Timestamp::now())).ok()?
    };
    Some(wait.min(PATIENCE))
}
