//! What the harness must know of a function: its name, whether it is `async`, its arguments' types.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::problem::Problem;

/// A test function's signature.
pub(crate) struct Signature {
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    pub(crate) arguments: Vec<Argument>,
    /// Where the return type is written, or the name when there is none.
    pub(crate) returns: Span,
    /// The `#[cfg(…)]` attributes, which the registration must carry too.
    pub(crate) conditions: TokenStream,
}

/// One argument.
pub(crate) struct Argument {
    /// Whether it is `&T`.
    pub(crate) by_reference: bool,
    /// `T`.
    pub(crate) of: TokenStream,
    pub(crate) span: Span,
}

const FORM: &str = "a test is a function: `fn name()` or `async fn name()`";

/// Reads a function up to its return type.
pub(crate) fn read(item: TokenStream) -> Result<Signature, Problem> {
    let mut tokens = item.into_iter().peekable();
    let mut is_async = false;
    let mut conditions = TokenStream::new();
    let mut last = Span::call_site();
    // Attributes, visibility and qualifiers.
    loop {
        let Some(token) = tokens.next() else {
            return Err(Problem::new(last, FORM));
        };
        last = token.span();
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Group(attribute)) = tokens.next() {
                    if is_condition(&attribute) {
                        conditions.extend([token, TokenTree::Group(attribute)]);
                    } else if let Some(span) = is_test_attribute(&attribute) {
                        let why = "a test has one test attribute: remove this one; `#[e2e_harness::test]` has its own options for it";
                        return Err(Problem::new(span, why));
                    }
                }
            }
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "pub" => {
                    tokens.next_if(|next| is_group(next, Delimiter::Parenthesis));
                }
                "async" => is_async = true,
                "fn" => break,
                word @ ("const" | "unsafe" | "extern") => {
                    let why = format!("a test can't be `{word}`: write `fn` or `async fn`");
                    return Err(Problem::new(last, why));
                }
                _ => return Err(Problem::new(last, FORM)),
            },
            token if is_group(token, Delimiter::None) => {}
            _ => return Err(Problem::new(last, FORM)),
        }
    }
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        return Err(Problem::new(last, "a test needs a name"));
    };
    let arguments = match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            arguments(&group)?
        }
        Some(TokenTree::Punct(punct)) if punct.as_char() == '<' => {
            let why =
                "a test can't be generic: the harness would not know with which types to call it";
            return Err(Problem::new(punct.span(), why));
        }
        _ => return Err(Problem::new(name.span(), "a test is a function")),
    };
    let returns = tokens
        .find(|token| !matches!(token, TokenTree::Punct(punct) if "->".contains(punct.as_char())))
        .filter(|token| !is_group(token, Delimiter::Brace))
        .map_or(name.span(), |token| token.span());
    Ok(Signature {
        name,
        is_async,
        arguments,
        returns,
        conditions,
    })
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn is_condition(attribute: &Group) -> bool {
    matches!(attribute.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name.to_string() == "cfg")
}

/// The place of an attribute of another test harness.
fn is_test_attribute(attribute: &Group) -> Option<Span> {
    let mut tokens = attribute.stream().into_iter();
    let first = tokens.next()?;
    let alone = tokens
        .next()
        .is_none_or(|next| matches!(next, TokenTree::Group(_)) || next.to_string() == "=");
    let named = matches!(
        first.to_string().as_str(),
        "test" | "ignore" | "should_panic" | "bench"
    );
    (alone && named).then(|| first.span())
}

fn arguments(group: &Group) -> Result<Vec<Argument>, Problem> {
    let arguments = split_at_commas(group.stream());
    arguments.iter().map(|tokens| argument(tokens)).collect()
}

/// Splits at commas that are not inside `<…>`.
fn split_at_commas(stream: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_i32;
    let mut after_dash = false;
    for token in stream {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !after_dash => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(Vec::new());
                    after_dash = false;
                    continue;
                }
                _ => {}
            }
            after_dash = punct.as_char() == '-';
        } else {
            after_dash = false;
        }
        if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn argument(tokens: &[TokenTree]) -> Result<Argument, Problem> {
    let span = tokens.first().map_or_else(Span::call_site, TokenTree::span);
    let colon = single_colon(tokens);
    let before = &tokens[..colon.unwrap_or(tokens.len())];
    let is_self =
        |token: &&TokenTree| matches!(token, TokenTree::Ident(word) if word.to_string() == "self");
    if let Some(receiver) = before.iter().find(is_self) {
        let why = "a test is a free function, without `self`: take a fixture in its place";
        return Err(Problem::new(receiver.span(), why));
    }
    let Some(colon) = colon else {
        return Err(Problem::new(span, "an argument is `name: Type`"));
    };
    let mut of: Vec<TokenTree> = tokens[colon + 1..].to_vec();
    let by_reference = is_punct(of.first(), '&');
    let span = of.first().map_or(span, TokenTree::span);
    if by_reference {
        of.remove(0);
        if is_punct(of.first(), '\'') {
            of.drain(..2);
        }
        if let Some(TokenTree::Ident(word)) = of.first()
            && word.to_string() == "mut"
        {
            let why = "a fixture is taken as `&T`, or as `T` when it is `Clone`, because the harness closes it after the test";
            return Err(Problem::new(word.span(), why));
        }
    }
    let span = of.first().map_or(span, TokenTree::span);
    Ok(Argument {
        by_reference,
        of: of.into_iter().collect(),
        span,
    })
}

/// The place of the `:` between pattern and type.
fn single_colon(tokens: &[TokenTree]) -> Option<usize> {
    let is_colon = |at: usize| is_punct(tokens.get(at), ':');
    let mut at = 0;
    while at < tokens.len() {
        match (is_colon(at), is_colon(at + 1)) {
            (true, true) => at += 2,
            (true, false) => return Some(at),
            _ => at += 1,
        }
    }
    None
}
