use super::*;

fn random() -> Random {
    Random::for_user(1, "x", 1)
}

fn after(initial_ms: u64, max_ms: u64, jitter: f64, attempts: Option<u32>) -> Reconnect {
    let [initial, max] = [initial_ms, max_ms].map(Duration::from_millis);
    Reconnect::After(Pauses { initial, max, jitter, attempts })
}

#[test]
fn pauses_double_up_to_the_longest() {
    let (mut backoff, mut random, policy) = (Backoff::default(), random(), Reconnect::default());
    let pauses: Vec<_> = (0..300).filter_map(|_| backoff.failed(&policy, &mut random)).collect();
    assert_eq!(pauses.len(), 300);
    for (i, pause) in pauses.iter().map(Duration::as_secs_f64).enumerate() {
        let full = (0.5 * 2.0_f64.powi(i32::try_from(i).unwrap())).min(30.0);
        assert!((full / 2.0..=full).contains(&pause), "{i}: {pause}");
    }
    backoff.reset();
    assert!(backoff.lost(&policy, &mut random).unwrap() <= Duration::from_millis(500));
}

#[test]
fn without_jitter_pauses_are_exact_and_with_all_of_it_they_reach_down_to_nothing() {
    let (mut backoff, mut random, policy) = (Backoff::default(), random(), after(100, 500, 0.0, None));
    let pauses = [(); 5].map(|()| backoff.failed(&policy, &mut random).unwrap().as_millis());
    assert_eq!(pauses, [100, 200, 400, 500, 500]);
    let policy = after(1_000, 1_000, 1.0, None);
    let shortest = (0..100).map(|_| backoff.lost(&policy, &mut random).unwrap()).min().unwrap();
    assert!(shortest < Duration::from_millis(100), "{shortest:?}");
}

#[test]
fn only_failed_connects_in_a_row_are_counted() {
    let (mut backoff, mut random, policy) = (Backoff::default(), random(), after(1, 1, 0.0, Some(3)));
    for _ in 0..2 {
        assert!(backoff.lost(&policy, &mut random).is_some());
        assert!(backoff.failed(&policy, &mut random).is_some());
        assert!(backoff.failed(&policy, &mut random).is_some());
        backoff.connected();
    }
    assert!(backoff.failed(&policy, &mut random).is_some() && !backoff.gave_up());
    assert!(backoff.failed(&policy, &mut random).is_some() && !backoff.gave_up());
    assert!(backoff.failed(&policy, &mut random).is_none() && backoff.gave_up());
}

#[test]
fn never_gives_up_at_once() {
    let mut backoff = Backoff::default();
    assert!(backoff.lost(&Reconnect::Never, &mut random()).is_none() && backoff.gave_up());
}
