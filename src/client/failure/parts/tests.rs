use super::*;

#[test]
fn another_protocol_is_known_by_its_beginning() {
    for (answer, expected) in [
        (&b"\x15"[..], Guess::MayBe),
        (b"\x15\x03\x01", Guess::Is(Protocol::Tls)),
        (b"\x15\x02", Guess::No),
        (b"HT", Guess::MayBe),
        (b"HTTP/1.1 400", Guess::Is(Protocol::Http)),
        (b"\x20\x02", Guess::No),
    ] {
        assert_eq!(Protocol::of(answer), expected, "{answer:?}");
    }
}
