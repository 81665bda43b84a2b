//! `cargo e2e check`: e2e.yml and the compose file, without a host.

use crate::cancel::Cancel;
use crate::compose::preview::{PreviewError, preview_with_warnings, remote};
use crate::compose::{env_file, risks};
use crate::plan::Plan;
use crate::record::outcome::{Verdict, exit_code};
use crate::setup::lint::lint;
use crate::spec::{Lint, Warning};

use crate::cli::args::LookArguments;
use crate::cli::plans::{each_plan, looking, refused_by_strict, show};
use crate::cli::print::{errln, show_error, warn, warn_named};

pub(crate) async fn check(arguments: LookArguments) -> u8 {
    let options = looking(&arguments);
    each_plan(
        &arguments.repo,
        &options,
        &Cancel::never(),
        check_plan,
        show,
    )
    .await
    .worst
}

async fn check_plan(plan: &Plan) -> u8 {
    let wrong = exit_code(Verdict::SpecError, None);
    let spec = plan.spec_name().display();
    if let Some(code) = refused_by_strict(plan).await {
        return code;
    }
    let mut warnings = risks::fetched(&remote(plan));
    let (model, said) = match preview_with_warnings(plan, "e2e-check").await {
        Ok(read) => read,
        Err(error @ PreviewError::NoCompose) => {
            warn(&format!("failed to check the compose file: {error}"));
            warnings.extend(plan.targets_not_run());
            show_warnings(plan, &warnings);
            errln!("{spec} is sound");
            return 0;
        }
        Err(error) => {
            show_warnings(plan, &warnings);
            let root = &plan.repo.root;
            let help = env_file::help(&error.to_string(), &root.to_string_lossy(), root);
            if help.is_some() && plan.spec.prepare_command.is_some() {
                warn(&format!(
                    "failed to check the compose file, for which `prepare_command` may make what is missing: {error}"
                ));
                errln!("{spec} is sound");
                return 0;
            }
            show_error(&error.to_string(), help.as_deref());
            return wrong;
        }
    };
    let of_compose =
        |text: String| Warning::new(Lint::of_compose(&text), format!("compose: {text}"));
    warnings.extend(said.into_iter().map(of_compose));
    let findings = lint(plan, &model);
    warnings.extend(findings.warnings);
    show_warnings(plan, &warnings);
    for note in &findings.notes {
        let bold = anstyle::Style::new().bold();
        errln!("{bold}note{bold:#}: {note}");
    }
    for error in &findings.errors {
        show_error(error, None);
    }
    if findings.errors.is_empty() {
        errln!("{spec} and {} are sound", plan.compose_files.join(", "));
        0
    } else {
        wrong
    }
}

/// Shows those that e2e.yml does not accept, each with the name by which it could.
fn show_warnings(plan: &Plan, warnings: &[Warning]) {
    let mut names: Vec<String> = Vec::new();
    for warning in plan.not_allowed(warnings) {
        let name = warning.lint.to_string();
        warn_named(&name, &warning.text);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        let spec = plan.spec_name().display();
        errln!(
            "  help: `allow: [{}]` in {spec} accepts what is meant",
            names.join(", ")
        );
    }
}
