//! `cargo e2e check`: e2e.yml and the compose file, without a host.

use std::cell::RefCell;

use crate::cancel::Cancel;
use crate::compose::preview::{PreviewError, preview, remote};
use crate::compose::{env_file, risks};
use crate::plan::Plan;
use crate::record::outcome::{Verdict, exit_code};
use crate::setup::lint::{copies, lint};
use crate::spec::{Lint, Warning};

use crate::cli::answers::{CheckAnswer, CheckedSpec, NamedWarning, Trouble, print};
use crate::cli::args::FormattedLook;
use crate::cli::plans::{each_plan, found, looking, refused_by_strict};
use crate::cli::print::{errln, warn, warn_named};
use crate::cli::unplanned::Unplanned;

pub(crate) async fn check(arguments: FormattedLook) -> u8 {
    let options = looking(&arguments.look);
    let json = arguments.format.is_json();
    let specs = RefCell::new(Vec::new());
    let work = async |plan: &Plan| {
        let mut found = Found::default();
        found.look(plan).await;
        if !json {
            found.show(plan);
        }
        let code = found.code();
        specs.borrow_mut().push(found.answer(plan));
        code
    };
    let refuse = async |unplanned: Unplanned| {
        specs.borrow_mut().push(CheckedSpec {
            spec: unplanned
                .repo
                .map(|repo| repo.spec_name().display().to_string()),
            errors: vec![Trouble::from(&unplanned.refused)],
            ..CheckedSpec::default()
        });
        unplanned.refused.show_unless(json)
    };
    let repos = found(&arguments.look.repo);
    let code = each_plan(repos, 1, &options, &Cancel::never(), work, refuse)
        .await
        .worst;
    if json {
        let specs = specs.into_inner();
        print(&CheckAnswer { schema: 1, specs });
    }
    code
}

/// What was found of one e2e.yml.
#[derive(Default)]
struct Found {
    errors: Vec<Trouble>,
    /// Those that e2e.yml accepts among them.
    warnings: Vec<Warning>,
    /// A warning that has no name.
    unread: Option<String>,
    notes: Vec<String>,
    /// Whether the compose files were looked at, too.
    whole: bool,
}

impl Found {
    async fn look(&mut self, plan: &Plan) {
        if let Some(refused) = refused_by_strict(plan).await {
            self.errors.push(refused);
            return;
        }
        self.warnings = risks::fetched(&remote(plan));
        let (model, said) = match preview(plan, "e2e-check").await {
            Ok(read) => read,
            Err(error @ PreviewError::NoCompose) => {
                self.unread = Some(format!("failed to check the compose file: {error}"));
                self.warnings.extend(plan.targets_not_run());
                return;
            }
            Err(error) => {
                let root = &plan.repo.root;
                let help = env_file::help(&error.to_string(), &root.to_string_lossy(), root);
                if help.is_some() && plan.spec.prepare_command.is_some() {
                    self.unread = Some(format!(
                        "failed to check the compose file, for which `prepare_command` may make what is missing: {error}"
                    ));
                } else {
                    let help = help.as_deref().or(error.help());
                    self.errors.push(Trouble::new(error.to_string(), help));
                }
                return;
            }
        };
        let of_compose =
            |text: String| Warning::new(Lint::of_compose(&text), format!("compose: {text}"));
        self.warnings.extend(said.into_iter().map(of_compose));
        let findings = lint(plan, &model);
        self.warnings.extend(findings.warnings);
        self.notes = findings.notes;
        self.notes.extend(copies(plan, &model).await);
        let errors = findings.errors.into_iter();
        self.errors
            .extend(errors.map(|text| Trouble::new(text, None)));
        self.whole = true;
    }

    fn code(&self) -> u8 {
        if self.errors.is_empty() {
            0
        } else {
            exit_code(Verdict::SpecError, None)
        }
    }

    fn show(&self, plan: &Plan) {
        let spec = plan.spec_name().display();
        if let Some(unread) = &self.unread {
            warn(unread);
        }
        let mut names: Vec<String> = Vec::new();
        for warning in plan.not_allowed(&self.warnings) {
            let name = warning.lint.to_string();
            warn_named(&name, &warning.text);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            errln!(
                "  help: `allow: [{}]` in {spec} accepts what is meant",
                names.join(", ")
            );
        }
        for note in &self.notes {
            let bold = anstyle::Style::new().bold();
            errln!("{bold}note{bold:#}: {note}");
        }
        for error in &self.errors {
            error.show();
        }
        if !self.errors.is_empty() {
            return;
        }
        if self.whole {
            errln!("{spec} and {}: OK", plan.compose_files.join(", "));
        } else {
            errln!("{spec}: OK");
        }
    }

    fn answer(self, plan: &Plan) -> CheckedSpec {
        let unread = self.unread.into_iter();
        let mut warnings: Vec<NamedWarning> = unread
            .map(|text| NamedWarning { name: None, text })
            .collect();
        let named = plan.not_allowed(&self.warnings);
        warnings.extend(named.map(|warning| NamedWarning {
            name: Some(warning.lint.to_string()),
            text: warning.text.clone(),
        }));
        CheckedSpec {
            spec: Some(plan.spec_name().display().to_string()),
            ok: self.errors.is_empty(),
            errors: self.errors,
            warnings,
            notes: self.notes,
        }
    }
}
