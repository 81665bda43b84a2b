//! Why a registry did not give an image, in Docker's words and in plain ones, with each way out.
//! `pulling.rs` shows it; knows no progress.

use crate::compose::pulls::Pull;
use crate::compose::registries::registry;
use crate::host::HostKind;
use crate::sandbox::pull::is_transient;
use crate::spec::RegistryAuth;

/// An error of Docker's, without what opens all of them.
pub(super) fn reason(said: &str) -> &str {
    let said = said.trim().trim_end_matches('.');
    let said = said
        .strip_prefix("Error response from daemon: ")
        .unwrap_or(said);
    if said.is_empty() {
        "docker said nothing"
    } else {
        said
    }
}

/// Why an image is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Denied,
    NoTag,
    NoRepository,
    Untrusted,
    NoPlatform,
    /// The host has no way to the registry.
    Unreachable,
    /// It was tried again, and might be tried once more.
    Transient,
    Other,
}

impl Refusal {
    pub(super) fn of(said: &str) -> Self {
        let said = said.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if has(&["no matching manifest"]) {
            Self::NoPlatform
        } else if has(&["x509", "certificate"]) {
            Self::Untrusted
        } else if has(&[
            "denied",
            "unauthorized",
            "forbidden",
            "no basic auth",
            "authentication required",
        ]) {
            Self::Denied
        } else if has(&["name unknown", "repository name not known"]) {
            Self::NoRepository
        } else if has(&["manifest unknown", "not found"]) {
            Self::NoTag
        } else if has(&[
            "no such host",
            "connection refused",
            "unreachable",
            "no route to host",
        ]) {
            Self::Unreachable
        } else if is_transient(&said) {
            Self::Transient
        } else {
            Self::Other
        }
    }

    /// Says it in a few words.
    pub(super) fn why(self, pull: &Pull, said: &str) -> String {
        let at = registry(&pull.image);
        match self {
            Self::Denied => format!("{at} has no such image, or wants a login"),
            Self::NoTag => format!("{at} has no such tag or repository"),
            Self::NoRepository => format!("{at} has no such repository"),
            Self::Untrusted => format!("the engine does not trust the certificate of {at}"),
            Self::NoPlatform => {
                let platform = pull.platform.as_deref();
                let platform = platform.unwrap_or("the host's architecture");
                format!("{at} does not have it for {platform}")
            }
            Self::Unreachable | Self::Transient | Self::Other => said.to_owned(),
        }
    }

    /// What to do about it, where that is known.
    pub(super) fn help(self, image: &str, host: &str, auth: RegistryAuth) -> Option<String> {
        let kind = HostKind::of(host);
        let at = registry(image);
        let is_remote = !kind.is_local();
        let send = || {
            let load = kind.paste_command("docker load", false);
            format!(
                "send the image of this machine: `docker save {image} | {load}`, or list it under `images:` in e2e.yml"
            )
        };
        let mut lines = Vec::new();
        match self {
            Self::Denied => {
                if auth == RegistryAuth::Client && is_remote {
                    lines.push(format!("log in on this machine, whose credentials `registry_auth: client` sends: `docker login {at}`"));
                } else {
                    let login = kind.paste_command(&format!("docker login {at}"), true);
                    lines.push(format!("log in on the host: `{login}`"));
                    if is_remote {
                        lines.push("use the login of this machine: `registry_auth: client` in e2e.yml".to_owned());
                    }
                }
                lines.extend(is_remote.then(send));
            }
            Self::NoTag | Self::NoRepository => {
                lines.push("name another image, or `build:` it".to_owned());
                lines.extend(is_remote.then(send));
            }
            Self::NoPlatform => {
                lines.push("name another tag, or `build:` it".to_owned());
            }
            Self::Untrusted => lines.push(format!(
                "put the certificate of its authority on the host, as /etc/docker/certs.d/{at}/ca.crt"
            )),
            Self::Unreachable => {
                lines.push(format!("see why the host can't reach {at}: its name, a proxy of the engine, the network"));
                lines.extend(is_remote.then(send));
            }
            Self::Transient => lines.push(
                "`timeouts.up` limits how long it is tried; see whether the registry has an outage or a limit for this address".to_owned(),
            ),
            Self::Other => {}
        }
        (!lines.is_empty()).then(|| lines.join("\nor "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(image: &str, said: &str, host: &str, auth: RegistryAuth) -> (String, String) {
        let pull = Pull {
            image: image.to_owned(),
            platform: None,
            always: false,
            services: vec!["web".to_owned()],
        };
        let said = reason(said);
        let refusal = Refusal::of(said);
        let help = refusal.help(image, host, auth);
        (refusal.why(&pull, said), help.unwrap_or_default())
    }

    #[test]
    fn a_refusal_says_what_it_may_be_and_each_way_out() {
        let denied = "Error response from daemon: pull access denied for shop/web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied";
        let (message, help) = failure("shop/web:1", denied, "railiance01", RegistryAuth::Host);
        assert_eq!(message, "docker.io has no such image, or wants a login");
        for way in [
            " -t railiance01 docker login docker.io`",
            "`registry_auth: client`",
            "`docker save shop/web:1 | ",
            "`images:`",
        ] {
            assert!(help.contains(way), "{help}");
        }
        let (_, help) = failure("shop/web:1", denied, "local", RegistryAuth::Host);
        assert_eq!(help, "log in on the host: `docker login docker.io`");
        let (_, help) = failure(
            "r.example.org/web",
            denied,
            "railiance01",
            RegistryAuth::Client,
        );
        assert!(help.contains("`docker login r.example.org`"), "{help}");
        assert!(!help.contains("-t railiance01"), "{help}");
    }

    #[test]
    fn a_host_without_a_way_to_the_registry_is_sent_the_image() {
        let lost = "dial tcp: lookup r.example.org: no such host";
        let (why, help) = failure("r.example.org/web", lost, "railiance01", RegistryAuth::Host);
        assert_eq!(why, lost);
        assert!(help.contains("`docker save r.example.org/web | "), "{help}");
    }

    #[test]
    fn what_is_missing_and_what_is_not_trusted_have_their_own_words() {
        let message =
            |said: &str| failure("r.example.org/web:9", said, "local", RegistryAuth::Host).0;
        for (said, why) in [
            (
                "manifest for r.example.org/web:9 not found: manifest unknown: manifest unknown",
                "has no such tag or repository",
            ),
            (
                "name unknown: repository name not known to registry",
                "has no such repository",
            ),
            (
                "Get \"https://r.example.org/v2/\": x509: certificate signed by unknown authority",
                "does not trust the certificate",
            ),
            (
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                "does not have it for the host's architecture",
            ),
            (
                "received unexpected HTTP status: 500 Internal Server Error",
                "500 Internal Server Error",
            ),
            ("invalid reference format", "invalid reference format"),
        ] {
            assert!(message(said).contains(why), "{}", message(said));
        }
    }
}
