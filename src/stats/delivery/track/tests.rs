use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn track(seqs: &[u64]) -> (Track, Vec<Seen>) {
    let mut track = Track::begin(seqs[0], seqs[0] * 10, 1);
    let seen = seqs[1..].iter().map(|seq| track.take(*seq, seq * 10)).collect();
    (track, seen)
}

fn gaps(track: &Track) -> Vec<(u64, u64, u64, u64)> {
    track.gaps().map(|gap| (gap.first, gap.last, gap.before_ns, gap.after_ns)).collect()
}

#[test]
fn a_gap_is_opened_split_and_closed() {
    use Seen::{Again, Late, New};
    let (all, seen) = track(&[1, 2, 7, 4, 4, 6, 7, 3, 5, 5, 8]);
    assert_eq!(seen, [New, New, Late, Again, Late, Again, Late, Late, Again, New]);
    assert_eq!((gaps(&all), all.received, all.late), (vec![], 8, 4));
    assert_eq!(gaps(&track(&[2, 7]).0), [(3, 6, 20, 70)]);
    assert_eq!(gaps(&track(&[2, 7, 4]).0), [(3, 3, 20, 40), (5, 6, 40, 70)]);
    assert_eq!(gaps(&track(&[2, 7, 3]).0), [(4, 6, 30, 70)]);
    assert_eq!(gaps(&track(&[2, 7, 6]).0), [(3, 5, 20, 60)]);
    assert_eq!(gaps(&track(&[5, 7, 2]).0), [(3, 4, 20, 50), (6, 6, 50, 70)], "from before the first");
}

#[test]
fn gaps_beyond_the_most_are_settled_as_they_are() {
    let mut track = Track::begin(1, 1, 1);
    let last = 3 * (MAX_GAPS as u64 + 10) + 1;
    for seq in (4..=last).step_by(3) {
        track.take(seq, seq);
    }
    assert_eq!((track.gaps().count(), track.given_up), (MAX_GAPS, 20));
    assert_eq!(track.take(2, 2), Seen::Again, "what is settled stays settled");
    assert_eq!(track.take(last - 1, last - 1), Seen::Late);
}

proptest! {
    #[test]
    fn it_counts_what_a_set_of_all_numbers_counts(seqs in vec(1_u64..40, 1..120)) {
        let (track, seen) = track(&seqs);
        let (mut known, mut high) = (BTreeSet::from([seqs[0]]), seqs[0]);
        for (seq, seen) in seqs[1..].iter().zip(seen) {
            let expected = match known.insert(*seq) {
                false => Seen::Again,
                true if *seq > high => Seen::New,
                true => Seen::Late,
            };
            high = high.max(*seq);
            prop_assert_eq!(seen, expected);
        }
        let lowest = *known.first().unwrap();
        prop_assert_eq!((track.first, track.high), ((lowest, lowest * 10), (high, high * 10)));
        prop_assert_eq!(track.received, known.len() as u64);
        let missing: Vec<u64> = track.gaps().flat_map(|gap| gap.first..=gap.last).collect();
        prop_assert_eq!(missing, (lowest..=high).filter(|seq| !known.contains(seq)).collect::<Vec<_>>());
        for gap in track.gaps() {
            prop_assert_eq!((gap.before_ns, gap.after_ns), ((gap.first - 1) * 10, (gap.last + 1) * 10));
        }
    }
}
