use proptest::prelude::*;

use super::*;

#[test]
fn sizes_are_read_with_their_units() {
    for (text, bytes) in [
        ("0B", 0),
        ("20B", 20),
        ("1 KiB", 1024),
        ("1.5kib", 1536),
        ("1.5kB", 1500),
        ("2MB", 2_000_000),
        ("256MiB", 256 << 20),
    ] {
        assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
    }
}

#[test]
fn a_wrong_size_says_why() {
    for (text, reason) in [
        ("", "a number is missing"),
        ("KiB", "a number is missing"),
        ("1.", "a number is missing"),
        ("-1B", "a number is missing"),
        ("20", "a unit is missing after 20"),
        ("20 bytes", "`bytes` is not a unit of size (B, kB, MB, GB, KiB, MiB, GiB)"),
        ("1.5B", "it is not a whole number of bytes, or too large"),
        ("99999999999999999999GiB", "it is not a whole number of bytes, or too large"),
    ] {
        assert_eq!(text.parse::<ByteSize>().map_err(|e| e.to_string()), Err(reason.to_owned()), "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_shown_size_reads_back(bytes: u64) {
        prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
    }

    #[test]
    fn no_text_panics(text in "[0-9.kKMGiB ]{0,50}|\\PC{0,40}") {
        let _ = text.parse::<ByteSize>();
    }
}
