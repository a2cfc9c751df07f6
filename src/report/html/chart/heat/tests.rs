use super::*;

#[test]
fn a_shade_is_a_share_of_the_column() {
    assert_eq!(
        [(0, 0), (0, 9), (1, 1_000_000), (1, 10_000), (1, 100), (1, 2), (9, 9)].map(|(n, of)| shade(n, of)),
        [0, 0, 1, 1, 9, 15, 15]
    );
}

#[test]
fn times_stand_in_their_column_with_the_longest_above() {
    let across = Across::Time { length_s: 3.0, interval_s: 1.0, started: None };
    let mut map = HeatMap::new("times".to_owned(), across, &[], [1.0, 100.0]);
    map.add(0.5, 1.0, 5);
    map.add(2.5, 100.0, 7);
    map.add(99.0, 1_000_000.0, 7);
    let shades = map.shades();
    let lit: Vec<_> = (0..shades.len()).filter(|index| shades[*index] > 0).collect();
    assert_eq!(lit, [2, (BANDS - 1) * 3], "the end of the first line, the beginning of the last");
    assert!(map.svg().unwrap().contains("data:image/png;base64,"));
}
