use super::*;

#[test]
fn changes_have_a_sign_unless_they_are_none_and_a_number_unless_they_are_from_none() {
    let p50 = Measure::Percentile(50.0);
    for (measure, a, b, text) in [
        (p50, 10.0, 12.0, "+20.0 %"),
        (p50, 12.0, 10.0, "-16.7 %"),
        (p50, 10.0, 9.999_9, "0 %"),
        (p50, 10.0, 10.000_1, "0 %"),
        (p50, 10.0, 35.0, "+250 %"),
        (p50, 0.0, 35.0, "from 0"),
        (p50, 35.0, 0.0, "-100 %"),
        (p50, 0.0, 0.0, "0 %"),
        (Measure::Failures, 0.0, 0.0012, "+0.12 pp"),
        (Measure::Failures, 0.001, 0.0, "-0.10 pp"),
        (Measure::Lost, 0.0, 0.000_01, "+0.0010 pp"),
        (Measure::Lost, 0.0, 1e-9, "0 pp"),
    ] {
        assert_eq!(change_text(&of_estimate(measure, a, b)), text, "{a} {b}");
    }
}

#[test]
fn intervals_are_in_the_unit_of_their_change() {
    let mut change = of_estimate(Measure::Mean, 100.0, 120.0);
    interval(&mut change, [1.1_f64.ln(), 1.3_f64.ln()], 0.97, 100.0);
    assert_eq!(interval_text(&change), "+10.0 % to +30.0 %");
    let mut change = of_estimate(Measure::Failures, 0.0, 0.01);
    interval(&mut change, [-0.000_000_1, 0.02], 0.97, 0.0);
    assert_eq!(interval_text(&change), "0 pp to +2.00 pp");
    let mut change = of_estimate(Measure::Mean, 0.0, 120.0);
    interval(&mut change, [1.0, 2.0], 0.97, 0.0);
    assert_eq!(interval_text(&change), "");
}

#[test]
fn a_share_does_not_leave_0_to_100_percent() {
    for (a, b, text) in [(0.01, 0.03, "-1.00 pp to +6.00 pp"), (0.97, 0.98, "-4.00 pp to +3.00 pp")] {
        let mut change = of_estimate(Measure::Failures, a, b);
        interval(&mut change, [-0.04, 0.06], 0.95, a);
        assert_eq!(interval_text(&change), text, "{a}");
    }
}

#[test]
fn least_effects_are_written_as_they_were_given() {
    assert_eq!([0.05, 0.025, 0.07, 0.0].map(plain_percent), ["5 %", "2.5 %", "7 %", "0 %"]);
}
