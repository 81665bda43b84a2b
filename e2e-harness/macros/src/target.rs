//! The `main` of a test target, and what of its file would compile and never run: with
//! `harness = false`, rustc drops the functions of other test attributes without a word.
//!
//! Only the file that `main!` stands in is read: a module of it may belong to other targets, too.

use std::fs;

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

/// Attributes of other harnesses, as they are written.
const OTHERS: [&str; 7] = [
    "test",
    "tokio::test",
    "async_std::test",
    "actix_rt::test",
    "actix_web::test",
    "test_log::test",
    "rstest::rstest",
];

const MAIN: &str = r#"
fn main() -> ::std::process::ExitCode {
    ::e2e_harness::__private::main()
}

// Compiled only where `harness = false` is missing: libtest has a `main` of its own then,
// which would find no test and be content.
#[::core::prelude::v1::test]
fn this_target_needs_harness_false() {
    ::core::panic!(
        "no #[e2e_harness::test] of this target can run; write into Cargo.toml:\n\n[[test]]\nname = \"{}\"\nharness = false\n",
        ::core::module_path!()
    );
}
"#;

/// `main`, and an error where the file has tests of another harness.
pub(crate) fn main() -> TokenStream {
    // This crate's own text; what does not parse shows in the first target that compiles.
    let mut output: TokenStream = MAIN.parse().unwrap_or_default();
    let file = Span::call_site().local_file();
    let text = file.and_then(|path| fs::read_to_string(path).ok());
    let tokens = text.and_then(|text| text.parse::<TokenStream>().ok());
    let strangers = tokens.map(Strangers::of).unwrap_or_default();
    if let Some((attribute, function)) = strangers.found.first() {
        let more = match strangers.found.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = format!(
            "`{function}`{more} would never run: `#[{attribute}]` has no effect in a target with \
             `harness = false`; write `#[e2e_harness::test]`, or move it to another target"
        );
        let error = format!("::core::compile_error!({message:?});");
        output.extend(error.parse::<TokenStream>().unwrap_or_default());
    }
    output
}

/// Tests of other harnesses in a file.
#[derive(Default)]
struct Strangers {
    /// Attribute and function.
    found: Vec<(String, String)>,
    /// `#[test]` may be this crate's.
    imports_test: bool,
}

impl Strangers {
    fn of(file: TokenStream) -> Self {
        let mut strangers = Self::default();
        strangers.read(file);
        if strangers.imports_test {
            strangers.found.retain(|(attribute, _)| attribute != "test");
        }
        strangers
    }

    fn read(&mut self, stream: TokenStream) {
        let mut tokens = stream.into_iter().peekable();
        let mut attribute = None;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.peek()
                        && group.delimiter() == Delimiter::Bracket
                    {
                        attribute = other_harness(group).or(attribute);
                        tokens.next();
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => attribute = None,
                TokenTree::Ident(word) => match word.to_string().as_str() {
                    "fn" => {
                        if let (Some(TokenTree::Ident(name)), Some(attribute)) =
                            (tokens.peek(), attribute.take())
                        {
                            self.found.push((attribute, name.to_string()));
                        }
                    }
                    // What a macro makes of it, only its calls say.
                    "macro_rules" => {
                        let _ = tokens.find(|token| matches!(token, TokenTree::Group(_)));
                    }
                    "use" => {
                        let path = tokens.by_ref().take_while(|token| !is_semicolon(token));
                        let path = path.collect::<TokenStream>().to_string();
                        let mut names = path.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                        // A `*` may bring it, from wherever it is.
                        self.imports_test |= path.contains('*') || names.any(|it| it == "test");
                    }
                    _ => {}
                },
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    attribute = None;
                    self.read(group.stream());
                }
                _ => {}
            }
        }
    }
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

/// The path of an attribute, when another harness has it.
fn other_harness(attribute: &Group) -> Option<String> {
    let path: String = attribute
        .stream()
        .into_iter()
        .take_while(|token| matches!(token, TokenTree::Ident(_) | TokenTree::Punct(_)))
        .map(|token| token.to_string())
        .collect();
    OTHERS.contains(&path.as_str()).then_some(path)
}
