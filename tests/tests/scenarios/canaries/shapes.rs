//! The shapes. Each has a core that no other has, in the middle of its value: a value that is
//! masked in half is found by it.

use super::said::{base64, hex};
use super::{forms, values, whereabouts};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// `secrets:` of e2e.yml.
    Named,
    /// A variable of the client's environment, by its name.
    Environment,
    /// `.env`
    Dotenv,
    /// `env_files`
    EnvFile,
    /// The compose file alone.
    Compose,
}

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Named => "`secrets`",
            Self::Environment => "environment",
            Self::Dotenv => "`.env`",
            Self::EnvFile => "`env_files`",
            Self::Compose => "compose file",
        }
    }
}

#[derive(Clone)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) source: Source,
    pub(super) variable: String,
    pub(super) value: String,
    /// What is printed of it.
    pub(super) said: Vec<String>,
    /// What must stand nowhere.
    pub(super) needles: Vec<String>,
    /// What its test is called.
    pub(super) test_name: String,
}

impl Shape {
    pub(super) fn new(
        name: &'static str,
        source: Source,
        value: impl Fn(&str) -> String,
        said: impl Fn(&str) -> Vec<String>,
    ) -> Self {
        let core = core(name);
        let value = value(&core);
        Self {
            name,
            source,
            variable: String::new(),
            said: said(&value),
            needles: needles(&core),
            test_name: String::new(),
            value,
        }
    }

    /// Its name in `secrets`.
    pub(super) fn named(&self) -> Option<&str> {
        (self.source == Source::Named).then_some(&*self.variable)
    }

    /// A name in a container that says nothing of it.
    pub(super) fn ordinary(&self) -> String {
        format!("C_{}", self.variable.trim_end_matches("_TOKEN"))
    }

    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Twelve letters and digits that no other name has.
pub(super) fn core(name: &str) -> String {
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(letters[usize::try_from(state % 56).unwrap_or_default()])
    };
    (0..12).map(|_| next()).collect()
}

/// What of a text's base64 is the same wherever it stands.
fn inside_base64(text: &str) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let encoded = base64(&format!("{}{text}", "\0".repeat(shift)));
            let (first, last) = ((shift * 8).div_ceil(6), (shift + text.len()) * 8 / 6);
            encoded[first..last].to_owned()
        })
        .collect()
}

pub(super) fn needles(core: &str) -> Vec<String> {
    let once = inside_base64(core);
    let twice = once.iter().flat_map(|one| inside_base64(one));
    let mut all: Vec<String> = twice.collect();
    all.extend([core.to_owned(), hex(core), hex(core).to_uppercase()]);
    all.extend(once);
    all
}

/// Every shape.
pub(super) fn all() -> Vec<Shape> {
    let each = [values::all(), forms::all(), whereabouts::all()];
    let mut all = each.concat();
    for (number, shape) in all.iter_mut().enumerate() {
        if shape.variable.is_empty() {
            shape.variable = match shape.source {
                Source::Named => format!("S{number:02}"),
                _ => format!("S{number:02}_TOKEN"),
            };
        }
        if shape.test_name.is_empty() {
            shape.test_name = format!("of shape {number}");
        }
    }
    all
}

pub(super) fn raw(value: &str) -> Vec<String> {
    vec![value.to_owned()]
}

pub(super) fn plain(core: &str) -> String {
    format!("aB1{core}zY9")
}

pub(super) fn long(core: &str) -> String {
    let (before, after) = ("q1W2e3R4".repeat(9), "t5Y6u7I8".repeat(9));
    format!("eyJh.{before}{core}{after}")
}

pub(super) fn pem(core: &str) -> String {
    let line = |at: usize| format!("{}{core}{}", "M".repeat(at), "k9".repeat(20));
    let (one, other) = (line(3), line(9));
    format!("-----BEGIN PRIVATE KEY-----\n{one}\n{other}\nQ0{core}==\n-----END PRIVATE KEY-----\n")
}

pub(super) fn odd(core: &str) -> String {
    format!("p$a$$ß'\"{core}\\n`<&>/+=%€ x")
}
