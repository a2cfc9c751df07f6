use proptest::prelude::*;

use super::*;

#[test]
fn times_are_in_the_unit_that_fits() {
    for (ms, text) in [
        (0.0, "0 µs"),
        (0.000_4, "<1 µs"),
        (0.028_159, "28 µs"),
        (0.999_4, "999 µs"),
        (0.999_6, "1.00 ms"),
        (4.1, "4.10 ms"),
        (9.996, "10.0 ms"),
        (41.25, "41.3 ms"),
        (412.0, "412 ms"),
        (999.6, "1.00 s"),
        (1_248.0, "1.25 s"),
        (59_990.0, "1.00 min"),
        (1_000_000.0, "16.7 min"),
        (3_600_000.0, "1.00 h"),
        (f64::NAN, "-"),
        (f64::INFINITY, "-"),
        (-1.0, "-"),
    ] {
        assert_eq!(time_ms(ms), text, "{ms}");
    }
}

#[test]
fn rates_keep_all_digits_of_whole_numbers() {
    for (per_s, text) in [
        (0.0, "0/s"),
        (0.000_1, "<0.001/s"),
        (0.25, "0.250/s"),
        (9.999, "10.0/s"),
        (12.34, "12.3/s"),
        (999.6, "1,000/s"),
        (12_345.4, "12,345/s"),
        (1_234_567.0, "1,234,567/s"),
        (f64::NAN, "-"),
    ] {
        assert_eq!(rate(per_s), text, "{per_s}");
    }
}

#[test]
fn a_share_is_never_nothing_or_all_by_rounding() {
    for (share, text) in [
        (0.0, "0 %"),
        (0.000_001, "<0.01 %"),
        (0.001_2, "0.12 %"),
        (0.099_96, "10.0 %"),
        (0.125, "12.5 %"),
        (0.999_9, ">99.9 %"),
        (1.0, "100 %"),
        (f64::NAN, "-"),
    ] {
        assert_eq!(percent(share), text, "{share}");
    }
}

#[test]
fn counts_sizes_and_clocks() {
    assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(
        [0, 1_023, 1_280, 20 << 20, 3 << 40].map(bytes),
        ["0 B", "1023 B", "1.25 KiB", "20.0 MiB", "3.00 TiB"]
    );
    let clocks = [0, 59, 750, 3_723].map(|seconds| clock(Duration::from_secs(seconds)));
    assert_eq!(clocks, ["00:00", "00:59", "12:30", "1:02:03"]);
}

#[test]
fn short_lengths_have_a_decimal() {
    let lengths = [0, 20, 500, 2_983, 2_900, 9_940, 9_960, 12_400, 90_000, 3_600_000]
        .map(|ms| length(Duration::from_millis(ms)));
    assert_eq!(lengths, ["0ms", "20ms", "0.5s", "3s", "2.9s", "9.9s", "10s", "12s", "1m 30s", "1h"]);
}

proptest! {
    #[test]
    fn a_time_is_shown_to_three_digits(ms in 1.0..3_600_000.0_f64) {
        let text = time_ms(ms);
        let (number, unit) = text.split_once(' ').unwrap();
        let (_, length) = TIMES.iter().find(|(name, _)| *name == unit).unwrap();
        let shown = number.parse::<f64>().unwrap() * length;
        prop_assert!((shown / ms - 1.0).abs() <= 0.005_001, "{ms} {text}");
        prop_assert!(number.len() <= 4, "{text}");
    }
}
