//! Secrets that are said in another form.

use super::said::{ascii_json, base64, base64url, hex, json, shell, url, wrapped, xml};
use super::shapes::{Shape, Source, long, needles, odd, plain};

use Source::{Environment, Named};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn all() -> Vec<Shape> {
    vec![
        Shape::new(
            "split over two writes and two lines",
            Environment,
            plain,
            |value| vec![wrapped(value, 11, ""), wrapped(value, 7, "    ")],
        ),
        Shape::new(
            "wrapped at 76 columns, in the middle of text",
            Environment,
            long,
            |value| {
                vec![
                    wrapped(&format!("{}{value}", "x".repeat(15)), 76, ""),
                    wrapped(&format!("key: {value}"), 40, "  "),
                ]
            },
        ),
        Shape::new("base64, anywhere in it", Environment, plain, |value| {
            ["", "u", "us", "user:"]
                .iter()
                .map(|before| base64(&format!("{before}{value}:x")))
                .collect()
        }),
        Shape::new(
            "base64url",
            Named,
            |core| format!("??>{core}~~~"),
            |value| vec![base64url(value), base64url(&format!("u:{value}"))],
        ),
        Shape::new("base64 in lines of 76 and 64", Environment, long, |value| {
            vec![
                wrapped(&base64(value), 76, ""),
                wrapped(&base64(&format!("{{\"a\":\"{value}\"}}")), 76, ""),
                wrapped(&base64(&format!("{{\"ab\":\"{value}\"}}")), 64, "    "),
            ]
        }),
        Shape::new("base64 of base64", Environment, plain, |value| {
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
        Shape::new("hexadecimal", Environment, plain, |value| {
            vec![
                hex(value),
                hex(value).to_uppercase(),
                format!("\\x{}", hex(value)),
            ]
        }),
        Shape::new(
            "in a URL, escaped",
            Environment,
            |core| format!("a/b+c={core} &%"),
            |value| {
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
        Shape::new(
            "password in a URL, with percent signs",
            Environment,
            |core| format!("amqp://me:x%2F{core}%40y@mq:5672/v"),
            |value| {
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
        .but(|shape| "BROKER_URL".clone_into(&mut shape.variable)),
        Shape::new(
            "token for a user in a URL",
            Environment,
            |core| format!("https://ghp_{core}@git.invalid/a.git"),
            |value| vec![value.to_owned(), value[8..24].to_owned()],
        )
        .but(|shape| "GIT_REMOTE".clone_into(&mut shape.variable)),
        Shape::new(
            "JSON, as Go, Python and PHP write it, and twice",
            Environment,
            odd,
            |value| {
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
        Shape::new(
            "quoted for a shell, and by `set -x`",
            Environment,
            odd,
            |value| {
                let ansi = value.replace('\\', "\\\\").replace('\'', "\\'");
                vec![
                    shell(value),
                    format!("+ echo {}", shell(value)),
                    format!("'{}'", value.replace('\'', "'\"'\"'")),
                    format!("$'{ansi}'"),
                ]
            },
        ),
        Shape::new(
            "folded as YAML",
            Environment,
            |core| format!("one two {core} three four five"),
            |value| {
                vec![
                    format!("key: >-\n  {}", value.replace(' ', "\n  ")),
                    format!("key: \"{}\"", value.replace(" three", "\\\n  \\ three")),
                ]
            },
        ),
        Shape::new("escaped as XML and HTML", Environment, odd, |value| {
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
        Shape::new("with colours in it", Environment, plain, |value| {
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
        Shape::new("cut short, with dots", Environment, plain, |value| {
            vec![
                format!("token: {}...", &value[..14]),
                format!("token: {}…", &value[..12]),
            ]
        })
        .but(|shape| shape.needles = needles(&shape.value[3..12])),
    ]
}
