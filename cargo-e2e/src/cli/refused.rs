//! Why a command can't begin.

use std::path::PathBuf;

use cargo_e2e::plan::PlanError;
use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::repo::workspace::FindError;
use cargo_e2e::secrets::MissingSecrets;
use cargo_e2e::spec::SpecErrors;
use cargo_e2e::text;

use super::exit::USAGE;
use super::print::{errln, show_error};

/// Why a command can't begin.
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
    /// Shows why, and returns the exit code.
    pub(crate) fn show(&self) -> u8 {
        if let Self::Spec(errors) = self {
            // They are rendered whole, each with its place.
            errln!("{errors}");
        } else {
            let (message, help) = self.text();
            show_error(&message, help);
        }
        self.code()
    }

    /// The exit code: what was typed wrong is no mistake of the repo's.
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

    /// Why, and what to do. The first line says enough by itself.
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

/// The first mistake with its place, and below it the lines that are meant.
fn of_spec(errors: &SpecErrors) -> String {
    let Some(first) = errors.diagnostics.first() else {
        return errors.to_string();
    };
    let place = format!("{}:{}:{}", errors.path.display(), first.line, first.column);
    let mut lines = vec![format!("{place}: {}", first.message)];
    // Which say both, too, in the first two lines.
    let rendered = errors.to_string();
    let said = first.message.lines().count().max(1) + 1;
    lines.extend(rendered.lines().skip(said).map(str::to_owned));
    lines.join("\n")
}
