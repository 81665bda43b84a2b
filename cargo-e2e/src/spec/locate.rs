//! The text as a tree in which every node knows its place.
//!
//! Made from saphyr's events, one at a time, so that a file made to blow up (deep nesting, aliases
//! of aliases) is refused before it has cost anything.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::node::{Kind, Node};
use super::source::{Finding, Source, Spot, printable, quoted};

/// The deepest that version 1 has a meaning for is 5.
const MAX_DEPTH: usize = 16;
/// Nodes with every alias written out.
const MAX_NODES: usize = 20_000;
/// Indicators of YAML with which nothing without quotes begins.
const NO_PLAIN_START: [char; 14] = [
    ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '%', '@', '`',
];

/// A node whose end hasn't been seen.
struct Open {
    spot: Spot,
    anchor: usize,
    is_map: bool,
    /// Finished children; in a map, keys and values in turn.
    children: Vec<Node>,
    /// Nodes, this one included, aliases written out.
    size: usize,
    /// Levels, this one included.
    height: usize,
}

/// A finished node with what it costs to repeat it.
#[derive(Clone)]
struct Measured {
    node: Node,
    size: usize,
    height: usize,
}

#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    anchors: HashMap<usize, Measured>,
    nodes: usize,
    root: Option<Node>,
    documents: usize,
}

/// Returns the file's only document.
pub(super) fn read(source: &Source<'_>) -> Result<Node, Finding> {
    let mut parser = Parser::new_from_str(source.text);
    let mut tree = Tree::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| not_yaml(source, &error))?;
        tree.take(event, spot(span))?;
    }
    tree.root.ok_or_else(|| Finding {
        spot: character(0),
        message: "the file is empty".to_owned(),
        help: Some("it needs at least `name` and `test_command`".to_owned()),
    })
}

fn spot(span: Span) -> Spot {
    Spot {
        start: span.start.index(),
        end: span.end.index(),
    }
}

fn character(start: usize) -> Spot {
    let end = start + 1;
    Spot { start, end }
}

impl Tree {
    fn take(&mut self, event: Event<'_>, spot: Spot) -> Result<(), Finding> {
        let refuse = |message: &str, help: &str| {
            Err(Finding {
                spot,
                message: message.to_owned(),
                help: Some(help.to_owned()),
            })
        };
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor, tag.as_ref()),
            _ => (0, None),
        };
        if let Some(tag) = tag {
            // Tags change what a scalar is, and readers differ in which they know.
            let message = format!("unsupported YAML tag {}", quoted(&tag.to_string()));
            return refuse(&message, "remove it; quotes make a value text");
        }
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return refuse(
                        "a second YAML document starts here",
                        "e2e.yml is one document: remove what follows, or the `---`",
                    );
                }
            }
            Event::Scalar(text, ScalarStyle::Plain, ..) if text.starts_with(NO_PLAIN_START) => {
                // In a flow, the parser takes `|` and `>` for text.
                return refuse(
                    "not valid YAML: found character that cannot start any token, while scanning for the next token",
                    "put a value that begins with this character in quotes",
                );
            }
            Event::Scalar(text, style, ..) => {
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.grow(spot, 1, 0)?;
                let node = Node { spot, kind };
                let (size, height) = (1, 1);
                self.finish(anchor, Measured { node, size, height });
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                self.grow(spot, 1, 1)?;
                self.open.push(Open {
                    spot,
                    anchor,
                    is_map: matches!(event, Event::MappingStart(..)),
                    children: Vec::new(),
                    size: 1,
                    height: 1,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.finish(open.anchor, open.close());
                }
            }
            Event::Alias(target) => {
                let Some(original) = self.anchors.get(&target) else {
                    return refuse("this alias contains itself", "write it out");
                };
                let (size, height) = (original.size, original.height);
                self.grow(spot, size, height - 1)?;
                if let Some(copy) = self.anchors.get(&target).cloned() {
                    self.finish(0, copy);
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, anchor: usize, one: Measured) {
        if anchor != 0 {
            self.anchors.insert(anchor, one.clone());
        }
        match self.open.last_mut() {
            Some(parent) => {
                parent.size += one.size;
                parent.height = parent.height.max(one.height + 1);
                parent.children.push(one.node);
            }
            None => self.root = Some(one.node),
        }
    }

    /// Refuses more nodes or levels than any real file has; called before they are made.
    fn grow(&mut self, spot: Spot, nodes: usize, levels: usize) -> Result<(), Finding> {
        self.nodes += nodes;
        let message = if self.open.len() + levels > MAX_DEPTH {
            format!("more than {MAX_DEPTH} levels deep")
        } else if self.nodes > MAX_NODES {
            format!("more than {MAX_NODES} values, with aliases written out")
        } else {
            return Ok(());
        };
        Err(Finding {
            spot,
            message,
            help: None,
        })
    }
}

impl Open {
    fn close(self) -> Measured {
        let kind = if self.is_map {
            let mut entries = Vec::new();
            let mut children = self.children.into_iter();
            while let (Some(key), Some(value)) = (children.next(), children.next()) {
                entries.push((key, value));
            }
            Kind::Map(entries)
        } else {
            Kind::List(self.children)
        };
        let spot = self.spot;
        Measured {
            node: Node { spot, kind },
            size: self.size,
            height: self.height,
        }
    }
}

/// Returns what the reader says, and what is usually behind it.
fn not_yaml(source: &Source<'_>, error: &ScanError) -> Finding {
    let spot = character(error.marker().index());
    let info = error.info();
    let line = source.line_text(spot);
    let blank = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
    if let Some(tab) = blank.clone().position(|c| c == '\t') {
        return Finding {
            spot: character(source.line_start(spot) + tab),
            message: "a tab indents this line".to_owned(),
            help: Some("YAML is indented with spaces only".to_owned()),
        };
    }
    let help = if info.contains("mapping values are not allowed") {
        Some("put a value that holds `: ` in quotes, and indent with care")
    } else if info.contains("unexpected character") || info.contains("cannot start any token") {
        Some("put a value that begins with this character in quotes")
    } else {
        None
    };
    // The reader quotes the text in its messages.
    let info: String = info.chars().take(200).map(printable).collect();
    Finding {
        spot,
        message: format!("not valid YAML: {info}"),
        help: help.map(str::to_owned),
    }
}
