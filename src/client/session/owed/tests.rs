use super::*;

#[test]
fn a_run_of_ids_goes_round_and_not_beyond_itself() {
    let mut owed = Owed::default();
    for id in [65_534, 65_535, 1, 2, 4] {
        owed.add(id, Ack::Puback, 0);
    }
    for (from, length) in [(65_533, 0), (65_534, 4), (65_535, 3), (1, 2), (2, 1), (3, 0), (4, 1)] {
        assert_eq!(owed.run_from(from), length, "from {from}");
    }
    for id in 1..=u16::MAX {
        owed.add(id, Ack::Puback, 0);
    }
    for from in [1, 2, 40_000, 65_535] {
        assert_eq!(owed.run_from(from), 65_535, "from {from}");
    }
}

#[test]
fn only_messages_count_as_such() {
    let mut owed = Owed::default();
    owed.add(1, Ack::Suback, 3);
    owed.add(2, Ack::Pubrec, 0);
    owed.add(3, Ack::Puback, 0);
    assert_eq!((owed.len(), owed.messages()), (3, 2));
    assert_eq!((owed.filters(1, Ack::Suback), owed.filters(1, Ack::Unsuback)), (Some(3), None));
    assert!(owed.release(2) && owed.release(2) && !owed.release(3) && !owed.release(1) && !owed.release(9));
    owed.keep_messages();
    assert_eq!(owed.iter().collect::<Vec<_>>(), [(2, Ack::Pubcomp), (3, Ack::Puback)]);
    assert_eq!((owed.remove(2), owed.remove(2)), (Some(Ack::Pubcomp), None));
    assert_eq!((owed.len(), owed.messages()), (1, 1));
}
