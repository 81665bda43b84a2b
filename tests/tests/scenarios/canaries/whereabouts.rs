//! Secrets that stand where the stack or the repo puts them, and secrets that hold others.

use super::said::base64;
use super::shapes::{Shape, Source, core, needles, plain, raw};

use Source::{Dotenv, EnvFile, Environment, Named};

pub(super) fn all() -> Vec<Shape> {
    let mut all = vec![
        Shape::new("argument of a service", Environment, plain, raw),
        Shape::new("label", Dotenv, plain, raw),
        Shape::new("build argument", Environment, plain, raw),
        Shape::new("command of a health check", EnvFile, plain, raw),
        Shape::new(
            "path in a container",
            Environment,
            |core| format!("p{core}p"),
            raw,
        ),
        Shape::new(
            "answer of a health check, cut at 4 KiB",
            Environment,
            plain,
            raw,
        )
        .but(|shape| shape.needles = needles(&shape.value[..8])),
        Shape::new(
            "log line that Docker cuts at 16 KiB",
            Environment,
            plain,
            raw,
        ),
        Shape::new("name of a test", Environment, plain, raw)
            .but(|shape| shape.test_name = format!("of <{}>", shape.value)),
        Shape::new(
            "name of a branch",
            Environment,
            |core| format!("b{core}"),
            raw,
        ),
    ];
    // One is the beginning of another, one is its middle; what is left of the longer is looked for.
    let (short, tail, head) = (format!("aa{}", core("short")), core("tail"), core("head"));
    for (name, value) in [
        ("beginning of another", short.clone()),
        ("with another as its beginning", format!("{short}{tail}")),
        ("with another in its middle", format!("{head}{short}{tail}")),
    ] {
        let said = vec![value.clone(), format!("{short}{value}"), base64(&value)];
        let shape = Shape::new(name, Named, |_| value.clone(), |_| said.clone());
        let cores = [&core("short"), &tail, &head];
        all.push(shape.but(|shape| {
            shape.needles = cores.iter().flat_map(|core| needles(core)).collect();
        }));
    }
    all
}
