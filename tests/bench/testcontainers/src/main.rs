//! Compose by testcontainers' module: up, a look every 50 ms, the tests, down.
//! Needs what bare.sh needs, without BUILD; runs in the repo.

use std::collections::HashMap;
use std::time::Duration;

use testcontainers::compose::DockerCompose;
use tokio::process::Command;

type Failure = Box<dyn std::error::Error>;

/// As long as the scripts have.
const LIMIT: Duration = Duration::from_mins(5);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let needed = |name: &str| std::env::var(name).map_err(|_| format!("{name} is missing"));
    let (port, test) = (needed("PORT")?, needed("TEST")?);
    let page = format!("http://localhost:{port}{}", needed("PAGE")?);
    let variables = std::env::var("VARIABLES").unwrap_or_default();
    let pairs = variables.split(' ').filter_map(|pair| pair.split_once('='));
    let mut variables: HashMap<_, _> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    variables.insert("PORT".to_owned(), port.clone());

    // It runs Compose in the folder of the file.
    let file = std::env::current_dir()?.join("e2e/compose.yml");
    // Its own wait fails for a container that did its work and ended.
    let mut stack = DockerCompose::with_local_client(&[file])
        .with_env_vars(variables)
        .with_build(true)
        .with_wait(false);
    let passed = match stack.up().await {
        Ok(()) => tested(&page, &test).await,
        Err(error) => Err(error.into()),
    };
    stack.down().await?;
    passed
}

/// Waits for the page, and runs the tests.
async fn tested(page: &str, test: &str) -> Result<(), Failure> {
    let answers = async {
        while !succeeds(Command::new("curl").args(["-fsS", "-o", "/dev/null", page])).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, answers).await?;
    match succeeds(Command::new("sh").args(["-c", test])).await {
        true => Ok(()),
        false => Err("the tests failed".into()),
    }
}

async fn succeeds(command: &mut Command) -> bool {
    let status = command.stderr(std::process::Stdio::null()).status().await;
    status.is_ok_and(|status| status.success())
}
