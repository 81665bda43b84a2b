//! What is written in `#[e2e_harness::test(…)]`.

use std::fmt::Write as _;
use std::time::Duration;

use proc_macro::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};

use crate::problem::Problem;

/// Returns what the field of `registry::Options` becomes; none where the option has another form.
/// Cases have no field: they go where they are collected.
type Read = fn(&Value, Span, &mut Vec<Case>) -> Option<Result<String, Problem>>;

/// Each option, named as its field in `registry::Options`; its form; what reads it.
const OPTIONS: [(&str, &str, Read); 8] = [
    ("timeout", "`timeout = 90`, in seconds", |value, span, _| {
        Some(timeout(value.equals()?, span))
    }),
    ("retries", "`retries = 2`", |value, span, _| {
        Some(retries(value.equals()?, span))
    }),
    ("ignore", "`ignore = \"why\"`", |value, span, _| {
        let rule = "`ignore` says why: `ignore = \"needs issue 12\"`";
        Some(text(value.equals()?, span, rule).map(some))
    }),
    ("should_panic", PANIC, |value, _, _| match value {
        Value::None => Some(Ok(some("\"\""))),
        Value::List(list) => Some(message(list).map(some)),
        Value::Equals(_) => None,
    }),
    ("serial", "`serial = \"group\"`", |value, span, _| {
        let rule = "`serial` names a group: `serial = \"billing\"`";
        Some(text(value.equals()?, span, rule).map(some))
    }),
    (
        "exclusive",
        "`exclusive`, without a value",
        |value, _, _| matches!(value, Value::None).then(|| Ok("true".to_owned())),
    ),
    ("needs", "`needs = [\"db\", \"api\"]`", |value, span, _| {
        Some(needs(value.equals()?, span))
    }),
    (
        "cases",
        "`cases(name(value, …), other_name(value, …))`",
        |value, _, found| {
            let Value::List(list) = value else {
                return None;
            };
            Some(cases(list).map(|cases| {
                *found = cases;
                String::new()
            }))
        },
    ),
];

const PANIC: &str = "`should_panic` or `should_panic(expected = \"part of the message\")`";

/// The options of a test.
#[derive(Default)]
pub(crate) struct Options {
    /// Fields of `registry::Options` with their values, each with a comma.
    pub(crate) fields: String,
    pub(crate) cases: Vec<Case>,
}

/// One of `cases(name(value, …), …)`.
pub(crate) struct Case {
    pub(crate) name: Ident,
    pub(crate) values: Vec<TokenStream>,
}

/// One option as it is written.
struct Written {
    name: Ident,
    value: Value,
}

enum Value {
    None,
    Equals(Vec<TokenTree>),
    List(Group),
}

impl Value {
    fn equals(&self) -> Option<&[TokenTree]> {
        match self {
            Self::Equals(value) => Some(value),
            _ => None,
        }
    }
}

/// Reads the options.
pub(crate) fn read(stream: TokenStream) -> Result<Options, Problem> {
    let mut options = Options::default();
    let mut seen: Vec<String> = Vec::new();
    for part in split(stream) {
        let written = written(part)?;
        let name = written.name.to_string();
        if seen.contains(&name) {
            let why = format!("`{name}` is given twice");
            return Err(Problem::new(written.name.span(), why));
        }
        options.add(&written, &name)?;
        seen.push(name);
    }
    Ok(options)
}

impl Options {
    fn add(&mut self, written: &Written, name: &str) -> Result<(), Problem> {
        let span = written.name.span();
        let Some((name, form, read)) = OPTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(unknown(name, span));
        };
        let value = read(&written.value, span, &mut self.cases)
            .ok_or_else(|| Problem::new(span, format!("write {form}")))??;
        if !value.is_empty() {
            // Writing to a String can't fail.
            let _ = write!(self.fields, "{name}: {value}, ");
        }
        Ok(())
    }
}

fn unknown(name: &str, span: Span) -> Problem {
    let nearest = OPTIONS
        .iter()
        .map(|(known, ..)| (distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| format!("; did you mean `{known}`?"));
    let (nearest, all) = (nearest.unwrap_or_default(), names());
    let why = format!("unknown option `{name}`{nearest}; there are: {all}");
    Problem::new(span, why)
}

fn names() -> String {
    OPTIONS.map(|(name, ..)| name).join(", ")
}

fn some(value: impl std::fmt::Display) -> String {
    format!("::core::option::Option::Some({value})")
}

fn split(stream: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in stream {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn written(part: Vec<TokenTree>) -> Result<Written, Problem> {
    let span = part.first().map_or_else(Span::call_site, TokenTree::span);
    let mut tokens = part.into_iter();
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        let why = format!("an option is one of: {}", names());
        return Err(Problem::new(span, why));
    };
    let value = match tokens.next() {
        None => Value::None,
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => Value::Equals(tokens.collect()),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            Value::List(group)
        }
        Some(token) => {
            let why = format!("expected `,`, `=` or `(…)` after `{name}`");
            return Err(Problem::new(token.span(), why));
        }
    };
    Ok(Written { name, value })
}

fn place(value: &[TokenTree], otherwise: Span) -> Span {
    value.first().map_or(otherwise, TokenTree::span)
}

fn literal(value: &[TokenTree]) -> Option<&Literal> {
    match value {
        [TokenTree::Literal(literal)] => Some(literal),
        _ => None,
    }
}

fn text(value: &[TokenTree], span: Span, rule: &str) -> Result<Literal, Problem> {
    let is_text = |literal: &&Literal| {
        let text = literal.to_string();
        text.starts_with(['"', 'r']) && text != "\"\""
    };
    let text = literal(value).filter(is_text).cloned();
    text.ok_or_else(|| Problem::new(place(value, span), rule))
}

fn timeout(value: &[TokenTree], span: Span) -> Result<String, Problem> {
    let rule = "`timeout` is a number of seconds above 0: `timeout = 90` or `timeout = 0.5`";
    let number = literal(value).map(|literal| literal.to_string().replace('_', ""));
    let time = number.and_then(|number| Duration::try_from_secs_f64(number.parse().ok()?).ok());
    let milliseconds = time.and_then(|time| u64::try_from(time.as_millis()).ok());
    match milliseconds {
        None | Some(0) => Err(Problem::new(place(value, span), rule)),
        Some(number) => Ok(format!("::core::time::Duration::from_millis({number})")),
    }
}

fn retries(value: &[TokenTree], span: Span) -> Result<String, Problem> {
    let rule = "`retries` is a whole number: `retries = 2`";
    let count = literal(value).and_then(|count| count.to_string().parse::<u32>().ok());
    let count = count.ok_or_else(|| Problem::new(place(value, span), rule))?;
    Ok(count.to_string())
}

/// The text in `should_panic(expected = "text")`.
fn message(list: &Group) -> Result<Literal, Problem> {
    let wrong = |span| Problem::new(span, format!("write {PANIC}"));
    let parts = split(list.stream());
    let [expected] = parts.as_slice() else {
        return Err(wrong(list.span()));
    };
    match expected.as_slice() {
        [TokenTree::Ident(word), TokenTree::Punct(_), value @ ..] => {
            if word.to_string() != "expected" {
                return Err(wrong(word.span()));
            }
            text(value, list.span(), &format!("write {PANIC}"))
        }
        _ => Err(wrong(list.span())),
    }
}

fn needs(value: &[TokenTree], span: Span) -> Result<String, Problem> {
    const RULE: &str = "`needs` lists services and health checks: `needs = [\"db\", \"api\"]`";
    let [TokenTree::Group(list)] = value else {
        return Err(Problem::new(place(value, span), RULE));
    };
    if list.delimiter() != Delimiter::Bracket {
        return Err(Problem::new(list.span(), RULE));
    }
    let names: Vec<String> = split(list.stream())
        .iter()
        .map(|name| text(name, list.span(), RULE).map(|name| name.to_string()))
        .collect::<Result<_, _>>()?;
    Ok(some(format!("&[{}]", names.join(", "))))
}

fn cases(list: &Group) -> Result<Vec<Case>, Problem> {
    let mut cases: Vec<Case> = Vec::new();
    for part in split(list.stream()) {
        let span = place(&part, list.span());
        let [TokenTree::Ident(name), TokenTree::Group(values)] = part.as_slice() else {
            let rule = "a case is a name and its values: `cases(eur(\"EUR\", 3), usd(\"USD\", 4))`";
            return Err(Problem::new(span, rule));
        };
        let is_twin = |case: &Case| case.name.to_string() == name.to_string();
        if cases.iter().any(is_twin) {
            let why = format!("the case `{name}` is there twice");
            return Err(Problem::new(span, why));
        }
        let values = split(values.stream()).into_iter();
        let values: Vec<TokenStream> = values.map(TokenStream::from_iter).collect();
        if let Some(Case {
            name: first,
            values: its,
        }) = cases.first()
            && its.len() != values.len()
        {
            let (one, other) = (values.len(), its.len());
            let why = format!("the case `{name}` has {one} values, `{first}` has {other}");
            return Err(Problem::new(span, why));
        }
        let name = name.clone();
        cases.push(Case { name, values });
    }
    if cases.is_empty() {
        return Err(Problem::new(list.span(), "`cases` needs at least one case"));
    }
    Ok(cases)
}

/// How many letters must change to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
