//! `cargo e2e env`: the variables of a sandbox, in a form that others read.

use std::fmt::Write as _;

use cargo_e2e::host::quote;
use cargo_e2e::sandbox::Existing;
use cargo_e2e::variables;

use crate::cli::{EnvArguments, EnvFormat};

use super::{USAGE, choose, on_host, report};

pub(crate) async fn env(arguments: EnvArguments) -> u8 {
    on_host(&arguments.host, async |host, facts| {
        let listed = match choose(host, facts, arguments.id.as_deref()).await? {
            Ok(listed) => listed,
            Err(code) => return Ok(code),
        };
        let Some(existing) = Existing::of(host, &facts.root, &listed).await? else {
            report(
                &format!(
                    "sandbox {} is not up yet, or is being removed",
                    listed.run_id
                ),
                None,
            );
            return Ok(USAGE);
        };
        let all = variables::of_sandbox(&existing);
        anstream::print!("{}", written(&all, arguments.format));
        Ok(0)
    })
    .await
}

fn written(variables: &[(String, String)], format: EnvFormat) -> String {
    let mut text = String::new();
    match format {
        EnvFormat::Sh => {
            for (name, value) in variables {
                let _ = writeln!(text, "export {name}={}", quote(value));
            }
        }
        EnvFormat::Dotenv | EnvFormat::Github => {
            // No value holds a line's end: they are addresses, names and one line of JSON.
            for (name, value) in variables {
                let _ = writeln!(text, "{name}={value}");
            }
        }
        EnvFormat::Json => {
            let all: serde_json::Map<String, serde_json::Value> = variables
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect();
            let _ = writeln!(text, "{:#}", serde_json::Value::Object(all));
        }
    }
    text
}
