//! Says which field of a resource is wrong, and never what it holds.
//!
//! Owns the slow path after a failed read: the path of the field, and the reason with every value taken out
//! (serde's own messages quote the input, which is a patient's).
//! Never runs for a resource that can be read. Pure; any thread.

use super::{FieldFault, bad, model};
use crate::intake::clean::clean_line;
use serde::Deserialize;
use serde_json::error::Category;

/// Reads again, with the path.
pub(super) fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> FieldFault {
    if std::str::from_utf8(bytes).is_err() {
        return bad("", "holds bytes that are not UTF-8 text; convert the file to UTF-8");
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut json) else {
        return bad("", "cannot be read");
    };
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    let inner = error.into_inner();
    let message = match inner.classify() {
        Category::Data => without_values(&inner.to_string()),
        _ => format!("is not valid JSON at line {}, column {} of the resource", inner.line(), inner.column()),
    };
    FieldFault { field: path, message }
}

/// `invalid type: string "Smith", expected u32 at line 1 column 5` to `is a string, expected a number`.
fn without_values(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(m, _)| m);
    if message.starts_with("missing field") || message.starts_with("duplicate field") {
        return message.replace('`', "");
    }
    let expected = message.rsplit_once(", expected ").map(|(_, e)| match e {
        "a sequence" => "a list",
        e if e.starts_with("struct ") || e == "a map" => "an object",
        "u32" | "i64" | "u64" => "a whole number",
        "any valid JSON value" => "a value",
        e if e.contains(['"', '`']) => "another type",
        e => e,
    });
    let got = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let got = got.map(|g| g.split(['`', '"', ',']).next().unwrap_or_default().trim()).map(|g| match g {
        "map" => "an object",
        "sequence" => "a list",
        "string" => "a text",
        "integer" | "floating point" => "a number",
        "boolean" => "true or false",
        "null" => "null",
        _ => "a value of another type",
    });
    match (got, expected) {
        (Some(g), Some(e)) => format!("is {g} where {e} is expected"),
        _ => "has a value that cannot be read".into(),
    }
}

/// The id of a resource that could not be read, if that much is there.
pub(super) fn sniff_id(bytes: &[u8]) -> String {
    let head = serde_json::from_slice::<model::Head<'_>>(bytes);
    head.ok().and_then(|h| h.id.map(|t| clean_line(&t))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_and_never_the_value() {
        let fault = explain::<model::Patient<'_>>(br#"{"id":"1","name":[{"family":["Secret"]}]}"#);
        assert_eq!(
            (fault.field.as_str(), fault.message.as_str()),
            ("name[0].family", "is a list where a text is expected")
        );
        let fault = explain::<model::Encounter<'_>>(br#"{"period":"Secret"}"#);
        assert_eq!(
            (fault.field.as_str(), fault.message.as_str()),
            ("period", "is a text where an object is expected")
        );
        let fault =
            explain::<model::Encounter<'_>>(br#"{"diagnosis":[{"rank":"Secret\", expected Secret"}]}"#);
        assert!(!fault.message.contains("Secret"), "{}", fault.message);
        assert!(explain::<model::Patient<'_>>(b"{\"id\":\"1\",}").message.contains("not valid JSON"));
        assert!(explain::<model::Patient<'_>>(b"{\"id\":\"\xff\"}").message.contains("UTF-8"));
    }
}
