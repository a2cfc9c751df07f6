use super::*;
use crate::locust::report::ClassCounts;
use crate::stats::UnixMicros;
use crate::stats::interval::Interval;

fn report() -> StatsReport {
    StatsReport::new(&Interval::new(UnixMicros(0)), ClassCounts::new(), 0)
}

fn numbered(number: u64) -> ToMaster {
    ToMaster::Stats(Box::new(report().numbered(number)))
}

#[test]
fn an_answer_stands_for_what_went_before_its_heartbeat() {
    let mut unread = Unread { are_counted_once: true, ..Unread::default() };
    unread.beat();
    assert_eq!(unread.report(Vec::new(), report()), [numbered(1)]);
    unread.answered();
    unread.beat();
    assert_eq!(unread.report(vec![ToMaster::CannotRun], report()), [ToMaster::CannotRun, numbered(2)]);
    unread.answered();
    unread.connected();
    unread.beat();
    unread.answered();
    assert_eq!(unread.again(), [ToMaster::CannotRun, numbered(2)], "the first one was read");
    unread.beat();
    unread.connected();
    assert_eq!(unread.again().len(), 2, "nobody has answered since");
    unread.beat();
    unread.answered();
    assert_eq!(unread.again(), []);
}

#[test]
fn what_is_forgotten_with_the_statistics_are_the_reports_alone() {
    let mut unread = Unread { are_counted_once: true, ..Unread::default() };
    unread.keep(&ToMaster::CannotRun);
    let _ = unread.report(Vec::new(), report());
    unread.forget_reports();
    unread.connected();
    assert_eq!(unread.again(), [ToMaster::CannotRun]);
}

#[test]
fn for_a_master_that_would_count_twice_nothing_is_kept() {
    let mut unread = Unread::default();
    assert_eq!(unread.report(Vec::new(), report()), [ToMaster::Stats(Box::new(report()))]);
    unread.keep(&ToMaster::CannotRun);
    unread.connected();
    assert_eq!(unread.again(), []);
}
