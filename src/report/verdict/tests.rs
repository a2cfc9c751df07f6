use super::*;
use crate::stats::result::testing::{failure, leave, result as of_rows, row, threshold};

fn ended(end: &str, lasted: f64, planned_s: Option<f64>) -> RunResult {
    let mut result = of_rows(vec![row("publish", &[1_000; 63], &[])]);
    result.run.ended = result.run.started + lasted;
    result.run.planned_s = planned_s;
    end.clone_into(&mut result.run.end);
    result.thresholds = vec![
        threshold("p99 < 50ms", "Aggregated", Some(true), "p99 1.00 ms"),
        threshold("requests > 5", "Aggregated", Some(true), "requests 63"),
    ];
    result
}

fn said(result: &mut RunResult) -> (String, u8, Impression) {
    result.verdict = of(result, 1);
    (result.verdict.sentence.clone(), result.verdict.exit_code, impression(result).0)
}

#[test]
fn a_run_that_was_interrupted_says_how_far_it_came() {
    for (end, lasted, planned, sentence, code, at_a_glance) in [
        (
            "finished",
            20.0,
            Some(20.0),
            "Passed: 63 requests, none failed, both thresholds were met.",
            0,
            Impression::Good,
        ),
        (
            "interrupted",
            2.9,
            Some(20.0),
            "Interrupted after 2.9s of 20s: 63 requests, none failed, both thresholds were met so far.",
            0,
            Impression::Doubtful,
        ),
        (
            "interrupted",
            21.0,
            Some(20.0),
            "Interrupted before its end: 63 requests, none failed, both thresholds were met so far.",
            0,
            Impression::Doubtful,
        ),
        (
            "interrupted",
            90.0,
            None,
            "Passed: 63 requests, none failed, both thresholds were met; interrupted after 1m 30s.",
            0,
            Impression::Good,
        ),
        (
            "aborted",
            3.0,
            Some(20.0),
            "Aborted: interrupted after 3s of 20s, and once more before its users had finished.",
            130,
            Impression::Bad,
        ),
        ("error", 3.0, Some(20.0), "Aborted: the run could not go on.", 4, Impression::Bad),
    ] {
        assert_eq!(said(&mut ended(end, lasted, planned)), (sentence.to_owned(), code, at_a_glance));
    }
    let mut failed = ended("interrupted", 3.0, Some(20.0));
    failed.failures = vec![failure("publish", "timed out", 2)];
    assert_eq!(
        said(&mut failed).0,
        "Failed: 2 of 63 requests failed (0.00 %); interrupted after 3s of 20s; most often: MQTT publish: timed out."
    );
    failed.thresholds.push(threshold("rps > 9", "Aggregated", Some(false), "rps 1"));
    assert_eq!(
        said(&mut failed).0,
        "Failed: 1 of 3 thresholds not met: rps > 9 (Aggregated: rps 1); interrupted after 3s of 20s."
    );
}

#[test]
fn a_run_without_a_request_does_not_look_passed() {
    let mut result = of_rows(Vec::new());
    let (sentence, code, at_a_glance) = said(&mut result);
    assert_eq!(sentence, "Warning: no request was made, so nothing was measured.");
    assert_eq!((code, at_a_glance), (0, Impression::Doubtful));
    leave(&mut result, "publish", 3);
    assert_eq!(said(&mut result).0, "Warning: no request was finished, so nothing was measured.");
}

#[test]
fn a_run_whose_requests_get_no_answer_does_not_look_passed() {
    let mut result = of_rows(vec![row("connect", &[1_000; 5], &[])]);
    leave(&mut result, "publish", 5);
    let (sentence, code, at_a_glance) = said(&mut result);
    assert_eq!(
        sentence,
        "Warning: no request of MQTT publish was finished; 5 requests, none failed, 5 never came to an end."
    );
    assert_eq!((code, at_a_glance, impression(&result).1), (0, Impression::Doubtful, "Unanswered"));
    result.rows.push(row("publish", &[1_000], &[]));
    let (sentence, _, at_a_glance) = said(&mut result);
    assert_eq!(sentence, "Passed: 5 requests, none failed, 5 never came to an end.");
    assert_eq!(at_a_glance, Impression::Good, "some requests are always under way at the end");
}
