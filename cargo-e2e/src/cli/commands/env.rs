//! `cargo e2e env`: the variables of a sandbox, for shells, dotenv files and GitHub.

use std::fmt::Write as _;

use crate::environment::set;
use crate::record::outcome::{Verdict, exit_code};
use crate::sandbox::variables::{self, Own};
use crate::shell::quote;

use crate::cli::args::{EnvArguments, EnvFormat};
use crate::cli::host::on_host;
use crate::cli::print::{out, show_error, warn};
use crate::cli::sandboxes::{choose, existing};

pub(crate) async fn env(arguments: EnvArguments) -> u8 {
    on_host(&arguments.place.host, async |host, facts| {
        let listed = choose(host, facts, arguments.id.as_deref(), &arguments.place).await?;
        let existing = existing(host, facts, &listed).await?;
        let mut all = variables::of_sandbox(&existing);
        if host.is_local() {
            all.extend(variables::for_compose(&existing.sandbox));
        }
        for own in variables::own(&existing, &all, set) {
            match own {
                // GitHub prints what it reads from there with each later step.
                Own::Secret { name, .. } if arguments.format == EnvFormat::Github => {
                    warn(&format!(
                        "{name} is left out: `env` makes it of a secret, which GitHub would print"
                    ));
                }
                Own::Set { name, value } | Own::Secret { name, value } => all.push((name, value)),
                Own::Missing { name, of } => warn(&format!(
                    "{name} is left out: `env` sets it from ${{{of}}}, which is not set here"
                )),
            }
        }
        match written(&all, arguments.format) {
            Ok(text) => {
                out(&text);
                Ok(0)
            }
            Err(error) => {
                let help = "`--format json` shows it; `cargo e2e up` replaces it";
                show_error(&error.to_string(), Some(help));
                Ok(exit_code(Verdict::HostError, None))
            }
        }
    })
    .await
}

/// Refuses a value of several lines: a reader would take its second line for another variable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "failed to write `{name}`: its value on the host holds a line end or another control character"
)]
struct NotOneLine {
    name: String,
}

/// Returns the variables as text. The names are ours; the values come from a file on the host,
/// which may hold any bytes.
fn written(variables: &[(String, String)], format: EnvFormat) -> Result<String, NotOneLine> {
    let mut text = String::new();
    match format {
        EnvFormat::Sh => {
            for (name, value) in variables {
                let _ = writeln!(text, "export {name}={}", quote(value));
            }
        }
        EnvFormat::Dotenv | EnvFormat::Github => {
            // Every value should be an address, a name or one line of JSON. One with a line end is
            // none of these, and readers of dotenv files disagree on how to quote it.
            for (name, value) in variables {
                if value.contains(char::is_control) {
                    return Err(NotOneLine { name: name.clone() });
                }
                let _ = writeln!(text, "{name}={value}");
            }
        }
        EnvFormat::Json => {
            let all: serde_json::Value = variables.iter().cloned().collect();
            let _ = writeln!(text, "{all:#}");
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_never_becomes_a_second_variable() {
        let mut set = vec![("E2E_DB_HOST".to_owned(), "127.0.0.1".to_owned())];
        for format in [EnvFormat::Github, EnvFormat::Dotenv] {
            let text = written(&set, format).expect("one line");
            assert_eq!(text, "E2E_DB_HOST=127.0.0.1\n");
        }
        for end in ["\n", "\r", "\r\n", "\0"] {
            set[0].1 = format!("127.0.0.1{end}LD_PRELOAD=/tmp/x.so");
            for format in [EnvFormat::Github, EnvFormat::Dotenv] {
                let error = written(&set, format).expect_err("it would be two");
                assert_eq!(error.name, "E2E_DB_HOST");
            }
            // These two formats quote a line end.
            for format in [EnvFormat::Sh, EnvFormat::Json] {
                assert!(written(&set, format).is_ok());
            }
        }
    }
}
