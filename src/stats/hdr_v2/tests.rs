use super::*;
use proptest::collection::btree_map;
use proptest::prelude::*;

proptest! {
    #[test]
    fn counters_come_back(counts in btree_map(0..hdr::SLOTS, 1..MAX_TIMES / 50, 0..50)) {
        let counts: Vec<_> = counts.into_iter().collect();
        let bytes = histogram(&counters(counts.iter().copied()));
        prop_assert_eq!(read_counters(counters_of(&bytes).unwrap()).unwrap(), counts);
    }

    #[test]
    fn foreign_bytes_are_refused_and_nothing_else(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(counters) = counters_of(&bytes) {
            let _ = read_counters(counters);
        }
        let _ = read_counters(&bytes);
    }
}

#[test]
fn more_times_than_can_be_added_are_refused() {
    let bytes = counters([(0, MAX_TIMES), (1, 1)].into_iter());
    assert_eq!(read_counters(&bytes), Err(DecodeError::Counters));
}

#[test]
fn the_bytes_are_those_of_hdrhistogram() {
    // Made by PyPI's hdrhistogram 0.10: HdrHistogram(1000, 3600000000000, 3) with 1 × 1 µs and 3 × 2 ms.
    let bytes = histogram(&counters([(hdr::index(1_000), 1), (hdr::index(2_000_000), 3)].into_iter()));
    let head = [
        [0x1c, 0x84, 0x93, 0x13, 0, 0, 0, 5, 0, 0],
        [0, 0, 0, 0, 0, 3, 0, 0, 0, 0],
        [0, 0, 0x03, 0xe8, 0, 0, 0x03, 0x46, 0x30, 0xb8],
        [0xa0, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
    ];
    assert_eq!(bytes, [&head.concat()[..], &[0x01, 0x02, 0xbd, 0x2e, 0x06]].concat());
}

#[test]
fn the_checksum_is_adler_32() {
    assert_eq!(adler_32(b"Wikipedia"), 0x11E6_0398);
}
