use super::*;
use crate::stats::result::testing::{failure, result as passed, row, threshold};
use crate::stats::result::{Outcome, Verdict};
use proptest::prelude::*;

fn missed() -> RunResult {
    let mut result = passed(vec![row("publish", &[1_000; 3], &[500]), row("connect", &[], &[])]);
    result.verdict = Verdict {
        outcome: Outcome::ThresholdMissed,
        exit_code: 3,
        sentence: "Failed: 1 of 2 thresholds not met: p99 < 50ms.".to_owned(),
    };
    result.thresholds = vec![
        threshold("requests > 1", "Aggregated", Some(true), "requests 4"),
        ThresholdResult {
            stage: Some("peak".to_owned()),
            file: Some("scenarios/a,b.toml".to_owned()),
            line: Some(7),
            ..threshold("p99[publish] < 50ms", "MQTT publish", Some(false), "p99 61.2 ms")
        },
    ];
    result.failures = vec![failure("publish", "cannot connect to 127.0.0.1:1884: Connection refused", 1)];
    result
}

#[test]
fn what_was_missed_stands_beside_its_line() {
    assert_eq!(
        annotations(&missed()),
        "::error file=scenarios/a%2Cb.toml,line=7,title=Threshold missed%3A p99[publish] < 50ms in peak::\
             MQTT publish: p99 61.2 ms\n"
    );
    assert_eq!(annotations(&passed(Vec::new())), "");
    let mut failed = passed(Vec::new());
    failed.verdict = Verdict { outcome: Outcome::Failed, exit_code: 1, sentence: "Failed: 1 %.".to_owned() };
    assert_eq!(
        annotations(&failed),
        "::error file=scenarios/peak.toml,line=1,title=peak hour::Failed: 1 %25.\n"
    );
}

#[test]
fn a_job_shows_the_run_at_a_glance() {
    insta::assert_snapshot!(job_summary(&missed()));
}

#[test]
fn a_summary_is_never_too_long() {
    let mut result = missed();
    let error = "é".repeat(20_000);
    result.failures = (0..100).map(|_| failure("publish", &error, 1)).collect();
    let summary = job_summary(&result);
    assert!(summary.len() <= MAX_SUMMARY_BYTES, "{}", summary.len());
    assert!(summary.ends_with("the files of the run have all.\n"));
    result.failures = (0..300).map(|_| failure("publish", "timeout", 1)).collect();
    assert!(job_summary(&result).ends_with("… and 100 more\n"));
}

#[test]
fn an_address_is_no_link_and_a_name_calls_nobody() {
    assert_eq!(markdown::text("http://a WWW.a.b @me #1"), "http&#58;//a WWW&#46;a.b &#64;me &#35;1");
}

proptest! {
    #[test]
    fn nothing_that_is_said_is_a_command_or_markup(
        said in "\\PC{0,20}|[\u{0}-\u{ff}]{0,20}|\n::error::x|<b>|[!\\[\\]()<>|`*_#@:-]{1,20}"
    ) {
        let mut result = missed();
        result.thresholds[1].sentence.clone_from(&said);
        result.thresholds[1].file = Some(said.clone());
        result.failures[0].error.clone_from(&said);
        let lines = annotations(&result);
        prop_assert_eq!(lines.lines().count(), 1);
        prop_assert!(lines.starts_with("::error file="));
        prop_assert!(!lines.trim_end().contains(char::is_control));
        let plain = missed();
        let (summary, plain) = (job_summary(&result), job_summary(&plain));
        // The tables have the lines that they always have, and no tag.
        prop_assert_eq!(summary.lines().count(), plain.lines().count());
        prop_assert!(!summary.contains('<') && !summary.contains('@'));
        let cell = markdown::text(&said);
        let mut before = ' ';
        for c in cell.chars() {
            prop_assert!(!"|`[]*_!".contains(c) || before == '\\', "{}", cell);
            before = if before == '\\' && c == '\\' { ' ' } else { c };
        }
    }
}
