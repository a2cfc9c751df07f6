use super::*;

#[test]
fn times_are_rounded_as_in_locust() {
    // `proper_round` of Locust 2.47.
    for (ms, rounded_ms) in
        [(0.0, 0.0), (12.5, 13.0), (13.5, 14.0), (2.4, 2.0), (2.499_999, 2.0), (0.5, 1.0), (1e16, 1e16)]
    {
        assert_eq!(rounded(Number::Float(ms)).to_bits(), f64::to_bits(rounded_ms), "{ms}");
    }
    assert_eq!(rounded(Number::Int(7)).to_bits(), 7.0_f64.to_bits());
}
