use super::*;

#[test]
fn the_choice_takes_one_word() {
    assert_eq!(size_of::<Option<ChosenSession>>(), 2 * size_of::<usize>());
}
