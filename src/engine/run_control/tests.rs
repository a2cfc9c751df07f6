use super::*;

#[tokio::test]
async fn what_is_asked_for_together_comes_together() {
    let control = RunControl::default();
    let other = control.clone();
    other.add(10);
    control.add(-1);
    assert_eq!(control.asked().await, Asked { users: Some(UserChange::By(9)), ..Asked::default() });
    control.add(i32::MIN);
    control.reset_statistics();
    control.add(i32::MIN);
    let users = Some(UserChange::By(2 * i64::from(i32::MIN)));
    assert_eq!(control.asked().await, Asked { users, reset: true, stop: None });
}

#[tokio::test]
async fn the_shortest_patience_of_those_that_ask_for_an_end_holds() {
    let control = RunControl::default();
    for seconds in [5, 2, 9] {
        control.stop_within(Duration::from_secs(seconds));
    }
    assert_eq!(control.asked().await.stop, Some(Duration::from_secs(2)));
}

#[tokio::test]
async fn a_number_of_users_replaces_what_was_asked_for_before_it() {
    let control = RunControl::default();
    control.add(10);
    control.ramp_to(50, 5.0);
    control.add(-1);
    let users = control.asked().await.users.unwrap();
    assert_eq!(users, UserChange::To { users: 50, by: -1, spawn_rate: 5.0 });
    assert_eq!(users.of(7), 49);
    control.go_to(vec![3, 4]);
    control.add(1);
    let users = control.asked().await.users.unwrap();
    assert_eq!((users.of(7), users), (7, UserChange::Classes(vec![3, 4])));
    assert_eq!([UserChange::By(3).of(7), UserChange::By(-8).of(7)], [10, 0]);
}
