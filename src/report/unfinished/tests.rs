use std::sync::Arc;

use super::*;
use crate::stats::RowKey;

fn row(name: &str, count: u64, oldest_ms: u64, overdue: u64) -> Unfinished {
    let row = Arc::new(RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() });
    Unfinished { row, waits: Waits { count, oldest_ns: oldest_ms * 1_000_000, overdue } }
}

#[test]
fn what_never_came_to_an_end_is_told_by_row() {
    assert_eq!((table(&[]), warning(&[])), (String::new(), None));
    let rows = [row("connect", 1, 2, 0), row("publish:1:a/b", 208, 7_123, 5)];
    insta::assert_snapshot!(format!("{}{}", table(&rows), warning(&rows).unwrap()));
    assert_eq!(warning(&rows[..1]), None, "what waits for a moment is no news");
}
