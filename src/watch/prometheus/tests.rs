use super::*;

#[test]
fn a_star_stands_for_any_characters_and_everything_else_for_itself() {
    for (pattern, name, matches) in [
        ("mosquitto_*", "mosquitto_clients", true),
        ("mosquitto_*", "a_mosquitto_clients", false),
        ("*_bytes", "process_resident_memory_bytes", true),
        ("*_bytes", "bytes", false),
        ("a*c*e", "abcde", true),
        ("a*c*e", "abde", false),
        ("up", "up", true),
        ("up", "upper", false),
        ("*", "anything", true),
    ] {
        assert_eq!(pattern_of(pattern).unwrap().is_match(name), matches, "{pattern} {name}");
    }
}
