use super::*;
use crate::report::verdict;
use crate::stats::result::testing::{failure as failed, result as passed, row, threshold as judged};
use crate::stats::result::what_ran::BrokerRan;
use proptest::prelude::*;

/// A run with a threshold of each kind and failed requests.
fn missed() -> RunResult {
    let mut result = passed(vec![row("publish", &[1_000; 3], &[500])]);
    result.run.git_revision = Some("3f5a7b0-dirty".to_owned());
    result.run.program = "mqtt-scenario 0.1.0".to_owned();
    result.run.brokers =
        vec![BrokerRan { addresses: vec!["127.0.0.1:1883".to_owned()], ..BrokerRan::default() }];
    let aborted =
        judged("p99 < 50ms", "MQTT publish", Some(false), "p99 61.2 ms, 12 s after the stage began");
    result.thresholds = vec![
        judged("p99 < 200ms", "Aggregated", Some(true), "p99 12.31 ms"),
        ThresholdResult {
            stage: Some("peak".to_owned()),
            aborted_the_run: true,
            file: Some("scenarios/peak.toml".to_owned()),
            line: Some(7),
            ..aborted
        },
        ThresholdResult {
            fails_the_run: false,
            ..judged("failures[x] < 1", "x", None, "no failures: the run has no such row")
        },
        judged("p99[x] < 1s", "x", None, "no p99: the run has no such row"),
    ];
    result.failures = vec![failed("publish", "<timeout> & \"quotes\" \u{1b}[31m\u{0}\u{ffff}", 1)];
    result
}

#[test]
fn a_server_reads_the_verdict() {
    insta::assert_snapshot!(xml(&missed()).unwrap());
}

#[test]
fn failed_requests_are_red_if_the_exit_code_is() {
    let case = |result: &RunResult| {
        let report = Report::deserialize_from_str(&xml(result).unwrap()).unwrap();
        let case = report.test_suites[0].test_cases.last().unwrap().clone();
        assert_eq!(case.name.as_str(), "requests");
        matches!(case.status, TestCaseStatus::Success { .. })
    };
    let mut result = passed(vec![row("publish", &[1_000], &[])]);
    assert!(case(&result));
    result.failures = vec![failed("publish", "timeout", 1)];
    (result.verdict.outcome, result.verdict.exit_code) = (Outcome::Failed, 1);
    assert!(!case(&result));
    result.verdict.exit_code = 0;
    assert!(case(&result), "--exit-code-on-error 0");
    let mut stopped = passed(Vec::new());
    stopped.run.end = "error".to_owned();
    assert!(!case(&stopped));
    let mut lacking = passed(vec![row("publish", &[1_000], &[])]);
    lacking.verdict.outcome = Outcome::Incomplete;
    assert!(!case(&lacking), "shards are missing");
}

#[test]
fn an_interrupted_run_says_so_in_each_case_that_was_met() {
    let mut result = passed(vec![row("publish", &[1_000], &[])]);
    (result.run.end, result.run.planned_s) = ("interrupted".to_owned(), Some(20.0));
    result.thresholds = vec![judged("p99 < 200ms", "Aggregated", Some(true), "p99 12.31 ms")];
    result.verdict = verdict::of(&result, 1);
    let report = Report::deserialize_from_str(&xml(&result).unwrap()).unwrap();
    let said = report.test_suites[0].test_cases.iter().map(|case| case.system_out.clone().unwrap());
    assert_eq!(
        said.map(|said| said.as_str().to_owned()).collect::<Vec<_>>(),
        [
            "met so far: the run was interrupted after 2s of 20s",
            "Interrupted after 2s of 20s: 1 request, which did not fail, the threshold was met so far."
        ]
    );
}

#[test]
fn a_run_without_a_request_is_skipped_and_not_green() {
    let mut result = passed(Vec::new());
    result.verdict = verdict::of(&result, 1);
    let report = Report::deserialize_from_str(&xml(&result).unwrap()).unwrap();
    let TestCaseStatus::Skipped { message, .. } = &report.test_suites[0].test_cases[0].status else {
        panic!("{report:?}")
    };
    assert!(message.as_ref().unwrap().as_str().contains("no request was made"));
}

proptest! {
    /// The structure is that of the common schema: suites, in them properties and cases, in these a failure.
    #[test]
    fn whatever_is_said_can_be_read_again(said in "\\PC{0,20}|[\u{0}-\u{ff}\u{fffe}]{0,20}") {
        let mut result = missed();
        result.run.scenario.clone_from(&said);
        result.thresholds[1].sentence.clone_from(&said);
        result.failures[0].error.clone_from(&said);
        let xml = xml(&result).unwrap();
        prop_assert!(!xml.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        let report = Report::deserialize_from_str(&xml).unwrap();
        prop_assert_eq!(report.test_suites.len(), 1);
        let suite = &report.test_suites[0];
        prop_assert_eq!((suite.tests, suite.failures), (5, 3));
        prop_assert!(suite.test_cases.iter().all(|case| case.classname.is_some() && case.time.is_some()));
    }
}
