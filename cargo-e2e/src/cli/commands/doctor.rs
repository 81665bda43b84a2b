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
use crate::cli::host::host_for;
use crate::cli::plans::plan_for;
use crate::cli::print::{errln, failure, outln, usage_error};
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
    let marks = marks();
    let cluster = match ClusterName::parse(&name) {
        Ok(cluster) => cluster,
        Err(error) => return usage_error(&error.to_string(), None),
    };
    let mut all: Vec<DoctorCheck> = Vec::new();
    let mut take = |host: Option<&str>, checks: Vec<Check>| {
        let first = all.len();
        all.extend(checks.iter().map(|check| answer(host, check)));
        if !json {
            show(marks, host.unwrap_or("this machine"), &all[first..]);
        }
    };
    take(None, doctor::client(Needs::of(&folder, &name)).await);
    let mut hosts: Vec<String> = members(&name).into_iter().map(str::to_owned).collect();
    if let Some(cluster) = &cluster {
        let (checks, nodes) = setup::cluster::cluster(cluster).await;
        take(Some(&name), checks);
        hosts = nodes;
    }
    for host in hosts {
        take(Some(&host), doctor::host(&host, tests_on).await);
    }
    let is_missing = |one: &&DoctorCheck| one.status == DoctorStatus::Missing;
    let missing: Vec<&DoctorCheck> = all.iter().filter(is_missing).collect();
    let lost = missing.iter().find(|one| one.name == CONNECTION);
    let why = if let Some(host) = lost.and_then(|one| one.host.as_deref()) {
        format!("cannot reach the host `{host}`")
    } else {
        let failed = count(missing.len(), "check");
        format!("`{name}` cannot run sandboxes: {failed} failed")
    };
    let lacks = !missing.is_empty();
    if json {
        let code = match &repo {
            _ if lacks => exit_code(Verdict::HostError, None),
            Some(Err(refused)) => refused.code(),
            _ => 0,
        };
        all.extend(repo.map(|repo| of_repo(&repo)));
        let ok = !all.iter().any(|one| is_missing(&one));
        print(&DoctorAnswer {
            schema: 1,
            host: name,
            ok,
            checks: all,
        });
        return code;
    }
    let spec = match repo {
        None => 0,
        Some(Err(refused)) => refused.show(),
        Some(repo) => {
            show(marks, "this repo", &[of_repo(&repo)]);
            0
        }
    };
    if lacks {
        return failure(Verdict::HostError, &why);
    }
    errln!("{name} can run sandboxes");
    spec
}

/// Returns a check of a host, or of this machine where none is named.
fn answer(host: Option<&str>, check: &Check) -> DoctorCheck {
    let (status, text, fix) = match &check.finding {
        Finding::Fine(found) => (DoctorStatus::Ok, found, None),
        Finding::Less(found) => (DoctorStatus::Less, found, None),
        Finding::Missing(problem) => (DoctorStatus::Missing, &problem.what, Some(&problem.fix)),
    };
    DoctorCheck {
        of: if host.is_some() { "host" } else { "client" },
        host: host.map(str::to_owned),
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

/// Returns the symbols that checks begin with: what is fine, what a run goes without, what is missing.
fn marks() -> [&'static str; 3] {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    if utf8 && std::io::stdout().is_terminal() {
        ["✓", "-", "✗"]
    } else {
        ["ok  ", "note", "MISS"]
    }
}

fn show([fine, less, missing]: [&str; 3], title: &str, checks: &[DoctorCheck]) {
    outln!("{title}");
    for check in checks {
        let mark = match check.status {
            DoctorStatus::Ok => fine,
            DoctorStatus::Less => less,
            DoctorStatus::Missing => missing,
        };
        let text = check.text.replace('\n', "\n      ");
        outln!("  {mark} {:<15} {text}", check.name);
        if let Some(fix) = &check.fix {
            outln!("      help: {fix}");
        }
    }
}
