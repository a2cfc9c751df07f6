use proptest::prelude::*;

use super::*;

#[test]
fn it_stands_in_base64url_behind_its_mark() {
    let stamp = Stamp {
        time_ns: 0x0102_0304_0506_0708,
        late_us: Some(0x3_1415),
        publisher: Publisher { run: 0x11_1213, user: 7 },
        step: 3,
        by_topic: true,
        seq: 0x21_2223_2425,
    };
    let mut bytes = vec![0x41, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0, 0, 7, 0x80, 3];
    bytes.extend([0x21, 0x22, 0x23, 0x24, 0x25, 0x03, 0x14, 0x15]);
    let text = format!("~{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes));
    assert_eq!(std::str::from_utf8(&stamp.encode()).unwrap(), text);
    assert_eq!(Stamp::decode(text.as_bytes()), Some(stamp));
    bytes[21..].fill(0xFF);
    let text = format!("~{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes));
    let stamp = Stamp { late_us: None, ..stamp };
    assert_eq!(std::str::from_utf8(&stamp.encode()).unwrap(), text);
    assert_eq!(Stamp::decode(text.as_bytes()), Some(stamp));
}

#[test]
fn another_layout_is_no_stamp() {
    for first in [0x00, 0x18, 0x3F, 0x80, 0xC1] {
        let mut bytes = [7; BYTES];
        bytes[0] = first;
        let text = format!("~{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(Stamp::decode(text.as_bytes()), None, "{first:#x}");
    }
}

#[test]
fn a_lateness_is_exact_up_to_a_second_and_never_less_than_it_was() {
    for us in [0, 1, 999, 1_000_000, 1 << 20, u32::MAX - 4_095, u32::MAX] {
        assert_eq!(unpack_late(pack_late(us)), Some(us), "{us}");
    }
    for (us, read) in
        [((1 << 20) + 1, (1 << 20) + 2), ((1 << 21) - 1, 1 << 21), (3_600_000_001, 3_600_003_072)]
    {
        assert_eq!(unpack_late(pack_late(us)), Some(read), "{us}");
    }
}

#[test]
fn a_user_beyond_those_that_can_be_told_apart_is_none_of_them() {
    let new = |user| Publisher::new(0xFF12_3456, user);
    assert_eq!(new(1), Publisher { run: 0x12_3456, user: 1 });
    assert_eq!((new((1 << 24) - 1).user, new(1 << 24).user, new(u64::MAX).user), ((1 << 24) - 1, 0, 0));
}

#[test]
fn nothing_else_is_a_stamp() {
    let publisher = Publisher { run: 2, user: 3 };
    let stamp = Stamp { time_ns: 1, late_us: None, publisher, step: 4, by_topic: false, seq: 5 };
    let text = stamp.encode();
    assert_eq!(Stamp::decode_prefix(&[&text[..], b"{}"].concat()), Some(stamp));
    assert_eq!(Stamp::decode(&[&text[..], b"x"].concat()), None);
    assert_eq!(Stamp::decode(&text[..LENGTH - 1]), None);
    assert_eq!(Stamp::decode_prefix(&text[..LENGTH - 1]), None);
    assert_eq!(Stamp::decode(b""), None);
    for index in 0..LENGTH {
        for wrong in *b"=+/ ~\0\xff\"" {
            let mut text = text;
            text[index] = wrong;
            let expected = if index == 0 && wrong == MARK { Some(stamp) } else { None };
            assert_eq!(Stamp::decode(&text), expected, "{index} {wrong}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_reads_back(
        time_ns in 0_u64..1 << 62,
        late_us in proptest::option::of(prop_oneof![0..=1_048_576_u32, any::<u32>()]),
        run in 0_u32..1 << 24,
        user in 0_u32..1 << 24,
        step in 0_u16..1 << 15,
        by_topic: bool,
        seq in 0_u64..1 << 40,
    ) {
        let stamp = Stamp { time_ns, late_us, publisher: Publisher { run, user }, step, by_topic, seq };
        let read = Stamp::decode(&stamp.encode()).unwrap();
        prop_assert_eq!(Stamp { late_us, ..read }, stamp);
        prop_assert_eq!(read.late_us.is_some(), late_us.is_some());
        if let (Some(read), Some(late)) = (read.late_us, late_us) {
            let more = read.checked_sub(late).unwrap();
            prop_assert!(more == 0 || late > 1 << 20 && more <= late >> 19, "{} {}", late, read);
        }
    }

    #[test]
    fn what_is_read_is_what_was_encoded(digits in "~[Q-Za-f][A-Za-z0-9_-]{31}") {
        let stamp = Stamp::decode(digits.as_bytes()).unwrap();
        prop_assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
    }
}
