//! The registration that is put beside a test function.
//!
//! Most of it is text, read back as tokens; types, names and values are the user's own tokens,
//! so that the compiler's complaints about them point at the user's code.

use proc_macro::{Group, Ident, Span, TokenStream, TokenTree};

use crate::options::Options;
use crate::problem::{Problem, placed};
use crate::signature::{Argument, Signature};

/// One `Definition` for each case, or one for a test without cases.
pub(crate) fn test(options: &Options, signature: &Signature) -> Result<TokenStream, Problem> {
    let values = options.cases.first().map_or(0, |case| case.values.len());
    let all = signature.arguments.len();
    let Some(fixtures) = all.checked_sub(values) else {
        let why = format!(
            "each case has {values} values, but the function has {all} arguments: the last arguments take the values"
        );
        return Err(Problem::new(signature.name.span(), why));
    };
    let fixtures = &signature.arguments[..fixtures];
    let mut output = TokenStream::new();
    if options.cases.is_empty() {
        output.extend(registration(options, signature, fixtures, None, &[]));
    }
    for case in &options.cases {
        let (name, values) = (Some(case.name.to_string()), &case.values);
        output.extend(registration(options, signature, fixtures, name, values));
    }
    Ok(output)
}

fn registration(
    options: &Options,
    signature: &Signature,
    fixtures: &[Argument],
    case: Option<String>,
    values: &[TokenStream],
) -> TokenStream {
    let case = case.map_or_else(
        || "::core::option::Option::None".to_owned(),
        |name| format!("::core::option::Option::Some({name:?})"),
    );
    let prepare = prepare(signature, fixtures, values);
    // `line!()` would give the attribute's line else.
    let line = Template::new("::core::line!()").tokens;
    let line = placed(line, signature.name.span());
    let function = signature.name.to_string();
    let function = function.trim_start_matches("r#");
    let fields = &options.fields;
    let definition = Template::new(&format!(
        "const _: () = {{
            static __TEST: ::e2e_harness::__private::Definition = ::e2e_harness::__private::Definition {{
                module: ::core::module_path!(),
                function: {function:?},
                file: ::core::file!(),
                line: LINE,
                case: {case},
                options: ::e2e_harness::__private::Options {{ {fields} ..::e2e_harness::__private::Options::DEFAULT }},
                prepare: PREPARE,
            }};
            ::e2e_harness::__private::submit! {{ __TEST }}
        }};"
    ))
    .with("PREPARE", prepare)
    .with("LINE", line)
    .fill();
    let conditions = signature.conditions.clone().into_iter();
    conditions.chain(definition).collect()
}

/// The function that makes the fixtures and gives the call of the test.
fn prepare(signature: &Signature, fixtures: &[Argument], values: &[TokenStream]) -> TokenStream {
    let mut making = TokenStream::new();
    let mut passing = TokenStream::new();
    for (number, argument) in fixtures.iter().enumerate() {
        let variable = format!("__fixture_{number}");
        // The type's own place makes "is not a fixture" point at the argument.
        let one = Template::new(&format!("let {variable} = __fixtures.make::<OF>().await?;"))
            .at(argument.span)
            .with("OF", argument.of.clone())
            .fill();
        making.extend(one);
        let how = if argument.by_reference {
            "borrowed"
        } else {
            "owned"
        };
        let one = Template::new(&format!("::e2e_harness::__private::{how}(&{variable}),"))
            .at(argument.span)
            .fill();
        passing.extend(one);
    }
    for value in values {
        passing.extend(value.clone());
        passing.extend(Template::new(",").fill());
    }
    let wait = if signature.is_async { ".await" } else { "" };
    let call = Template::new(&format!("CALL(PASSED){wait}"))
        .with("CALL", TokenTree::Ident(signature.name.clone()).into())
        .with("PASSED", passing)
        .fill();
    let verdict = Template::new(
        "match ::e2e_harness::__private::Returned::into_result(returned) {
            ::core::result::Result::Ok(()) => ::core::result::Result::Ok(()),
            ::core::result::Result::Err(error) => {
                #[allow(unused_imports)]
                use ::e2e_harness::__private::{ByBox as _, ByDebug as _, ByDisplay as _, BySource as _};
                ::core::result::Result::Err((&&&::e2e_harness::__private::Said(error)).text())
            }
        }",
    )
    .at(signature.returns)
    .fill();
    let body = if signature.is_async {
        "::e2e_harness::__private::Body::asynchronous(move || async move { let returned = CALL; VERDICT })"
    } else {
        "::e2e_harness::__private::Body::blocking(move || { let returned = CALL; VERDICT })"
    };
    Template::new(&format!(
        "|__fixtures| ::std::boxed::Box::pin(async move {{
            #[allow(unused_variables)]
            let __fixtures = __fixtures;
            MADE
            ::core::result::Result::Ok({body})
        }})"
    ))
    .with("MADE", making)
    .with("CALL", call)
    .with("VERDICT", verdict)
    .fill()
}

/// Text with places for the user's tokens.
struct Template {
    tokens: TokenStream,
    parts: Vec<(&'static str, TokenStream)>,
    span: Option<Span>,
}

impl Template {
    fn new(text: &str) -> Self {
        Self {
            // The text is this file's own; what does not parse shows in the first test that compiles.
            tokens: text.parse().unwrap_or_default(),
            parts: Vec::new(),
            span: None,
        }
    }

    fn with(mut self, place: &'static str, tokens: TokenStream) -> Self {
        self.parts.push((place, tokens));
        self
    }

    fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    fn fill(&self) -> TokenStream {
        self.filled(self.tokens.clone())
    }

    fn filled(&self, stream: TokenStream) -> TokenStream {
        let mut output = TokenStream::new();
        for mut token in stream {
            if let Some(span) = self.span {
                token.set_span(Span::call_site().located_at(span));
            }
            match token {
                TokenTree::Ident(word) => output.extend(self.word(word)),
                TokenTree::Group(group) => {
                    let mut filled = Group::new(group.delimiter(), self.filled(group.stream()));
                    filled.set_span(group.span());
                    output.extend([TokenTree::Group(filled)]);
                }
                other => output.extend([other]),
            }
        }
        output
    }

    fn word(&self, word: Ident) -> TokenStream {
        let name = word.to_string();
        match self.parts.iter().find(|(place, _)| *place == name) {
            Some((_, tokens)) if tokens.is_empty() => TokenStream::new(),
            // A group without delimiters would hide a lone name from the macros behind.
            Some((_, tokens)) => tokens.clone(),
            None => TokenStream::from(TokenTree::Ident(word)),
        }
    }
}
