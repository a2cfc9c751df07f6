use super::*;

fn random() -> Random {
    Random::for_user(0, "test", 0)
}

#[test]
fn pacing_gives_the_starts_that_locust_gives() {
    // A run of Locust: pace 0.5 s, on_start 0.2 s, tasks of 0.1, 0.1, 0.9 and then 0.1 s.
    let wait_time = WaitTime::ConstantPacing(Duration::from_millis(500));
    let (mut state, mut random) = (WaitState::default(), random());
    let mut now = Duration::from_millis(200);
    let mut starts = Vec::new();
    for task in [100, 100, 900, 100, 100, 100] {
        starts.push(now.as_millis());
        now += Duration::from_millis(task);
        now += wait_time.next(&mut state, now, &mut random);
    }
    assert_eq!(starts, [200, 500, 1_000, 1_900, 2_400, 2_900]);
}

#[test]
fn oversleeping_is_corrected_by_the_next_pause() {
    let wait_time = WaitTime::ConstantPacing(Duration::from_secs(1));
    let (mut state, mut random) = (WaitState::default(), random());
    let millis = Duration::from_millis;
    assert_eq!(wait_time.next(&mut state, millis(100), &mut random), millis(900));
    // Woken 50 ms late, the task took 100 ms.
    assert_eq!(wait_time.next(&mut state, millis(1_150), &mut random), millis(850));
    // Woken 10 ms early.
    assert_eq!(wait_time.next(&mut state, millis(2_090), &mut random), millis(910));
}

#[test]
fn between_stays_inside_its_bounds() {
    let (shortest, longest) = (Duration::from_millis(10), Duration::from_millis(30));
    let (mut state, mut random) = (WaitState::default(), random());
    let mut next = |wait: Pause| WaitTime::from(wait).next(&mut state, Duration::ZERO, &mut random);
    let drawn: Vec<Duration> = (0..1_000).map(|_| next(Pause::Between(shortest, longest))).collect();
    assert!(drawn.iter().all(|wait| (shortest..longest).contains(wait)));
    assert!(drawn.iter().any(|wait| *wait < Duration::from_millis(11)));
    assert!(drawn.iter().any(|wait| *wait > Duration::from_millis(29)));
    assert_eq!(next(Pause::Between(longest, longest)), longest);
    assert_eq!(next(Pause::Constant(shortest)), shortest);
    assert_eq!(next(Pause::Constant(Duration::ZERO)), Duration::ZERO);
}

#[test]
fn exponential_pauses_forget_what_was() {
    let mean = Duration::from_millis(100);
    let mut random = random();
    let drawn: Vec<f64> =
        (0..20_000).map(|_| Pause::Exponential(mean).draw(&mut random).as_secs_f64()).collect();
    let average = drawn.iter().sum::<f64>() / drawn.len() as f64;
    assert!((average - 0.1).abs() < 0.003, "{average}");
    // Of those that last a mean, as many last another one as of all.
    let longer = |bound: f64| drawn.iter().filter(|pause| **pause > bound).count() as f64;
    let (one, two) = (longer(0.1) / longer(-1.0), longer(0.2) / longer(0.1));
    assert!((one - 0.368).abs() < 0.02 && (two - 0.368).abs() < 0.02, "{one} {two}");
    let mut state = WaitState::default();
    let waits =
        WaitTime::from(Pause::Exponential(Duration::ZERO)).next(&mut state, Duration::ZERO, &mut random);
    assert_eq!(waits, Duration::ZERO);
}
