use super::*;

#[test]
fn ints_and_floats_are_ordered_exactly() {
    let (big, next) = (1_i128 << 60, (1_i128 << 60) + 1);
    assert_eq!(Number::Int(big).order(Number::Float(big as f64)), Ordering::Equal);
    assert_eq!(Number::Int(next).order(Number::Float(big as f64)), Ordering::Greater);
    assert_eq!(Number::Float(big as f64).order(Number::Int(next)), Ordering::Less);
    assert_eq!(Number::Int(0).order(Number::Float(-0.0)), Ordering::Equal);
    assert_eq!(Number::Float(0.0).order(Number::Float(-0.0)), Ordering::Equal);
    assert_eq!(Number::Int(7).order(Number::Float(7.5)), Ordering::Less);
    assert_eq!(Number::Int(-7).order(Number::Float(-7.5)), Ordering::Greater);
}

#[test]
fn division_rounds_once() {
    // Expected values are Python's.
    assert_eq!(ratio(10, 3).to_bits(), (10.0_f64 / 3.0).to_bits());
    assert_eq!(ratio((1 << 53) + 1, 3).to_bits(), 3_002_399_751_580_331.0_f64.to_bits());
    assert_eq!(ratio(-(1 << 60) - 1, 7).to_bits(), (-1.647_030_720_866_924e17_f64).to_bits());
    assert_eq!(ratio(36_028_797_018_963_971, 1).to_bits(), 3.602_879_701_896_397e16_f64.to_bits());
    assert_eq!(ratio(0, 5).to_bits(), 0.0_f64.to_bits());
}
