use super::*;

#[test]
fn a_mass_disconnect_is_over_when_all_threads_have_answered() {
    let mut disconnects = MassDisconnects::default();
    disconnects.begin(1, 10, 2);
    disconnects.begin(2, 7, 2);
    assert_eq!(disconnects.answer(1, 4), None);
    assert_eq!(disconnects.answer(2, 0), None);
    assert_eq!(disconnects.answer(2, 3), Some((3, 7)));
    assert_eq!(disconnects.answer(1, 5), Some((9, 10)));
    assert_eq!(disconnects.answer(1, 5), None);
}
