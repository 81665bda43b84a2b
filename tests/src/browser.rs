//! A real Chromium, driven as a person would: by its WebDriver.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Running;

/// A browser with one window; ends with its test.
pub struct Browser {
    session: String,
    driver: Running,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with a window of this size, and with arguments of its own.
    #[track_caller]
    #[must_use]
    pub fn start((width, height): (u32, u32), arguments: &[&str]) -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let mut driver = Running::start(command, None);
        driver.prints("on port ").prints(".\n");
        let printed = driver.printed();
        let (_, port) = printed.rsplit_once("on port ").expect("it was printed");
        let port = port.trim().trim_end_matches('.');
        let profile = tempfile::tempdir().expect("a folder");
        let mut all = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        all.extend(arguments.iter().map(ToString::to_string));
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": all}}}});
        let base = format!("http://127.0.0.1:{port}/session");
        let made = ask(&base, &wanted);
        let id = made["sessionId"].as_str().expect("a session");
        Self {
            session: format!("{base}/{id}"),
            driver,
            _profile: profile,
        }
    }

    /// Opens a file, and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, page: &Path) {
        let url = format!("file://{}", page.display());
        ask(&format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// Runs the body of a function in the page, and returns what it returns or promises.
    #[track_caller]
    #[must_use]
    pub fn run(&self, script: &str) -> Value {
        let script = json!({ "script": script, "args": [] });
        ask(&format!("{}/execute/sync", self.session), &script)
    }

    /// Runs the body of a function for what it does.
    #[track_caller]
    pub fn act(&self, script: &str) {
        let _ = self.run(script);
    }

    /// Types keys, to whatever has the focus.
    #[track_caller]
    pub fn types(&self, keys: &str) {
        let pressed = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()}))
        });
        let pressed: Vec<Value> = pressed.collect();
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": pressed}]});
        ask(&format!("{}/actions", self.session), &actions);
    }

    /// What axe-core has against the page, a line each. `scripts/ci-tools` installs it.
    #[track_caller]
    #[must_use]
    pub fn axe(&self) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = root.join("target/ci-tools/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run scripts/ci-tools", path.display()));
        self.act(&format!("{axe}\nwindow.axe = axe;"));
        let found = self.run(
            "return axe.run(document, {resultTypes: ['violations']}).then((all) => all.violations.map((one) => \
             `${one.id}: ${one.nodes.length} times, first ${one.nodes[0].html} ${one.nodes[0].failureSummary}`))",
        );
        let found = found.as_array().expect("a list");
        found.iter().map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let mut quit = Command::new("curl");
        quit.args(["-s", "-X", "DELETE", &self.session]);
        let _ = Running::start(quit, None).finish(Duration::from_secs(30));
        let _ = self.driver.signal(rustix::process::Signal::TERM);
    }
}

#[track_caller]
fn ask(url: &str, body: &Value) -> Value {
    let mut command = Command::new("curl");
    command.args(["-s", "-H", "Content-Type: application/json", "-d", "@-", url]);
    let ended = Running::start(command, Some(&body.to_string())).finish(Duration::from_mins(2));
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended}"));
    let value = answer["value"].clone();
    assert!(value["error"].is_null(), "{value:#}");
    value
}
