//! How to live with a sandbox that was kept, in words to paste.

use crate::environment;
use crate::plan::Plan;
use crate::sandbox::Sandbox;
use crate::shell::quote;

/// The ssh command that reaches a host as this tool does.
#[must_use]
pub fn ssh(host: &str) -> String {
    format!("{} {host}", ssh_program())
}

/// The ssh program and its options, to paste.
#[must_use]
pub fn ssh_program() -> String {
    let words: Vec<String> = ssh_command().iter().map(|part| word(part)).collect();
    words.join(" ")
}

/// The ssh program and its options.
#[must_use]
pub fn ssh_command() -> Vec<String> {
    let config = environment::set(environment::SSH_CONFIG);
    let config = config.map(|config| ["-F".to_owned(), config]);
    let options = config.into_iter().flatten();
    std::iter::once("ssh".to_owned()).chain(options).collect()
}

/// Ready to show; `ports` are those published on the host's own addresses.
#[must_use]
pub fn describe(plan: &Plan, sandbox: &Sandbox, ports: &[u16]) -> String {
    let host = &plan.host.name;
    let run_id = &sandbox.identity.run_id;
    let project = &sandbox.identity.project;
    let mut lines = vec![format!(
        "sandbox {run_id} is kept on {host} for {}",
        lifetime(plan.keep_for)
    )];
    let docker = format!("docker compose -p {project}");
    let at = if host == "local" {
        String::new()
    } else {
        format!(" --host {}", word(host))
    };
    lines.push(format!(
        "  tests:  eval \"$(cargo e2e env {run_id}{at})\"    cargo e2e --reuse{at}"
    ));
    lines.push(format!(
        "  enter:  cargo e2e shell {run_id} SERVICE{at}    cargo e2e logs {run_id}{at}"
    ));
    if host == "local" {
        lines.push(format!(
            "  look:   {docker} ps    {docker} logs    {docker} exec SERVICE sh"
        ));
    } else {
        let ssh = ssh(host);
        lines.push(format!(
            "  look:   {ssh} {docker} ps    (or logs; or, with -t, exec SERVICE sh)"
        ));
        if !ports.is_empty() {
            let forwards: Vec<String> = ports
                .iter()
                .map(|port| format!("-L {port}:127.0.0.1:{port}"))
                .collect();
            lines.push(format!(
                "  ports:  {} -N {} {host}",
                ssh_program(),
                forwards.join(" ")
            ));
        }
    }
    lines.push(format!("  files:  {}", sandbox.dir()));
    lines.push(format!(
        "  remove: cargo e2e down {run_id} --host {}",
        word(host)
    ));
    lines.join("\n")
}

/// `24 h`, `90 min`.
#[must_use]
pub fn lifetime(time: std::time::Duration) -> String {
    let minutes = time.as_secs() / 60;
    if minutes.is_multiple_of(60) {
        format!("{} h", minutes / 60)
    } else {
        format!("{minutes} min")
    }
}

/// A word as a shell reads it back.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        quote(text)
    }
}
