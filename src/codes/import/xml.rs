//! The official XML files: parsing with limits, and the words of an element.
//!
//! Owns the bounds that keep a hostile file from eating memory or stack, lines of faults, and text
//! without the source's line breaks. A DTD is refused, so no entity can grow. Pure.

use super::refusal::Refusal;
use roxmltree::{Document, Node, ParsingOptions};

/// The largest official file has half a million nodes.
const MOST_NODES: u32 = 6_000_000;
/// Official files go 12 deep; the parser itself keeps its stack.
const MOST_DEPTH: usize = 64;

/// Parses a whole file.
pub fn parse(text: &str) -> Result<Document<'_>, Refusal> {
    deep(text)?;
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|e| {
        let line = match e {
            // the parser names the root, the reader wants the place where the text ends
            roxmltree::Error::UnclosedRootNode => text.lines().count(),
            _ => e.pos().row as usize,
        };
        let what = match e {
            roxmltree::Error::UnclosedRootNode => {
                "the file ends inside an element: it is cut short".to_string()
            }
            roxmltree::Error::DtdDetected => "a DTD has no place in an official table".to_string(),
            roxmltree::Error::NodesLimitReached => "more elements than any official table has".to_string(),
            other => {
                // the parser's words end in the position, which the line tells already
                let words = other.to_string();
                let words = words.rsplit_once(" at ").map_or(words.as_str(), |(w, _)| w);
                format!("the XML is damaged: {words}")
            }
        };
        Refusal::at(line.max(1), what)
    })
}

/// Refuses nesting deeper than any official file before the parser sees it.
fn deep(text: &str) -> Result<(), Refusal> {
    let (mut depth, mut line) = (0usize, 1usize);
    let bytes = text.as_bytes();
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'\n' => line += 1,
            b'<' => match bytes.get(i + 1) {
                Some(b'/') => depth = depth.saturating_sub(1),
                Some(c) if c.is_ascii_alphabetic() => depth += 1,
                _ => {}
            },
            b'/' if bytes.get(i + 1) == Some(&b'>') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_DEPTH {
            return Err(Refusal::at(line, "elements nested deeper than in any official table"));
        }
    }
    Ok(())
}

/// The line an element begins on.
pub fn line_of(node: Node<'_, '_>) -> usize {
    node.document().text_pos_at(node.range().start).row as usize
}

pub fn refuse(node: Node<'_, '_>, reason: impl Into<String>) -> Refusal {
    Refusal::at(line_of(node), reason)
}

/// An element this reader does not know: leaving it out could lose a note.
pub fn unknown(node: Node<'_, '_>) -> Refusal {
    let above = node.parent_element().map_or("", |p| p.tag_name().name());
    refuse(node, format!("<{}> inside <{above}> is not known here", node.tag_name().name()))
}

/// All text of an element and below it, blanks made one.
pub fn words(node: Node<'_, '_>) -> String {
    let all: String = node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect();
    squeeze(&all)
}

/// Text directly in an element, without that of its children.
pub fn own_words(node: Node<'_, '_>) -> String {
    let all: Vec<&str> = node.children().filter(|n| n.is_text()).filter_map(|n| n.text()).collect();
    squeeze(&all.join(" "))
}

/// Blanks of any kind made one, none at the ends.
pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The elements directly under one.
pub fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The text of the first child of that name; empty when there is none.
pub fn child_words(node: Node<'_, '_>, name: &str) -> String {
    elements(node).find(|n| n.has_tag_name(name)).map_or_else(String::new, words)
}

/// The year in `<version>`.
pub fn version(root: Node<'_, '_>) -> Result<i32, Refusal> {
    let text = child_words(root, "version");
    let year = text.parse::<i32>().ok().filter(|y| (2015..2100).contains(y));
    year.ok_or_else(|| refuse(root, format!("<version> must be a year, it is {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_their_line() {
        assert_eq!(parse("<a>\n<b>\n").unwrap_err().line, Some(2));
        assert!(parse("<a>\n<b>\n").unwrap_err().reason.contains("cut short"));
        assert_eq!(parse("<a>\n<b></c>\n</a>").unwrap_err().line, Some(2));
        assert!(parse("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>").is_err());
        let deep = "<a>".repeat(100_000);
        assert!(parse(&deep).unwrap_err().reason.contains("deeper"));
    }

    #[test]
    fn words_are_joined_by_single_blanks() {
        let doc = parse("<a> one\n <b>two</b>three <version>2025</version></a>").unwrap();
        let root = doc.root_element();
        assert_eq!(words(root), "one twothree 2025");
        assert_eq!(own_words(root), "one three");
        assert_eq!(version(root).unwrap(), 2025);
    }
}
