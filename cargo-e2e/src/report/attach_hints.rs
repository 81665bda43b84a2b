//! How to use and remove a kept sandbox, as commands to paste. The first line is enough by itself.

use std::time::Duration;

use jiff::{ToSpan as _, Zoned};

use crate::host::HostKind;
use crate::plan::Plan;
use crate::record::outcome::short_id;
use crate::sandbox::{Container, Containers, Sandbox};
use crate::shell::word;

/// Returns the text. `containers` are those of the sandbox; `now` is the time of this machine.
pub fn describe(plan: &Plan, sandbox: &Sandbox, containers: &Containers, now: &Zoned) -> String {
    let host = &plan.host.name;
    let short = short_id(&sandbox.identity.run_id);
    let kind = HostKind::of(host);
    let at = format!(" --host {}", word(host));
    let mut lines = vec![format!(
        "Kept on {host} until {} ({short})",
        until(now, plan.keep_for)
    )];
    let mut line = |name: &str, command: String| lines.push(format!("  {name:7} {command}"));
    if plan.options.up_only {
        line("env", format!("eval \"$(cargo e2e env{at})\""));
    }
    line("test", format!("cargo e2e --reuse{at}"));
    let all = containers.sorted();
    let has_ports = |one: &&&Container| {
        let ports = one.ports.iter().flatten();
        ports.into_iter().any(|(_, bindings)| bindings.is_some())
    };
    let first = all.iter().find(has_ports);
    let shell = first.or(all.first()).map(|one| one.service.as_str());
    let service = word(shell.unwrap_or("SERVICE"));
    line("shell", format!("cargo e2e shell {service}{at}"));
    if let Some(bring) = kind.forward_command(&containers.tcp_ports()) {
        line("ports", bring);
    }
    line("remove", format!("cargo e2e down {short}{at}"));
    lines.join("\n")
}

/// Formats the end of a lifetime: `13:58`, `tomorrow 13:58`, `2026-12-01 13:58`.
fn until(now: &Zoned, lifetime: Duration) -> String {
    let end = now.saturating_add(jiff::SignedDuration::try_from(lifetime).unwrap_or_default());
    let tomorrow = now.date().saturating_add(1.day());
    let day = match end.date() {
        date if date == now.date() => String::new(),
        date if date == tomorrow => "tomorrow ".to_owned(),
        date => format!("{date} "),
    };
    format!("{day}{}", end.strftime("%H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_ends_at_a_time_of_day() {
        let now: Zoned = "2026-11-28T13:58[UTC]".parse().expect("a time");
        assert_eq!(until(&now, Duration::from_hours(2)), "15:58");
        assert_eq!(until(&now, Duration::from_hours(24)), "tomorrow 13:58");
        assert_eq!(until(&now, Duration::from_hours(72)), "2026-12-01 13:58");
    }
}
