//! Secrets that are odd by themselves.

use super::said::{ascii_json, json, shell, url};
use super::shapes::{Shape, Source, needles, pem, raw};

use Source::{Compose, Dotenv, EnvFile, Environment, Named};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn all() -> Vec<Shape> {
    vec![
        Shape::new(
            "begins with `/`",
            Environment,
            |core| format!("/{core}/x8+Q=="),
            raw,
        ),
        Shape::new(
            "begins with `/`, named",
            Named,
            |core| format!("/{core}"),
            raw,
        ),
        Shape::new(
            "begins with `+`",
            Environment,
            |core| format!("+{core}+"),
            raw,
        ),
        Shape::new("begins with `=`", Dotenv, |core| format!("={core}="), raw),
        Shape::new("begins with `-`", EnvFile, |core| format!("-{core}-"), raw),
        Shape::new(
            "from the compose file, copied under an ordinary name",
            Compose,
            |core| format!("cf-{core}"),
            raw,
        ),
        Shape::new(
            "words with hyphens, named like a service elsewhere",
            Environment,
            |core| format!("web-{core}"),
            raw,
        ),
        Shape::new(
            "dollars, in Compose's model twice",
            Environment,
            |core| format!("a$b$${core}$"),
            |value| vec![value.to_owned(), value.replace('$', "$$")],
        ),
        Shape::new(
            "quotes and backslashes",
            Named,
            |core| format!("it's \"{core}\" \\ \\n"),
            |value| vec![value.to_owned(), shell(value), json(value)],
        ),
        Shape::new(
            "not ASCII",
            Named,
            |core| format!("größe-{core}-ключ-🔑"),
            |value| vec![value.to_owned(), ascii_json(value), url(value)],
        ),
        Shape::new("PEM of several lines", Environment, pem, raw),
        Shape::new(
            "PEM with CRLF",
            Named,
            |core| pem(core).replace('\n', "\r\n"),
            |value| vec![value.to_owned(), value.replace("\r\n", "\n")],
        ),
        Shape::new(
            "PEM in one line of JSON, indented in an exception",
            Environment,
            pem,
            |value| {
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
        Shape::new(
            "a JSON document",
            Environment,
            |core| {
                format!(
                    r#"{{"type":"service_account","private_key":"k-{core}-k","client_secret":"s/{core}"}}"#
                )
            },
            |value| {
                vec![
                    value.to_owned(),
                    json(value),
                    value.replace(':', ": ").replace(',', ",\n  "),
                    value[41..].to_owned(),
                ]
            },
        ),
        Shape::new(
            "4 characters, named",
            Named,
            |core| format!("~{}~", &core[..2]),
            raw,
        )
        .but(|shape| shape.needles = vec![shape.value.clone()]),
        Shape::new(
            "8 characters",
            Environment,
            |core| core[..8].to_owned(),
            raw,
        )
        .but(|shape| shape.needles = needles(&shape.value)),
        Shape::new(
            "twice in a row, and overlapping itself",
            Environment,
            |core| format!("{core}{core}"),
            |value| vec![value.repeat(2), format!("{value}{}", &value[12..])],
        ),
    ]
}
