use super::*;
use crate::stats::result::testing::threshold;

#[test]
fn a_measured_value_is_told_in_the_unit_that_fits_it() {
    for (condition, value, exact, told) in [
        ("p50 < 50ms", 0.092_159, "p50 0.092159 ms", "p50 92 µs"),
        ("p99[x] < 50ms", 61.234, "p99 61.23 ms, 12 s after the start", "p99 61.2 ms, 12 s after the start"),
        ("max < 1s", 1_248.5, "max 1248.5 ms", "max 1.25 s"),
        ("p50 < 92us", 0.092_159, "p50 0.092159 ms", "p50 0.092159 ms"),
        ("p50 < 92us", 0.092, "p50 0.092000 ms", "p50 92 µs"),
        ("requests > 5", 12_345.0, "requests 12345", "requests 12,345"),
        ("rps > 5", 12_345.4, "rps 12345.4/s", "rps 12,345/s"),
        ("failures < 1%", 4.2, "failure_ratio 4.200%", "failure_ratio 4.20 %"),
        ("failures < 1%", 0.041_157, "failure_ratio 0.041157%", "failure_ratio 0.04 %"),
        ("failures < 1%", 0.999_7, "failure_ratio 0.9997%", "failure_ratio 0.9997%"),
        ("generator_cpu < 1", 0.123_4, "generator_cpu 0.1234 cores", "generator_cpu 0.12 cores"),
        ("p50 < 1ms", 3.0, "what another program says", "what another program says"),
    ] {
        let mut of = threshold(condition, "x", Some(true), exact);
        of.value = Some(value);
        assert_eq!(sentence(&of), told, "{condition}");
    }
    assert_eq!(sentence(&threshold("p50 < 1ms", "x", None, "no p50: no such row")), "no p50: no such row");
}
