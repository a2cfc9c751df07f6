use super::*;

#[test]
fn critical_values_are_those_of_the_tables() {
    for (probability, degrees, t) in [
        (0.05, 1.0, 12.706_204_7),
        (0.05, 9.0, 2.262_157_2),
        (0.05, 18.0, 2.100_922_0),
        (0.01, 6.0, 3.707_428_0),
        (0.05, 1e9, 1.959_964_0),
        (0.5, 3.0, 0.764_892_3),
    ] {
        assert!((critical(probability, degrees) - t).abs() < 1e-6, "{probability} {degrees}");
        assert!((two_sided(t, degrees) - probability).abs() < 1e-6, "{probability} {degrees}");
        assert!((two_sided(-t, degrees) - probability).abs() < 1e-6, "{probability} {degrees}");
    }
    assert!((two_sided(0.0, 5.0) - 1.0).abs() < 1e-12);
    assert!(two_sided(f64::INFINITY, 5.0) < 1e-12);
}
