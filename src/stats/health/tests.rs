use super::*;

#[test]
fn thousands_are_grouped() {
    let texts = [0, 999, 1_000, 28_232, 1_234_567].map(grouped);
    assert_eq!(texts, ["0", "999", "1,000", "28,232", "1,234,567"]);
}
