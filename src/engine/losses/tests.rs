use super::*;

#[test]
fn who_is_closed_again_and_again_looks_taken_over() {
    let losses = Losses::default();
    let mut users = [Closings::default(); 3];
    for user in &mut users {
        losses.lost(Failure::Closed, user);
    }
    assert_eq!((losses.counts().taken_over, losses.counts().remark()), (0, None), "a restart");
    losses.lost(Failure::Closed, &mut users[0]);
    losses.lost(Failure::Closed, &mut users[0]);
    assert_eq!(losses.counts(), LossCounts { all: 5, taken_over: 3, left_unread: 0 });
    assert!(losses.counts().remark().unwrap().starts_with("3 of 5 lost connections"));
    users[1].refused();
    losses.lost(Failure::Closed, &mut users[1]);
    losses.lost(Failure::NoPacketId, &mut users[2]);
    assert_eq!(losses.counts(), LossCounts { all: 7, taken_over: 3, left_unread: 0 });
    assert_eq!(losses.counts().remark(), None);
}
