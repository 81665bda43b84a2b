//! The sandbox that a command means.

use crate::host::{Facts, Host};
use crate::sandbox::{self, Asker, ChooseError, Existing, Listed};

use super::exit::USAGE;
use super::host::CommandError;
use super::print::show_error;
use super::repos;

/// Returns the sandbox with this id, or the only one of the current repo.
pub(super) async fn choose(
    host: &dyn Host,
    facts: &Facts,
    id: Option<&str>,
) -> Result<Listed, CommandError> {
    let all = sandbox::list(host, &facts.root).await?;
    sandbox::choose(&all, id, &asker())
        .cloned()
        .map_err(|error| not_chosen(host, &error))
}

/// Prints why no sandbox was chosen.
pub(super) fn not_chosen(host: &dyn Host, error: &ChooseError) -> CommandError {
    let name = host.name();
    let help = format!("`cargo e2e list --host {name}` shows what is there");
    show_error(&format!("{error} on {name}"), Some(&help));
    CommandError::Shown(USAGE)
}

/// Returns a sandbox with its state; prints an error when it has none.
pub(super) async fn existing(
    host: &dyn Host,
    facts: &Facts,
    listed: &Listed,
) -> Result<Existing, CommandError> {
    let existing = Existing::of(host, &facts.root, listed).await?;
    existing.ok_or_else(|| {
        let id = &listed.run_id;
        show_error(
            &format!("sandbox {id} is not up yet, or is being removed"),
            None,
        );
        CommandError::Shown(USAGE)
    })
}

/// Returns who asks for a sandbox: the current repo, if there is one.
pub(super) fn asker() -> Asker {
    let Some(repo) = repos::here() else {
        return Asker::default();
    };
    let slug = std::fs::read(&repo.spec_path)
        .ok()
        .and_then(|text| repos::parse(&repo, &repo.spec_path, text).ok())
        .map(|spec| spec.name);
    Asker {
        slug,
        folder: Some(repo.root.to_string_lossy().into_owned()),
    }
}
