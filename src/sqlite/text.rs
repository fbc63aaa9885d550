//! Document texts: named by their content, packed when they are large.

use super::{DbError, key::hex};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// Below this, packing costs more time than it saves in encrypted pages.
const PACK_FROM: usize = 16 * 1024;
/// No text of a chart is larger; a packed row that claims more is damaged.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The hexadecimal SHA-256 that names a text.
pub fn text_hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The bytes to store and whether they are packed.
pub fn pack(text: &str) -> (Vec<u8>, bool) {
    if text.len() >= PACK_FROM {
        let mut out = DeflateEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
        if out.write_all(text.as_bytes()).is_ok()
            && let Ok(bytes) = out.finish()
            && bytes.len() < text.len()
        {
            return (bytes, true);
        }
    }
    (text.as_bytes().to_vec(), false)
}

pub fn unpack(bytes: Vec<u8>, packed: bool) -> Result<String, DbError> {
    let unreadable = || DbError::Unreadable { kind: "document text".into() };
    if !packed {
        return String::from_utf8(bytes).map_err(|_| unreadable());
    }
    let mut out = String::new();
    DeflateDecoder::new(bytes.as_slice()).take(LARGEST).read_to_string(&mut out).map_err(|_| unreadable())?;
    Ok(out)
}
