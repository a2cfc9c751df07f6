use super::*;
use crate::stats::result::connections::Connections;
use crate::stats::result::deliveries::{Deliveries, DuplicatesResult, LostResult, Messages};
use crate::stats::result::generator::Generator;
use crate::stats::result::row::Times;
use crate::stats::result::testing::{leave, result, row, stage};
use crate::stats::result::{ExceptionResult, ScheduledStarts, SearchResult};
use crate::stats::threshold::{SourcePlace, StageOf};
use proptest::prelude::*;

/// 99 quick publishes and a slow one, four connects of which one failed at once.
fn ran() -> RunResult {
    let mut publishes = vec![1_600; 99];
    publishes.push(250_000);
    result(vec![row("connect", &[4_000; 3], &[20]), row("publish", &publishes, &[])])
}

fn told(judgements: Vec<Judgement>) -> Vec<String> {
    judgements
        .into_iter()
        .map(|j| {
            let fails = if j.verdict == (Verdict::NotJudged { fails: true }) { " (fails)" } else { "" };
            format!("{}{fails} {}: {}", j.verdict, j.row, j.detail)
        })
        .collect()
}

fn judged(result: &RunResult, text: &str) -> Vec<String> {
    told(judge(&Threshold::parse(text).unwrap(), result))
}

/// The same in a stage.
fn judged_in(result: &RunResult, stage: &str, text: &str) -> Vec<String> {
    let mut threshold = Threshold::parse(text).unwrap();
    threshold.stage = Some(StageOf { index: 1, name: stage.to_owned() });
    told(judge(&threshold, result))
}

#[test]
fn thresholds_are_held_against_the_values_of_their_rows() {
    let result = ran();
    for (text, expected) in [
        // As exact for a row as for all requests.
        ("p95 < 1.7ms", "met Aggregated: p95 1.601 ms"),
        ("p97.5 < 5ms", "met Aggregated: p97.5 4.002 ms"),
        ("p95[publish] < 1.7ms", "met MQTT publish: p95 1.601 ms"),
        ("p97.5[publish] < 1.59ms", "missed MQTT publish: p97.5 1.601 ms"),
        ("p50[connect] < 4.1ms", "met MQTT connect: p50 4.002 ms"),
        ("p0[connect] < 21us", "met MQTT connect: p0 0.020479 ms"),
        ("p100[publish] < 250ms", "missed MQTT publish: p100 250.1 ms"),
        ("median <= 2ms", "met Aggregated: median 1.601 ms"),
        ("max[MQTT publish] < 0.2s", "missed MQTT publish: max 250 ms"),
        ("min[connect] < 25us", "met MQTT connect: min 0.020000 ms"),
        ("average[connect] < 3ms", "missed MQTT connect: average 3.005 ms"),
        ("failures < 1", "missed Aggregated: failures 1"),
        ("failures < 1%", "met Aggregated: failure_ratio 0.9615%"),
        ("failures[connect] < 1%", "missed MQTT connect: failure_ratio 25%"),
        ("requests/s > 51", "met Aggregated: rps 52/s"),
        ("failures/s < 1", "met Aggregated: failures_per_s 0.5000/s"),
        ("p95[no] < 1s", "not judged (fails) no: no p95: the run has no such row"),
        ("requests[no] < 1", "missed no: the run has no such row"),
        ("failures[no] < 1", "not judged no: no failures: the run has no such row"),
        ("failures[no] < 1%", "not judged no: no failure_ratio: the run has no such row"),
        ("failures/s[no] > 1", "not judged no: no failures_per_s: the run has no such row"),
        ("unfinished < 1", "met Aggregated: unfinished 0"),
        ("unfinished < 1%", "met Aggregated: unfinished_ratio 0%"),
        ("unfinished[no] < 1", "met no: unfinished 0: the run has no such row"),
        ("unfinished[no] < 1%", "not judged no: no unfinished_ratio: the run has no such row"),
        ("requests[Aggregated] >= 104", "met Aggregated: requests 104"),
    ] {
        assert_eq!(judged(&result, text), [expected], "{text}");
    }
    assert_eq!(
        judged(&result, "max[*] < 100ms"),
        ["met MQTT connect: max 4 ms", "missed MQTT publish: max 250 ms"]
    );
}

#[test]
fn half_a_millisecond_is_not_zero() {
    let result = result(vec![row("publish", &[450; 20], &[])]);
    assert_eq!(judged(&result, "p50[publish] < 0.1ms"), ["missed MQTT publish: p50 0.4500 ms"]);
    assert_eq!(judged(&result, "p50[publish] < 0.46ms"), ["met MQTT publish: p50 0.4500 ms"]);
}

#[test]
fn fast_failures_do_not_make_a_fast_row() {
    let result = result(vec![
        row("connect", &[40_000, 41_000], &[10; 8]),
        row("publish", &[1_000; 5], &[]),
        row("subscribe", &[], &[500; 2]),
    ]);
    for (text, expected) in [
        ("p50[connect] < 1ms", "met MQTT connect: p50 0.010239 ms"),
        ("succeeded_p50[connect] < 1ms", "missed MQTT connect: succeeded_p50 40.01 ms"),
        ("succeeded_max[connect] <= 41.1ms", "met MQTT connect: succeeded_max 41.03 ms"),
        ("failed_p99[connect] < 1ms", "met MQTT connect: failed_p99 0.010239 ms"),
        ("failed_p99[publish] < 1ms", "not judged MQTT publish: no failed_p99: no request failed"),
        (
            "succeeded_p99[subscribe] < 1s",
            "not judged (fails) MQTT subscribe: no succeeded_p99: no request succeeded",
        ),
        ("failed_p99[no] < 1s", "not judged no: no failed_p99: the run has no such row"),
        ("succeeded_p99[no] < 1s", "not judged (fails) no: no succeeded_p99: the run has no such row"),
    ] {
        assert_eq!(judged(&result, text), [expected], "{text}");
    }
}

#[test]
fn what_did_not_happen_is_not_judged() {
    let empty = result(Vec::new());
    for (text, expected) in [
        ("p95 < 1s", "not judged (fails) Aggregated: no p95: no request was finished"),
        ("failures < 1%", "not judged Aggregated: no failure_ratio: no request was finished"),
        ("failures < 1", "not judged Aggregated: no failures: no request was finished"),
        ("max[*] < 1s", "not judged (fails) *: no max: the run has no such row"),
        ("unfinished < 1", "met Aggregated: unfinished 0"),
        ("unfinished < 1%", "not judged Aggregated: no unfinished_ratio: no request was finished"),
        ("requests < 1", "met Aggregated: requests 0"),
        ("average_length < 1", "not judged (fails) Aggregated: no average_length: no request was finished"),
        ("lost < 1", "not judged (fails) Aggregated: no lost: no message was measured"),
        ("lost[e2e] < 1", "not judged (fails) e2e: no lost: no message was measured"),
        ("connects > 1", "not judged (fails) run: no connects: it is not known"),
        ("late_starts < 1", "not judged (fails) run: no late_starts: no schedule started a task run"),
        ("highest_rate > 1", "not judged (fails) run: no highest_rate: the run did not search for it"),
        ("send_lag_p99 < 5ms", "not judged run: no send_lag_p99: no pause ended"),
        (
            "service_time_p99 < 5ms",
            "not judged (fails) run: no service_time_p99: no request of a schedule was finished",
        ),
    ] {
        assert_eq!(judged(&empty, text), [expected], "{text}");
    }
}

#[test]
fn what_is_unfinished_is_never_met_by_default() {
    // A broker that answers connects and then nothing, and one that answers nothing.
    let (mut frozen, mut dead) = (ran(), result(Vec::new()));
    leave(&mut frozen, "publish", 25);
    leave(&mut frozen, "subscribe", 1);
    leave(&mut dead, "connect", 7);
    for (result, text, expected) in [
        (&frozen, "unfinished < 1", "missed Aggregated: unfinished 26"),
        (&frozen, "unfinished < 20%", "missed Aggregated: unfinished_ratio 20%"),
        (&frozen, "unfinished[publish] <= 20%", "met MQTT publish: unfinished_ratio 20%"),
        (&frozen, "unfinished[connect] < 1", "met MQTT connect: unfinished 0"),
        (&frozen, "failures[publish] < 1", "met MQTT publish: failures 0"),
        (
            &frozen,
            "failures[subscribe] < 1",
            "not judged (fails) MQTT subscribe: no failures: no request was finished, 1 unfinished",
        ),
        (
            &frozen,
            "p95[MQTT subscribe] < 1s",
            "not judged (fails) MQTT subscribe: no p95: no request was finished, 1 unfinished",
        ),
        (&frozen, "requests[subscribe] >= 1", "missed MQTT subscribe: requests 0"),
        (
            &dead,
            "failures < 1%",
            "not judged (fails) Aggregated: no failure_ratio: no request was finished, 7 unfinished",
        ),
        (&dead, "p99 < 1s", "not judged (fails) Aggregated: no p99: no request was finished, 7 unfinished"),
        (
            &dead,
            "failures[publish] < 1",
            "not judged (fails) publish: no failures: the run has no such row, and nothing else of the run was finished",
        ),
        (&dead, "unfinished[connect] < 100%", "missed MQTT connect: unfinished_ratio 100%"),
    ] {
        assert_eq!(judged(result, text), [expected], "{text}");
    }
    let rows = judge(&Threshold::parse("unfinished[*] < 1").unwrap(), &frozen);
    let rows: Vec<_> = rows.iter().map(|j| (j.row.as_str(), j.value)).collect();
    let expected = [("MQTT connect", 0.0), ("MQTT publish", 25.0), ("MQTT subscribe", 1.0)];
    assert_eq!(rows, expected.map(|(row, value)| (row, Some(value))));
}

#[test]
fn measured_messages_are_judged_by_subscription_and_together() {
    let delivery = |name: &str, received: u64, lost: u64| DeliveryRow {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        expected: received + lost,
        received,
        lost: LostResult {
            total: lost,
            qos_0: lost / 2,
            unexplained: lost - lost / 2,
            ..LostResult::default()
        },
        duplicates: DuplicatesResult {
            total: 3,
            redelivered: 2,
            unexplained: 1,
            ..DuplicatesResult::default()
        },
        reordered: 1,
        ..DeliveryRow::default()
    };
    let mut result = ran();
    let rows = vec![delivery("alerts", 96, 4), delivery("logs", 100, 0), delivery("never", 0, 0)];
    result.end_to_end = Some(Deliveries { rows, complete: true });
    for (text, expected) in [
        ("lost < 5", &["met Aggregated: lost 4"][..]),
        ("lost <= 2%", &["met Aggregated: lost_ratio 2%"]),
        ("lost[alerts] < 4%", &["missed MQTT alerts: lost_ratio 4%"]),
        ("lost_unexplained[MQTT alerts] < 1", &["missed MQTT alerts: lost_unexplained 2"]),
        ("lost_qos_0[alerts] <= 2", &["met MQTT alerts: lost_qos_0 2"]),
        ("received >= 196", &["met Aggregated: received 196"]),
        ("expected[logs] > 100", &["missed MQTT logs: expected 100"]),
        ("received[never] > 0", &["missed MQTT never: received 0"]),
        ("duplicates[logs] < 3%", &["missed MQTT logs: duplicate_ratio 3%"]),
        ("reordered < 2", &["missed Aggregated: reordered 3"]),
        (
            "lost[no] < 1",
            &["not judged (fails) no: no lost: the run has no measured subscription of this name"],
        ),
        (
            "lost[*] < 1",
            &[
                "missed MQTT alerts: lost 4",
                "met MQTT logs: lost 0",
                "not judged (fails) MQTT never: no lost: no message was expected",
            ],
        ),
    ] {
        assert_eq!(judged(&result, text), expected, "{text}");
    }

    // Losses may be missing then, and none may be too many.
    if let Some(deliveries) = &mut result.end_to_end {
        deliveries.complete = false;
    }
    for (text, expected) in [
        (
            "lost < 5",
            "not judged (fails) Aggregated: lost 4 at least: not all publishers could be compared with all subscriptions",
        ),
        ("lost < 4", "missed Aggregated: lost 4"),
        ("duplicates < 10", "met Aggregated: duplicates 9"),
    ] {
        assert_eq!(judged(&result, text), [expected], "{text}");
    }
}

#[test]
fn the_run_itself_is_judged() {
    let times = Times { p50: 0.1, p99: 4.0, p999: 6.0, max: 9.0, ..Times::default() };
    let mut result = ran();
    result.connections = Some(Connections { opened: 12, ended: 2, most: 10 });
    result.received = Messages { messages: 500, bytes: 0 };
    result.scheduled_starts = ScheduledStarts { count: 200, late: 3 };
    result.exceptions = vec![ExceptionResult { count: 2, message: String::new(), traceback: String::new() }];
    result.service_time_ms = Some(times);
    result.generator = Generator {
        seconds: 20,
        limited_seconds: 1,
        cpu_cores: Some(0.5),
        send_lag_ms: Some(times),
        ..Generator::default()
    };
    for (text, expected) in [
        ("connects >= 12", "met run: connects 12"),
        ("connected > 10", "missed run: connected 10"),
        ("arrived > 499", "met run: arrived 500"),
        ("exceptions < 1", "missed run: exceptions 2"),
        ("starts >= 200", "met run: starts 200"),
        ("late_starts < 1%", "missed run: late_start_ratio 1.500%"),
        ("generator_cpu < 1.5", "met run: generator_cpu 0.5000 cores"),
        ("generator_limited < 10%", "met run: generator_limited_ratio 5%"),
        ("send_lag_p99 < 5ms", "met run: send_lag_p99 4 ms"),
        ("send_lag_p99.9 < 5ms", "missed run: send_lag_p99.9 6 ms"),
        ("service_time_max < 9ms", "missed run: service_time_max 9 ms"),
        (
            "intended_p99 < 9ms",
            "not judged (fails) run: no intended_p99: no request of a user with pacing was finished",
        ),
    ] {
        assert_eq!(judged(&result, text), [expected], "{text}");
    }
    let search = |highest_rate| SearchResult {
        until: "p99 < 20ms".to_owned(),
        highest_rate,
        complete: true,
        tried: Vec::new(),
        sentence: String::new(),
    };
    result.search = Some(search(Some(5_000.0)));
    assert_eq!(judged(&result, "highest_rate >= 5000/s"), ["met run: highest_rate 5000/s"]);
    result.search = Some(search(None));
    assert_eq!(judged(&result, "highest_rate >= 5000/s"), ["missed run: no highest_rate: no rate held"]);
}

#[test]
fn a_stage_is_judged_by_its_own_requests() {
    let mut result = ran();
    let mut peak = stage("peak", vec![row("publish", &[9_000; 10], &[])]);
    peak.connections = Some(Connections { opened: 5, ended: 0, most: 5 });
    result.stages = vec![stage("stage 1", vec![row("connect", &[4_000; 3], &[20])]), peak];
    for (stage, text, expected) in [
        ("peak", "p99 < 8ms", "missed Aggregated: p99 9.003 ms"),
        ("peak", "p99[publish] < 10ms", "met MQTT publish: p99 9.003 ms"),
        ("peak", "requests[publish] >= 10", "met MQTT publish: requests 10"),
        ("peak", "connects >= 5", "met run: connects 5"),
        ("peak", "arrived >= 5", "not judged (fails) run: no arrived: it is not known"),
        // The row exists, but not in this stage.
        ("peak", "requests[connect] < 1", "met MQTT connect: requests 0"),
        ("peak", "failures[connect] < 1", "not judged MQTT connect: no failures: no request was finished"),
        ("peak", "p99[connect] < 1s", "not judged (fails) MQTT connect: no p99: no request was finished"),
        ("stage 1", "failures < 1", "missed Aggregated: failures 1"),
        ("stage 3", "p99 < 1s", "not judged (fails) Aggregated: no p99: the run ended before this stage"),
    ] {
        assert_eq!(judged_in(&result, stage, text), [expected], "{stage} {text}");
    }
}

#[test]
fn what_ended_the_run_stands_as_it_was_then() {
    let mut thresholds = ["p99 < 1s", "failures < 1"].map(|text| Threshold::parse(text).unwrap());
    let place = SourcePlace { file: "a.toml".to_owned(), line: 4 };
    thresholds[1].place = Some(place);
    let result = ran();
    let missed =
        judge(&Threshold::parse("p99 < 1ms").unwrap(), &result).remove(0).result(&thresholds[0], true);
    let miss = Miss { index: 0, results: vec![missed.clone()] };
    let all = judge_all(&thresholds, &result, Some(&miss));
    assert_eq!(all[0], missed);
    assert!(all[0].aborted_the_run && all[0].fails_the_run);
    assert_eq!(
        (all[1].file.as_deref(), all[1].line, all[1].aborted_the_run),
        (Some("a.toml"), Some(4), false)
    );
    assert_eq!(judge_all(&thresholds, &result, None)[0].met, Some(true));
}

proptest! {
    /// Of two limits, the wider one is met wherever the narrower one is.
    #[test]
    fn a_wider_limit_never_misses_more(
        succeeded in proptest::collection::vec(1_u64..1_000_000, 0..30),
        failed in proptest::collection::vec(1_u64..1_000_000, 0..10),
        metric in proptest::sample::select(Metric::all_words()),
        narrow in 0_u32..2_000, more in 0_u32..2_000,
    ) {
        let result = result(vec![row("publish", &succeeded, &failed)]);
        for row in ["", "[publish]"] {
            let judged = |limit: u32| {
                let unit = Metric::from_name(&metric).unwrap().unit().suffix();
                let threshold = Threshold::parse(&format!("{metric}{row} < {limit}{unit}")).unwrap();
                judge(&threshold, &result).remove(0)
            };
            let (narrow, wide) = (judged(narrow), judged(narrow + more));
            prop_assert_eq!(narrow.value, wide.value);
            prop_assert!(wide.verdict != Verdict::Missed || narrow.verdict == Verdict::Missed);
            // Whether it can be judged does not depend on the limit.
            prop_assert_eq!(narrow.verdict.met().is_none(), wide.verdict.met().is_none());
        }
    }
}
