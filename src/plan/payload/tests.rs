use std::collections::BTreeSet;

use super::*;

#[test]
fn each_user_goes_through_the_lines_from_its_own() {
    let lines = Lines(Arc::new(Column::new("", [&b"a"[..], b"b", b"c"])));
    let of_user = |index| (1..=4).map(|seq| lines.line(index, seq)).collect::<Vec<_>>().concat();
    assert_eq!([0, 1, 5].map(of_user), ["abca", "bcab", "cabc"].map(|text| text.as_bytes().to_vec()));
}

#[test]
fn a_filling_has_every_length_of_its_range() {
    let filling = Filling { bytes: vec![b'x'; 5].into(), least: 3 };
    let mut random = Random::for_user(0, "", 0);
    let lengths: BTreeSet<_> = (0..200).map(|_| filling.draw(&mut random).len()).collect();
    assert_eq!(lengths, [3, 4, 5].into());
    assert_eq!(Payload::Filling(filling).length((0, 0)), (3, 5));
}
