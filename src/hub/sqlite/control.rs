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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_once_whatever_became_of_it() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("schema/0002_control.sql")).unwrap();
        assert_eq!(take(&conn, "A", 3).unwrap(), 1);
        assert_eq!(take(&conn, "A", 1).unwrap(), 4);
        assert_eq!(take(&conn, "B", 1).unwrap(), 1);
        assert_eq!(take(&conn, "A", 0).unwrap(), 5);
        conn.execute("UPDATE control_number SET next = 1000000000", []).unwrap();
        assert!(take(&conn, "A", 1).is_err());
    }
}
