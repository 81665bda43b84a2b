//! How to use and remove a kept sandbox, as commands to paste.

use crate::host::HostKind;
use crate::plan::Plan;
use crate::sandbox::Sandbox;
use crate::shell::word;

/// Returns the text; `ports` are those published on the host's own addresses.
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
    let kind = HostKind::of(host);
    let at = if kind.is_local() {
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
    if kind.is_local() {
        lines.push(format!(
            "  look:   {docker} ps    {docker} logs    {docker} exec SERVICE sh"
        ));
    } else {
        let look = kind.paste_command(&format!("{docker} ps"), false);
        lines.push(format!(
            "  look:   {look}    (or logs; or, with -t, exec SERVICE sh)"
        ));
    }
    if let Some(bring) = kind.forward_command(ports) {
        lines.push(format!("  ports:  {bring}"));
    }
    lines.push(format!("  files:  {}", sandbox.dir()));
    lines.push(format!(
        "  remove: cargo e2e down {run_id} --host {}",
        word(host)
    ));
    lines.join("\n")
}

/// Formats a lifetime: `24 h`, `90 min`.
#[must_use]
pub fn lifetime(time: std::time::Duration) -> String {
    let minutes = time.as_secs() / 60;
    if minutes.is_multiple_of(60) {
        format!("{} h", minutes / 60)
    } else {
        format!("{minutes} min")
    }
}
