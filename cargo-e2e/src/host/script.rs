//! Scripts for a host, carried so that no login shell can misread them.

use base64::Engine as _;

use crate::shell::quote;

/// Marks the line of standard error that carries a script's exit status. The transport's own
/// status can't be trusted: ssh turns 127 and signals into errors of its own.
pub(super) const STATUS: &str = "cargo-e2e-status ";

/// What a shell prints when it waits for another script: a line of its own, which no script prints.
pub(super) const WAITS: &str = "cargo-e2e-waits\n";

/// A POSIX `sh` script with values for its variables.
#[derive(Debug, Clone)]
pub struct Script {
    name: &'static str,
    body: &'static str,
    variables: String,
    once: bool,
    long: bool,
    followed: bool,
}

impl Script {
    /// Makes a script by the name used in messages.
    pub fn new(name: &'static str, body: &'static str) -> Self {
        Self {
            name,
            body,
            variables: String::new(),
            once: false,
            long: false,
            followed: false,
        }
    }

    /// Running it a second time does something else than running it once: when the connection
    /// breaks, it is unknown whether it ran.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// It runs for as long as the commands of others do: beside too many of these nothing else could
    /// be asked.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Its shell waits for another script after it, and says so.
    pub(super) fn followed(mut self) -> Self {
        self.followed = true;
        self
    }

    pub(super) fn is_long(&self) -> bool {
        self.long
    }

    pub(super) fn may_run_again(&self) -> bool {
        !self.once
    }

    /// Returns the value of a variable without a quote in it, wherever it is set; for tests.
    #[cfg(test)]
    pub(super) fn value(&self, name: &str) -> String {
        let after = self.variables.split_once(&format!("\n{name}="));
        let line = after.and_then(|(_, rest)| rest.lines().next());
        line.unwrap_or_default().to_owned()
    }

    /// Sets a shell variable. Not for secrets: it can be seen in the host's process list.
    #[must_use]
    pub fn var(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.variables.push_str(name);
        self.variables.push('=');
        self.variables.push_str(&quote(value.as_ref()));
        self.variables.push('\n');
        self
    }

    /// Returns the name used in messages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the arguments to `sh`. Base64 and the fixed words hold nothing that csh, fish or a
    /// POSIX shell would treat differently, whichever of them is the login shell.
    pub(super) fn sh_arguments(&self) -> [String; 4] {
        [
            "-c".to_owned(),
            "eval \"$(printf %s \"$1\" | base64 -d)\"".to_owned(),
            "cargo-e2e".to_owned(),
            base64::engine::general_purpose::STANDARD.encode(self.text()),
        ]
    }

    /// Returns what runs: all of it can be seen in the host's process list.
    pub(super) fn text(&self) -> String {
        let end = if self.followed {
            format!("echo {WAITS}exec sh\n")
        } else {
            format!("printf '{STATUS}%s\\n' \"$?\" >&2\n")
        };
        format!("(\n{}{}\n)\n{end}", self.variables, self.body)
    }
}
