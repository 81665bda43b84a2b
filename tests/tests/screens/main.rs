//! Whole screens, as people see them: a change of a word is a line in the diff.
//!
//! `INSTA_UPDATE=always` writes what has changed. What differs from run to run has a name instead:
//! `SLUG`, `RUN`, `ID`, `N s`, `PORT`, ….

mod filters;
mod live;
mod results;
mod sandboxes;
mod terminal;
mod verdicts;
mod views;
