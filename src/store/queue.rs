//! Lists of work: one page in order, how many there are, what comes next.
//!
//! Every list reads one index forward (`migrations/0001_cache.sql` names which), in the order highest
//! priority, oldest last day, account. Counts come from the tally the triggers keep.

use super::{Reader, StoreError};
use crate::domain::{Id, WorkItem, WorkQuery, WorkView};
use crate::sqlite::{ITEM_COLUMNS, item_of, prefix_end, search_key};
use rusqlite::{OptionalExtension, ToSql, named_params};

/// The condition of a list, written so that its index is chosen.
fn condition(view: WorkView) -> &'static str {
    match view {
        WorkView::Mine => "stage = 0 AND assigned IS NOT NULL AND assigned = :me",
        WorkView::Office => "stage = 0 AND kind = 'office'",
        WorkView::Emergency => "stage = 0 AND kind = 'emergency'",
        WorkView::Inpatient => "stage = 0 AND kind = 'inpatient'",
        WorkView::Surgery => "stage = 0 AND kind = 'surgery'",
        WorkView::Held => "holds > 0",
        WorkView::Coded => "stage = 1",
        WorkView::Rejected => "claim IS NOT NULL AND claim = 'rejected'",
        WorkView::Denied => "claim IS NOT NULL AND claim = 'denied'",
        WorkView::All => "1",
    }
}

const MATCH: &str = " AND id IN (SELECT id FROM work_item WHERE account_key >= :text AND account_key < :end \
                      UNION SELECT id FROM work_item WHERE name_key >= :text AND name_key < :end)";
const ORDER: &str = " ORDER BY rank, last_day, account, id";

/// Which lists a tally row counts in.
struct Tally {
    kind: String,
    stage: i64,
    held: bool,
    claim: String,
    assigned: String,
    rows: u64,
}

impl Tally {
    fn is_in(&self, view: WorkView, me: &str) -> bool {
        match view {
            WorkView::Mine => self.stage == 0 && !me.is_empty() && self.assigned == me,
            WorkView::Office => self.stage == 0 && self.kind == "office",
            WorkView::Emergency => self.stage == 0 && self.kind == "emergency",
            WorkView::Inpatient => self.stage == 0 && self.kind == "inpatient",
            WorkView::Surgery => self.stage == 0 && self.kind == "surgery",
            WorkView::Held => self.held,
            WorkView::Coded => self.stage == 1,
            WorkView::Rejected => self.claim == "rejected",
            WorkView::Denied => self.claim == "denied",
            WorkView::All => true,
        }
    }
}

impl Reader {
    /// A page of a list and how many rows the whole list has.
    pub fn queue(&self, query: &WorkQuery) -> Result<(Vec<WorkItem>, u64), StoreError> {
        let tx = self.conn.unchecked_transaction()?;
        let condition = condition(query.view);
        let words = Words::of(query);
        let filter = words.filter();
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM work_item WHERE {condition}{filter}{ORDER} LIMIT :limit OFFSET :offset"
        );
        let mut given: Vec<(&str, &dyn ToSql)> = vec![(":limit", &query.limit), (":offset", &query.offset)];
        given.extend(words.given());
        let items = self
            .conn
            .prepare_cached(&sql)?
            .query_map(given.as_slice(), item_of)?
            .collect::<Result<Vec<_>, _>>()?;
        let total = if filter.is_empty() {
            self.tally()?.iter().filter(|t| t.is_in(query.view, &query.me)).map(|t| t.rows).sum()
        } else {
            let sql = format!("SELECT count(*) FROM work_item WHERE {condition}{filter}");
            let n: i64 = self.conn.prepare_cached(&sql)?.query_row(words.given().as_slice(), |r| r.get(0))?;
            n.unsigned_abs()
        };
        tx.commit()?;
        Ok((items, total))
    }

    /// How many rows every list has for `me`.
    pub fn counts(&self, me: &str) -> Result<Vec<(WorkView, u64)>, StoreError> {
        let tally = self.tally()?;
        Ok(WorkView::ALL
            .into_iter()
            .map(|v| (v, tally.iter().filter(|t| t.is_in(v, me)).map(|t| t.rows).sum()))
            .collect())
    }

    fn tally(&self) -> Result<Vec<Tally>, StoreError> {
        let mut s = self.conn.prepare_cached(
            "SELECT kind, stage, held, claim, assigned, rows FROM work_tally WHERE rows > 0",
        )?;
        let rows = s.query_map([], |r| {
            Ok(Tally {
                kind: r.get(0)?,
                stage: r.get(1)?,
                held: r.get(2)?,
                claim: r.get(3)?,
                assigned: r.get(4)?,
                rows: r.get::<_, i64>(5)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Encounters with exactly this account number, in any scope.
    pub fn find(&self, account: &str) -> Result<Vec<WorkItem>, StoreError> {
        let sql =
            format!("SELECT {ITEM_COLUMNS} FROM work_item WHERE account_key = ?1 ORDER BY last_day DESC, id");
        let mut s = self.conn.prepare_cached(&sql)?;
        let rows = s.query_map([search_key(account.trim())], item_of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The encounter after `after` in the query's order that `query.me` can work on: not leased to somebody else
    /// at `now_ms`, and in the lists of work to code open and not on hold. After the last one it begins again at the top; never `after` itself,
    /// which may have left the list (it was just submitted).
    pub fn next_after(
        &self,
        query: &WorkQuery,
        after: Option<Id>,
        now_ms: i64,
    ) -> Result<Option<WorkItem>, StoreError> {
        let place: Option<(i64, String, String)> = match after {
            None => None,
            Some(id) => self
                .conn
                .prepare_cached("SELECT rank, last_day, account FROM work_item WHERE id = ?1")?
                .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
                .optional()?,
        };
        let skip = after.unwrap_or(Id::NIL);
        if let Some((rank, day, account)) = &place {
            let beyond: [(&str, &dyn ToSql); 3] = [(":rank", rank), (":day", day), (":account", account)];
            let found = self.first_row(query, BEYOND, &beyond, skip, now_ms)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        self.first_row(query, "", &[], skip, now_ms)
    }

    fn first_row(
        &self,
        query: &WorkQuery,
        beyond: &str,
        place: &[(&str, &dyn ToSql)],
        skip: Id,
        now_ms: i64,
    ) -> Result<Option<WorkItem>, StoreError> {
        let words = Words::of(query);
        let sql = first_free(query.view, words.filter(), beyond);
        let mut given: Vec<(&str, &dyn ToSql)> = Vec::from(named_params! {
            ":skip": skip, ":who": query.me, ":now": now_ms,
        });
        given.extend_from_slice(place);
        given.extend(words.given());
        Ok(self.conn.prepare_cached(&sql)?.query_row(given.as_slice(), item_of).optional()?)
    }

    /// How SQLite means to read a list, and its next row; a test holds that neither sorts.
    #[cfg(test)]
    fn plans(&self, view: WorkView) -> [String; 2] {
        let page = format!("SELECT {ITEM_COLUMNS} FROM work_item WHERE {}{ORDER} LIMIT 60", condition(view));
        [page, first_free(view, "", BEYOND)].map(|sql| {
            let mut s = self.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            // Nothing is bound: the plan does not depend on it.
            let mut rows = s.raw_query();
            let mut out: Vec<String> = Vec::new();
            while let Some(r) = rows.next().unwrap() {
                out.push(r.get(3).unwrap());
            }
            out.join("; ")
        })
    }
}

const BEYOND: &str = " AND (rank, last_day, account, id) > (:rank, :day, :account, :skip)";

/// The statement for the first row of a list that the caller can work on.
fn first_free(view: WorkView, filter: &str, beyond: &str) -> String {
    let open = match view {
        WorkView::Held | WorkView::Coded | WorkView::Rejected | WorkView::Denied => "",
        _ => " AND stage = 0 AND holds = 0",
    };
    format!(
        "SELECT {ITEM_COLUMNS} FROM work_item WHERE {}{filter}{beyond}{open} AND id <> :skip
           AND (holder IS NULL OR holder = :who OR lease_until IS NULL OR lease_until <= :now){ORDER} LIMIT 1",
        condition(view)
    )
}

/// What a list's condition and filter name.
struct Words<'a> {
    me: Option<&'a String>,
    text: String,
    end: String,
}

impl<'a> Words<'a> {
    fn of(query: &'a WorkQuery) -> Words<'a> {
        let text = search_key(query.text.trim());
        let me = (query.view == WorkView::Mine).then_some(&query.me);
        Words { me, end: prefix_end(&text), text }
    }
    fn filter(&self) -> &'static str {
        if self.text.is_empty() { "" } else { MATCH }
    }
    fn given(&self) -> Vec<(&'static str, &dyn ToSql)> {
        let mut out: Vec<(&'static str, &dyn ToSql)> = Vec::new();
        if let Some(me) = &self.me {
            out.push((":me", me));
        }
        if !self.text.is_empty() {
            out.push((":text", &self.text));
            out.push((":end", &self.end));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StorePaths};

    #[test]
    fn no_list_sorts_or_scans() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StorePaths::in_folder(folder.path())).unwrap();
        let reader = store.reader().unwrap();
        for view in WorkView::ALL {
            for plan in reader.plans(view) {
                assert!(!plan.contains("TEMP B-TREE"), "{view:?}: {plan}");
                assert!(plan.contains("USING INDEX work_"), "{view:?}: {plan}");
            }
        }
    }
}
