//! The sandbox that a command means.

use crate::host::{Facts, Host};
use crate::sandbox::{self, Asker, ChooseError, Existing, Listed};

use super::args::SandboxPlace;
use super::host::CommandError;
use super::print::usage_error;
use super::repos;

/// Returns the sandbox with this id, or the only one of the current repo.
pub(super) async fn choose(
    host: &dyn Host,
    facts: &Facts,
    id: Option<&str>,
    spec: &SandboxPlace,
) -> Result<Listed, CommandError> {
    let all = sandbox::list_folders(host, facts).await?;
    sandbox::choose(&all, id, &asker(spec)?)
        .cloned()
        .map_err(|error| not_chosen(host, &error))
}

/// Prints why no sandbox was chosen.
pub(super) fn not_chosen(host: &dyn Host, error: &ChooseError) -> CommandError {
    let name = host.name();
    let mut help = format!("`cargo e2e list --host {name}` shows what is there");
    if matches!(error, ChooseError::Several { .. }) {
        help += "; give an id, or the sandbox's e2e.yml with `--spec`";
    }
    let place = match error {
        ChooseError::NotAnId(_) | ChooseError::NoRepo => String::new(),
        ChooseError::None(_) | ChooseError::Several { .. } => format!(" on {name}"),
    };
    let code = usage_error(&format!("{error}{place}"), Some(&help));
    CommandError::Shown(code)
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
        let why = format!("sandbox {id} is not up yet, or is being removed");
        CommandError::Shown(usage_error(&why, None))
    })
}

/// Returns who asks for a sandbox: the repo of this e2e.yml, else the one in this folder, if there is
/// one.
pub(super) fn asker(argument: &SandboxPlace) -> Result<Asker, CommandError> {
    let typed = argument.spec.as_deref();
    let repo = typed.map_or_else(|| Ok(repos::here()), |file| repos::of_spec(file).map(Some));
    let repo = match repo {
        Ok(Some(repo)) => repo,
        Ok(None) => return Ok(Asker::default()),
        Err(refused) => return Err(CommandError::Shown(refused.show())),
    };
    let slug = std::fs::read(&repo.spec_path)
        .ok()
        .and_then(|text| repos::parse(&repo, &repo.spec_path, text).ok())
        .map(|spec| spec.name);
    Ok(Asker {
        slug,
        folder: Some(repo.root.to_string_lossy().into_owned()),
        spec: typed.map(|_| repo.other_spec().unwrap_or_default()),
    })
}
