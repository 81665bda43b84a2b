//! The documents say what is: every command in them is run, every name in them exists.
//!
//! A block with `sh` is run, with one of these after it:
//! nothing: in a copy of the README's repo `hello`; `checkout`: in this checkout; `dry`: in this
//! checkout, with `make -n` for `make`; `no-run: reason`: not run, and named in [`NOT_RUN`].
//! `file=path` writes a file of `hello`. The blocks of one `##` section share a shell.
//! Needs the lab: `tests/lab/up`.

mod commands;
mod desk;
mod exits;
mod links;
mod names;
mod pages;
mod rust;

const HOST: &str = "railiance01";

/// Blocks that can't be run by nature: the document, and the first command.
const NOT_RUN: &[(&str, &str)] = &[
    ("README.md", "cargo install --path cargo-e2e"),
    ("README.md", "cargo e2e"),
    (
        "RUNBOOK.md",
        "sudo apt-get install docker.io docker-cli docker-compose docker-buildx rsync curl",
    ),
];

const DOCUMENTS: &[&str] = &["README.md", "RUNBOOK.md", "ARCHITECTURE.md", "CHANGELOG.md"];
