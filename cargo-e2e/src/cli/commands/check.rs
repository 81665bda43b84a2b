//! `cargo e2e check`: e2e.yml and the compose file, without a host.

use cargo_e2e::cancel::Cancel;
use cargo_e2e::compose::preview::{PreviewError, preview_with_warnings, remote};
use cargo_e2e::compose::{env_file, risks};
use cargo_e2e::plan::Plan;
use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::setup::lint::lint;

use crate::cli::args::LookArguments;
use crate::cli::plans::{each_plan, looking, refused_by_strict, show};
use crate::cli::print::{errln, show_error, warn};

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
}

async fn check_plan(plan: &Plan) -> u8 {
    let wrong = exit_code(Verdict::SpecError, None);
    let spec = plan.spec_name().display();
    if let Some(code) = refused_by_strict(plan).await {
        return code;
    }
    for risk in risks::fetched(&remote(plan)) {
        warn(&risk);
    }
    let (model, said) = match preview_with_warnings(plan, "e2e-check").await {
        Ok(read) => read,
        Err(error @ PreviewError::NoCompose) => {
            warn(&format!("failed to check the compose file: {error}"));
            for warning in plan.targets_not_run() {
                warn(&warning);
            }
            errln!("{spec} is sound");
            return 0;
        }
        Err(error) => {
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
    for warning in said {
        warn(&format!("compose: {warning}"));
    }
    let findings = lint(plan, &model);
    for warning in &findings.warnings {
        warn(warning);
    }
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
