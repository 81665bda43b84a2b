//! Runs the command that was typed.

use std::time::Duration;

use crate::host::client;
use crate::record::outcome::Verdict;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::args::{Command, E2e};
use super::commands::{
    attach, check, complete, completions, doctor, down, env, forward, gc, history, init, list,
    logs, open, plan, report, run, schema,
};
use super::exit;
use super::print::{failure, output};

/// Time for background work, such as a name lookup, once the command has ended.
const LAST: Duration = Duration::from_millis(500);

/// Runs the typed command and returns the exit code.
pub(crate) fn dispatch(typed: E2e) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = format!("failed to start the runtime: {error}");
            return failure(Verdict::InternalError, &why);
        }
    };
    // Through /proc, this works also after the program's file was replaced. Where there is no such
    // path, no process carries a mark.
    client::watch_by("/proc/self/exe".into());
    let drain = DrainOnPanic(&runtime);
    let code = runtime.block_on(async {
        let code = match typed.command {
            None => run::run(typed.run).await,
            Some(Command::Up(arguments)) => run::up(arguments).await,
            Some(Command::Env(arguments)) => env::env(arguments).await,
            Some(Command::Exec(arguments)) => attach::exec(arguments).await,
            Some(Command::Shell(arguments)) => attach::shell(arguments).await,
            Some(Command::Logs(arguments)) => logs::logs(arguments).await,
            Some(Command::Plan(arguments)) => plan::plan(arguments).await,
            Some(Command::Check(arguments)) => check::check(arguments).await,
            Some(Command::List(arguments)) => list::list(arguments).await,
            Some(Command::Down(arguments)) => down::down(arguments).await,
            Some(Command::Gc(arguments)) => gc::gc(arguments).await,
            Some(Command::Doctor(arguments)) => doctor::doctor(arguments).await,
            Some(Command::Init { path }) => init::init(path).await,
            Some(Command::History(arguments)) => history::history(&arguments),
            Some(Command::Schema { of }) => schema::schema(of),
            Some(Command::Forward(arguments)) => forward::forward(arguments).await,
            Some(Command::Open { run } | Command::Report { open: Some(run) }) => open::open(&run),
            Some(Command::Report { open: None }) => report::report().await,
            Some(Command::Complete { words }) => complete::complete(&words).await,
            Some(Command::Completions { shell }) => completions::completions(shell),
            Some(Command::Man { command }) => completions::man(command.as_deref()),
        };
        client::settled().await;
        exit::drain(code).await
    });
    drop(drain);
    // A running name lookup can't be stopped, and nobody waits for its answer.
    runtime.shutdown_timeout(LAST);
    code
}

/// Prints what was queued before a panic.
struct DrainOnPanic<'a>(&'a Runtime);

impl Drop for DrainOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let drained = async { timeout(LAST, output().drained()).await };
            // A slower reader misses the end of the panic's report.
            let _ = self.0.block_on(drained);
        }
    }
}
