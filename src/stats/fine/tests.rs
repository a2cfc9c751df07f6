use super::*;
use crate::stats::latency::Latency;
use proptest::collection::vec;
use proptest::prelude::*;

fn both(times: &[u64]) -> (FineTimes, Latency) {
    let (mut fine, mut latency) = (FineTimes::default(), Latency::new());
    for &ns in times {
        fine.add(hdr::index(ns), 1);
        latency.record(ns);
    }
    (fine, latency)
}

#[test]
fn slots_follow_each_other_without_a_gap() {
    let last = hdr::index(u64::MAX);
    assert!(last < hdr::SLOTS);
    for here in 0..last {
        let end = hdr::longest_ns(here);
        assert_eq!((hdr::index(end), hdr::index(end + 1)), (here, here + 1));
    }
    assert_eq!(hdr::longest_ns(0), 511, "half a microsecond");
    assert!(hdr::longest_ns(last) - hdr::HIGHEST_NS < hdr::HIGHEST_NS / 1_000);
}

#[test]
fn a_rank_is_the_share_rounded_up_in_decimal_numbers() {
    for count in 1..5_000_u64 {
        for percent in 0..=100 {
            let exact = (count * percent).div_ceil(100).max(1);
            assert_eq!(rank(percent as f64 / 100.0, count), exact, "p{percent} of {count}");
        }
    }
}

#[test]
fn many_in_one_slot_and_none_at_all() {
    let mut times = FineTimes::default();
    assert_eq!((times.summary(), times.percentile_ms(50.0)), (None, None));
    times.add(3, 5_000_000_000);
    times.add(3, 5_000_000_000);
    assert_eq!(times.summary().unwrap().count, 10_000_000_000);
}

proptest! {
    #[test]
    fn a_row_tells_what_the_histogram_of_all_tells(
        times in vec(prop_oneof![1..5_000_u64, 1..3_000_000_u64, 1..5_000_000_000_000_u64], 0..200),
        percent in 0.0..100.0_f64,
    ) {
        let (fine, latency) = both(&times);
        // The means are sums of floats in another order, and `hdrhistogram` takes no time at all for the shortest one.
        let compared = |summary: Option<LatencySummary>| {
            summary.map(|summary| LatencySummary { mean_ms: 0.0, min_ms: 0.0, ..summary })
        };
        prop_assert_eq!(compared(fine.summary()), compared(latency.summary()));
        let means = fine.mean_ms().zip(latency.mean_ms());
        prop_assert!(means.is_none_or(|(fine, latency)| (fine - latency).abs() <= latency * 1e-3 + 1e-3));
        prop_assert_eq!(fine.percentile_ms(percent), latency.percentile_ms(percent));
    }
}
