//! The pulls before `docker compose up`: how far they are, from what the host's script says of each
//! (`host/sh/pull.sh`), and why one failed, with what to do about it. `up` feeds it the lines.

use std::collections::BTreeSet;

use crate::compose::pulls::Pull;
use crate::compose::registries::registry;
use crate::host::HostKind;
use crate::record::outcome::Verdict;
use crate::run::StageError;
use crate::sandbox::pull::is_transient;
use crate::spec::RegistryAuth;
use crate::text::count;

/// What opens the lines of the script.
const MARK: &str = "e2e-pull ";
/// So many images are named.
const NAMED: usize = 3;

/// What a line of the script came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is not one of the script's.
    Nothing,
    /// It is one, and nobody needs to know.
    Detail,
    /// How far the pulls are.
    Progress(String),
    /// Something that people should know.
    Note(String),
}

/// The pulls of one `up`.
#[derive(Debug)]
pub(super) struct Pulling<'p> {
    pulls: &'p [Pull],
    images: Vec<Image>,
}

#[derive(Debug, Default, Clone)]
struct Image {
    state: State,
    tries: usize,
    layers: BTreeSet<String>,
    there: BTreeSet<String>,
    /// Layers that the engine itself asks for again.
    again: BTreeSet<String>,
    last: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The host has it.
    #[default]
    Present,
    Missing,
    Started,
    Done,
    Failed,
}

impl<'p> Pulling<'p> {
    pub(super) fn new(pulls: &'p [Pull]) -> Self {
        Self {
            pulls,
            images: vec![Image::default(); pulls.len()],
        }
    }

    /// Takes a line of the job.
    pub(super) fn take(&mut self, line: &str) -> Said {
        let Some(rest) = line.strip_prefix(MARK) else {
            return Said::Nothing;
        };
        let mut words = rest.splitn(3, ' ');
        let number = words.next().and_then(|word| word.parse::<usize>().ok());
        let at = number.and_then(|number| number.checked_sub(1));
        let (Some(at), Some(verb)) = (at, words.next()) else {
            return Said::Detail;
        };
        let rest = words.next().unwrap_or_default();
        let (Some(image), Some(pull)) = (self.images.get_mut(at), self.pulls.get(at)) else {
            return Said::Detail;
        };
        match verb {
            "missing" => image.state = State::Missing,
            "start" => {
                image.state = State::Started;
                image.tries = 1;
            }
            "says" => return self.says(at, rest),
            "again" => {
                image.tries += 1;
                let (tries, last) = (image.tries, reason(&image.last));
                let name = &pull.image;
                return Said::Note(format!(
                    "failed to pull {name}: {last}; try {tries} begins in {rest} s"
                ));
            }
            "done" => image.state = State::Done,
            "failed" => image.state = State::Failed,
            _ => return Said::Detail,
        }
        if matches!(verb, "start" | "done") {
            return Said::Progress(self.line());
        }
        Said::Detail
    }

    /// What Docker says of one.
    fn says(&mut self, at: usize, line: &str) -> Said {
        let image = &mut self.images[at];
        if !line.trim().is_empty() {
            line.clone_into(&mut image.last);
        }
        let Some((layer, state)) = line.split_once(": ").filter(|(id, _)| is_layer(id)) else {
            return Said::Detail;
        };
        let layer = layer.to_owned();
        match state {
            "Pulling fs layer" => {
                image.layers.insert(layer);
            }
            "Already exists" | "Pull complete" => {
                image.layers.insert(layer.clone());
                image.there.insert(layer);
            }
            _ if state.starts_with("Retrying in") => {
                let is_new = image.again.insert(layer);
                let name = &self.pulls[at].image;
                return if is_new {
                    Said::Note(format!("{name}: a layer was cut off; the engine asks for the rest"))
                } else {
                    Said::Detail
                };
            }
            _ => return Said::Detail,
        }
        Said::Progress(self.line())
    }

    /// How far they are, in a line.
    fn line(&self) -> String {
        let (mut done, mut all) = (0, 0);
        let mut running = Vec::new();
        for (image, pull) in self.images.iter().zip(self.pulls) {
            all += usize::from(image.state != State::Present);
            done += usize::from(image.state == State::Done);
            if image.state == State::Started {
                let (there, layers) = (image.there.len(), image.layers.len());
                let far = if layers == 0 {
                    String::new()
                } else {
                    format!(" {there}/{layers} layers")
                };
                running.push(format!("{}{far}", pull.image));
            }
        }
        let begin = format!("{done}/{all} images pulled");
        if running.is_empty() {
            begin
        } else {
            format!("{begin}; {}", running.join(", "))
        }
    }

    /// What was pulled, for the stage's line; none when all was there.
    pub(super) fn detail(&self) -> Option<String> {
        let done = self.in_state(State::Done).count();
        (done > 0).then(|| format!("pulled {}", count(done, "image")))
    }

    /// Those that are not there yet, when the time was up.
    pub(super) fn unfinished(&self) -> Option<String> {
        let under_way = self.in_state(State::Started).chain(self.in_state(State::Missing));
        let names: Vec<&str> = under_way.map(|(_, pull)| pull.image.as_str()).collect();
        (!names.is_empty()).then(|| format!("pulling {}", named(&names)))
    }

    fn in_state(&self, state: State) -> impl Iterator<Item = (&Image, &Pull)> {
        let all = self.images.iter().zip(self.pulls);
        all.filter(move |(image, _)| image.state == state)
    }

    /// Why the pulls failed, where one did.
    pub(super) fn failure(&self, host: &str, auth: RegistryAuth) -> Option<StageError> {
        let failed: Vec<(&Image, &Pull)> = self.in_state(State::Failed).collect();
        let (first, pull) = failed.first()?;
        let names: Vec<String> = failed
            .iter()
            .map(|(_, pull)| format!("{} ({})", pull.image, pull.services.join(", ")))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let said = reason(&first.last);
        let refusal = Refusal::of(said);
        let at = registry(&pull.image);
        let why = match refusal {
            Refusal::Denied => format!("{at} has no such image, or wants a login"),
            Refusal::NoTag => format!("{at} has the repository, not this tag"),
            Refusal::NoRepository => format!("{at} has no such repository"),
            Refusal::Untrusted => format!("the engine does not trust the certificate of {at}"),
            Refusal::NoPlatform => {
                let platform = pull.platform.as_deref().unwrap_or("the host's architecture");
                format!("{at} does not have it for {platform}")
            }
            Refusal::Transient => format!("{said} ({})", in_tries(first.tries)),
            Refusal::Other => said.to_owned(),
        };
        let message = format!("failed to pull {}: {why}", named(&names));
        let words: Vec<String> = failed
            .iter()
            .map(|(image, pull)| format!("{}: {}", pull.image, image.last))
            .collect();
        let mut error =
            StageError::new(Verdict::UpFailed, message).excerpt("docker pull", &words.join("\n"));
        error.help = refusal.help(&pull.image, host, auth);
        Some(error)
    }
}

/// Whether it is how Docker names a layer.
fn is_layer(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn in_tries(tries: usize) -> String {
    if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") }
}

fn named(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first = names[..names.len().min(NAMED)].join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// An error of Docker's, without what opens all of them.
fn reason(said: &str) -> &str {
    let said = said.trim().trim_end_matches('.');
    let said = said.strip_prefix("Error response from daemon: ").unwrap_or(said);
    if said.is_empty() { "docker said nothing" } else { said }
}

/// Why an image is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Denied,
    NoTag,
    NoRepository,
    Untrusted,
    NoPlatform,
    /// It was tried again, and might be tried once more.
    Transient,
    Other,
}

impl Refusal {
    fn of(said: &str) -> Self {
        let said = said.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if has(&["no matching manifest"]) {
            Self::NoPlatform
        } else if has(&["x509", "certificate"]) {
            Self::Untrusted
        } else if has(&["denied", "unauthorized", "forbidden", "no basic auth", "authentication required"]) {
            Self::Denied
        } else if has(&["name unknown", "repository name not known"]) {
            Self::NoRepository
        } else if has(&["manifest unknown", "not found"]) {
            Self::NoTag
        } else if is_transient(&said) {
            Self::Transient
        } else {
            Self::Other
        }
    }

    /// What to do about it, where that is known.
    fn help(self, image: &str, host: &str, auth: RegistryAuth) -> Option<String> {
        let kind = HostKind::of(host);
        let at = registry(image);
        let is_remote = matches!(kind, HostKind::Ssh(_));
        let send = || {
            let load = kind.paste_command("", "docker load");
            format!("send the image of this machine: `docker save {image} | {load}`, or list it under `images:` in e2e.yml")
        };
        let mut lines = Vec::new();
        match self {
            Self::Denied => {
                if auth == RegistryAuth::Client && is_remote {
                    lines.push(format!("log in on this machine, whose credentials `registry_auth: client` sends: `docker login {at}`"));
                } else {
                    let login = kind.paste_command("-t", &format!("docker login {at}"));
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

    fn pull(image: &str) -> Pull {
        Pull {
            image: image.to_owned(),
            platform: None,
            always: false,
            services: vec!["web".to_owned()],
        }
    }

    fn failure(image: &str, said: &str, host: &str, auth: RegistryAuth) -> (String, String) {
        let pulls = [pull(image)];
        let mut pulling = Pulling::new(&pulls);
        for line in ["1 missing", "1 start", &format!("1 says {said}"), "1 failed 1"] {
            assert_ne!(pulling.take(&format!("{MARK}{line}")), Said::Nothing);
        }
        let error = pulling.failure(host, auth).expect("it failed");
        (error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn progress_has_images_and_layers_and_a_retry_is_said() {
        let pulls = [pull("postgres:16"), pull("redis:7"), pull("there:1")];
        let mut pulling = Pulling::new(&pulls);
        let mut take = |line: &str| pulling.take(&format!("{MARK}{line}"));
        assert_eq!(take("1 missing"), Said::Detail);
        take("2 missing");
        assert_eq!(take("1 start"), Said::Progress("0/2 images pulled; postgres:16".to_owned()));
        take("1 says 16: Pulling from library/postgres");
        take("1 says 0123456789ab: Pulling fs layer");
        take("1 says 123456789abc: Already exists");
        take("2 start");
        assert_eq!(
            take("2 says Error response from daemon: toomanyrequests: slow down"),
            Said::Detail
        );
        assert_eq!(
            take("2 again 1.2"),
            Said::Note("failed to pull redis:7: toomanyrequests: slow down; try 2 begins in 1.2 s".to_owned())
        );
        let Said::Note(note) = take("1 says 0123456789ab: Retrying in 5 seconds") else {
            panic!("it is no note");
        };
        assert!(note.starts_with("postgres:16: a layer was cut off"), "{note}");
        assert_eq!(take("1 says 0123456789ab: Retrying in 4 seconds"), Said::Detail);
        assert_eq!(
            take("1 says 0123456789ab: Pull complete"),
            Said::Progress("0/2 images pulled; postgres:16 2/2 layers, redis:7".to_owned())
        );
        take("1 done");
        assert_eq!(pulling.unfinished().as_deref(), Some("pulling redis:7"));
        assert_eq!(pulling.detail().as_deref(), Some("pulled 1 image"));
        assert_eq!(pulling.take(" Container db  Started"), Said::Nothing);
        assert_eq!(pulling.take("e2e-pull 9 start"), Said::Detail);
    }

    #[test]
    fn a_refusal_says_what_it_may_be_and_each_way_out() {
        let denied = "Error response from daemon: pull access denied for shop/web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied";
        let (message, help) = failure("shop/web:1", denied, "railiance01", RegistryAuth::Host);
        assert_eq!(
            message,
            "failed to pull shop/web:1 (web): docker.io has no such image, or wants a login"
        );
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
        let (_, help) = failure("r.example.org/web", denied, "railiance01", RegistryAuth::Client);
        assert!(help.contains("`docker login r.example.org`"), "{help}");
        assert!(!help.contains("-t railiance01"), "{help}");
    }

    #[test]
    fn what_is_missing_and_what_is_not_trusted_have_their_own_words() {
        let message = |said: &str| failure("r.example.org/web:9", said, "local", RegistryAuth::Host).0;
        for (said, why) in [
            ("manifest for r.example.org/web:9 not found: manifest unknown: manifest unknown", "has the repository, not this tag"),
            ("name unknown: repository name not known to registry", "has no such repository"),
            ("Get \"https://r.example.org/v2/\": x509: certificate signed by unknown authority", "does not trust the certificate"),
            ("no matching manifest for linux/arm64/v8 in the manifest list entries", "does not have it for the host's architecture"),
            ("received unexpected HTTP status: 500 Internal Server Error", "500 Internal Server Error (1 try)"),
            ("invalid reference format", "web): invalid reference format"),
        ] {
            assert!(message(said).contains(why), "{}", message(said));
        }
    }
}
