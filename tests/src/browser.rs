//! A real Chromium, driven as a person would: by `chromedriver`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Running, wait_for};

/// A browser with one window; ends with its test.
pub struct Browser {
    session: String,
    driver: Running,
    _profile: TempDir,
}

impl Browser {
    /// Starts it, with a wide window.
    #[track_caller]
    #[must_use]
    pub fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let driver = Running::start(command, None);
        let ready = "successfully on port ";
        wait_for("chromedriver", Duration::from_mins(1), || {
            let printed = driver.printed();
            let told = printed.split_once(ready);
            told.is_some_and(|(_, port)| port.contains('\n'))
        });
        let printed = driver.printed();
        let (_, port) = printed.split_once(ready).expect("it was printed");
        let port = port.lines().next().unwrap_or_default();
        let port = port.trim_end_matches('.');
        let profile = tempfile::tempdir().expect("a folder");
        let profile_is = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,900",
            &profile_is,
        ];
        let wanted =
            json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
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

    /// Looks at the page as on a screen of this width, in dark colours or in light ones.
    #[track_caller]
    pub fn look(&self, width: u32, dark: bool) {
        let colours = if dark { "dark" } else { "light" };
        let colours = json!({"features": [{"name": "prefers-color-scheme", "value": colours}]});
        let screen =
            json!({"width": width, "height": 3000, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setEmulatedMedia", &colours);
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Clicks the first part that a selector finds.
    #[track_caller]
    pub fn clicks(&self, selector: &str) {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = ask(&format!("{}/element", self.session), &wanted);
        let id = found
            .as_object()
            .and_then(|found| found.values().next()?.as_str());
        let id = id.expect("an element");
        ask(&format!("{}/element/{id}/click", self.session), &json!({}));
    }

    /// Types keys, to whatever has the focus.
    #[track_caller]
    pub fn types(&self, keys: &str) {
        let pressed = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()}))
        });
        let pressed: Vec<Value> = pressed.collect();
        self.input(&json!({"type": "key", "id": "keys", "actions": pressed}));
    }

    /// Pastes what was copied, to whatever has the focus.
    #[track_caller]
    pub fn pastes(&self) {
        let control = "\u{e009}";
        let keys = [
            ("keyDown", control),
            ("keyDown", "v"),
            ("keyUp", "v"),
            ("keyUp", control),
        ];
        let pressed = keys.map(|(kind, key)| json!({"type": kind, "value": key}));
        self.input(&json!({"type": "key", "id": "keys", "actions": pressed}));
    }

    /// Moves the mouse to a place in the window, in pixels.
    #[track_caller]
    pub fn points_at(&self, place: (i64, i64)) {
        self.mouse(&[moved(place)]);
    }

    /// Presses the mouse at a place in the window, and releases it at another.
    #[track_caller]
    pub fn drags(&self, from: (i64, i64), to: (i64, i64)) {
        let [down, up] =
            ["pointerDown", "pointerUp"].map(|kind| json!({"type": kind, "button": 0}));
        self.mouse(&[moved(from), down, moved(to), up]);
    }

    #[track_caller]
    fn mouse(&self, actions: &[Value]) {
        let kind = json!({"pointerType": "mouse"});
        self.input(
            &json!({"type": "pointer", "id": "mouse", "parameters": kind, "actions": actions}),
        );
    }

    #[track_caller]
    fn input(&self, device: &Value) {
        let actions = json!({ "actions": [device] });
        ask(&format!("{}/actions", self.session), &actions);
    }

    /// Writes a PNG of the whole page.
    #[track_caller]
    pub fn photographs(&self, path: &Path) {
        let taken = self.devtools(
            "Page.captureScreenshot",
            &json!({"captureBeyondViewport": true}),
        );
        let picture = taken["data"].as_str().expect("a picture");
        let picture = BASE64.decode(picture).expect("base64");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, picture).expect("writable");
    }

    #[track_caller]
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        ask(&format!("{}/goog/cdp/execute", self.session), &body)
    }

    /// What axe-core has against the page, a line each, once lines and tests that are like others
    /// are removed from it: each takes a millisecond. `scripts/ci-tools` installs it.
    #[track_caller]
    #[must_use]
    pub fn axe(&self) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = root.join("target/ci-tools/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run scripts/ci-tools", path.display()));
        self.act(
            "document.querySelectorAll('.chunk > :nth-child(n+4):not(.bad, .warn), .module > .test:nth-child(n+6)') \
             .forEach((one) => one.remove());",
        );
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

fn moved((x, y): (i64, i64)) -> Value {
    json!({"type": "pointerMove", "duration": 0, "x": x, "y": y})
}

#[track_caller]
fn ask(url: &str, body: &Value) -> Value {
    let mut command = Command::new("curl");
    command.args([
        "-s",
        "-H",
        "Content-Type: application/json",
        "-d",
        "@-",
        url,
    ]);
    let ended = Running::start(command, Some(&body.to_string())).finish(Duration::from_mins(2));
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended}"));
    let value = answer["value"].clone();
    assert!(value["error"].is_null(), "{value:#}");
    value
}
