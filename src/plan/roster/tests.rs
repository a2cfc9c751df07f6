use proptest::prelude::*;

use super::*;

fn roster(shard: Shard) -> Roster {
    Roster::new(Dispatcher::new(&[("a", 2.0, 0), ("b", 1.0, 0), ("c", 1.0, 3)]), shard)
}

fn changes(roster: &mut Roster) -> Vec<Change> {
    std::iter::from_fn(|| roster.next_change()).collect()
}

#[test]
fn numbers_go_on_counting_and_the_newest_of_a_class_stop() {
    let mut roster = Roster::new(Dispatcher::new(&[("a", 1.0, 0), ("b", 1.0, 0)]), Shard::WHOLE);
    let (a, b) = (ClassId(0), ClassId(1));
    roster.ramp_to(&Users::PerClass(vec![2, 1]), 10.0);
    let started = |number, class, index| NewUser { class, number, index };
    assert_eq!(changes(&mut roster)[0].start, [started(1, a, 0), started(2, b, 0), started(3, a, 1)]);
    roster.ramp_to(&Users::PerClass(vec![1, 1]), 10.0);
    assert_eq!(changes(&mut roster)[0].stop, [3]);
    roster.ramp_to(&Users::PerClass(vec![2, 1]), 10.0);
    assert_eq!(changes(&mut roster)[0].start, [started(4, a, 2)]);
    assert_eq!((roster.counts(), roster.started_in_all()), (&[2, 1][..], &[3, 1][..]));
    assert_eq!(roster.running_in_all(a), [1, 4]);
}

proptest! {
    #[test]
    fn shards_together_start_and_stop_the_users_of_one_process_when_it_does(
        of in 1_u32..7,
        ramps in prop::collection::vec((prop::option::of(prop::collection::vec(0_u32..30, 3)), 0_u32..60, 0.3_f64..40.0), 1..8),
    ) {
        let mut whole = roster(Shard::WHOLE);
        let mut shards: Vec<_> = (0..of).map(|index| roster(Shard::new(index, of).unwrap())).collect();
        for (counts, total, rate) in ramps {
            let users = counts.map_or(Users::Total(total), Users::PerClass);
            whole.ramp_to(&users, rate);
            for shard in &mut shards {
                shard.ramp_to(&users, rate);
            }
            let goals: Vec<_> = shards.iter().map(Roster::goal).collect();
            for change in changes(&mut whole) {
                let (mut start, mut stop) = (Vec::new(), Vec::new());
                for shard in &mut shards {
                    let part = shard.next_change().unwrap();
                    prop_assert_eq!(part.wait, change.wait);
                    prop_assert_eq!((part.starts_in_all, part.stops_in_all), (change.starts_in_all, change.stops_in_all));
                    start.extend(part.start);
                    stop.extend(part.stop);
                }
                start.sort_by_key(|new| new.number);
                prop_assert_eq!(start, change.start);
                stop.sort_unstable();
                let mut expected = change.stop;
                expected.sort_unstable();
                prop_assert_eq!(stop, expected);
            }
            for (shard, goal) in shards.iter_mut().zip(goals) {
                prop_assert_eq!(shard.next_change(), None);
                prop_assert_eq!(shard.counts(), &goal[..]);
            }
            let sums: Vec<u32> = (0..3).map(|class| shards.iter().map(|shard| shard.counts()[class]).sum()).collect();
            prop_assert_eq!(whole.counts(), &sums[..]);
            prop_assert_eq!(whole.counts_in_all(), whole.counts());
        }
    }
}
