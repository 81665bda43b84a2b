//! What is written in `#[e2e_harness::test(…)]`.

use proc_macro::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};

use crate::problem::Problem;

/// Each option, how it is written, and what reads it.
const OPTIONS: [(&str, &str, Read); 8] = [
    ("timeout", "`timeout = 90`, in seconds", timeout),
    ("retries", "`retries = 2`", retries),
    ("ignore", "`ignore = \"why\"`", ignore),
    (
        "should_panic",
        "`should_panic` or `should_panic(expected = \"part of the message\")`",
        should_panic,
    ),
    ("serial", "`serial = \"group\"`", serial),
    ("exclusive", "`exclusive`, without a value", exclusive),
    ("needs", "`needs = [\"db\", \"api\"]`", needs),
    (
        "cases",
        "`cases(name(value, …), other_name(value, …))`",
        cases,
    ),
];

/// Returns whether an option can be written this way.
type Read = fn(&mut Options, &Value, Span) -> Result<bool, Problem>;

/// The options of a test.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) retries: u32,
    pub(crate) ignore: Option<Literal>,
    /// What the message contains; `""` when anything will do.
    pub(crate) should_panic: Option<Literal>,
    pub(crate) serial: Option<Literal>,
    pub(crate) exclusive: bool,
    pub(crate) needs: Option<Vec<Literal>>,
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

/// Reads the options.
pub(crate) fn read(stream: TokenStream) -> Result<Options, Problem> {
    let mut options = Options::default();
    let mut seen: Vec<String> = Vec::new();
    for part in split(stream) {
        let written = written(part)?;
        let name = written.name.to_string();
        if seen.contains(&name) {
            return Err(Problem::new(
                written.name.span(),
                format!("`{name}` is given twice"),
            ));
        }
        option(&mut options, &written, &name)?;
        seen.push(name);
    }
    Ok(options)
}

fn option(options: &mut Options, written: &Written, name: &str) -> Result<(), Problem> {
    let span = written.name.span();
    match (name, &written.value) {
        ("timeout", Value::Equals(value)) => options.timeout_ms = Some(milliseconds(value, span)?),
        ("retries", Value::Equals(value)) => {
            let count = literal(value).and_then(|count| count.to_string().parse().ok());
            options.retries = count.ok_or_else(|| {
                Problem::new(
                    place(value, span),
                    "`retries` is a whole number: `retries = 2`",
                )
            })?;
        }
        ("ignore", Value::Equals(value)) => {
            options.ignore = Some(text(
                value,
                span,
                "`ignore` says why: `ignore = \"needs issue 12\"`",
            )?);
        }
        ("should_panic", Value::None) => options.should_panic = Some(Literal::string("")),
        ("should_panic", Value::List(list)) => {
            let inner = split(list.stream());
            let [expected] = inner.as_slice() else {
                return Err(Problem::new(list.span(), PANIC));
            };
            let [TokenTree::Ident(word), TokenTree::Punct(_), value @ ..] = expected.as_slice()
            else {
                return Err(Problem::new(list.span(), PANIC));
            };
            if word.to_string() != "expected" {
                return Err(Problem::new(word.span(), PANIC));
            }
            options.should_panic = Some(text(value, list.span(), PANIC)?);
        }
        ("serial", Value::Equals(value)) => {
            options.serial = Some(text(
                value,
                span,
                "`serial` names a group: `serial = \"billing\"`",
            )?);
        }
        ("exclusive", Value::None) => options.exclusive = true,
        ("needs", Value::Equals(value)) => options.needs = Some(needs(value, span)?),
        ("cases", Value::List(list)) => options.cases = cases(list)?,
        (known, _) if NAMES.contains(&known) => {
            return Err(Problem::new(span, format!("write {}", form(known))));
        }
        (unknown, _) => {
            let nearest = NAMES
                .iter()
                .map(|known| (distance(unknown, known), *known))
                .min()
                .filter(|(distance, _)| *distance <= 3)
                .map(|(_, known)| format!("; did you mean `{known}`?"));
            return Err(Problem::new(
                span,
                format!(
                    "unknown option `{unknown}`{}; there are: {}",
                    nearest.unwrap_or_default(),
                    NAMES.join(", ")
                ),
            ));
        }
    }
    Ok(())
}

const PANIC: &str = "write `should_panic` or `should_panic(expected = \"part of the message\")`";

fn form(name: &str) -> &'static str {
    match name {
        "timeout" => "`timeout = 90`, in seconds",
        "retries" => "`retries = 2`",
        "ignore" => "`ignore = \"why\"`",
        "should_panic" => "`should_panic` or `should_panic(expected = \"part of the message\")`",
        "serial" => "`serial = \"group\"`",
        "exclusive" => "`exclusive`, without a value",
        "needs" => "`needs = [\"db\", \"api\"]`",
        _ => "`cases(name(value, …), other_name(value, …))`",
    }
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
        return Err(Problem::new(
            span,
            format!("an option is one of: {}", NAMES.join(", ")),
        ));
    };
    let value = match tokens.next() {
        None => Value::None,
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => Value::Equals(tokens.collect()),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            Value::List(group)
        }
        Some(token) => {
            return Err(Problem::new(
                token.span(),
                format!("expected `,`, `=` or `(…)` after `{name}`"),
            ));
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
    literal(value)
        .filter(|literal| {
            let text = literal.to_string();
            (text.starts_with('"') || text.starts_with('r')) && text != "\"\""
        })
        .cloned()
        .ok_or_else(|| Problem::new(place(value, span), rule))
}

fn milliseconds(value: &[TokenTree], span: Span) -> Result<u64, Problem> {
    let wrong = || {
        Problem::new(
            place(value, span),
            "`timeout` is a number of seconds above 0: `timeout = 90` or `timeout = 0.5`",
        )
    };
    let seconds: f64 = literal(value)
        .and_then(|literal| literal.to_string().replace('_', "").parse().ok())
        .ok_or_else(wrong)?;
    let time = std::time::Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    match u64::try_from(time.as_millis()) {
        Ok(milliseconds) if milliseconds > 0 => Ok(milliseconds),
        _ => Err(wrong()),
    }
}

fn needs(value: &[TokenTree], span: Span) -> Result<Vec<Literal>, Problem> {
    const RULE: &str = "`needs` lists services and health checks: `needs = [\"db\", \"api\"]`";
    let [TokenTree::Group(list)] = value else {
        return Err(Problem::new(place(value, span), RULE));
    };
    if list.delimiter() != Delimiter::Bracket {
        return Err(Problem::new(list.span(), RULE));
    }
    split(list.stream())
        .iter()
        .map(|name| text(name, list.span(), RULE))
        .collect()
}

fn cases(list: &Group) -> Result<Vec<Case>, Problem> {
    let mut cases: Vec<Case> = Vec::new();
    for part in split(list.stream()) {
        let span = place(&part, list.span());
        let [TokenTree::Ident(name), TokenTree::Group(values)] = part.as_slice() else {
            return Err(Problem::new(
                span,
                "a case is a name and its values: `cases(eur(\"EUR\", 3), usd(\"USD\", 4))`",
            ));
        };
        if cases
            .iter()
            .any(|case| case.name.to_string() == name.to_string())
        {
            return Err(Problem::new(
                span,
                format!("the case `{name}` is there twice"),
            ));
        }
        let values: Vec<TokenStream> = split(values.stream())
            .into_iter()
            .map(|value| value.into_iter().collect())
            .collect();
        if let Some(first) = cases.first()
            && first.values.len() != values.len()
        {
            return Err(Problem::new(
                span,
                format!(
                    "the case `{name}` has {} values, `{}` has {}",
                    values.len(),
                    first.name,
                    first.values.len()
                ),
            ));
        }
        cases.push(Case {
            name: name.clone(),
            values,
        });
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
