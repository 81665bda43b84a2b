//! Events and records: a run emits events while it is under way, and leaves a record with its
//! verdict. Called by the run, which writes it, and by reporters. It may not know what a stage
//! does, nor how a result is shown.

pub(crate) mod assertion;
pub mod ctrf;
pub mod ended;
pub mod event;
pub mod history;
pub mod junit;
mod masked_files;
mod masking;
pub mod outcome;
pub(crate) mod place;
#[cfg(test)]
pub(crate) mod samples;
mod stage;
pub mod store;
pub mod summary;
pub(crate) mod test_name;
pub mod verdict;
mod verdict_info;
