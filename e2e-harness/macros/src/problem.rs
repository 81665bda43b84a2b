//! A mistake in the user's code, and where it is.

use proc_macro::{Group, Span, TokenStream, TokenTree};

/// What is wrong at which tokens.
pub(crate) struct Problem {
    span: Span,
    message: String,
}

impl Problem {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }

    /// `::core::compile_error! { "…" }` at the place of the mistake.
    pub(crate) fn compile_error(&self) -> TokenStream {
        let call = format!("::core::compile_error! {{ {:?} }}", self.message);
        // The text is this file's own.
        placed(call.parse().unwrap_or_default(), self.span)
    }
}

/// Returns tokens as if the user had written them there.
pub(crate) fn placed(tokens: TokenStream, span: Span) -> TokenStream {
    let placed = |token| {
        let mut token = match token {
            TokenTree::Group(group) => {
                let inside = placed(group.stream(), span);
                TokenTree::Group(Group::new(group.delimiter(), inside))
            }
            token => token,
        };
        token.set_span(span);
        token
    };
    tokens.into_iter().map(placed).collect()
}
