use super::*;

#[test]
fn a_reason_is_its_name_its_code_and_what_the_broker_says() {
    for (reason, text) in [
        (Reason::of(0x97), "Quota exceeded (0x97)"),
        (Reason::of(0xC0), "unknown reason code (0xC0)"),
        (Reason::new(0x87, Some("no\tway"), None), "Not authorized (0x87): no way"),
        (Reason::new(0x87, Some(""), None), "Not authorized (0x87)"),
        (Reason::new(0x9C, None, Some("b:1883")), "Use another server (0x9C): see b:1883"),
        (Reason::new(0x9D, Some("gone"), Some("b")), "Server moved (0x9D): gone; see b"),
    ] {
        assert_eq!(reason.to_string(), text);
    }
    assert_eq!(Reason::new(0x80, Some("x"), None), Reason::new(0x80, Some("x"), None));
}

#[test]
fn a_broker_that_always_says_something_else_does_not_fill_the_memory() {
    let mut texts = Texts(BTreeSet::new());
    for i in 0..10 * MAX_TEXTS {
        let text = format!("{i} {}", "long".repeat(MAX_CHARS));
        let said = texts.store(&text);
        assert_eq!(said.is_some(), i < MAX_TEXTS);
        assert!(said.is_none_or(|said| text.starts_with(said) && said.chars().count() == MAX_CHARS));
    }
    assert_eq!(texts.0.len(), MAX_TEXTS);
}
