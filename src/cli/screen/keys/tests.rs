use super::*;

#[test]
fn keys_are_locusts() {
    let keys: Vec<_> = b"wWsSqQx\x1b[A".iter().filter_map(|byte| Key::of(*byte)).collect();
    assert_eq!(keys, [Key::Users(1), Key::Users(10), Key::Users(-1), Key::Users(-10), Key::Stop]);
}
