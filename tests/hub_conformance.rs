//! The definition of a hub: every hub passes the same functions (`common::conformance`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

macro_rules! conforms {
    ($hub:ident, $factory:expr, [$($test:ident),+ $(,)?]) => {
        mod $hub {
            $(#[test]
            fn $test() {
                super::common::conformance::$test(&$factory);
            })+
        }
    };
}

macro_rules! every_hub {
    ($($test:ident),+ $(,)?) => {
        conforms! { sqlite, crate::common::hub::SqliteFactory::new(), [$($test),+] }
        conforms! { postgres, crate::common::pg::PgFactory::new(), [$($test),+] }
        // The same schema, split by scope.
        conforms! { postgres_by_scope, crate::common::pg::PgFactory::with(true), [$($test),+] }
    };
}

every_hub! {
    numbers,
    conflicts_and_merges,
    roles_and_states,
    leases,
    get_next,
    pulls_in_commit_order,
    pages_resume,
    texts_travel_with_documents,
    what_is_not_for_everybody_stays_away,
    a_restored_hub_is_noticed,
    verify_finds_a_tampered_row,
}
