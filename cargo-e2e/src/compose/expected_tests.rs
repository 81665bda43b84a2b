//! What `init`, `check` and `plan` say of every stack of the corpus, as one page to read:
//! `tests/corpus/EXPECTED.md`. `E2E_BLESS=1 cargo test -p cargo-e2e --lib expected` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::compose::preview::{PreviewError, preview};
use crate::compose::{Isolation, PortRule, env_file, isolate, risks};
use crate::plan::{HostVariables, Options, Plan};
use crate::repo::workspace::Repo;
use crate::setup::init::{InitError, Written, init};
use crate::setup::lint::lint;
use crate::spec::{self, Lint, Warning};
use serde_json::Value;

/// What is said of a stack with these files, in a repo that has them and the files that they name.
pub(crate) async fn section(corpus: &Path, name: &str, files: &[PathBuf]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path").join(name);
    fs::create_dir_all(root.join("parts")).expect("writable");
    fs::copy(corpus.join("Dockerfile"), root.join("Dockerfile")).expect("a Dockerfile");
    for part in fs::read_dir(corpus.join("parts")).expect("parts").flatten() {
        fs::copy(part.path(), root.join("parts").join(part.file_name())).expect("writable");
    }
    for (file, name) in files
        .iter()
        .zip(["docker-compose.yml", "docker-compose.override.yml"])
    {
        fs::copy(file, root.join(name)).expect("writable");
    }
    let text = fs::read_to_string(&files[0]).expect("readable");
    let about = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let mut page = format!("\n## {name}\n");
    if let Some(about) = about {
        let _ = writeln!(page, "{about}\n");
    }
    let init = init(&root).await;
    line(&mut page, "init", &said_by_init(&root, &init));
    if init.is_ok() {
        said_of(&mut page, &root).await;
    }
    let home = std::env::var("HOME").unwrap_or_default();
    let beside = root
        .parent()
        .unwrap_or(&root)
        .to_string_lossy()
        .into_owned();
    page.replace(&*root.to_string_lossy(), "/repo")
        .replace(&beside, "/beside")
        .replace(&home, "~")
}

fn said_by_init(root: &Path, init: &Result<Written, InitError>) -> String {
    let written = match init {
        Ok(written) => written,
        Err(InitError::Refused { .. }) => {
            return "refused by Compose, nothing is written".to_owned();
        }
        Err(error) => return format!("refused: {error}"),
    };
    let spec = plan(root).spec;
    let checks = spec.health_checks.iter().map(|check| {
        let probe = check.probe.kind().describe();
        match check.timeout.as_secs() {
            60 => probe,
            seconds => format!("{probe} within {seconds} s"),
        }
    });
    let mut said = written.tests.clone();
    if !spec.profiles.is_empty() {
        let _ = write!(said, "; profiles {}", spec.profiles.join(", "));
    }
    for check in checks {
        let _ = write!(said, "; {check}");
    }
    if written.unread.is_some() {
        said.push_str("; only looked at, because Compose refuses it");
    }
    said
}

async fn said_of(page: &mut String, root: &Path) {
    let plan = plan(root);
    let (model, warnings) = match preview(&plan, "e2e-check").await {
        Ok(read) => read,
        Err(PreviewError::Refused(reason)) => {
            let help = env_file::help(&reason, &root.to_string_lossy(), root);
            let help = help.map_or_else(String::new, |help| format!("; help: {help}"));
            line(page, "check", &format!("refused by Compose{help}"));
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let findings = lint(&plan, &model);
    let is_sound = findings.errors.is_empty();
    line(page, "check", if is_sound { "sound" } else { "refused" });
    for error in &findings.errors {
        below(page, "error", error);
    }
    let of_compose = |text: String| Warning::new(Lint::of_compose(&text), text);
    let warnings = warnings.into_iter().map(of_compose);
    for warning in warnings.chain(findings.warnings) {
        below(page, &format!("warning[{}]", warning.lint), &warning.text);
    }
    line(page, "plan", "");
    let risks = risks::risks(&model, &root.to_string_lossy(), plan.ports);
    for (what, text) in rewritten(model, &plan).notices(&risks) {
        // `check` warned of the others.
        if what != "not isolated" {
            below(page, what, text);
        }
    }
}

fn rewritten(model: Value, plan: &Plan) -> crate::compose::Rewritten {
    let isolation = Isolation {
        project: "e2e-check",
        labels: &[],
        ports: PortRule::new(plan.ports, &[]),
        ipv6: true,
        engine: (25, 0),
    };
    isolate(model, &isolation)
}

fn plan(root: &Path) -> Plan {
    let spec_path = root.join("e2e/e2e.yml");
    let text = fs::read_to_string(&spec_path).expect("init wrote it");
    let spec = spec::parse(&spec_path, &text).expect("init wrote it well");
    let repo = Repo {
        root: root.to_owned(),
        results_dir: root.join("e2e/results"),
        spec_path,
        cargo: None,
        host: None,
    };
    Plan::new(repo, spec, Options::default(), &HostVariables::default()).expect("a plan")
}

fn line(page: &mut String, what: &str, said: &str) {
    let _ = writeln!(page, "{}", format!("- {what}: {said}").trim_end());
}

/// A finding by its first sentence: reasons and advice are for people, and tested elsewhere.
fn below(page: &mut String, what: &str, said: &str) {
    let first = said.lines().next().unwrap_or_default();
    let first = first.split(", because ").next().unwrap_or(first);
    let first = first.split("; ").next().unwrap_or(first);
    let _ = writeln!(page, "  - {what}: {first}");
}
