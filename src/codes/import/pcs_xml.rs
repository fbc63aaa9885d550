//! The XML of the ICD-10-PCS tables and definitions.
//!
//! Owns their elements and the sums the files carry themselves: each row says how many codes it
//! has, each axis how many values; a file that does not keep its own sums is refused. Pure.

use super::pcs::{
    PcsAxis, PcsDefinitionAxis, PcsDefinitions, PcsDevice, PcsRow, PcsTable, PcsTables, PcsTerm, PcsValue,
};
use super::refusal::Refusal;
use super::xml::{child_words, elements, refuse, unknown, version, words};
use roxmltree::Node;
use std::collections::HashMap;

/// Reads `ICD10PCS.tabular`: the year and its tables.
pub fn tables(root: Node<'_, '_>) -> Result<(i32, PcsTables), Refusal> {
    let year = version(root)?;
    let mut out = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for n in elements(root) {
        match n.tag_name().name() {
            "version" | "title" => {}
            "pcsTable" => {
                let t = table(n)?;
                if seen.insert(t.prefix(), out.len()).is_some() {
                    return Err(refuse(n, format!("table {} stands in the file twice", t.prefix())));
                }
                out.push(t);
            }
            _ => return Err(unknown(n)),
        }
    }
    if out.is_empty() {
        return Err(refuse(root, "no table"));
    }
    Ok((year, PcsTables::new(out)))
}

fn table(node: Node<'_, '_>) -> Result<PcsTable, Refusal> {
    let (mut head, mut rows, mut definition) = (Vec::new(), Vec::new(), String::new());
    for n in elements(node) {
        match n.tag_name().name() {
            "axis" => {
                let a = axis(n, head.len() + 1)?;
                if a.values.len() != 1 {
                    return Err(refuse(n, "one of the first three characters must have one value"));
                }
                definition = child_words(n, "definition");
                head.push(a);
            }
            "pcsRow" => rows.push(row(n)?),
            _ => return Err(unknown(n)),
        }
    }
    match (<[PcsAxis; 3]>::try_from(head), rows.is_empty()) {
        (Ok(head), false) => Ok(PcsTable { head, definition, rows }),
        _ => Err(refuse(node, "a table has three fixed characters and at least one row")),
    }
}

fn row(node: Node<'_, '_>) -> Result<PcsRow, Refusal> {
    let mut axes = Vec::new();
    for n in elements(node) {
        match n.tag_name().name() {
            "axis" => axes.push(axis(n, axes.len() + 4)?),
            _ => return Err(unknown(n)),
        }
    }
    let codes: usize = axes.iter().map(|a: &PcsAxis| a.values.len()).product();
    if node.attribute("codes").is_some_and(|c| c != codes.to_string()) {
        let said = node.attribute("codes").unwrap_or("");
        return Err(refuse(node, format!("the row says it has {said} codes, its values give {codes}")));
    }
    let axes = <[PcsAxis; 4]>::try_from(axes).map_err(|_| refuse(node, "a row has characters 4 to 7"))?;
    Ok(PcsRow { axes })
}

fn axis(node: Node<'_, '_>, position: usize) -> Result<PcsAxis, Refusal> {
    if node.attribute("pos") != Some(position.to_string().as_str()) {
        let found = node.attribute("pos").unwrap_or("none");
        return Err(refuse(node, format!("character {found} where {position} is due")));
    }
    let mut values: Vec<PcsValue> = Vec::new();
    for n in elements(node) {
        match n.tag_name().name() {
            "title" | "definition" => {}
            "label" => {
                let code = value(n, n.attribute("code"))?;
                if values.iter().any(|v| v.code == code) {
                    return Err(refuse(n, format!("value {code} stands there twice")));
                }
                values.push(PcsValue { code, label: words(n) });
            }
            _ => return Err(unknown(n)),
        }
    }
    if node.attribute("values").is_some_and(|v| v != values.len().to_string()) {
        let said = node.attribute("values").unwrap_or("");
        return Err(refuse(node, format!("the axis says it has {said} values, it has {}", values.len())));
    }
    Ok(PcsAxis { title: child_words(node, "title"), values })
}

/// A value is a digit or a letter but I and O.
fn value(node: Node<'_, '_>, code: Option<&str>) -> Result<char, Refusal> {
    let mut chars = code.unwrap_or("").chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if (c.is_ascii_digit() || c.is_ascii_uppercase()) && !matches!(c, 'I' | 'O') => Ok(c),
        _ => Err(refuse(node, format!("{:?} is not a value of ICD-10-PCS", code.unwrap_or("")))),
    }
}

/// Reads `ICD10PCS.definitions`: the year and its definitions.
pub fn definitions(root: Node<'_, '_>) -> Result<(i32, PcsDefinitions), Refusal> {
    let year = version(root)?;
    let mut all = PcsDefinitions::default();
    for n in elements(root) {
        match n.tag_name().name() {
            "version" | "title" => {}
            "section" => section(n, &mut all.axes)?,
            "deviceAggregation" => {
                for d in elements(n) {
                    match d.tag_name().name() {
                        "title" => {}
                        "aggregate" => all.devices.push(device(d)?),
                        _ => return Err(unknown(d)),
                    }
                }
            }
            _ => return Err(unknown(n)),
        }
    }
    if all.axes.is_empty() {
        return Err(refuse(root, "no definition"));
    }
    Ok((year, all))
}

fn section(node: Node<'_, '_>, out: &mut Vec<PcsDefinitionAxis>) -> Result<(), Refusal> {
    let section = value(node, node.attribute("code"))?;
    let section_title = child_words(node, "title");
    for n in elements(node) {
        match n.tag_name().name() {
            "title" => {}
            "axis" => {
                let position =
                    n.attribute("pos").and_then(|p| p.parse().ok()).filter(|p| (1..=7).contains(p));
                let position = position.ok_or_else(|| refuse(n, "an axis without its character's number"))?;
                let mut terms = Vec::new();
                for t in elements(n) {
                    match t.tag_name().name() {
                        "title" => {}
                        "terms" => terms.push(term(t)?),
                        _ => return Err(unknown(t)),
                    }
                }
                let (title, section_title) = (child_words(n, "title"), section_title.clone());
                out.push(PcsDefinitionAxis { section, section_title, position, title, terms });
            }
            _ => return Err(unknown(n)),
        }
    }
    Ok(())
}

fn term(node: Node<'_, '_>) -> Result<PcsTerm, Refusal> {
    let mut t = PcsTerm::default();
    for n in elements(node) {
        let text = words(n);
        match n.tag_name().name() {
            "title" => t.titles.push(text),
            "definition" => t.definition = text,
            "explanation" => t.explanation = text,
            "includes" => t.includes.push(text),
            _ => return Err(unknown(n)),
        }
    }
    match t.titles.is_empty() {
        true => Err(refuse(node, "a definition of nothing")),
        false => Ok(t),
    }
}

fn device(node: Node<'_, '_>) -> Result<PcsDevice, Refusal> {
    let mut body_systems = Vec::new();
    let mut parent = None;
    for n in elements(node) {
        match n.tag_name().name() {
            "device" | "operation" => {}
            "bodySys" => body_systems.push(words(n)),
            "parent" => parent = Some((words(n), value(n, n.attribute("value"))?)),
            _ => return Err(unknown(n)),
        }
    }
    let (parent, value) = parent.ok_or_else(|| refuse(node, "a device without the value it is coded to"))?;
    let (device, operation) = (child_words(node, "device"), child_words(node, "operation"));
    Ok(PcsDevice { device, operation, body_systems, parent, value })
}
