use super::*;

#[test]
fn labels_have_the_unit_that_fits_and_no_needless_zeros() {
    for (quantity, value, label) in [
        (Quantity::TimeMs, 0.0, "0"),
        (Quantity::TimeMs, 0.005, "5 µs"),
        (Quantity::TimeMs, 2.5, "2.5 ms"),
        (Quantity::TimeMs, 20.0, "20 ms"),
        (Quantity::TimeMs, 500_000.0, "500 s"),
        (Quantity::PerSecond, 0.25, "0.25"),
        (Quantity::Count, 20_000.0, "20,000"),
        (Quantity::Percent, 150.0, "150 %"),
    ] {
        assert_eq!(quantity.tick(value), label);
    }
}
