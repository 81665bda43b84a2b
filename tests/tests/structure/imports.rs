//! Reads a crate's imports from its sources, those of tests left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// One file imports from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A crate's sources.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    /// Files, by the path of their module.
    files: BTreeMap<Vec<String>, String>,
    /// What modules hand on under names of their own.
    handed_on: BTreeMap<(Vec<String>, String), Vec<String>>,
    pub(crate) imports: BTreeSet<Import>,
    /// Files, and crates that they name.
    pub(crate) crates: BTreeSet<(String, String)>,
}

impl Crate {
    pub(crate) fn read(source: &Path) -> Self {
        let mut all = Self::default();
        let mut found = Vec::new();
        for file in sources(source) {
            let name = file.strip_prefix(source).expect("it is in there");
            let name = name.to_str().expect("UTF-8").to_owned();
            let text = fs::read_to_string(&file).expect("UTF-8");
            let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            found.push((module(&name), name, parsed));
        }
        let tests: BTreeSet<Vec<String>> = found
            .iter()
            .flat_map(|(module, _, parsed)| tests_of(module, parsed))
            .collect();
        found.retain(|(module, ..)| !(1..=module.len()).any(|to| tests.contains(&module[..to])));
        for (module, name, _) in &found {
            // The library's root and the binary's have none of what others import.
            if !module.is_empty() {
                all.files.insert(module.clone(), name.clone());
            }
        }
        let mut paths = Vec::new();
        for (module, name, parsed) in &found {
            let mut reader = Reader {
                module,
                known: &all.files,
                paths: BTreeSet::new(),
                handed_on: Vec::new(),
            };
            reader.visit_file(parsed);
            for (as_name, path) in reader.handed_on {
                all.handed_on.insert((module.clone(), as_name), path);
            }
            paths.push((name.clone(), reader.paths));
        }
        for (name, paths) in paths {
            for path in paths {
                if let Some(first) = path.first().filter(|first| first.starts_with("::")) {
                    all.crates.insert((name.clone(), first[2..].to_owned()));
                } else if let Some(to) = all.defined_in(&path, 0)
                    && *to != name
                {
                    let (from, to) = (name.clone(), to.clone());
                    all.imports.insert(Import { from, to });
                }
            }
        }
        all
    }

    /// The file in which something is defined.
    fn defined_in(&self, path: &[String], hops: usize) -> Option<&String> {
        assert!(hops < 20, "{path:?} is handed on in a circle");
        let length = (1..=path.len())
            .rev()
            .find(|length| self.files.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let next = rest
            .first()
            .and_then(|name| self.handed_on.get(&(module.to_vec(), name.clone())));
        match next {
            Some(next) => self.defined_in(next, hops + 1),
            None => self.files.get(module),
        }
    }
}

/// The folder of a file, or its own name.
pub(crate) fn folder(file: &str) -> &str {
    let first = file.split('/').next().expect("never empty");
    first.strip_suffix(".rs").unwrap_or(first)
}

/// All Rust files below a folder, but for what was built and what trybuild compiles.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            if !["target", "compile"]
                .iter()
                .any(|name| path.ends_with(name))
            {
                all.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all
}

fn module(file: &str) -> Vec<String> {
    let mut parts: Vec<String> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    if parts == ["lib"] || parts == ["main"] {
        parts.clear();
    }
    parts
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return attribute.path().is_ident("test");
        };
        let words = list.tokens.to_string();
        list.path.is_ident("cfg")
            && !words.starts_with("not")
            && words
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|word| word == "test")
    })
}

/// The modules that a file declares for tests alone.
fn tests_of(module: &[String], file: &syn::File) -> Vec<Vec<String>> {
    let mods = file.items.iter().filter_map(|item| match item {
        Item::Mod(one) if one.content.is_none() && is_for_tests(&one.attrs) => Some(one),
        _ => None,
    });
    mods.map(|one| {
        let named = one
            .attrs
            .iter()
            .find_map(|attribute| match &attribute.meta {
                syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                    syn::Expr::Lit(syn::ExprLit {
                        lit: syn::Lit::Str(name),
                        ..
                    }) => Some(name.value()),
                    _ => None,
                },
                _ => None,
            });
        match named {
            // Beside the file that names it.
            Some(name) => [
                &module[..module.len().saturating_sub(1)],
                &[name.replace(".rs", "")],
            ]
            .concat(),
            None => [module, &[one.ident.to_string()]].concat(),
        }
    })
    .collect()
}

/// Collects the paths of one file.
struct Reader<'a> {
    module: &'a [String],
    known: &'a BTreeMap<Vec<String>, String>,
    paths: BTreeSet<Vec<String>>,
    handed_on: Vec<(String, Vec<String>)>,
}

impl Reader<'_> {
    /// From the crate's root; another crate's begins with its name and colons.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" | "cargo_e2e" => Some(rest.to_vec()),
            "self" | "super" => {
                let ups = path.iter().filter(|name| *name == "super").count();
                let base = self.module.get(..self.module.len().checked_sub(ups)?)?;
                let rest = path
                    .iter()
                    .filter(|name| !["self", "super"].contains(&name.as_str()));
                Some(base.iter().chain(rest).cloned().collect())
            }
            name => {
                let child = [self.module, std::slice::from_ref(first)].concat();
                if self.known.contains_key(&child) {
                    return Some([self.module, path].concat());
                }
                Some(vec![format!("::{name}")])
            }
        }
    }

    fn used(&mut self, tree: &UseTree, before: &[String], is_public: bool) {
        match tree {
            UseTree::Path(path) => {
                let before = [before, &[path.ident.to_string()]].concat();
                self.used(&path.tree, &before, is_public);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.used(tree, before, is_public);
                }
            }
            UseTree::Name(name) => self.take(before, &name.ident.to_string(), None, is_public),
            UseTree::Rename(name) => {
                let shown = name.rename.to_string();
                self.take(before, &name.ident.to_string(), Some(shown), is_public);
            }
            UseTree::Glob(_) => self.take(before, "self", None, false),
        }
    }

    fn take(&mut self, before: &[String], name: &str, shown: Option<String>, is_public: bool) {
        let path = match name {
            "self" => before.to_vec(),
            name => [before, &[name.to_owned()]].concat(),
        };
        let Some(path) = self.absolute(&path) else {
            return;
        };
        if is_public {
            self.handed_on
                .push((shown.unwrap_or_else(|| name.to_owned()), path));
        } else {
            self.paths.insert(path);
        }
    }

    /// Paths in what a macro is given, which is not parsed.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.found(&path);
                        path.clear();
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                proc_macro2::TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                proc_macro2::TokenTree::Group(group) => {
                    self.found(&path);
                    path.clear();
                    self.tokens(group.stream());
                }
                _ => colons = 0,
            }
        }
        self.found(&path);
    }

    fn found(&mut self, path: &[String]) {
        let is_ours = path.first().is_some_and(|first| {
            ["crate", "super", "self", "cargo_e2e"].contains(&first.as_str())
                || self
                    .known
                    .contains_key(&[self.module, std::slice::from_ref(first)].concat())
        });
        if path.len() > 1
            && is_ours
            && let Some(path) = self.absolute(path)
        {
            self.paths.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Const(one) => &one.attrs,
            Item::Enum(one) => &one.attrs,
            Item::Fn(one) => &one.attrs,
            Item::Impl(one) => &one.attrs,
            Item::Macro(one) => &one.attrs,
            Item::Mod(one) => &one.attrs,
            Item::Static(one) => &one.attrs,
            Item::Struct(one) => &one.attrs,
            Item::Type(one) => &one.attrs,
            Item::Use(one) => &one.attrs,
            _ => &[],
        };
        if is_for_tests(attributes) {
            return;
        }
        if let Item::Use(one) = item {
            let is_public = !matches!(one.vis, Visibility::Inherited);
            self.used(&one.tree, &[], is_public);
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, one: &'ast syn::ImplItemFn) {
        if !is_for_tests(&one.attrs) {
            visit::visit_impl_item_fn(self, one);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|one| one.ident.to_string())
            .collect();
        self.found(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        self.visit_path(&one.path);
        self.tokens(one.tokens.clone());
    }
}

/// Files that import each other, by whatever way: each circle's files in order.
pub(crate) fn circles(imports: &BTreeSet<Import>) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let reached = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = vec![from];
        while let Some(file) = open.pop() {
            for to in next.get(file).into_iter().flatten() {
                if seen.insert(*to) {
                    open.push(to);
                }
            }
        }
        seen
    };
    let all: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|file| (*file, reached(file))).collect();
    let both = |one: &str, other: &str| {
        all[one].contains(other) && all.get(other).is_some_and(|back| back.contains(one))
    };
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, reached) in &all {
        if reached.contains(file) {
            let circle = reached.iter().filter(|other| both(file, other));
            found.insert(circle.map(|file| (*file).to_owned()).collect());
        }
    }
    found.into_iter().collect()
}
