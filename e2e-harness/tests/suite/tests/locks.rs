//! Each test says in a shared folder that it runs, and looks who else does.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use e2e_harness::{BoxError, Sandbox, eventually};

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("LOCKS_FOLDER").expect("LOCKS_FOLDER is set"))
}

/// Is there for a while, and gives who else is.
async fn stay(name: &str) -> Result<Vec<String>, BoxError> {
    let mine = folder().join(name);
    fs::write(&mine, "")?;
    let mut others = Vec::new();
    for _ in 0..5 {
        for entry in fs::read_dir(folder())? {
            let other = entry?.file_name().into_string().unwrap_or_default();
            // `met-` is what two that must meet leave behind.
            if other != name && !other.starts_with("met-") {
                others.push(other);
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fs::remove_file(&mine)?;
    Ok(others)
}

/// Two ordinary tests run at the same time: each waits for the other. Not beside exclusive ones:
/// one that comes between them lets nobody pass.
#[e2e_harness::test(cases(one("met-1", "met-2"), two("met-2", "met-1")))]
async fn ordinary(mine: &str, other: &str) -> Result<(), BoxError> {
    if std::env::var_os("LOCKS_MEET").is_none() {
        return Ok(());
    }
    fs::write(folder().join(mine), "")?;
    let other = folder().join(other);
    eventually("the other one", || async { other.exists() }).await?;
    Ok(())
}

#[e2e_harness::test(cases(a("plain-a"), b("plain-b"), c("plain-c"), d("plain-d")))]
async fn plain(name: &str) -> Result<(), BoxError> {
    let others = stay(name).await?;
    assert!(
        !others.iter().any(|other| other.starts_with("alone")),
        "{others:?}"
    );
    Ok(())
}

#[e2e_harness::test(exclusive, cases(a("alone-a"), b("alone-b"), c("alone-c")))]
async fn alone(name: &str) -> Result<(), BoxError> {
    let others = stay(name).await?;
    assert!(others.is_empty(), "{others:?}");
    Ok(())
}

#[e2e_harness::test(
    serial = "billing / eu",
    cases(a("group-a"), b("group-b"), c("group-c"))
)]
async fn group(name: &str) -> Result<(), BoxError> {
    let others = stay(name).await?;
    let wrong = others
        .iter()
        .any(|other| other.starts_with("group") || other.starts_with("alone"));
    assert!(!wrong, "{others:?}");
    Ok(())
}

/// Whoever comes first makes it; the value says that nobody else did.
#[e2e_harness::test(cases(a(), b(), c()))]
async fn made_once(sandbox: Sandbox) -> Result<(), BoxError> {
    let made = folder().join("met-once");
    let value: String = sandbox
        .once("the value", async {
            let first = fs::File::create_new(&made);
            first.map(|_| "made".to_owned())
        })
        .await?;
    assert_eq!(value, "made");
    Ok(())
}

e2e_harness::main!();
