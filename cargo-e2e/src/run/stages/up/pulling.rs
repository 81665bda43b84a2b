//! The pulls before `docker compose up`: how far they are, from what the host's script says of each
//! (`host/sh/pull.sh`), and why one failed, with what to do about it. `up` feeds it the lines.

use std::collections::BTreeSet;

use crate::compose::pulls::Pull;
use crate::record::outcome::Verdict;
use crate::run::StageError;
use crate::spec::RegistryAuth;
use crate::text::count;

use super::refusal::{Refusal, reason};

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
                    Said::Note(format!(
                        "{name}: a layer was cut off; the engine asks for the rest"
                    ))
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
        let under_way = self
            .in_state(State::Started)
            .chain(self.in_state(State::Missing));
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
        let why = match refusal {
            Refusal::Transient => format!("{said} ({})", in_tries(first.tries)),
            _ => refusal.why(pull, said),
        };
        let message = format!("failed to pull {}: {why}", named(&names));
        let mut error = StageError::new(Verdict::UpFailed, message);
        if failed.len() > 1 || !error.message.contains(said) {
            let words = failed
                .iter()
                .map(|(image, pull)| format!("{}: {}", pull.image, image.last));
            let words: Vec<String> = words.collect();
            error = error.excerpt("docker pull", &words.join("\n"));
        }
        error.help = refusal.help(&pull.image, host, auth);
        Some(error)
    }
}

/// Whether it is how Docker names a layer.
fn is_layer(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn in_tries(tries: usize) -> String {
    if tries == 1 {
        "1 try".to_owned()
    } else {
        format!("{tries} tries")
    }
}

fn named(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first = names[..names.len().min(NAMED)].join(", ");
    if more == 0 {
        first
    } else {
        format!("{first} and {more} more")
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

    #[test]
    fn progress_has_images_and_layers_and_a_retry_is_said() {
        let pulls = [pull("postgres:16"), pull("redis:7"), pull("there:1")];
        let mut pulling = Pulling::new(&pulls);
        let mut take = |line: &str| pulling.take(&format!("{MARK}{line}"));
        assert_eq!(take("1 missing"), Said::Detail);
        take("2 missing");
        assert_eq!(
            take("1 start"),
            Said::Progress("0/2 images pulled; postgres:16".to_owned())
        );
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
            Said::Note(
                "failed to pull redis:7: toomanyrequests: slow down; try 2 begins in 1.2 s"
                    .to_owned()
            )
        );
        let Said::Note(note) = take("1 says 0123456789ab: Retrying in 5 seconds") else {
            panic!("it is no note");
        };
        assert!(
            note.starts_with("postgres:16: a layer was cut off"),
            "{note}"
        );
        assert_eq!(
            take("1 says 0123456789ab: Retrying in 4 seconds"),
            Said::Detail
        );
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
    fn what_failed_is_said_with_how_often_it_was_tried() {
        let pulls = [pull("r.example.org/web:9"), pull("r.example.org/db:9")];
        let mut pulling = Pulling::new(&pulls);
        let refused = "received unexpected HTTP status: 500 Internal Server Error";
        for line in [
            "missing",
            "start",
            "again 1.0",
            &format!("says {refused}"),
            "failed",
        ] {
            assert_ne!(pulling.take(&format!("{MARK}1 {line}")), Said::Nothing);
        }
        let error = pulling
            .failure("local", RegistryAuth::Host)
            .expect("one failed");
        assert_eq!(
            error.message,
            format!("failed to pull r.example.org/web:9 (web): {refused} (2 tries)")
        );
        // It is said already.
        assert!(error.excerpts.is_empty(), "{error:?}");
        assert!(
            error
                .help
                .is_some_and(|help| help.contains("`timeouts.up`"))
        );
    }
}
