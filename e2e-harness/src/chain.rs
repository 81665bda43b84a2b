//! An error with its causes, in one line.

/// Returns an error with its causes: `failed to start: config.yml: no such file`. A cause is left
/// out where the text before it has its words: many libraries repeat the source in their message.
///
/// # Examples
/// ```
/// # use std::{fmt, io};
/// # #[derive(Debug)]
/// # struct Unreadable(io::Error);
/// # impl fmt::Display for Unreadable {
/// #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
/// #         f.write_str("failed to read orders.json")
/// #     }
/// # }
/// # impl std::error::Error for Unreadable {
/// #     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
/// #         Some(&self.0)
/// #     }
/// # }
/// let error = Unreadable(io::Error::other("disk is gone"));
/// assert_eq!(e2e_harness::chain(&error), "failed to read orders.json: disk is gone");
/// ```
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}
