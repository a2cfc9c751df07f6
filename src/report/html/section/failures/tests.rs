use super::*;

#[test]
fn a_failure_is_seen_after_the_start_or_on_the_clock() {
    let at = 1_741_000_000.0;
    assert_eq!(seen(Some(at + 65.0), at), "1 min 5 s (11:07:45 UTC)");
    assert_eq!(seen(Some(at), 0.0), "2025-03-03 11:06:40 UTC");
    assert_eq!(seen(Some(at - 1.0), at), "2025-03-03 11:06:39 UTC");
    assert_eq!(seen(None, at), "–");
}
