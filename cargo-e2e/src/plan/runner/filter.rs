//! The arguments by which each runner runs some tests alone, from their names in JUnit files.

use std::collections::BTreeSet;
use std::path::Path;

use super::call::{Call, Kind};
use crate::record::outcome::TestRecord;
use crate::text::lists;

/// Options of pytest whose value is a word of its own: other words are what it collects.
const WITH_VALUE: &str = "--basetemp --color --confcutdir --cov --cov-config --cov-report --deselect \
    --dist --durations --ignore --import-mode --junit-prefix --junit-xml --junitxml --log-level --maxfail \
    --numprocesses --rootdir --tb --timeout -W -c -k -m -n -o -p -r";
/// What a JavaScript test is in.
const SCRIPTS: &[&str] = &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"];

pub(super) fn words(
    (runner, prefixes): (&Call, &[String]),
    tests: &[&TestRecord],
    typed: &[String],
    exists: &dyn Fn(&str) -> bool,
) -> Option<Vec<String>> {
    if tests.is_empty() {
        return None;
    }
    let has = |word: &str| runner.words.iter().chain(typed).any(|it| it == word);
    // Of two patterns these take neither, and that of e2e.yml stays.
    let patterns = runner.kind.filters();
    let mut options = runner
        .words
        .iter()
        .filter_map(|word| word.split('=').next());
    let own = options.any(|option| patterns.contains(&option));
    if own && matches!(runner.kind, Kind::Jest | Kind::Vitest) {
        return None;
    }
    match runner.kind {
        Kind::Pytest => pytest(runner, tests, typed, exists),
        Kind::Jest => Some(pattern("-t", "^(", &each(tests, jest)?, ")$")),
        Kind::Vitest => {
            // A suite that failed as a whole is all of its tests.
            let mut words = pattern("-t", "^(", &each(tests, vitest)?, ")( .*)?$");
            words.extend(files(tests));
            Some(words)
        }
        Kind::Playwright => {
            // Before it stand the project and the file, behind it the tags.
            let names = each(tests, playwright)?;
            let mut words = pattern("--grep", "(^| )(", &names, ")( @[^ ]+)*$");
            words.extend(files(tests));
            Some(words)
        }
        Kind::Go => Some(go(tests)?.into()),
        Kind::Gotestsum => {
            let go = go(tests)?;
            // Its own options end at the first word that is none.
            let passes = runner.words.iter().any(|it| it == "--" || is_package(it));
            let [run, names] = go;
            Some(if passes {
                vec![run, names]
            } else {
                vec!["--".to_owned(), run, names, "./...".to_owned()]
            })
        }
        Kind::CargoTest => Some(exact(!has("--"), own_names(tests, &[])?)),
        Kind::Nextest | Kind::HarnessByNextest => {
            let names = own_names(tests, prefixes)?;
            // Several expressions are joined by `or`, an expression and names by `and`.
            let plain = |name: &String| !name.contains(['(', ')', ',', '\\']);
            if own || has("--") || !names.iter().all(plain) {
                return Some(names.into_iter().collect());
            }
            let tests: Vec<String> = names.iter().map(|name| format!("test(={name})")).collect();
            Some(vec!["-E".to_owned(), tests.join(" + ")])
        }
        Kind::Harness => Some(exact(false, own_names(tests, prefixes)?)),
    }
}

fn exact(separate: bool, names: BTreeSet<String>) -> Vec<String> {
    let separator = separate.then_some("--").into_iter();
    let options = separator.chain(["--exact"]).map(str::to_owned);
    options.chain(names).collect()
}

/// Node ids, where they can be told and are all that is collected. Other words are collected too,
/// so there it is an expression, of names that are contained in those of tests.
fn pytest(
    runner: &Call,
    tests: &[&TestRecord],
    typed: &[String],
    exists: &dyn Fn(&str) -> bool,
) -> Option<Vec<String>> {
    if !runner.elsewhere && !collects(&runner.words) && !collects(typed) {
        let ids: Option<BTreeSet<String>> = tests.iter().map(|one| node_id(one, exists)).collect();
        if let Some(ids) = ids {
            return Some(ids.into_iter().collect());
        }
    }
    let names: Option<BTreeSet<String>> = tests.iter().map(|test| expression(test)).collect();
    let names: Vec<String> = names?.into_iter().collect();
    Some(vec!["-k".to_owned(), names.join(" or ")])
}

/// Returns whether words of pytest name what it collects.
fn collects(words: &[String]) -> bool {
    let mut is_value = false;
    words.iter().any(|word| {
        let value = std::mem::replace(&mut is_value, lists(WITH_VALUE, word));
        !value && !word.starts_with('-')
    })
}

/// `tests/test_orders.py::TestShip::test_pays[1]`
fn node_id(test: &TestRecord, exists: &dyn Fn(&str) -> bool) -> Option<String> {
    let (class, name) = parts(test);
    // A file that can't be collected has its path for a name.
    let class = if class.is_empty() { name } else { class };
    let parts: Vec<&str> = class.split('.').collect();
    let path = |length: &usize| format!("{}.py", parts[..*length].join("/"));
    let length = (1..=parts.len())
        .rev()
        .find(|length| exists(&path(length)))?;
    let mut id = path(&length);
    if class != name {
        for part in parts[length..].iter().chain([&name]) {
            id.push_str("::");
            id.push_str(part);
        }
    }
    Some(id)
}

/// `(TestShip and test_pays)`, or `(test_orders and test_pays)`
fn expression(test: &TestRecord) -> Option<String> {
    let (class, name) = parts(test);
    let is_word = |text: &&str| {
        let known = ["and", "or", "not", "True", "False", "None"].contains(text);
        !known && !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let last = |text| str::rsplit(text, '.').next().filter(is_word);
    if class.is_empty() {
        return last(name).map(str::to_owned);
    }
    // Its parameters may be more than an expression can hold.
    let name = name.split('[').next().filter(is_word)?;
    Some(last(class).map_or_else(|| name.to_owned(), |class| format!("({class} and {name})")))
}

/// The full name. jest-junit has it twice, unless its templates are set.
fn jest(test: &TestRecord) -> String {
    let (class, name) = parts(test);
    let full = escaped(name.trim()).replace(" › ", "(?: ›)? ");
    if class.trim() == name.trim() {
        full
    } else {
        format!("(?:.* )?{full}")
    }
}

/// The full name, which the file has with `>` between the groups.
fn vitest(test: &TestRecord) -> String {
    escaped(parts(test).1.trim()).replace(" > ", "(?: >)? ")
}

fn playwright(test: &TestRecord) -> String {
    escaped(parts(test).1.trim()).replace(" › ", "(?: ›)? ")
}

/// Top-level tests: one that fails fails those around it.
fn go(tests: &[&TestRecord]) -> Option<[String; 2]> {
    let names = tests.iter().map(|test| {
        let name = parts(test).1.split('/').next().unwrap_or_default();
        name.starts_with(|c: char| c.is_alphabetic())
            .then(|| escaped(name))
    });
    let names: Option<BTreeSet<String>> = names.collect();
    let names: Vec<String> = names?.into_iter().collect();
    Some(["-run".to_owned(), format!("^({})$", names.join("|"))])
}

fn is_package(word: &str) -> bool {
    word.starts_with("./") || word.ends_with("...")
}

/// Files, which save a runner from loading others; none where one is not known.
fn files(tests: &[&TestRecord]) -> Vec<String> {
    let file = |test: &&TestRecord| {
        let file = test.file.as_deref().or(test.classname.as_deref())?;
        let extension = Path::new(file).extension()?.to_str()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let fits = SCRIPTS.contains(&extension) && file.chars().all(plain);
        fits.then(|| file.to_owned())
    };
    let files: Option<BTreeSet<String>> = tests.iter().map(file).collect();
    files.unwrap_or_default().into_iter().collect()
}

/// Names without what the record puts before them.
fn own_names(tests: &[&TestRecord], prefixes: &[String]) -> Option<BTreeSet<String>> {
    let names = tests.iter().map(|test| {
        let mut prefixes = prefixes.iter();
        let own = prefixes.find_map(|prefix| test.name.strip_prefix(prefix));
        let name = own.unwrap_or(parts(test).1);
        (!name.is_empty() && !name.starts_with('-')).then(|| name.to_owned())
    });
    names.collect()
}

/// Returns a test's class and its name in it.
fn parts(test: &TestRecord) -> (&str, &str) {
    let class = test.classname.as_deref().unwrap_or_default();
    // Of several files, a name that collides begins with the file's.
    let inner = match test.name.find(&format!("{class}::")) {
        Some(at) if !class.is_empty() => &test.name[at + class.len() + 2..],
        _ => &test.name,
    };
    (class, inner)
}

fn each(tests: &[&TestRecord], one: fn(&TestRecord) -> String) -> Option<Vec<String>> {
    let names: BTreeSet<String> = tests.iter().map(|test| one(test)).collect();
    let empty = names.iter().any(String::is_empty);
    (!empty).then(|| names.into_iter().collect())
}

fn pattern(option: &str, before: &str, names: &[String], after: &str) -> Vec<String> {
    let pattern = format!("{before}{}{after}", names.join("|"));
    vec![option.to_owned(), pattern]
}

/// A text as a regular expression of JavaScript and Go.
fn escaped(text: &str) -> String {
    crate::text::escaped(text, |c| r"\^$.*+?()[]{}|".contains(c))
}
