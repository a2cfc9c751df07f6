use super::*;

const P95: Metric = Metric::Percentile(95.0);

fn parsed(text: &str) -> (Metric, Rows, Op, Limit) {
    let Criterion { metric, rows, op, limit, .. } = Criterion::parse(text, Form::Comparison).unwrap();
    (metric, rows, op, limit)
}

#[test]
fn a_sign_makes_a_change_and_none_makes_an_own_value() {
    let called = |row: &str| Rows::Called(row.to_owned());
    for (text, expected) in [
        ("p95 > +10%", (P95, Rows::Aggregated, Op::More, Limit::PercentOfBase(10.0))),
        ("  p95>+10%  ", (P95, Rows::Aggregated, Op::More, Limit::PercentOfBase(10.0))),
        ("rps < -5%", (Metric::Rps, Rows::Aggregated, Op::Less, Limit::PercentOfBase(-5.0))),
        ("rps <= - 5 %", (Metric::Rps, Rows::Aggregated, Op::AtMost, Limit::PercentOfBase(-5.0))),
        ("p99 >= +20ms", (Metric::Percentile(99.0), Rows::Aggregated, Op::AtLeast, Limit::Change(20.0))),
        ("p99.9 > 1.5s", (Metric::Percentile(99.9), Rows::Aggregated, Op::More, Limit::Own(1500.0))),
        ("median > 200", (Metric::Median, Rows::Aggregated, Op::More, Limit::Own(200.0))),
        ("failures > 0", (Metric::Failures, Rows::Aggregated, Op::More, Limit::Own(0.0))),
        ("failures > +3", (Metric::Failures, Rows::Aggregated, Op::More, Limit::Change(3.0))),
        ("failures_per_s > 1/s", (Metric::FailuresPerS, Rows::Aggregated, Op::More, Limit::Own(1.0))),
        ("failures > 1%", (Metric::FailureRatio, Rows::Aggregated, Op::More, Limit::Own(1.0))),
        ("failures > +1%", (Metric::Failures, Rows::Aggregated, Op::More, Limit::PercentOfBase(1.0))),
        ("requests/s >= 5", (Metric::Rps, Rows::Aggregated, Op::AtLeast, Limit::Own(5.0))),
        ("failure_ratio > 1%", (Metric::FailureRatio, Rows::Aggregated, Op::More, Limit::Own(1.0))),
        (
            "failure_ratio > +1%",
            (Metric::FailureRatio, Rows::Aggregated, Op::More, Limit::PercentOfBase(1.0)),
        ),
        ("failure_ratio > +1pp", (Metric::FailureRatio, Rows::Aggregated, Op::More, Limit::Change(1.0))),
        ("max[*] > 1s", (Metric::Max, Rows::Every, Op::More, Limit::Own(1000.0))),
        ("p95[MQTT connect] > +10%", (P95, called("MQTT connect"), Op::More, Limit::PercentOfBase(10.0))),
        ("p95 [ a[0] > b ] < 1ms", (P95, called("a[0] > b"), Op::Less, Limit::Own(1.0))),
    ] {
        assert_eq!(parsed(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_expression_says_why() {
    for (text, expected) in [
        ("", "no metric ``"),
        ("p9x > 1", "no metric `p9x`"),
        ("latency > 1", "no metric `latency`"),
        ("unfinished > 1", "`unfinished` is not compared: it is for thresholds of a run"),
        ("p95", "after the metric comes one of > >= < <="),
        ("p95 == 1", "after the metric comes one of > >= < <="),
        ("p95[] > 1", "the row stands between `[` and `]`, right behind the metric"),
        ("p95[a > 1", "the row stands between `[` and `]`, right behind the metric"),
        ("p95 > ", "`` does not begin with a number, such as 200ms or +10%"),
        ("p95 > +-1", "`+-1` does not begin with a number, such as 200ms or +10%"),
        ("p95 > 1.2.3", "`1.2.3` does not begin with a number, such as 200ms or +10%"),
        ("p95 > fast", "`fast` does not begin with a number, such as 200ms or +10%"),
        ("p95 > 10%", "a change has a sign: `+10%` for more, `-10%` for less"),
        ("p95 > 1/s", "`1/s` does not fit p95, a time: in us, ms, s, or with a sign in %"),
        ("p95 > 1e3", "`1e3` does not fit p95, a time: in us, ms, s, or with a sign in %"),
        ("rps > 1ms", "`1ms` does not fit rps, a rate: in /s, or with a sign in %"),
        ("requests > 1s", "`1s` does not fit requests, a count: without unit, or with a sign in %"),
        (
            "failure_ratio > 1",
            "`1` does not fit failure_ratio, a ratio: in %, or with a sign in % of A's or in pp",
        ),
        (
            "failure_ratio > 1pp",
            "`1pp` does not fit failure_ratio, a ratio: in %, or with a sign in % of A's or in pp",
        ),
    ] {
        assert_eq!(
            Criterion::parse(text, Form::Comparison).unwrap_err().fault.to_string(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_run_by_itself_has_no_changes() {
    let own = |text: &str| Criterion::parse(text, Form::Own);
    let texts = [
        "p99 < 200ms",
        "failures < 1%",
        "p95[MQTT connect] < 1s",
        "requests/s > 100",
        "unfinished < 1",
        "unfinished[connect] < 1%",
        "lost[alerts] < 1%",
        "late_starts < 1%",
        "send_lag_p99 < 5ms",
        "succeeded_p99[publish] < 250us",
        "generator_cpu < 1.5 cores",
        "average_length < 100B",
    ];
    for text in texts {
        let criterion = own(text).unwrap();
        assert!(matches!(criterion.limit, Limit::Own(_)), "{text}");
        assert_eq!(criterion.to_string(), text);
    }
    // What is marked, between bars.
    for (text, marked, message) in [
        ("p95 < +10%", "p95 < |+10%|", "`+10%` has a sign, but there is no other run to compare with"),
        ("p95 < 10% ", "p95 < |10%| ", "`10%` does not fit p95, a time: in us, ms or s"),
        (" requets < 5", " |requets| < 5", "no metric `requets`"),
        ("p95 == 5", "p95 |==| 5", "after the metric comes one of > >= < <="),
        ("p95", "p95||", "after the metric comes one of > >= < <="),
        ("p95[a > 1", "p95|[a > 1|", "the row stands between `[` and `]`, right behind the metric"),
        ("p95 [ ] > 1", "p95 |[ ]| > 1", "the row stands between `[` and `]`, right behind the metric"),
        ("p95 < slow", "p95 < |slow|", "`slow` does not begin with a number, such as 200ms or 1%"),
        ("requests > 5/s", "requests > |5/s|", "`5/s` does not fit requests, a count: without unit"),
    ] {
        let CriterionError { fault, at } = own(text).unwrap_err();
        let (start, end) = (at.start, at.end);
        let shown = format!("{}|{}|{}", &text[..start], &text[at], &text[end..]);
        assert_eq!((shown.as_str(), fault.to_string().as_str()), (marked, message));
    }
}

#[test]
fn rows_are_called_by_name_or_by_type_and_name() {
    let key = RowKey { request_type: "MQTT".to_owned(), name: "connect".to_owned() };
    let called = |word: &str| Rows::Called(word.to_owned()).hold(&key);
    assert!(called("connect") && called("MQTT connect"));
    assert!(!called("MQTT") && !called("MQTTconnect") && !called("onnect") && !called("HTTP connect"));
    let criterion = Criterion::parse("p95 [ MQTT connect ] < 1", Form::Own).unwrap();
    assert_eq!(criterion.rows_at, Some(6..18));
}

#[test]
fn a_limit_has_the_unit_of_its_metric() {
    for (text, metric, limit) in [
        ("p99 < 250us", "p99", 0.25),
        ("p99 < 250µs", "p99", 0.25),
        ("p99 < 250μs", "p99", 0.25),
        ("p99 < 2s", "p99", 2_000.0),
        ("send_lag_max <= 5", "send_lag_max", 5.0),
        ("lost < 0.1%", "lost_ratio", 0.1),
        ("duplicates <= 3", "duplicates", 3.0),
        ("duplicates <= 3%", "duplicate_ratio", 3.0),
        ("reordered < 1%", "reordered_ratio", 1.0),
        ("late_starts < 1%", "late_start_ratio", 1.0),
        ("generator_limited < 10%", "generator_limited_ratio", 10.0),
        ("generator_cpu < 1 core", "generator_cpu", 1.0),
        ("highest_rate > 5000/s", "highest_rate", 5_000.0),
        ("average_length < 64 B", "average_length", 64.0),
    ] {
        let criterion = Criterion::parse(text, Form::Own).unwrap();
        assert_eq!((criterion.metric.to_string().as_str(), criterion.limit), (metric, Limit::Own(limit)));
    }
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_again(
        (metric, rows, op, whole) in (
            proptest::sample::select(Metric::all_words()),
            proptest::sample::select(vec!["", "[*]", "[MQTT connect]", "[a[0] > b]"]),
            proptest::sample::select(vec![("<", Op::Less), ("<=", Op::AtMost), (">", Op::More), (">=", Op::AtLeast)]),
            0_u32..1_000_000,
        ),
        spaces in proptest::bool::ANY,
    ) {
        let metric = Metric::from_name(&metric).unwrap();
        let limit = f64::from(whole) / 64.0;
        let space = if spaces { " " } else { "" };
        let text = format!("{metric}{rows}{space}{}{space}{limit}{}", op.0, metric.unit().suffix());
        let criterion = Criterion::parse(&text, Form::Own).unwrap();
        let row = rows.trim_matches(['[', ']']).to_owned();
        let expected = match rows {
            "" => Rows::Aggregated,
            "[*]" => Rows::Every,
            "[a[0] > b]" => Rows::Called("a[0] > b".to_owned()),
            _ => Rows::Called(row),
        };
        proptest::prop_assert_eq!(&criterion.rows, &expected);
        proptest::prop_assert_eq!((criterion.metric, criterion.op), (metric, op.1));
        proptest::prop_assert_eq!(criterion.limit, Limit::Own(limit));
        // Its text is what was written, so that reading it again gives the same.
        proptest::prop_assert_eq!(Criterion::parse(&criterion.to_string(), Form::Own).unwrap(), criterion);
    }

    #[test]
    fn no_text_panics_and_marks_lie_in_it(text in "[p0-9a-z_/%.<>= \\[\\]+-]{0,30}|\\PC{0,30}") {
        for form in [Form::Own, Form::Comparison] {
            if let Err(error) = Criterion::parse(&text, form) {
                proptest::prop_assert!(text.get(error.at).is_some());
            }
        }
    }
}
