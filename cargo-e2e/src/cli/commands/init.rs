//! `cargo e2e init`: a first e2e.yml.

use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::setup::init::{InitError, init as write_first};
use cargo_e2e::shell::quote;

use crate::cli::args::InitArguments;
use crate::cli::exit::USAGE;
use crate::cli::print::{errln, outln, show_error};

pub(crate) async fn init(arguments: InitArguments) -> u8 {
    let folder = arguments.path.clone().unwrap_or_else(|| ".".into());
    let written = match write_first(&folder).await {
        Ok(written) => written,
        Err(error) => return refuse(&error),
    };
    let shown = arguments.path.clone().unwrap_or_default();
    let from = written.compose_files.join(" and ");
    for file in &written.files {
        outln!("wrote {}", shown.join(file).display());
    }
    let checks = match written.health_checks {
        1 => "1 health check".to_owned(),
        many => format!("{many} health checks"),
    };
    errln!("from {from}: {checks}; tests: {}", written.tests);
    if !written.read_by_compose {
        errln!(
            "`docker compose` is not on this machine, so {from} was only looked at; please check the ports"
        );
    }
    let repo = arguments.path.map_or_else(String::new, |path| {
        format!(" {}", word(&path.to_string_lossy()))
    });
    errln!("next: cargo e2e check{repo} && cargo e2e{repo}");
    0
}

fn refuse(error: &InitError) -> u8 {
    let help = match error {
        InitError::Exists(_) => Some("it stays as it is; `cargo e2e check` looks at it"),
        InitError::NoComposeFile(_) => {
            Some("name the folder that has one, or write e2e/compose.yml")
        }
        InitError::Refused { .. } => {
            Some("`docker compose config` in that folder must pass; nothing was written")
        }
        _ => None,
    };
    show_error(&error.to_string(), help);
    match error {
        InitError::Exists(_) => USAGE,
        InitError::Own(_) | InitError::File { .. } => exit_code(Verdict::InternalError, None),
        _ => exit_code(Verdict::SpecError, None),
    }
}

/// As it would be typed in a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if text.chars().all(plain) && !text.is_empty() {
        text.to_owned()
    } else {
        quote(text)
    }
}
