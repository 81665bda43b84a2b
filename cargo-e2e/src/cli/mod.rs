//! One file a command: turns what was typed into values, calls the engine, returns a code.

pub(crate) mod args;
mod attach;
mod check;
mod completions;
mod doctor;
mod down;
mod env;
mod evidence;
mod finish;
mod gc;
mod history;
mod init;
mod keeping;
mod killed_runs;
mod list;
mod plan;
mod print;
mod refused;
mod report;
mod rerun;
mod run;
mod schema;
mod unplanned;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use cargo_e2e::cancel::Cancel;
use cargo_e2e::compose::preview::PreviewError;
use cargo_e2e::compose::strict;
use cargo_e2e::host::client;
use cargo_e2e::host::{Facts, Host, HostError, Purpose, preflight};
use cargo_e2e::plan::{HostVariables, Options, Plan, Risks};
use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::repo::workspace::{self, Repo, Selection};
use cargo_e2e::sandbox::{self, Asker, ChooseError, Listed};
use cargo_e2e::spec::{self, Spec, SpecErrors};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::cli::args::{Command, E2e, HostArgument, LookArguments, RepoArguments};

use print::errln;
use refused::{Refused, chain};
use unplanned::Unplanned;

const USAGE: u8 = 2;
/// For what still runs when a command has ended.
const LAST: Duration = Duration::from_millis(500);

/// Runs what was typed and returns the process's exit code.
pub(crate) fn dispatch(typed: E2e) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            report(&format!("the runtime can't start: {error}"), None);
            return exit_code(Verdict::InternalError, None);
        }
    };
    let drain = DrainOnPanic(&runtime);
    let code = runtime.block_on(async {
        let code = match typed.command {
            None => run::run(typed.run).await,
            Some(Command::Up(arguments)) => run::up(arguments).await,
            Some(Command::Env(arguments)) => env::env(arguments).await,
            Some(Command::Exec(arguments)) => attach::exec(arguments).await,
            Some(Command::Shell(arguments)) => attach::shell(arguments).await,
            Some(Command::Logs(arguments)) => attach::logs(arguments).await,
            Some(Command::Plan(arguments)) => plan::plan(arguments).await,
            Some(Command::Check(arguments)) => check::check(arguments).await,
            Some(Command::List(arguments)) => list::list(arguments).await,
            Some(Command::Down(arguments)) => down::down(arguments).await,
            Some(Command::Gc(arguments)) => gc::gc(arguments).await,
            Some(Command::Doctor(argument)) => doctor::doctor(argument).await,
            Some(Command::Init(arguments)) => init::init(arguments).await,
            Some(Command::History(arguments)) => history::history(&arguments),
            Some(Command::Schema(arguments)) => schema::schema(&arguments),
            Some(Command::Report(arguments)) => report::report_on(&arguments).await,
            Some(Command::Completions(arguments)) => completions::completions(&arguments),
            Some(Command::Man(arguments)) => completions::man(&arguments),
        };
        client::settled().await;
        print::drain(code).await
    });
    drop(drain);
    // A name that is being looked up can't be stopped, and nobody waits for the answer.
    runtime.shutdown_timeout(LAST);
    code
}

/// Shows, after a panic, what was printed before it.
struct DrainOnPanic<'a>(&'a Runtime);

impl Drop for DrainOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let drained = async { timeout(LAST, print::output().drained()).await };
            // A reader that is slower misses the end of a bug's report.
            let _ = self.0.block_on(drained);
        }
    }
}

/// An error on stderr, as every command shows them.
fn report(message: &str, help: Option<&str>) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    errln!("{red}error{red:#}: {message}");
    if let Some(help) = help {
        errln!("  help: {help}");
    }
}

/// Something the user should know, on stderr.
fn warn(text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    errln!("{yellow}warning{yellow:#}: {text}");
}

/// Returns this process's signals, from the first time that this is called.
fn listen() -> io::Result<Cancel> {
    static SIGNALS: OnceLock<Cancel> = OnceLock::new();
    if let Some(cancel) = SIGNALS.get() {
        return Ok(cancel.clone());
    }
    let cancel = Cancel::listen()?;
    Ok(SIGNALS.get_or_init(|| cancel).clone())
}

fn find(arguments: &RepoArguments) -> Result<Vec<Repo>, Refused> {
    let folder = std::env::current_dir().map_err(Refused::NoFolder)?;
    Ok(workspace::find(&folder, &selection(arguments))?)
}

/// The repo that was likely meant where none was found.
fn likely(arguments: &RepoArguments) -> Option<Repo> {
    let folder = std::env::current_dir().ok()?;
    workspace::around(&folder, &selection(arguments))
}

fn selection(arguments: &RepoArguments) -> Selection {
    Selection {
        path: arguments.repo.clone(),
        spec: arguments.spec.clone(),
        packages: arguments.package.clone(),
        workspace: arguments.workspace,
    }
}

/// Does something with one repo after another, or with the reason why one has no plan; the worst
/// code counts, and a signal ends it.
async fn each_plan(
    arguments: &RepoArguments,
    options: &Options,
    cancel: &Cancel,
    work: impl AsyncFn(&Plan) -> u8,
    refuse: impl AsyncFn(Unplanned) -> u8,
) -> u8 {
    let repos = match find(arguments) {
        Ok(repos) => repos,
        Err(refused) => {
            let repo = likely(arguments);
            return refuse(Unplanned { refused, repo }).await;
        }
    };
    let mut worst = 0;
    let mut repos = repos.into_iter();
    while let Some(repo) = repos.next() {
        let code = match plan_for(repo.clone(), options.clone()) {
            Ok(plan) => work(&plan).await,
            Err(refused) => {
                let repo = Some(repo);
                refuse(Unplanned { refused, repo }).await
            }
        };
        worst = worst.max(code);
        if let Some(signal) = cancel.signal() {
            if repos.len() > 0 {
                // What never ran has not passed.
                worst = worst.max(exit_code(Verdict::Interrupted, Some(signal)));
            }
            break;
        }
    }
    worst
}

/// For commands that only look: they leave no record.
async fn show(unplanned: Unplanned) -> u8 {
    unplanned.refused.show()
}

/// Options for looking only.
fn looking(arguments: &LookArguments) -> Options {
    Options {
        host: arguments.repo.host.host.clone(),
        risks: risks(arguments.strict),
        ..Options::default()
    }
}

fn risks(strict: bool) -> Risks {
    if strict { Risks::Refuse } else { Risks::Warn }
}

/// Shows what `--strict` refuses, and returns the exit code; none where it refuses nothing, or
/// was not asked to.
async fn refused_by_strict(plan: &Plan) -> Option<u8> {
    if plan.risks != Risks::Refuse {
        return None;
    }
    match strict::look(plan).await {
        Ok(refused) if refused.is_empty() => return None,
        Ok(refused) => report(&strict::message(plan, &refused), Some(strict::HELP)),
        // What nobody looked at is not sound.
        Err(error @ PreviewError::NoCompose) => report(
            &format!("failed to judge the compose file: {error}"),
            Some("install it, or leave --strict to the run, which judges on its host too"),
        ),
        Err(error) => report(&error.to_string(), None),
    }
    Some(exit_code(Verdict::SpecError, None))
}

/// The plan for one repo. The file is small, and nothing else happens meanwhile.
fn plan_for(repo: Repo, options: Options) -> Result<Plan, Refused> {
    let text = std::fs::read(&repo.spec_path).map_err(|source| Refused::Unreadable {
        path: repo.spec_path.clone(),
        source,
    })?;
    let shown = std::env::current_dir()
        .ok()
        .and_then(|folder| repo.spec_path.strip_prefix(folder).map(PathBuf::from).ok())
        .unwrap_or_else(|| repo.spec_path.clone());
    let spec = parse(&repo, &shown, text).map_err(Refused::Spec)?;
    Ok(Plan::new(repo, spec, options, &HostVariables::from_env())?)
}

/// Reads a repo's e2e.yml, which in a Cargo project need not say how to test.
fn parse(repo: &Repo, shown: &Path, text: Vec<u8>) -> Result<Spec, SpecErrors> {
    match repo.cargo {
        Some(_) => spec::parse_in_cargo(shown, text),
        None => spec::parse(shown, text),
    }
}

/// The host for a command that needs no repo; one is asked for its manifest's host, if there is one.
fn host_for(argument: &HostArgument) -> String {
    let variables = HostVariables::from_env();
    let configured = || {
        let folder = std::env::current_dir().ok()?;
        let repos = workspace::find(&folder, &Selection::default()).ok()?;
        Some(repos.into_iter().next()?.host?.host)
    };
    argument
        .host
        .clone()
        .or(variables.cargo_e2e_host)
        .or_else(configured)
        .or(variables.railiance01_host)
        .unwrap_or_else(|| "local".to_owned())
}

/// Does something on a host, and ends the connection whatever came of it: a signal, too.
async fn on_host(
    argument: &HostArgument,
    work: impl AsyncFnOnce(&dyn Host, &Facts) -> Result<u8, HostError>,
) -> u8 {
    let name = host_for(argument);
    let failed = |error: &HostError| {
        report(&chain(error), error.help());
        exit_code(Verdict::HostError, None)
    };
    let cancel = match listen() {
        Ok(cancel) => cancel,
        Err(error) => {
            report(&format!("signals can't be handled: {error}"), None);
            return exit_code(Verdict::InternalError, None);
        }
    };
    let interrupted = || exit_code(Verdict::Interrupted, cancel.signal());
    let host = tokio::select! {
        host = cargo_e2e::host::connect(&name) => host,
        () = cancel.reached(1) => return interrupted(),
    };
    let host = match host {
        Ok(host) => host,
        Err(error) => return failed(&error),
    };
    let worked = async {
        let facts = preflight(host.as_ref(), Purpose::Remove).await?;
        work(host.as_ref(), &facts).await
    };
    let code = tokio::select! {
        worked = worked => worked.unwrap_or_else(|error| failed(&error)),
        () = cancel.reached(1) => interrupted(),
    };
    host.close().await;
    code
}

/// The sandbox that is meant by an id, or by the repo in this folder; shows why there is none.
async fn choose(
    host: &dyn Host,
    facts: &Facts,
    id: Option<&str>,
) -> Result<Result<Listed, u8>, HostError> {
    let all = sandbox::list(host, &facts.root).await?;
    Ok(sandbox::choose(&all, id, &asker())
        .cloned()
        .map_err(|error| {
            refuse(host, &error);
            USAGE
        }))
}

fn refuse(host: &dyn Host, error: &ChooseError) {
    let help = format!(
        "`cargo e2e list --host {}` shows what is there",
        host.name()
    );
    report(&format!("{error} on {}", host.name()), Some(&help));
}

/// The repo in this folder, if there is one.
fn asker() -> Asker {
    let repo = std::env::current_dir()
        .ok()
        .and_then(|folder| workspace::find(&folder, &Selection::default()).ok())
        .and_then(|repos| repos.into_iter().next());
    let Some(repo) = repo else {
        return Asker::default();
    };
    let slug = std::fs::read(&repo.spec_path)
        .ok()
        .and_then(|text| parse(&repo, &repo.spec_path, text).ok())
        .map(|spec| spec.name);
    Asker {
        slug,
        folder: Some(repo.root.to_string_lossy().into_owned()),
    }
}
