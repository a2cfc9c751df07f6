use super::*;

#[test]
fn headings_are_locusts() {
    let headings: Vec<_> = PercentileList::default().headings().collect();
    let wanted = ["50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"];
    assert_eq!(headings, wanted);
    // `get_readable_percentiles([0.29, 0.123456789])` of Locust 2.47.
    let odd: PercentileList = "0.29,0.123456789".parse().unwrap();
    assert_eq!(odd.headings().collect::<Vec<_>>(), ["12.345679%", "29.0%"]);
}

#[test]
fn a_list_is_read_in_any_order_and_a_wrong_one_says_what_is_right() {
    let list: PercentileList = "0.99, 0.5,0.25,0.5".parse().unwrap();
    assert_eq!(list.fractions(), [0.25, 0.5, 0.99]);
    for wrong in ["", "0", "99", "1.1", "-0.5", "nan", "0.5,,0.9", "p99"] {
        assert!(wrong.parse::<PercentileList>().unwrap_err().contains("write 0.99"), "{wrong}");
    }
    let many = (1..=51).map(|n| format!("0.{n:03}")).collect::<Vec<_>>().join(",");
    assert!(many.parse::<PercentileList>().is_err());
}
