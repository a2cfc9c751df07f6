use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Run {
    limit: u64,
    shards: u32,
    paces: Vec<Pace>,
    workers: Vec<Worker>,
}

fn run() -> impl Strategy<Value = Run> {
    let per_s = prop_oneof![4 => 0.05..50.0, 1 => Just(0.0)];
    let pace = (0..3_u8, 0.0..2.0, per_s, prop::option::of(0..40_u64)).prop_map(
        |(at_once, begins_s, per_s, most)| {
            let idle = (per_s == 0.0).then_some(u64::from(at_once));
            let most = most.into_iter().chain(idle).min();
            Pace { at_once: f64::from(at_once), begins_s, per_s, most }
        },
    );
    let paces = prop::collection::vec(pace, 3);
    let worker = (0..3_usize, 0..30_u64, prop::option::of(1..30_u64)).prop_map(|(class, starts, stays)| {
        let starts = Duration::from_secs(starts);
        let stops = stays.map_or(Duration::MAX, |stays| starts + Duration::from_secs(stays));
        Worker { shard: 0, class, starts, stops }
    });
    let workers = prop::collection::vec(worker, 1..40);
    (1..2_000_u64, 1..8_u32, paces, workers).prop_map(|(limit, shards, paces, mut workers)| {
        for (worker, shard) in workers.iter_mut().zip((0..shards).cycle()) {
            worker.shard = shard;
        }
        Run { limit, shards, paces, workers }
    })
}

/// When a user does what counts, the first times.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
fn moments(worker: &Worker, pace: &Pace, limit: u64) -> Vec<f64> {
    let starts_s = worker.starts.as_secs_f64();
    let at_once = std::iter::repeat_n(starts_s, pace.at_once as usize);
    let later = (1..=limit).map(|n| starts_s + pace.begins_s + n as f64 / pace.per_s);
    let later = later.take_while(|moment| *moment <= worker.stops.as_secs_f64());
    let most = pace.most.map_or(usize::MAX, |most| most as usize);
    at_once.chain(later).take(most).collect()
}

proptest! {
    #[test]
    fn a_shard_has_the_part_that_its_users_do_in_one_process(run in run()) {
        let Run { limit, shards, paces, workers } = run;
        let mut all: Vec<(f64, u32)> = Vec::new();
        for worker in &workers {
            let moments = moments(worker, &paces[worker.class], limit);
            all.extend(moments.into_iter().map(|moment| (moment, worker.shard)));
        }
        let most = most(&workers, &paces, shards);
        let parts = parts(limit, &workers, &paces, &most);
        let possible = most.iter().copied().try_fold(0, |sum, most| most.map(|most| sum + most));
        prop_assert_eq!(parts.iter().sum::<u64>(), possible.map_or(limit, |possible| limit.min(possible)));
        for (part, most) in parts.iter().zip(&most) {
            prop_assert!(most.is_none_or(|most| *part <= most), "{} of {:?}", part, most);
        }
        if (all.len() as u64) < limit {
            // The users stop before: nobody can say who would have done the rest.
            return Ok(());
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        // What happens at the moment at which the limit is reached happens in any order.
        let reached = all[usize::try_from(limit).unwrap() - 1].0;
        for (shard, part) in (0..shards).zip(&parts) {
            let of_shard = |from: f64, to: f64| {
                all.iter().filter(|of| of.1 == shard && of.0 >= from && of.0 <= to).count() as u64
            };
            // A user may be in the middle of one.
            let users = workers.iter().filter(|worker| worker.shard == shard).count() as u64;
            let (before, with) = (of_shard(0.0, reached - 1e-9), of_shard(0.0, reached));
            let slack = users + 1;
            prop_assert!(*part + slack >= before && *part <= with + slack, "{} of {}: {} to {}", part, shard, before, with);
        }
    }
}
