//! `cargo e2e check`: e2e.yml and the compose file, without a host.

use cargo_e2e::compose::preview::{PreviewError, preview};
use cargo_e2e::compose::{Isolation, PortRule, isolate, needs};
use cargo_e2e::outcome::{Verdict, exit_code};
use cargo_e2e::plan::{Options, Plan};
use cargo_e2e::ready::is_here;
use cargo_e2e::spec::Probe;
use e2e_harness::protocol::collision;
use serde_json::Value;

use crate::cli::RepoArguments;

use super::{find, plan_for, report};

pub(crate) async fn check(arguments: RepoArguments) -> u8 {
    let repos = match find(&arguments) {
        Ok(repos) => repos,
        Err(refused) => return refused.show(),
    };
    let mut worst = 0;
    for repo in repos {
        let options = Options {
            host: arguments.host.host.clone(),
            ..Options::default()
        };
        let code = match plan_for(repo, options) {
            Ok(plan) => one(&plan).await,
            Err(refused) => refused.show(),
        };
        worst = worst.max(code);
    }
    worst
}

async fn one(plan: &Plan) -> u8 {
    let wrong = exit_code(Verdict::SpecError, None);
    let spec = plan.spec_name().display();
    let model = match preview(plan, "e2e-check").await {
        Ok(model) => model,
        Err(error @ PreviewError::NoCompose) => {
            warn(&format!("the compose file was not checked: {error}"));
            anstream::eprintln!("{spec} is sound");
            return 0;
        }
        Err(error) => {
            report(&error.to_string(), None);
            return wrong;
        }
    };
    let (errors, warnings) = judge(plan, &model);
    for warning in &warnings {
        warn(warning);
    }
    for error in &errors {
        report(error, None);
    }
    if errors.is_empty() {
        anstream::eprintln!("{spec} and {} are sound", plan.compose_files.join(", "));
        0
    } else {
        wrong
    }
}

fn warn(text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    anstream::eprintln!("{yellow}warning{yellow:#}: {text}");
}

/// Errors, then warnings.
fn judge(plan: &Plan, model: &Value) -> (Vec<String>, Vec<String>) {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    let root = plan.repo.root.to_string_lossy();
    for (path, why) in needs::paths(model, &root) {
        // build_command may be what makes it.
        if plan.repo.root.join(&path).symlink_metadata().is_err()
            && plan.spec.build_command.is_none()
        {
            errors.push(format!("{path} does not exist; it is {why}"));
        }
    }
    let services = model["services"].as_object();
    let names = || {
        services
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .map(String::as_str)
    };
    if let Some((one, other)) = collision(names()) {
        errors.push(format!(
            "services {one} and {other} would share their E2E_… variables"
        ));
    }
    let rewritten = isolate(
        model.clone(),
        &Isolation {
            project: "e2e-check",
            labels: &[],
            ports: PortRule::Declared,
            ipv6: false,
            engine: (25, 0),
        },
    );
    for check in &plan.spec.health_checks {
        let (host, port) = match &check.probe {
            Probe::Http { url, .. } => (
                url.host_str().unwrap_or_default().to_owned(),
                url.port_or_known_default().unwrap_or(80),
            ),
            Probe::Tcp { host, port } => (host.clone(), *port),
            Probe::Exec { service, .. } => {
                if !names().any(|name| name == service) {
                    errors.push(format!(
                        "health check {} names the service {service}, which the compose file does not have",
                        check.name
                    ));
                }
                continue;
            }
        };
        let published = rewritten
            .published
            .iter()
            .any(|one| one.declared == Some(port));
        if is_here(&host) && !published {
            warnings.push(format!(
                "health check {} asks {host}:{port}, which no service publishes",
                check.name
            ));
        }
    }
    warnings.extend(rewritten.shared);
    (errors, warnings)
}
