//! The documents say what is: every command in them is run, every name in them exists, and what
//! repeats the program's words is compared with them. `E2E_BLESS=1` writes the latter anew.
//!
//! A block with `sh` is run, with one of these after it:
//! nothing: in a copy of the repo `hello` of [`FIRST_REPO`]; `checkout`: in this checkout; `dry`: in this
//! checkout, with `make -n` for `make`; `no-run: reason`: not run, and named in [`NOT_RUN`].
//! `file=path` writes a file of `hello`; `yaml spec` is a whole e2e.yml, `yaml ci=kind` a job of a CI system. The blocks of one `##` section share a shell, and so do
//! those of one page of the book.
//! Needs the lab: `tests/lab/up`.

mod book;
mod ci;
mod commands;
mod desk;
mod exits;
mod generated;
mod links;
mod names;
mod pages;
mod rust;

const HOST: &str = "railiance01";

/// Blocks that can't be run by nature: the document, and the first command.
const NOT_RUN: &[(&str, &str)] = &[
    ("README.md", "cargo install --path cargo-e2e"),
    ("CONTRIBUTING.md", "cargo build --workspace --bins"),
    (
        "docs/src/guides/cluster.md",
        "cargo e2e --host slurm://login/e2e",
    ),
    (
        "docs/src/guides/cluster.md",
        "apt-get install --yes munge slurm-client",
    ),
    (
        "docs/src/guides/cluster.md",
        "apt-get install --yes slurmd docker.io docker-compose rsync curl openssh-server",
    ),
    (
        "docs/src/guides/cluster.md",
        "apt-get install --yes slurmctld openssh-server",
    ),
    (
        "docs/src/guides/cluster.md",
        "systemctl restart slurmctld || systemctl restart slurmd",
    ),
    (
        "docs/src/guides/cluster.md",
        "cargo e2e doctor --host slurm://login/e2e",
    ),
    (
        "docs/src/guides/cluster.md",
        "apt-get install --yes slurmdbd mariadb-server",
    ),
    ("docs/src/guides/cluster.md", "sacctmgr -i add account e2e"),
    (
        "docs/src/guides/cluster.md",
        "cargo e2e up --host slurm://login/e2e",
    ),
    (
        "docs/src/guides/cluster.md",
        "cargo e2e --host swarm://node1",
    ),
    ("docs/src/guides/cluster.md", "docker swarm init"),
    (
        "docs/src/guides/cluster.md",
        "docker node update --label-add cargo-e2e.ssh=node2.example.org node2",
    ),
    (
        "docs/src/guides/cluster.md",
        "cargo e2e doctor --host swarm://node1",
    ),
    (
        "docs/src/guides/failures-again.md",
        "cargo e2e --last-failed                 # what failed in the last run of this e2e.yml",
    ),
    (
        "docs/src/guides/many-at-once.md",
        "cargo e2e --spec e2e/e2e.yml --spec e2e/slow.yml",
    ),
    ("docs/src/guides/rust-tests.md", "cargo e2e"),
    (
        "RUNBOOK.md",
        "sudo apt-get install docker.io docker-cli docker-compose docker-buildx rsync curl",
    ),
];

/// The documents at the root.
const AT_ROOT: &[&str] = &[
    "README.md",
    "RUNBOOK.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "llms.txt",
];

/// Where the book's pages are.
const BOOK: &str = "docs/src";

/// The page that has the files of the repo `hello`.
const FIRST_REPO: &str = "docs/src/guides/first-repo.md";
