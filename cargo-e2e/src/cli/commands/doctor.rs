//! `cargo e2e doctor`: what this machine and a host have and lack.

use std::io::IsTerminal as _;

use crate::environment::set;
use crate::host::cluster::ClusterName;
use crate::host::{Check, Finding, members};
use crate::plan::{Options, Plan};
use crate::record::outcome::{Verdict, exit_code};
use crate::repo::workspace::FindError;
use crate::setup::{
    self,
    doctor::{self, CONNECTION, Needs},
};
use crate::text::count;

use crate::cli::answers::{DoctorAnswer, DoctorCheck, DoctorStatus, print};
use crate::cli::args::{ListArguments, RepoArguments};
use crate::cli::exit::USAGE;
use crate::cli::host::host_for;
use crate::cli::plans::plan_for;
use crate::cli::print::{errln, outln, show_error};
use crate::cli::refused::Refused;
use crate::cli::repos::find;

pub(crate) async fn doctor(arguments: ListArguments) -> u8 {
    let folder = std::env::current_dir().unwrap_or_default();
    let name = host_for(&arguments.host);
    let repo = this_repo();
    let tests_on = match &repo {
        Some(Ok(plan)) => Some(plan.tests_on),
        _ => None,
    };
    let json = arguments.format.is_json();
    let marks = Marks::fitting();
    let cluster = match ClusterName::parse(&name) {
        Ok(cluster) => cluster,
        Err(error) => {
            show_error(&error.to_string(), None);
            return USAGE;
        }
    };
    let here = doctor::client(Needs::of(&folder, &name)).await;
    if !json {
        marks.show("this machine", &here);
    }
    let mut there = Vec::new();
    let mut hosts: Vec<String> = members(&name).into_iter().map(str::to_owned).collect();
    if let Some(cluster) = &cluster {
        let (checks, nodes) = setup::cluster::cluster(cluster).await;
        if !json {
            marks.show(&name, &checks);
        }
        there.extend(checks.into_iter().map(|check| (name.clone(), check)));
        hosts = nodes;
    }
    for host in hosts {
        let checks = doctor::host(&host, tests_on).await;
        if !json {
            marks.show(&host, &checks);
        }
        let host = &host;
        there.extend(checks.into_iter().map(|check| (host.clone(), check)));
    }
    let all = here.iter().chain(there.iter().map(|(_, check)| check));
    let missing = all.filter(|check| check.problem().is_some()).count();
    if json {
        let code = match &repo {
            Some(Err(refused)) => refused.code(),
            _ => 0,
        };
        let mut checks: Vec<DoctorCheck> = here.iter().map(|one| answer("client", one)).collect();
        checks.extend(there.iter().map(|(host, one)| DoctorCheck {
            host: Some(host.clone()),
            ..answer("host", one)
        }));
        checks.extend(repo.map(|repo| of_repo(&repo)));
        let ok = checks.iter().all(|one| one.status != DoctorStatus::Missing);
        print(&DoctorAnswer {
            schema: 1,
            host: name.clone(),
            ok,
            checks,
        });
        return if missing > 0 {
            exit_code(Verdict::HostError, None)
        } else {
            code
        };
    }

    let spec = match repo {
        None => 0,
        Some(Ok(plan)) => {
            outln!("this repo");
            let spec = plan.spec_name().display();
            outln!("  {} {:<15} parsed", marks.fine, spec);
            0
        }
        Some(Err(refused)) => refused.show(),
    };
    if missing > 0 {
        let unreached = |check: &Check| check.name == CONNECTION && check.problem().is_some();
        let lost = there.iter().find(|(_, check)| unreached(check));
        let why = if let Some((host, _)) = lost {
            format!("cannot reach the host `{host}`")
        } else {
            format!(
                "`{name}` cannot run sandboxes: {} failed",
                count(missing, "check")
            )
        };
        show_error(&why, None);
        return exit_code(Verdict::HostError, None);
    }
    errln!("{name} can run sandboxes");
    spec
}

fn answer(of: &'static str, check: &Check) -> DoctorCheck {
    let (status, text, fix) = match &check.finding {
        Finding::Fine(found) => (DoctorStatus::Ok, found, None),
        Finding::Less(found) => (DoctorStatus::Less, found, None),
        Finding::Missing(problem) => (DoctorStatus::Missing, &problem.what, Some(&problem.fix)),
    };
    DoctorCheck {
        of,
        host: None,
        name: check.name.to_owned(),
        status,
        text: text.clone(),
        fix: fix.cloned(),
    }
}

fn of_repo(repo: &Result<Plan, Refused>) -> DoctorCheck {
    let (name, status, text, fix) = match repo {
        Ok(plan) => {
            let spec = plan.spec_name().display().to_string();
            (spec, DoctorStatus::Ok, "parsed".to_owned(), None)
        }
        Err(refused) => {
            let (text, help) = refused.text();
            let name = "e2e.yml".to_owned();
            (name, DoctorStatus::Missing, text, help.map(str::to_owned))
        }
    };
    DoctorCheck {
        of: "repo",
        host: None,
        name,
        status,
        text,
        fix,
    }
}

/// Returns the plan of the repo around the current directory; `None` outside a repo, which is not
/// an error.
fn this_repo() -> Option<Result<Plan, Refused>> {
    let repos = match find(&RepoArguments::default()) {
        Ok(repos) => repos,
        Err(Refused::Find(FindError::NotFound { .. })) => return None,
        Err(refused) => return Some(Err(refused)),
    };
    let repo = repos.into_iter().next()?;
    Some(plan_for(repo, Options::default()))
}

/// The symbol that each check begins with.
struct Marks {
    fine: &'static str,
    less: &'static str,
    missing: &'static str,
}

impl Marks {
    fn fitting() -> Self {
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        if utf8 && std::io::stdout().is_terminal() {
            Self {
                fine: "✓",
                less: "-",
                missing: "✗",
            }
        } else {
            Self {
                fine: "ok  ",
                less: "note",
                missing: "MISS",
            }
        }
    }

    fn show(&self, title: &str, checks: &[Check]) {
        outln!("{title}");
        for check in checks {
            let name = check.name;
            match &check.finding {
                Finding::Fine(found) => outln!("  {} {name:<15} {found}", self.fine),
                Finding::Less(found) => outln!("  {} {name:<15} {found}", self.less),
                Finding::Missing(problem) => {
                    let indented = problem.what.replace('\n', "\n      ");
                    outln!("  {} {name:<15} {indented}", self.missing);
                    outln!("      help: {}", problem.fix);
                }
            }
        }
    }
}
