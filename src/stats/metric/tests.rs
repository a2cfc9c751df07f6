use super::*;
use proptest::prelude::*;

#[test]
fn words_and_headings_name_metrics() {
    for metric in Metric::NAMED.into_iter().chain([Metric::Percentile(99.9), Metric::Percentile(0.0)]) {
        assert_eq!(Metric::from_name(&metric.to_string()), Some(metric));
    }
    assert_eq!(Metric::from_name("p99.99"), Some(Metric::Percentile(99.99)));
    assert_eq!(Metric::from_name("requests/s"), Some(Metric::Rps));
    for word in [
        "p",
        "p101",
        "p9x",
        "pinf",
        "p-5",
        "p1e1",
        "p.5",
        "P95",
        "95",
        "",
        "succeeded",
        "failed_",
        "send_lag_p97",
    ] {
        assert_eq!(Metric::from_name(word), None, "{word}");
    }
}

#[test]
fn every_word_names_a_metric_that_is_called_so() {
    let words = Metric::all_words();
    for word in words.iter().filter(|word| !word.contains('/')) {
        assert_eq!(Metric::from_name(word).map(|metric| metric.to_string()).as_ref(), Some(word));
    }
    let mut once = words.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), words.len());
}

#[test]
fn only_what_locust_counts_is_read_from_files() {
    let of_files = |word: &str| Metric::from_name(word).unwrap().is_in_files();
    assert!(["p99", "failure_ratio", "rps"].into_iter().all(of_files));
    assert!(!["unfinished", "succeeded_p99", "lost", "send_lag_p99", "connects"].into_iter().any(of_files));
}

proptest! {
    #[test]
    fn any_percentile_has_a_word(p in 0.0..=100.0_f64) {
        for metric in [
            Metric::Percentile(p),
            Metric::Succeeded(Statistic::Percentile(p)),
            Metric::Failed(Statistic::Percentile(p)),
        ] {
            prop_assert_eq!(Metric::from_name(&metric.to_string()), Some(metric));
        }
    }
}
