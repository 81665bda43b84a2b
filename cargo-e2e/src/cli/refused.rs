//! Why a command can't begin.

use std::path::PathBuf;

use crate::plan::PlanError;
use crate::record::outcome::{Verdict, exit_code};
use crate::repo::workspace::FindError;
use crate::secrets::MissingSecrets;
use crate::spec::SpecErrors;
use crate::text;

use super::exit::USAGE;
use super::print::{errln, show_error};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("failed to read the current directory: {0}")]
    NoFolder(std::io::Error),
    #[error(transparent)]
    Find(#[from] FindError),
    #[error("failed to read {}: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Spec(SpecErrors),
    #[error("--spec {} names several files, and this command takes one", spec.display())]
    ManySpecs { spec: PathBuf },
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("{}: {missing}", spec.display())]
    Secrets {
        spec: PathBuf,
        missing: MissingSecrets,
    },
}

impl Refused {
    /// Prints the reason, and returns the exit code.
    pub(crate) fn show(&self) -> u8 {
        if let Self::Spec(errors) = self {
            // These render themselves, each with its place.
            errln!("{errors}");
        } else {
            let (message, help) = self.text();
            show_error(&message, help);
        }
        self.code()
    }

    /// Prints the reason where no JSON says it, and returns the exit code.
    pub(crate) fn show_unless(&self, json: bool) -> u8 {
        if json { self.code() } else { self.show() }
    }

    /// Returns the exit code: 2 for a typing error, 96 for a mistake in the repo.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Find(
                FindError::Conflict { .. }
                | FindError::UnknownPackage { .. }
                | FindError::Glob { .. }
                | FindError::SpecAsRepo { .. },
            )
            | Self::ManySpecs { .. } => USAGE,
            Self::Plan(PlanError::Harness(error)) if error.is_usage() => USAGE,
            _ => exit_code(Verdict::SpecError, None),
        }
    }

    /// Returns the reason and the help; the first line is enough by itself.
    pub(crate) fn text(&self) -> (String, Option<&'static str>) {
        match self {
            Self::Spec(errors) => (of_spec(errors), None),
            Self::Secrets { .. } => {
                let help = "set them (in CI, from its secrets), or take them out of `secrets`";
                (self.to_string(), Some(help))
            }
            other => (text::chain(other), None),
        }
    }
}

/// Returns the first mistake with its place, and below it the lines concerned.
fn of_spec(errors: &SpecErrors) -> String {
    let Some(first) = errors.diagnostics.first() else {
        return errors.to_string();
    };
    let place = format!("{}:{}:{}", errors.path.display(), first.line, first.column);
    let more = match errors.diagnostics.len() - 1 {
        0 => String::new(),
        more => format!(" (and {})", text::count(more, "more error")),
    };
    let mut message = first.message.lines();
    let summary = message.next().unwrap_or_default();
    let mut lines = vec![format!("{place}: {summary}{more}")];
    lines.extend(message.map(str::to_owned));
    // Rendered errors have message and place in their first two lines.
    let rendered = errors.to_string();
    let said = first.message.lines().count().max(1) + 1;
    lines.extend(rendered.lines().skip(said).map(str::to_owned));
    lines.join("\n")
}
