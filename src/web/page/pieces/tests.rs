use std::time::Duration;

use super::*;
use crate::stats::result::RunResult;
use crate::stats::result::row::RowResult;
use crate::web::now::Phase;

fn at(run: u32, second: u64, requests: u64, phase: Phase) -> Arc<Now> {
    let row = RowResult { name: format!("say {requests}"), requests, ..RowResult::default() };
    let aggregated = RowResult { requests, ..RowResult::default() };
    let result = RunResult { rows: vec![row], aggregated, ..RunResult::default() };
    Arc::new(Now {
        run,
        phase,
        elapsed: Duration::from_secs(second),
        result: Some(Arc::new(result)),
        ..Now::default()
    })
}

fn mark(pieces: &[Piece], id: &str) -> u64 {
    pieces.iter().find(|piece| piece.id == id).unwrap().mark
}

#[test]
fn what_does_not_change_has_the_same_mark_and_charts_stand_behind_the_figures() {
    let pieces = Pieces::default();
    let (one, two) = (at(1, 3, 10, Phase::Running), at(1, 4, 20, Phase::Running));
    let (first, second) = (pieces.of(&one, ""), pieces.of(&two, ""));
    let ids: Vec<_> = first.iter().map(|piece| piece.id).collect();
    assert_eq!(&ids[..4], ["state", "verdict", "figures", "charts"]);
    assert_ne!(mark(&first, "rows"), mark(&second, "rows"));
    assert_eq!(mark(&first, "failures"), mark(&second, "failures"));
}

#[test]
fn charts_of_a_long_run_are_made_anew_less_often_and_at_its_end() {
    let pieces = Pieces::default();
    let chart = |run, second, phase| mark(&pieces.of(&at(run, second, second, phase), ""), "charts");
    let short = chart(1, 10, Phase::Running);
    assert_ne!(chart(1, 11, Phase::Running), short, "a second is much of eleven");
    let long = chart(1, 1_200, Phase::Running);
    assert_eq!(chart(1, 1_209, Phase::Running), long);
    let later = chart(1, 1_211, Phase::Running);
    assert_ne!(later, long);
    assert_ne!(chart(1, 1_212, Phase::Stopped), later, "the end is told at once");
    assert_ne!(chart(2, 1_213, Phase::Running), later, "another run");
}

#[test]
fn more_rows_than_can_be_kept_get_the_charts_of_all_requests() {
    let pieces = Pieces::default();
    let now = at(1, 5, 10, Phase::Running);
    for row in 0..MAX_ROWS + 5 {
        assert!(pieces.of(&now, &format!("no row {row}")).iter().any(|piece| piece.id == "charts"));
    }
    assert!(pieces.made.lock().unwrap().charts.len() <= MAX_ROWS + 1);
}
