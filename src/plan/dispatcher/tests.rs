use proptest::prelude::*;

use super::*;

#[test]
fn the_pace_is_whole_users_at_a_time() {
    let pace = |rate| (Pace::new(rate).batch, Pace::new(rate).wait);
    assert_eq!(pace(2.5), (2, Duration::from_millis(800)));
    assert_eq!(pace(0.25), (1, Duration::from_secs(4)));
    assert_eq!(pace(100.0), (100, Duration::from_secs(1)));
    assert_eq!(pace(1e300).0, u32::MAX);
    assert_eq!(pace(1e-300), (1, Duration::MAX));
    // 7 users: at 0, 0.8, 1.6 and 2.4 s.
    assert_eq!(Pace::new(2.5).time_for(7), Duration::from_millis(2_400));
    assert_eq!(Pace::new(2.5).time_for(0), Duration::ZERO);
}

#[test]
fn a_round_of_fixed_users_that_was_cut_short_is_finished_first() {
    let mut dispatcher = Dispatcher::new(&[("F", 1.0, 2), ("G", 1.0, 2), ("W", 1.0, 0)]);
    // F, G, F; all stop; then the G that was left of the round, and only then a look at what is missing.
    for (target, expected) in [(3, [2, 1, 0]), (0, [0, 0, 0]), (1, [0, 1, 0]), (6, [2, 2, 2])] {
        dispatcher.ramp(target, 10.0);
        while dispatcher.next_batch().is_some() {}
        assert_eq!(dispatcher.counts(), expected, "{target}");
    }
}

/// What the batches of the ramp that was begun start and stop, as `started-stopped`.
fn batches(dispatcher: &mut Dispatcher) -> Vec<String> {
    let ids = |list: &[ClassId]| list.iter().map(|class| class.0.to_string()).collect::<String>();
    std::iter::from_fn(|| dispatcher.next_batch())
        .map(|batch| format!("{}-{}", ids(&batch.start), ids(&batch.stop)))
        .collect()
}

#[test]
fn counts_of_each_class_are_reached_by_starting_and_stopping_side_by_side() {
    let mut dispatcher = Dispatcher::new(&[("a", 1.0, 0), ("b", 1.0, 0), ("c", 3.0, 2)]);
    dispatcher.ramp_to_counts(&[3, 1, 0], 2.0);
    assert_eq!(batches(&mut dispatcher), ["01-", "00-"]);
    dispatcher.ramp_to_counts(&[0, 2, 0], 2.0);
    // The newest first, and one starts while two stop.
    assert_eq!(batches(&mut dispatcher), ["1-00", "-0"]);
    assert_eq!(dispatcher.counts(), [0, 2, 0]);
    // Back to weights and fixed counts: those are filled first.
    dispatcher.ramp(5, 10.0);
    assert_eq!(batches(&mut dispatcher), ["220-"]);
    dispatcher.ramp_to_counts(&[1, 2, 2], 1.0);
    assert_eq!(batches(&mut dispatcher), ["-"], "a ramp to where one is has one empty batch");
}

#[test]
fn no_class_to_pick_ends_the_ramp() {
    let mut dispatcher = Dispatcher::new(&[("A", 0.0, 0)]);
    dispatcher.ramp(3, 1.0);
    assert_eq!(dispatcher.next_batch(), Some(Batch::default()));
    assert_eq!(dispatcher.next_batch(), None);
}

proptest! {
    #[test]
    fn counts_are_reached_exactly_from_anywhere(
        ramps in prop::collection::vec((prop::collection::vec(0_u32..30, 3), 0_u32..60, 0.3_f64..40.0, 0_usize..5), 1..8),
    ) {
        let mut dispatcher = Dispatcher::new(&[("a", 2.0, 0), ("b", 1.0, 0), ("c", 1.0, 4)]);
        for (counts, total, rate, cut_after) in &ramps {
            dispatcher.ramp(*total, *rate);
            // Cut off somewhere.
            for _ in 0..*cut_after {
                dispatcher.next_batch();
            }
            let before = dispatcher.counts().to_vec();
            dispatcher.ramp_to_counts(counts, *rate);
            let most = Pace::new(*rate).batch as usize;
            let (mut started, mut stopped) = (0, 0);
            while let Some(batch) = dispatcher.next_batch() {
                prop_assert!(batch.start.len() <= most && batch.stop.len() <= most);
                started += batch.start.len();
                stopped += batch.stop.len();
            }
            prop_assert_eq!(dispatcher.counts(), &counts[..]);
            let sum = |pairs: &mut dyn Iterator<Item = (&u32, &u32)>| {
                pairs.map(|(a, b)| a.saturating_sub(*b) as usize).sum::<usize>()
            };
            prop_assert_eq!(started, sum(&mut counts.iter().zip(&before)), "none starts in vain");
            prop_assert_eq!(stopped, sum(&mut before.iter().zip(counts)), "none stops in vain");
        }
        dispatcher.ramp(0, 100.0);
        while dispatcher.next_batch().is_some() {}
        prop_assert_eq!(dispatcher.counts(), [0; 3]);
    }

    #[test]
    fn many_small_ramps_up_end_where_a_single_one_does(
        weights in prop::collection::vec((0.01_f64..100.0, prop_oneof![Just(0_u32), 0_u32..20]), 1..8),
        steps in prop::collection::vec((0_u32..60, 0.1_f64..50.0), 1..8),
    ) {
        let names: Vec<String> = (0..weights.len()).map(|i| format!("class {i}")).collect();
        let classes: Vec<_> =
            names.iter().zip(&weights).map(|(name, (weight, fixed))| (name.as_str(), *weight, *fixed)).collect();
        let (mut whole, mut pieces) = (Dispatcher::new(&classes), Dispatcher::new(&classes));
        let mut target = 0;
        for (more, rate) in &steps {
            target += more;
            pieces.ramp(target, *rate);
            while let Some(batch) = pieces.next_batch() {
                prop_assert!(batch.start.len() <= Pace::new(*rate).batch as usize);
                prop_assert!(batch.stop.is_empty());
            }
        }
        whole.ramp(target, 7.0);
        while whole.next_batch().is_some() {}
        prop_assert_eq!(whole.counts(), pieces.counts());
        let fixed_sum: u32 = weights.iter().map(|(_, fixed)| fixed).sum();
        if target >= fixed_sum {
            for ((_, fixed), count) in weights.iter().zip(whole.counts()) {
                prop_assert!(*fixed == 0 || fixed == count);
            }
        }
        whole.ramp(0, 11.0);
        while whole.next_batch().is_some() {}
        prop_assert!(whole.counts().iter().all(|count| *count == 0));
    }
}
