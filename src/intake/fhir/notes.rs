//! Notes: `DocumentReference` attachments and `DiagnosticReport.presentedForm`.
//!
//! Owns decoding (base64, character set, HTML to text) and that the same text stands once in an encounter,
//! whoever carries it; the `DocumentReference` names it when both do. What cannot be read as text is warned
//! about, never dropped silently. The thread that reads the file.

use super::{
    Context, FieldFault, Graph, bad,
    html::html_to_text,
    links::Link,
    model,
    people::{optional_date, text_of},
};
use crate::domain::{Document, DocumentStatus, Extra, Id};
use crate::intake::{
    FileReport,
    clean::{clean_line, clean_text},
};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::STANDARD_NO_PAD};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, fmt::Write};

#[derive(Debug)]
pub(super) struct DocumentNode {
    pub id: Id,
    pub context: Context,
    pub encounter: Link,
    pub patient: Link,
    pub author: Link,
    pub body: Document,
    pub text: String,
    pub day: Option<NaiveDate>,
    /// From a `DocumentReference`, which is the better description of the same text.
    pub reference: bool,
}

/// A document whose text is a `Binary` that may come later in the file.
#[derive(Debug)]
pub(super) struct Waiting {
    pub node: DocumentNode,
    pub binary: Link,
    pub field: String,
}

/// What is common to the texts of one resource.
struct Frame {
    title: String,
    status: DocumentStatus,
    encounters: Vec<Link>,
    patient: Link,
    author: Link,
    written: Option<crate::intake::date::Moment>,
    reference: bool,
}

pub(super) enum Unread {
    /// Not a text: the media type.
    Type(String),
    Broken(&'static str),
}

/// The text of an attachment's bytes.
pub(super) fn decode(content_type: &str, data: &str) -> Result<String, Unread> {
    let mut parts = content_type.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|p| p.strip_prefix("charset=")).unwrap_or("utf-8");
    let charset = charset.trim_matches('"').to_ascii_lowercase();
    let is_html = matches!(media.as_str(), "text/html" | "application/xhtml+xml");
    if !(is_html || matches!(media.as_str(), "" | "text/plain" | "text/markdown")) {
        return Err(Unread::Type(media));
    }
    let data: Cow<'_, str> = if data.bytes().any(|b| b.is_ascii_whitespace()) {
        data.split_ascii_whitespace().collect::<String>().into()
    } else {
        data.into()
    };
    let bytes = STANDARD
        .decode(data.as_bytes())
        .or_else(|_| STANDARD_NO_PAD.decode(data.as_bytes()))
        .map_err(|_| Unread::Broken("is not valid base64"))?;
    let text = match String::from_utf8(bytes) {
        Ok(t) => t,
        Err(e) if matches!(charset.as_str(), "iso-8859-1" | "latin1" | "windows-1252" | "us-ascii") => {
            // Windows-1252 differs in typographic signs only; the C1 range is dropped by the cleaning.
            e.into_bytes().into_iter().map(char::from).collect()
        }
        Err(_) => return Err(Unread::Broken("holds bytes that are not text in the character set it names")),
    };
    if media.is_empty() && text.contains('\0') {
        return Err(Unread::Type("of no named type and not text".into()));
    }
    let text = if is_html { html_to_text(&text) } else { text };
    Ok(match clean_text(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(t) => t,
    })
}

pub(super) fn hash_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

impl Graph {
    pub(super) fn take_document(
        &mut self,
        r: model::DocumentReference<'_>,
        cx: &Context,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        if r.status.as_deref() == Some("entered-in-error") {
            cx.warn(reports, "the sender has withdrawn the document (entered in error); it was left out");
            return Ok(());
        }
        let status = match r.doc_status.as_deref() {
            Some("preliminary") => DocumentStatus::Unsigned,
            Some("amended") => DocumentStatus::Addendum,
            _ => DocumentStatus::Final,
        };
        let title = r.r#type.as_ref().map(|t| clean_line(t.words())).unwrap_or_default();
        let mut frame = Frame {
            title: if title.is_empty() { text_of(r.description.as_ref()) } else { title },
            status,
            encounters: Vec::new(),
            patient: Link::of(r.subject.as_ref(), &cx.owner),
            author: Link::of(r.author.first(), &cx.owner),
            written: optional_date("date", r.date.as_ref())?,
            reference: true,
        };
        if let Some(c) = &r.context {
            frame.encounters = c.encounter.iter().map(|e| Link::new(e, &cx.owner)).collect();
        }
        if r.content.is_empty() {
            return Err(bad("content", "is missing"));
        }
        let forms: Vec<_> = r.content.iter().map(|c| c.attachment.as_ref()).collect();
        self.take_forms(&forms, "content", frame, cx, reports)
    }

    pub(super) fn take_report(
        &mut self,
        r: model::DiagnosticReport<'_>,
        cx: &Context,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        if matches!(r.status.as_deref(), Some("entered-in-error" | "cancelled"))
            || r.presented_form.is_empty()
        {
            return Ok(());
        }
        let frame = Frame {
            title: r.code.as_ref().map(|t| clean_line(t.words())).unwrap_or_default(),
            status: match r.status.as_deref() {
                Some("registered" | "partial" | "preliminary") => DocumentStatus::Unsigned,
                Some("amended" | "corrected" | "appended") => DocumentStatus::Addendum,
                _ => DocumentStatus::Final,
            },
            encounters: vec![Link::of(r.encounter.as_ref(), &cx.owner)],
            patient: Link::of(r.subject.as_ref(), &cx.owner),
            author: Link::of(r.performer.first(), &cx.owner),
            written: match optional_date("issued", r.issued.as_ref())? {
                Some(m) => Some(m),
                None => optional_date("effectiveDateTime", r.effective_date_time.as_ref())?,
            },
            reference: false,
        };
        let forms: Vec<_> = r.presented_form.iter().map(Some).collect();
        self.take_forms(&forms, "presentedForm", frame, cx, reports)
    }

    /// Several attachments are forms of one document: its plain texts, or else its HTML.
    fn take_forms(
        &mut self,
        forms: &[Option<&model::Attachment<'_>>],
        list: &str,
        frame: Frame,
        cx: &Context,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        let media =
            |a: &model::Attachment<'_>| a.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
        let is_plain = |a: &&model::Attachment<'_>| a.data.is_some() && media(a).starts_with("text/plain");
        let has_plain = forms.iter().flatten().any(is_plain);
        for (n, form) in forms.iter().enumerate() {
            let field = |name: &str| {
                let inner = if list == "content" { "attachment." } else { "" };
                format!("{list}[{n}].{inner}{name}")
            };
            let Some(a) = form else {
                return Err(bad(&format!("{list}[{n}].attachment"), "is missing"));
            };
            if has_plain && !is_plain(a) {
                continue;
            }
            let node = |text: String, encounter: &Link, k: usize| DocumentNode {
                id: part_id(cx.id, n, k),
                context: cx.clone(),
                encounter: encounter.clone(),
                patient: frame.patient.clone(),
                author: frame.author.clone(),
                body: Document {
                    title: match text_of(a.title.as_ref()) {
                        t if frame.title.is_empty() && !t.is_empty() => t,
                        _ if frame.title.is_empty() => "Note".into(),
                        _ => frame.title.clone(),
                    },
                    author: frame.author.display.clone(),
                    written: frame.written.map(|m| m.utc()),
                    status: frame.status,
                    hash: String::new(),
                    bytes: 0,
                    extra: Extra::new(),
                },
                text,
                day: frame.written.map(|m| m.day),
                reference: frame.reference,
            };
            let none = [Link::default()];
            let encounters: &[Link] = if frame.encounters.is_empty() { &none } else { &frame.encounters };
            match (a.data.as_deref().filter(|d| !d.is_empty()), a.url.as_deref()) {
                (Some(data), _) => match decode(a.content_type.as_deref().unwrap_or_default(), data) {
                    Ok(text) => {
                        for (k, e) in encounters.iter().enumerate() {
                            self.put_document(node(text.clone(), e, k));
                        }
                    }
                    Err(Unread::Type(t)) => {
                        cx.warn(reports, &format!("an attachment is {}, which is not read", clean_line(&t)));
                    }
                    Err(Unread::Broken(why)) => return Err(bad(&field("data"), why)),
                },
                (None, Some(url)) => {
                    let link = model::Reference {
                        reference: Some(model::Text(url.into())),
                        ..model::Reference::default()
                    };
                    let binary = Link::new(&link, &cx.owner);
                    for (k, e) in encounters.iter().enumerate() {
                        let node = node(String::new(), e, k);
                        self.waiting.push(Waiting { node, binary: binary.clone(), field: field("url") });
                    }
                }
                (None, None) => cx.warn(reports, "an attachment has neither text nor an address"),
            }
        }
        Ok(())
    }

    /// Keeps a document, once for each text of an encounter.
    pub(super) fn put_document(&mut self, mut node: DocumentNode) {
        node.body.bytes = node.text.len() as u64;
        node.body.hash = hash_of(&node.text);
        let key = (node.encounter.key.clone(), node.patient.key.clone(), node.body.hash.clone());
        match self.texts.get(&key).and_then(|at| self.documents.get_mut(*at)) {
            Some(old) if node.reference && !old.reference => *old = node,
            Some(_) => {}
            None => {
                self.texts.insert(key, self.documents.len());
                self.documents.push(node);
            }
        }
    }
}

/// The first text of a resource has the id of the resource.
fn part_id(id: Id, attachment: usize, encounter: usize) -> Id {
    match (attachment, encounter) {
        (0, 0) => id,
        (a, e) => Id::from_sender(&[&id.to_string(), "text", &a.to_string(), &e.to_string()]),
    }
}
