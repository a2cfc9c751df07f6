use super::*;

#[test]
fn addresses_of_both_families_take_turns() {
    let address = |text: &str| format!("{text}:1").parse::<SocketAddr>().unwrap();
    for (found, expected) in [
        (&["[::1]", "127.0.0.1"][..], &["[::1]", "127.0.0.1"][..]),
        (&["[::1]", "[::2]", "1.1.1.1", "[::3]"], &["[::1]", "1.1.1.1", "[::2]", "[::3]"]),
        (&["1.1.1.1", "1.1.1.1", "[::2]", "1.1.1.2"], &["1.1.1.1", "[::2]", "1.1.1.2"]),
        (&[], &[]),
    ] {
        let found: Vec<_> = found.iter().map(|text| address(text)).collect();
        assert_eq!(by_turns(&found), expected.iter().map(|text| address(text)).collect::<Vec<_>>());
    }
}
