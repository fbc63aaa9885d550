//! HTML notes as plain text.
//!
//! Owns leaving out tags, scripts and styles, line breaks at block elements, and the character references
//! notes use. Takes time in proportion to the text, however odd it is.
//! Never a browser: layout, tables' columns and style sheets are not kept. Pure; any thread.

/// The words of an HTML text, one block a line.
pub(super) fn html_to_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, tail) = rest.split_at(at);
        words(&mut out, before);
        rest = if tail.starts_with('&') { reference(&mut out, tail) } else { tag(&mut out, tail) };
    }
    words(&mut out, rest);
    let mut text = String::with_capacity(out.len());
    for line in out.lines().map(str::trim) {
        // One empty line at most between blocks.
        if !line.is_empty() || (!text.is_empty() && !text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Runs of blanks are one blank.
fn words(out: &mut String, text: &str) {
    for c in text.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
}

/// Passes over a tag; what follows it.
fn tag<'t>(out: &mut String, text: &'t str) -> &'t str {
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, after)| after);
    }
    let name: String = text
        .chars()
        .skip(1)
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
        .collect::<String>()
        .to_ascii_lowercase();
    if name.is_empty() && !text.starts_with("<!") && !text.starts_with("<?") {
        out.push('<');
        return text.get(1..).unwrap_or_default();
    }
    let after = text.split_once('>').map_or("", |(_, after)| after);
    let plain = name.trim_matches('/');
    match plain {
        "script" | "style" | "head" if !name.starts_with('/') => {
            // The end tag in any case of letters, looked for once.
            let is_end = |at: &usize| {
                let name = after.get(at + 2..at + 2 + plain.len());
                name.is_some_and(|n| n.eq_ignore_ascii_case(plain))
            };
            let end = after.match_indices("</").map(|(at, _)| at).find(is_end);
            let skipped = end.and_then(|at| after.get(at..)).unwrap_or_default();
            skipped.split_once('>').map_or("", |(_, after)| after)
        }
        "br" | "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "ul"
        | "ol" | "section" | "article" | "pre" | "hr" | "dt" | "dd" | "blockquote" => {
            if plain == "br" || !(out.is_empty() || out.ends_with('\n')) {
                out.push('\n');
            }
            if plain == "li" && !name.starts_with('/') {
                out.push_str("- ");
            }
            if plain == "p" && name.starts_with('/') {
                out.push('\n');
            }
            after
        }
        "td" | "th" => {
            if !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
            after
        }
        _ => after,
    }
}

/// `&amp;`, `&#39;`, `&#x27;`; what follows it.
fn reference<'t>(out: &mut String, text: &'t str) -> &'t str {
    let semicolon = text.bytes().take(10).position(|b| b == b';');
    let found = semicolon.and_then(|at| Some((text.get(1..at)?, text.get(at + 1..)?)));
    let Some((name, after)) = found else {
        out.push('&');
        return text.get(1..).unwrap_or_default();
    };
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let c = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "deg" => Some('°'),
        "micro" => Some('µ'),
        "plusmn" => Some('±'),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "rsquo" => Some('’'),
        "lsquo" => Some('‘'),
        "rdquo" => Some('”'),
        "ldquo" => Some('“'),
        "bull" => Some('•'),
        "le" => Some('≤'),
        "ge" => Some('≥'),
        _ => match name.strip_prefix('#') {
            Some(n) => match n.strip_prefix(['x', 'X']) {
                Some(hex) => number(hex, 16),
                None => number(n, 10),
            },
            None => None,
        },
    };
    match c {
        Some(c) => {
            out.push(c);
            after
        }
        None => {
            out.push('&');
            text.get(1..).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_entities_and_scripts() {
        let html = "<html><head><title>x</title></head><body><h1>HPI</h1><p>BP &lt; 120&#47;80 &amp; stable,\n  afebrile</p>\
                    <script>alert('<p>')</script><ul><li>one</li><li>two &bogus; 3 < 4</li></ul>a<br/>b</body></html>";
        assert_eq!(
            html_to_text(html),
            "HPI\nBP < 120/80 & stable, afebrile\n\n- one\n- two &bogus; 3 < 4\na\nb"
        );
        assert_eq!(html_to_text("<p>cut <b"), "cut");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[<>&;#a-z/! \n\u{e9}-]{0,80}") {
            html_to_text(&text);
        }
    }
}
