use super::*;
use crate::stats::rate_search::Probe;

fn probe(rate: f64, p99_ms: f64, verdict: Verdict) -> Probe {
    Probe { rate, achieved: rate * 0.999, p50_ms: Some(0.41), p99_ms: Some(p99_ms), failures: 0, verdict }
}

fn report(probes: Vec<Probe>, highest: Option<f64>) -> RateSearchReport {
    RateSearchReport { until: "p99 < 20ms".to_owned(), probes, highest, complete: true }
}

#[test]
fn the_sentence_says_whose_limit_it_was() {
    let (holds, missed) = (probe(100.0, 1.0, Verdict::Holds), probe(200.0, 50.0, Verdict::Missed));
    let saturated = probe(150.0, 50.0, Verdict::Saturated);
    for (probes, highest, expected) in [
        (vec![], None, "The search did not come to try a rate."),
        (vec![missed.clone()], None, "p99 < 20ms does not hold at the lowest rate."),
        (vec![holds.clone(), missed.clone()], Some(100.0), "p99 < 20ms holds up to 100 task runs/s."),
        (
            vec![holds.clone()],
            Some(100.0),
            "p99 < 20ms holds up to 100 task runs/s, the highest rate of the range: the broker may sustain more.",
        ),
        (
            vec![holds.clone(), missed, saturated],
            Some(100.0),
            "p99 < 20ms holds up to 100 task runs/s; then the load generator was at its limit: the broker may \
                 sustain more.",
        ),
    ] {
        assert_eq!(sentence(&report(probes, highest)), expected);
    }
    let cut = RateSearchReport { complete: false, ..report(vec![holds], Some(100.0)) };
    assert_eq!(sentence(&cut), "p99 < 20ms holds up to 100 task runs/s; the search was cut short.");
}
