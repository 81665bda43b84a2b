//! The shapes. Each has a core that no other has, in the middle of its value: a value that is
//! masked in half is found by it.

use super::said::{ascii_json, base64, base64url, hex, json, shell, url, wrapped, xml};

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
    /// Whether its value is in a container's environment, under an ordinary name.
    pub(super) in_container: bool,
}

impl Shape {
    /// Its name in `secrets`.
    pub(super) fn named(&self) -> Option<&str> {
        (self.source == Source::Named).then_some(&*self.variable)
    }

    /// A name in a container that says nothing of it.
    pub(super) fn ordinary(&self) -> String {
        format!("C_{}", self.variable.trim_end_matches("_TOKEN"))
    }

    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Twelve letters and digits that no other number has.
fn core(number: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1);
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

fn needles(core: &str) -> Vec<String> {
    let once = inside_base64(core);
    let twice = once.iter().flat_map(|one| inside_base64(one));
    let mut all: Vec<String> = twice.collect();
    all.extend([core.to_owned(), hex(core), hex(core).to_uppercase()]);
    all.extend(once);
    all
}

/// Every shape.
pub(super) fn all() -> Vec<Shape> {
    let mut number = 0;
    let mut shape =
        |name, source, value: &dyn Fn(&str) -> String, said: &dyn Fn(&str) -> Vec<String>| {
            number += 1;
            let core = core(number);
            let value = value(&core);
            let variable = match source {
                Source::Named => format!("S{number:02}"),
                _ => format!("S{number:02}_TOKEN"),
            };
            Shape {
                name,
                source,
                variable,
                said: said(&value),
                needles: needles(&core),
                test_name: format!("of shape {number}"),
                in_container: true,
                value,
            }
        };
    let raw = |value: &str| vec![value.to_owned()];
    let plain = |core: &str| format!("aB1{core}zY9");
    use Source::{Compose, Dotenv, EnvFile, Environment, Named};
    let long = |core: &str| {
        format!(
            "eyJh.{}{core}{}",
            "q1W2e3R4".repeat(9),
            "t5Y6u7I8".repeat(9)
        )
    };
    let pem = |core: &str| {
        let line = |at: usize| format!("{}{core}{}", "M".repeat(at), "k9".repeat(20));
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n{}\nQ0{core}==\n-----END PRIVATE KEY-----\n",
            line(3),
            line(9)
        )
    };
    let odd = |core: &str| format!("p$a$$ß'\"{core}\\n`<&>/+=%€ x");
    let mut all = vec![
        shape(
            "begins with `/`",
            Environment,
            &|core| format!("/{core}/x8+Q=="),
            &raw,
        ),
        shape(
            "begins with `/`, named",
            Named,
            &|core| format!("/{core}"),
            &raw,
        ),
        shape(
            "begins with `+`",
            Environment,
            &|core| format!("+{core}+"),
            &raw,
        ),
        shape("begins with `=`", Dotenv, &|core| format!("={core}="), &raw),
        shape(
            "begins with `-`",
            EnvFile,
            &|core| format!("-{core}-"),
            &raw,
        ),
        shape(
            "from the compose file, copied under an ordinary name",
            Compose,
            &|core| format!("cf-{core}"),
            &raw,
        ),
        shape(
            "words with hyphens, named like a service elsewhere",
            Environment,
            &|core| format!("web-{core}"),
            &raw,
        ),
        shape(
            "dollars, in Compose's model twice",
            Environment,
            &|core| format!("a$b$${core}$"),
            &|value| vec![value.to_owned(), value.replace('$', "$$")],
        ),
        shape(
            "quotes and backslashes",
            Named,
            &|core| format!("it's \"{core}\" \\ \\n"),
            &|value| vec![value.to_owned(), shell(value), json(value)],
        ),
        shape(
            "not ASCII",
            Named,
            &|core| format!("größe-{core}-ключ-🔑"),
            &|value| vec![value.to_owned(), ascii_json(value), url(value)],
        ),
        shape("PEM of several lines", Environment, &pem, &raw),
        shape(
            "PEM with CRLF",
            Named,
            &|core| pem(core).replace('\n', "\r\n"),
            &|value| vec![value.to_owned(), value.replace("\r\n", "\n")],
        ),
        shape(
            "PEM in one line of JSON, indented in an exception",
            Environment,
            &pem,
            &|value| {
                vec![
                    json(value),
                    json(&json(value)),
                    format!(
                        "Traceback:\n    raise ValueError({})",
                        value.replace('\n', "\n      ")
                    ),
                ]
            },
        ),
        shape(
            "a JSON document",
            Environment,
            &|core| {
                format!(
                    r#"{{"type":"service_account","private_key":"k-{core}-k","client_secret":"s/{core}"}}"#
                )
            },
            &|value| {
                vec![
                    value.to_owned(),
                    json(value),
                    value.replace(':', ": ").replace(',', ",\n  "),
                    value[41..].to_owned(),
                ]
            },
        ),
        shape(
            "4 characters, named",
            Named,
            &|core| format!("~{}~", &core[..2]),
            &raw,
        )
        .but(|shape| shape.needles = vec![shape.value.clone()]),
        shape(
            "8 characters",
            Environment,
            &|core| core[..8].to_owned(),
            &raw,
        )
        .but(|shape| shape.needles = needles(&shape.value)),
        shape(
            "twice in a row, and overlapping itself",
            Environment,
            &|core| format!("{core}{core}"),
            &|value| vec![value.repeat(2), format!("{value}{}", &value[12..])],
        ),
        shape(
            "split over two writes and two lines",
            Environment,
            &plain,
            &|value| vec![wrapped(value, 11, ""), wrapped(value, 7, "    ")],
        ),
        shape(
            "wrapped at 76 columns, in the middle of text",
            Environment,
            &long,
            &|value| {
                vec![
                    wrapped(&format!("{}{value}", "x".repeat(15)), 76, ""),
                    wrapped(&format!("key: {value}"), 40, "  "),
                ]
            },
        ),
        shape("base64, anywhere in it", Environment, &plain, &|value| {
            ["", "u", "us", "user:"]
                .iter()
                .map(|before| base64(&format!("{before}{value}:x")))
                .collect()
        }),
        shape(
            "base64url",
            Named,
            &|core| format!("??>{core}~~~"),
            &|value| vec![base64url(value), base64url(&format!("u:{value}"))],
        ),
        shape(
            "base64 in lines of 76 and 64",
            Environment,
            &long,
            &|value| {
                vec![
                    wrapped(&base64(value), 76, ""),
                    wrapped(&base64(&format!("{{\"a\":\"{value}\"}}")), 76, ""),
                    wrapped(&base64(&format!("{{\"ab\":\"{value}\"}}")), 64, "    "),
                ]
            },
        ),
        shape("base64 of base64", Environment, &plain, &|value| {
            ["", "u", "us", "user:"]
                .iter()
                .flat_map(|before| {
                    let inner = base64(&format!("{before}{value}"));
                    [
                        base64(&inner),
                        base64(&format!("{{\"auth\":\"{inner}\"}}")),
                        base64(&format!("{{\"auths\":\"{inner}\"}}")),
                    ]
                })
                .collect()
        }),
        shape("hexadecimal", Environment, &plain, &|value| {
            vec![
                hex(value),
                hex(value).to_uppercase(),
                format!("\\x{}", hex(value)),
            ]
        }),
        shape(
            "in a URL, escaped",
            Environment,
            &|core| format!("a/b+c={core} &%"),
            &|value| {
                vec![
                    url(value),
                    url(value)
                        .replace("%2F", "%2f")
                        .replace("%2B", "%2b")
                        .replace("%3D", "%3d"),
                    url(value).replace("%20", "+"),
                    url(&url(value)),
                ]
            },
        ),
        shape(
            "password in a URL, with percent signs",
            Environment,
            &|core| format!("amqp://me:x%2F{core}%40y@mq:5672/v"),
            &|value| {
                vec![
                    value.to_owned(),
                    value.replace("%2F", "/").replace("%40", "@"),
                    value
                        .replace("amqp://me:", "")
                        .replace("@mq:5672/v", "")
                        .replace("%2F", "/")
                        .replace("%40", "@"),
                ]
            },
        )
        .but(|shape| shape.variable = "BROKER_URL".to_owned()),
        shape(
            "token for a user in a URL",
            Environment,
            &|core| format!("https://ghp_{core}@git.invalid/a.git"),
            &|value| vec![value.to_owned(), value[8..24].to_owned()],
        )
        .but(|shape| shape.variable = "GIT_REMOTE".to_owned()),
        shape(
            "JSON, as Go, Python and PHP write it, and twice",
            Environment,
            &odd,
            &|value| {
                let go = json(value)
                    .replace('<', "\\u003c")
                    .replace('>', "\\u003e")
                    .replace('&', "\\u0026");
                vec![
                    json(value),
                    go.clone(),
                    ascii_json(value),
                    json(value).replace('/', "\\/"),
                    json(&json(value)),
                    json(&go),
                ]
            },
        ),
        shape(
            "quoted for a shell, and by `set -x`",
            Environment,
            &odd,
            &|value| {
                let ansi = value.replace('\\', "\\\\").replace('\'', "\\'");
                vec![
                    shell(value),
                    format!("+ echo {}", shell(value)),
                    format!("'{}'", value.replace('\'', "'\"'\"'")),
                    format!("$'{ansi}'"),
                ]
            },
        ),
        shape(
            "folded as YAML",
            Environment,
            &|core| format!("one two {core} three four five"),
            &|value| {
                vec![
                    format!("key: >-\n  {}", value.replace(' ', "\n  ")),
                    format!("key: \"{}\"", value.replace(" three", "\\\n  \\ three")),
                ]
            },
        ),
        shape("escaped as XML and HTML", Environment, &odd, &|value| {
            let numbers = value
                .replace('&', "&#38;")
                .replace('<', "&#60;")
                .replace('>', "&#62;")
                .replace('"', "&#34;")
                .replace('\'', "&#x27;");
            vec![
                xml(value),
                xml(value).replace('\'', "&#39;"),
                xml(value).replace('\'', "&apos;"),
                numbers,
            ]
        }),
        shape("with colours in it", Environment, &plain, &|value| {
            vec![
                format!("\u{1b}[31m{}\u{1b}[0m{}", &value[..7], &value[7..]),
                format!(
                    "{}\u{1b}[1;32m{}\u{1b}[0m{}",
                    &value[..4],
                    &value[4..9],
                    &value[9..]
                ),
            ]
        }),
        shape("cut short, with dots", Environment, &plain, &|value| {
            vec![
                format!("token: {}...", &value[..14]),
                format!("token: {}…", &value[..12]),
            ]
        })
        .but(|shape| shape.needles = needles(&shape.value[3..12])),
        shape("argument of a service", Environment, &plain, &raw),
        shape("label", Dotenv, &plain, &raw),
        shape("build argument", Environment, &plain, &raw),
        shape("command of a health check", EnvFile, &plain, &raw),
        shape(
            "path in a container",
            Environment,
            &|core| format!("p{core}p"),
            &raw,
        ),
        shape(
            "answer of a health check, cut at 4 KiB",
            Environment,
            &plain,
            &raw,
        )
        .but(|shape| shape.needles = needles(&shape.value[..8])),
        shape(
            "log line that Docker cuts at 16 KiB",
            Environment,
            &plain,
            &raw,
        ),
        shape("name of a test", Environment, &plain, &raw)
            .but(|shape| shape.test_name = format!("of <{}>", shape.value)),
        shape(
            "name of a branch",
            Environment,
            &|core| format!("b{core}"),
            &raw,
        ),
    ];
    // One is the beginning of another, one is its middle; what is left of the longer is looked for.
    let (short, tail) = (format!("aa{}", core(90)), core(91));
    for (name, value) in [
        ("beginning of another", short.clone()),
        ("with another as its beginning", format!("{short}{tail}")),
        (
            "with another in its middle",
            format!("{}{short}{tail}", core(92)),
        ),
    ] {
        let number = all.len() + 1;
        let mut needles = needles(&tail);
        needles.extend(self::needles(&core(92)));
        needles.extend(self::needles(&core(90)));
        all.push(Shape {
            name,
            source: Named,
            variable: format!("S{number:02}"),
            said: vec![value.clone(), format!("{short}{value}"), base64(&value)],
            needles,
            test_name: format!("of shape {number}"),
            in_container: true,
            value,
        });
    }
    all
}
