//! Control numbers of interchanges, each given once (X12.5: ISA13 is unique between two partners).

use crate::domain::SHARED_SCOPE;
use crate::hub::HubError;
use rusqlite::{Connection, params};

/// ISA13 has nine digits.
const MOST: i64 = 999_999_999;

/// The first of `n` numbers that nobody has been given.
pub(super) fn take(conn: &Connection, sender: &str, n: u32) -> Result<u64, HubError> {
    let n = i64::from(n.max(1));
    let next: i64 = conn.query_row(
        "INSERT INTO control_number (scope, sender, next) VALUES (?1, ?2, 1 + ?3)
         ON CONFLICT (scope, sender) DO UPDATE SET next = next + ?3 RETURNING next",
        params![SHARED_SCOPE, sender, n],
        |r| r.get(0),
    )?;
    if next - 1 > MOST {
        return Err(HubError::NotAllowed(
            "the nine digits of the interchange control number are used up; ask the receiver for a new sender id".into(),
        ));
    }
    Ok((next - n).unsigned_abs())
}
