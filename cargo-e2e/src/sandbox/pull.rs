//! Pulling images on the host: the commands, which errors are tried again, and the private folder of
//! registry credentials. `compose.rs` puts the commands before those that bring a stack up.

use std::sync::LazyLock;
use std::time::Duration;

use regex::{Regex, RegexBuilder};

use crate::compose::pulls::Pull;
use crate::host::{Host, HostError};
use crate::sandbox::variables::assignments;
use crate::sandbox::{Sandbox, succeed};
use crate::shell::quote;

/// What a registry, or the way to it, says that may be over in a moment.
const TRANSIENT: &str = "toomanyrequests|too many requests|status:? 429|status code 429\
    |50[0234] (internal server error|bad gateway|service unavailable|gateway time)\
    |status:? 50[0234]|status code 50[0234]|service unavailable|unknown: unknown error\
    |timeout|timed out|deadline exceeded|connection reset|(^|[^[:alnum:]])EOF($|[^[:alnum:]])";

/// What is said again however often it is asked.
const FINAL: &str = "denied|unauthorized|forbidden|no basic auth|authentication required\
    |not found|manifest unknown|name unknown|x509|no matching manifest|no space left";

/// Seconds between tries, each with up to half of it more, so that runs that failed together do not ask
/// together.
const PAUSES: [u32; 7] = [1, 2, 4, 8, 16, 32, 60];

/// Where the credentials are, in the sandbox's folder.
const AUTH: &str = "registry-auth";

/// Ends [`with_auth`].
pub(super) const WITHOUT_AUTH: &str = "rm -rf \"$auth\"\ntrap - EXIT HUP INT TERM\nif [ -n \"$own_config\" ]; then DOCKER_CONFIG=$own_config; else unset DOCKER_CONFIG; fi\n";

/// Returns whether an error may be over in a moment.
pub fn is_transient(said: &str) -> bool {
    static PATTERNS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
        let regex = |pattern| RegexBuilder::new(pattern).case_insensitive(true).build();
        Some([regex(TRANSIENT).ok()?, regex(FINAL).ok()?])
    });
    let patterns = PATTERNS.as_ref();
    patterns.is_some_and(|[transient, last]| transient.is_match(said) && !last.is_match(said))
}

/// Returns how long to wait before another try; none after the last one.
pub fn pause(tries: usize) -> Option<Duration> {
    let base = f64::from(*PAUSES.get(tries.checked_sub(1)?)?);
    let seconds = base * (1.0 + fastrand::f64() / 2.0);
    Some(Duration::from_secs_f64(seconds))
}

/// Returns the commands that pull images, as far as they must be, within a time.
pub fn commands(sandbox: &Sandbox, pulls: &[Pull], limit: Duration) -> String {
    if pulls.is_empty() {
        return String::new();
    }
    let is_plain = |pull: &&Pull| !pull.always && pull.platform.is_none();
    let plain = pulls.iter().filter(is_plain).map(|pull| &*pull.image);
    let plain: Vec<&str> = plain.collect();
    let others = if plain.len() < pulls.len() { "yes" } else { "" };
    let lines = pulls.iter().map(|pull| {
        let platform = pull.platform.as_deref().unwrap_or("-");
        let known = pull.known_platform().unwrap_or_else(|| "-".to_owned());
        let when = if pull.always { "always" } else { "missing" };
        format!("{} {platform} {known} {when}", pull.image)
    });
    let lines: Vec<String> = lines.collect();
    let pauses = (1..).map_while(pause);
    let pauses = pauses.map(|pause| format!("{:.1}", pause.as_secs_f64()));
    let pauses: Vec<String> = pauses.collect();
    let scratch = format!("{}/pulls", sandbox.dir());
    let variables = assignments(&[
        ("plain", &plain.join(" ")),
        ("others", others),
        ("images", &lines.join("\n")),
        ("scratch", &scratch),
        ("pull_root", &sandbox.root),
        ("pull_id", &sandbox.identity.run_id),
        ("pauses", &pauses.join(" ")),
        ("seconds", &limit.as_secs().to_string()),
        ("transient", TRANSIENT),
        ("final", FINAL),
    ]);
    variables + include_str!("../host/sh/engine.sh") + include_str!("../host/sh/pull.sh")
}

/// Returns the commands from which on Docker uses the private credentials.
pub(super) fn with_auth(sandbox: &Sandbox) -> String {
    let folder = quote(&format!("{}/{AUTH}", sandbox.dir()));
    format!(
        "auth={folder}\nown_config=${{DOCKER_CONFIG-}}\ntrap 'rm -rf \"$auth\"' EXIT\n\
         trap 'exit 143' HUP INT TERM\nexport DOCKER_CONFIG=\"$auth\"\n"
    )
}

impl Sandbox {
    /// Puts registry credentials, the `auths` of a config.json, into a private folder of the sandbox.
    pub async fn put_registry_auth(&self, host: &dyn Host, auths: &[u8]) -> Result<(), HostError> {
        let script = self
            .bind(script!("registry credentials", "registry_auth"))
            .var("folder", AUTH);
        succeed(host, &script, auths).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_over_in_a_moment_is_tried_again() {
        for transient in [
            "Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
            "Error response from daemon: received unexpected HTTP status: 500 Internal Server Error",
            "failed to copy: httpReadSeeker: failed open: unexpected status code https://r/v2/: 503 Service Unavailable",
            "unexpected status from HEAD request to https://r/v2/x/manifests/1: 429 Too Many Requests",
            "unknown: unknown error",
            "error pulling image configuration: download failed after attempts=6: unexpected EOF",
            "Get \"https://r/v2/\": EOF",
            "Get \"https://r/v2/\": net/http: TLS handshake timeout",
            "Get \"https://r/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            "read tcp 10.0.0.1:4444->10.0.0.2:443: read: connection reset by peer",
            "Get \"https://r/v2/\": context deadline exceeded",
            "received unexpected HTTP status: 504 Gateway Timeout",
        ] {
            assert!(is_transient(transient), "{transient}");
        }
        for last in [
            "pull access denied for x, repository does not exist or may require 'docker login'",
            "Head \"http://r/v2/x/manifests/1\": no basic auth credentials",
            "manifest for r/x:9 not found: manifest unknown: manifest unknown",
            "Get \"https://r/v2/\": x509: certificate signed by unknown authority",
            "unauthorized: authentication required",
            "dial tcp 127.0.0.1:5000: connect: connection refused",
            "dial tcp: lookup registry.invalid: no such host",
            "write /var/lib/docker/tmp/x: no space left on device",
            "no such GEOFENCE",
        ] {
            assert!(!is_transient(last), "{last}");
        }
    }

    #[test]
    fn tries_are_further_and_further_apart() {
        let pauses: Vec<f64> = (1..)
            .map_while(pause)
            .map(|pause| pause.as_secs_f64())
            .collect();
        assert_eq!(pauses.len(), PAUSES.len());
        let within = |(pause, base): (&f64, &u32)| {
            let base = f64::from(*base);
            *pause >= base && *pause <= base * 1.5
        };
        assert!(pauses.iter().zip(&PAUSES).all(within), "{pauses:?}");
    }

    #[test]
    fn the_private_folder_has_the_accounts_settings_and_none_of_its_credentials() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (own, dir) = (
            folder.path().join("own"),
            folder.path().join("sandboxes/01"),
        );
        std::fs::create_dir_all(own.join("cli-plugins")).unwrap();
        std::fs::create_dir_all(&dir).unwrap();
        let config = "{\n\t\"auths\": {\"r\": {\"auth\": \"b3du\"}},\n\t\"credsStore\": \"pass\",\n\
            \t\"credHelpers\": {\"a,b\": \"}]\"}, \"currentContext\": \"far \\\"}\",\n\
            \t\"proxies\": {\"default\": {\"noProxy\": \"a, b\"}}, \"cliPluginsExtraDirs\": [\"/x\"]\n}\n";
        std::fs::write(own.join("config.json"), config).unwrap();
        let body = concat!(
            include_str!("../host/sh/sandbox.sh"),
            include_str!("../host/sh/registry_auth.sh")
        );
        let root = folder.path().display();
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &format!("root={root} id=01 folder={AUTH}\n{body}")])
            .env("DOCKER_CONFIG", &own)
            .stdin(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let auths = br#"{"r":{"auth":"aGVyZQ=="}}"#;
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), auths).unwrap();
        assert!(child.wait().unwrap().success());
        let private = dir.join(AUTH);
        let mode = std::fs::metadata(&private).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let plugins = std::fs::read_link(private.join("cli-plugins")).unwrap();
        assert_eq!(plugins, own.join("cli-plugins"));
        let written = std::fs::read(private.join("config.json")).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
        let expected = serde_json::json!({
            "auths": {"r": {"auth": "aGVyZQ=="}},
            "currentContext": "far \"}",
            "proxies": {"default": {"noProxy": "a, b"}},
            "cliPluginsExtraDirs": ["/x"],
        });
        assert_eq!(written, expected);
    }
}
