//! A repo as far as init looks at it, and what init must make of it.

pub(super) const DB: &str = "services: {db: {image: postgres, ports: ['5432:5432']}}";
pub(super) const TESTED: &str =
    "services: {db: {image: postgres, ports: ['5432:5432']}, tests: {build: ., depends_on: [db]}}";

/// The files of a repo, its stack, and lines of e2e.yml that say how it is tested.
pub(super) struct Shape {
    pub(super) about: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) stack: &'static [&'static str],
    pub(super) lines: &'static [&'static str],
}
