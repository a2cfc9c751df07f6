use super::*;
use crate::plan::ClassId;
use crate::plan::dispatcher::Dispatcher;
use crate::plan::load::Users;

const SECOND: Duration = Duration::from_secs(1);
const A: ClassId = ClassId(0);

fn numbers(of: Option<(StopAction, Vec<UserRef>)>) -> Option<(StopAction, Vec<u64>)> {
    of.map(|(fate, users)| (fate, users.into_iter().map(|user| user.number).collect()))
}

/// New users of class A with these numbers.
fn new(numbers: impl IntoIterator<Item = u64>) -> Vec<NewUser> {
    numbers.into_iter().map(|number| NewUser { class: A, number, index: number - 1 }).collect()
}

#[test]
fn users_of_a_shard_go_to_its_threads_in_turn() {
    for (shard, own, expected) in [
        (Shard::WHOLE, vec![1, 2, 3, 4, 5], [vec![1, 3, 5], vec![2, 4]]),
        (Shard::new(1, 3).unwrap(), vec![2, 5, 8], [vec![2, 8], vec![5]]),
    ] {
        let mut registry = UserRegistry::new(shard, 1, 2, SECOND, SECOND);
        let shares = registry.start(&new(own.clone()));
        let seen: Vec<Vec<_>> =
            shares.iter().map(|share| share.iter().map(|new| new.number).collect()).collect();
        assert_eq!(seen, expected);
        registry.gone(own[1]);
        registry.gone(own[1]);
        let living = u32::try_from(own.len()).unwrap() - 1;
        assert_eq!((registry.started(), registry.living()), (own.len() as u64, &[living][..]));
    }
}

#[test]
fn users_that_stop_are_hurried_in_turn() {
    let mut registry = UserRegistry::new(Shard::WHOLE, 1, 1, 5 * SECOND, SECOND);
    registry.start(&new(1..=4));
    let now = Instant::now();
    assert_eq!(
        numbers(registry.stop(&[4, 3], now)),
        Some((StopAction::Tell(StopPhase::Stopping), vec![4, 3]))
    );
    assert_eq!(
        numbers(registry.stop(&[2], now + SECOND)),
        Some((StopAction::Tell(StopPhase::Stopping), vec![2]))
    );
    assert_eq!(registry.due(), Some(now + 5 * SECOND));
    assert_eq!(registry.next_due(now + 4 * SECOND), None);
    let later = now + 5 * SECOND;
    assert_eq!(numbers(registry.next_due(later)), Some((StopAction::Tell(StopPhase::Leaving), vec![4, 3])));
    assert_eq!(registry.next_due(later), None);
    assert_eq!(registry.due(), Some(now + 6 * SECOND));
    let later = now + 6 * SECOND;
    assert_eq!(numbers(registry.next_due(later)), Some((StopAction::Tell(StopPhase::Leaving), vec![2])));
    assert_eq!(numbers(registry.next_due(later)), Some((StopAction::Drop, vec![4, 3])));
    assert_eq!(registry.next_due(later), None);
}

/// The numbers of those that a shard draws out of 11 users of class A, of which two have left by themselves.
fn draw(shard: Shard, threads: usize, share: f64, seed: u64) -> Vec<u64> {
    let mut registry = UserRegistry::new(shard, 2, threads, SECOND, SECOND);
    let mut roster = Roster::new(Dispatcher::new(&[("a", 1.0, 0), ("b", 1.0, 0)]), Shard::WHOLE);
    roster.ramp_to(&Users::PerClass(vec![11, 0]), 100.0);
    registry.start(&roster.next_change().unwrap().start);
    roster.ramp_to(&Users::PerClass(vec![11, 5]), 100.0);
    registry.start(&roster.next_change().unwrap().start);
    if shard.is_whole() {
        registry.gone(11);
        registry.gone(3);
    }
    let (drawn, own) = registry.draw(&MassDisconnect { share, of: vec![A] }, &roster, seed);
    assert_eq!(
        own,
        (1..=11).filter(|number| shard.holds(*number)).count() - if shard.is_whole() { 2 } else { 0 }
    );
    let mut numbers: Vec<_> = drawn.iter().map(|user| user.number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_share_is_drawn_of_those_that_are_there() {
    let whole = |threads, share, seed| draw(Shard::WHOLE, threads, share, seed);
    assert_eq!(whole(1, 1.0, 1), [1, 2, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(whole(1, 0.0, 1), [0; 0]);
    for (share, count) in [(0.04, 0), (0.06, 1), (0.5, 5), (0.55, 5), (0.94, 8)] {
        assert_eq!(whole(1, share, 1).len(), count, "{share}");
        assert_eq!(whole(1, share, 1), whole(3, share, 1), "{share}");
    }
    assert_ne!(whole(1, 0.5, 1), whole(1, 0.5, 2));
}

#[test]
fn shards_draw_users_of_their_own_and_the_share_of_all_together() {
    let shards = [0, 1, 2].map(|index| draw(Shard::new(index, 3).unwrap(), 1, 0.5, 1));
    assert_eq!(shards.concat().len(), 6, "{shards:?}");
    for (index, drawn) in shards.iter().enumerate() {
        assert!(drawn.iter().all(|number| (number - 1) % 3 == index as u64), "{shards:?}");
    }
}

#[test]
fn without_a_stop_timeout_they_leave_at_once() {
    let mut registry = UserRegistry::new(Shard::WHOLE, 1, 1, Duration::ZERO, SECOND);
    registry.start(&new([1]));
    let now = Instant::now();
    assert_eq!(numbers(registry.stop(&[1], now)), Some((StopAction::Tell(StopPhase::Leaving), vec![1])));
    assert_eq!(registry.stop(&[], now), None, "nobody stops");
}
