use super::*;

#[test]
fn late_messages_do_not_hide_how_far_the_master_is_ahead() {
    let table: &[(&[f64], i64)] = &[
        (&[], 0),
        (&[0.3], 0),
        (&[-0.3], 0),
        (&[30.2], 30),
        (&[-30.2], -30),
        (&[-2.4, -0.01, -3.0], 0),
        (&[-32.0, -29.9, -30.4], -30),
        (&[f64::NAN, 7.0], 7),
        (&[f64::INFINITY], 0),
        (&[1e300], 1_000_000_000),
    ];
    for (ahead, shift) in table {
        let mut skew = Skew::default();
        for ahead in *ahead {
            skew.observe(1_700_000_000.0 + ahead, 1_700_000_000.0);
        }
        assert_eq!(skew.shift_s(), *shift, "{ahead:?}");
    }
}
