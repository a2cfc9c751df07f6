use super::*;

#[test]
fn a_bin_ends_at_the_second_and_at_the_tick() {
    let start = UnixMicros(10_400_000);
    let span = |at| {
        let bin = Bin::around(UnixMicros(at), start, 0, Room::default());
        assert!(bin.holds(bin.first) && bin.holds(UnixMicros(at)) && bin.holds(bin.until));
        assert!(!bin.holds(UnixMicros(bin.until.0 + 1)) && !bin.holds(UnixMicros(bin.first.0 - 1)));
        (bin.first.0, bin.until.0)
    };
    assert_eq!(span(10_400_000), (10_000_000, 10_400_000));
    assert_eq!(span(9_400_000), (9_000_000, 9_999_999));
    assert_eq!(span(10_400_001), (10_400_001, 10_999_999));
    assert_eq!(span(11_000_000), (11_000_000, 11_400_000));
    assert_eq!(span(11_400_001), (11_400_001, 11_999_999));
}
