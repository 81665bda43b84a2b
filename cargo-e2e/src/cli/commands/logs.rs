//! `cargo e2e logs`: what Compose prints of a sandbox's services, by time.

use std::io::IsTerminal as _;

use anstream::{AutoStream, ColorChoice};

use crate::cli::args::LogsArguments;
use crate::shell::quote;

use super::attach::{Stdin, Wanted, become_command};

/// Ends all that the host started for these logs when its input does: then the client is gone, and
/// nothing else would say so before the next line.
const UNTIL_THE_CLIENT_ENDS: &str =
    "exec 5<&0 </dev/null\n{ cat; kill 0; } <&5 >/dev/null 2>&1 &\nexec 5<&-\n";

pub(crate) async fn logs(arguments: LogsArguments) -> u8 {
    become_command(&arguments.place, &arguments.target, |target| {
        let shown = Shown {
            colour: AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
            terminal: std::io::stdout().is_terminal(),
        };
        let project = &target.existing.sandbox.identity.project;
        let command = command(&arguments, project, target.services, shown);
        Ok(if target.host.is_local() {
            Wanted {
                command,
                stdin: Stdin::Own,
            }
        } else {
            Wanted {
                command: format!("{UNTIL_THE_CLIENT_ENDS}{command}"),
                stdin: Stdin::Open,
            }
        })
    })
    .await
}

/// What the lines are for.
#[derive(Debug, Clone, Copy)]
struct Shown {
    colour: bool,
    terminal: bool,
}

fn command(arguments: &LogsArguments, project: &str, services: &[String], shown: Shown) -> String {
    // On the host, Compose sees no terminal.
    let ansi = if shown.colour { "always" } else { "never" };
    let mut command = format!("docker compose --ansi {ansi} -p {} logs", quote(project));
    for (name, is_set) in [
        ("--follow", arguments.follow),
        // Lines are sorted by them.
        ("--timestamps", arguments.timestamps || !arguments.follow),
    ] {
        if is_set {
            command = command + " " + name;
        }
    }
    for (name, value) in [("--since", &arguments.since), ("--tail", &arguments.tail)] {
        if let Some(value) = value {
            command = command + " " + name + " " + &quote(value);
        }
    }
    for service in services {
        command = command + " " + &quote(service);
    }
    match (arguments.follow, shown.terminal) {
        (true, true) => format!("exec {command}\n"),
        (true, false) => filtered(&command, ""),
        (false, _) => filtered(&command, &by_time(arguments.timestamps, shown.colour)),
    }
}

/// Returns shell commands that leave out the code that Compose begins lines with, to clear a
/// terminal's, hand the lines to more filters, and end with the command's own status.
fn filtered(command: &str, more: &str) -> String {
    format!(
        "LC_ALL=C; export LC_ALL\n\
         esc=$(printf '\\033')\n\
         if sed -u p </dev/null 2>/dev/null; then filter='sed -u'; else filter=sed; fi\n\
         exec 4>&1\n\
         status=$({{ {{ {command}; echo \"$?\" >&3; }} | $filter \"s/^$esc\\[2K//\"{more} >&4; }} 3>&1)\n\
         exit \"$status\"\n"
    )
}

/// Returns filters that sort lines by time: Compose prints what each container printed by itself.
/// Docker's times are all of one length, behind the `|` after the container's name.
fn by_time(timestamps: bool, colour: bool) -> String {
    const LENGTH: usize = "2026-11-22T10:00:00.000000000Z".len();
    // Behind the blank, and behind the code that ends the name's colour.
    let (first, code) = if colour { (6, "$esc\\[0m") } else { (2, "") };
    let last = first + LENGTH - 1;
    let sort = format!(" | sort -s -t '|' -k 2.{first},2.{last}");
    if timestamps {
        return sort;
    }
    sort + &format!(" | sed \"s/^\\([^|]*| {code}\\)[^ ]* \\{{0,1\\}}/\\1/\"")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a shell makes of lines as Compose prints them, and its status.
    fn filters(lines: &str, timestamps: bool, colour: bool) -> (String, Option<i32>) {
        let compose = format!("printf '%b' {}; (exit 3)", quote(lines));
        let command = filtered(&compose, &by_time(timestamps, colour));
        let output = Command::new("sh").args(["-c", &command]).output();
        let output = output.expect("sh runs");
        let text = String::from_utf8(output.stdout).expect("text");
        (text, output.status.code())
    }

    #[test]
    fn lines_of_several_containers_are_in_the_order_of_their_times() {
        let [first, second] = [
            "2026-11-29T10:00:00.000000009Z",
            "2026-11-29T10:00:00.000000010Z",
        ];
        let lines = format!(
            "\\033[2Kb-1    | {second} two | 2\\nb-1    | {second} \\nlong-1 | {first} one\\nlong-1 | {second} a\\n"
        );
        let sorted = format!(
            "long-1 | {first} one\nb-1    | {second} two | 2\nb-1    | {second} \nlong-1 | {second} a\n"
        );
        assert_eq!(filters(&lines, true, false), (sorted, Some(3)));
        let plain = "long-1 | one\nb-1    | two | 2\nb-1    | \nlong-1 | a\n";
        assert_eq!(filters(&lines, false, false), (plain.to_owned(), Some(3)));
        let coloured = format!(
            "\\033[36mb-1 | \\033[0m{second} \\033[1mb\\033[0m\\n\\033[33ma-1 | \\033[0m{first} a\\n"
        );
        let plain = "\u{1b}[33ma-1 | \u{1b}[0ma\n\u{1b}[36mb-1 | \u{1b}[0m\u{1b}[1mb\u{1b}[0m\n";
        assert_eq!(filters(&coloured, false, true), (plain.to_owned(), Some(3)));
    }
}
