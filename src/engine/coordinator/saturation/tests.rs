use super::*;

const IDLE: Option<Saturation> = Some(Saturation::Cpu { ran: 0.2, waited: 0.01 });
const BUSY: Option<Saturation> = Some(Saturation::Cpu { ran: 0.97, waited: 0.02 });
const STARVED: Option<Saturation> = Some(Saturation::Cpu { ran: 0.55, waited: 0.4 });

fn lag(ms: u64) -> Saturation {
    Saturation::SendLag(Duration::from_millis(ms))
}

fn share(used: u64, of: u64) -> Share {
    Share { used, of }
}

/// Judges a second per letter: `.` idle, `c` busy, `l` lag, `b` both, `f` files, `-` nothing is known.
/// Returns limited seconds, the seconds in which something is a limit (by letter, `!`), and how many
/// limits began.
fn judged(seconds: &str) -> (u64, String, usize) {
    let (mut health, mut judge) = (Health::default(), Judge::default());
    let mut begun = 0;
    let now = |letter| {
        let seen = match letter {
            '.' => [None, IDLE, Some(lag(1)), Some(Saturation::Files(share(90, 100))), None],
            'c' => [None, BUSY, None, None, None],
            'l' => [None, IDLE, Some(lag(6)), None, None],
            'b' => [None, BUSY, Some(lag(6)), None, None],
            'f' => [None, IDLE, None, Some(Saturation::Files(share(91, 100))), None],
            _ => [None; 5],
        };
        begun += judge.judge(&mut health, seen).len();
        if health.limit.is_some() { '!' } else { '.' }
    };
    let shown = seconds.chars().map(now).collect();
    assert_eq!(health.seconds, seconds.len() as u64);
    (health.limited_seconds, shown, begun)
}

#[test]
fn three_bad_seconds_in_a_row_make_a_limit_and_count_from_the_first() {
    let table = [
        ("", 0, "", 0),
        ("......", 0, "......", 0),
        // Noise.
        ("c.cc.ll.cl", 0, "..........", 0),
        ("ccc", 3, "..!", 1),
        ("llll", 4, "..!!", 1),
        // One cause must last, not any two in turn.
        ("clclcl", 0, "......", 0),
        ("bbb", 3, "..!", 2),
        // Nothing known is no evidence.
        ("cc-cc", 0, ".....", 0),
        // Twice, but warned about once.
        (".cccc..ccc.", 7, "...!!....!.", 1),
        // A second cause within and after the first: no second counts twice.
        ("cccblll", 7, "..!!.!!", 2),
        ("cccb.ll", 4, "..!!...", 1),
        // Files at once.
        (".f.ff.", 3, ".!.!!.", 1),
        // The lag of the first two seconds was not blamed yet, the files of the second were.
        ("lfl", 1, ".!.", 1),
    ];
    for (seconds, limited, shown, begun) in table {
        assert_eq!(judged(seconds), (limited, shown.to_owned(), begun), "{seconds}");
    }
}

#[test]
fn the_worst_of_each_cause_is_kept() {
    let (mut health, mut judge) = (Health::default(), Judge::default());
    for cpu in [IDLE, BUSY, BUSY, BUSY, STARVED, IDLE] {
        judge.judge(&mut health, [None, cpu, None, None, None]);
    }
    assert_eq!((health.limited_seconds, health.seconds, health.limit), (4, 6, None));
    assert_eq!(health.worst, [BUSY.unwrap()]);
    let files = Saturation::Files(share(19_000, 20_000));
    for _ in 0..3 {
        judge.judge(&mut health, [None, IDLE, Some(lag(12)), Some(files), None]);
    }
    assert_eq!((health.limited_seconds, health.seconds, health.limit), (7, 9, Some(lag(12))));
    assert_eq!(health.worst, [BUSY.unwrap(), lag(12), files]);
}

#[test]
fn a_thread_without_a_core_is_as_busy_as_one_that_has_it() {
    let spent = |ran, waited| ResourceUsage {
        lag: None,
        spent: Some(Spent {
            wall: Duration::from_secs(1),
            ran: Duration::from_millis(ran),
            waited: Duration::from_millis(waited),
        }),
    };
    let mut monitor = Monitor::new();
    let usages = [spent(800, 10), spent(550, 400), ResourceUsage { lag: None, spent: None }];
    assert!(monitor.judge_second(&usages, 1, &[]).is_empty());
    assert!(monitor.judge_second(&usages, 1, &[]).is_empty());
    assert_eq!(
        monitor.judge_second(&usages, 1, &[]),
        ["The load generator is the limit: runner thread CPU at 55 % and waiting for a core for 40 %; \
              response times include its own delay"]
    );
    assert!(monitor.judge_second(&usages, 1, &[]).is_empty(), "it is said once");
    // Too short to tell.
    let short = ResourceUsage {
        lag: None,
        spent: Some(Spent { wall: MIN_WALL / 2, ran: MIN_WALL / 2, ..Spent::default() }),
    };
    assert_eq!(busiest(&[short]), None);
    assert_eq!(busiest(&[]), None);
}

/// A standstill of this many seconds. The run's clock has seen the second number of them.
fn standstill(length: f64, in_run: f64) -> Standstill {
    Standstill { length: Duration::from_secs_f64(length), in_run: Duration::from_secs_f64(in_run) }
}

#[test]
fn a_process_that_stood_still_was_the_limit_for_that_time() {
    let mut monitor = Monitor::new();
    let mut second = |standstills: &[Standstill]| {
        let warnings = monitor.judge_second(&[], 1, standstills);
        (warnings, monitor.health.limited_seconds, monitor.health.limit.is_some())
    };
    assert_eq!(second(&[]), (vec![], 0, false));
    // The ticks of the seconds in which it stood still come late and all together.
    let warning =
        "The load generator is the limit: it stood still for 4.0 s; response times include its own delay";
    assert_eq!(second(&[standstill(4.04, 4.04)]), (vec![warning.to_owned()], 1, true));
    for limited in 2..=4 {
        assert_eq!(second(&[]), (vec![], limited, true));
    }
    assert_eq!(second(&[]), (vec![], 4, false));
    assert_eq!(monitor.health.worst, [Saturation::StoodStill(Duration::from_secs_f64(4.04))]);
    // A suspension, which the run's clock does not see, and one in the last part of a second.
    monitor.judge_second(&[], 1, &[standstill(3_600.0, 0.05)]);
    monitor.last(&[], &[standstill(0.6, 0.6)]);
    assert_eq!((monitor.health.limited_seconds, monitor.health.seconds), (6, 8));
    let health = &monitor.health;
    assert_eq!((health.standstills, health.stood_still), (3, Duration::from_secs_f64(3_604.64)));
    assert_eq!(health.worst, [Saturation::StoodStill(Duration::from_hours(1))]);
}

#[test]
fn a_second_has_figures_of_its_own() {
    let mut monitor = Monitor::new();
    let lag = |ms: u64| {
        let mut lag = Latency::new();
        (0..200).for_each(|_| lag.record(ms * 1_000_000));
        ResourceUsage { lag: Some(lag), spent: None }
    };
    let mut second = |usages: &[ResourceUsage], standstills: &[Standstill]| {
        monitor.judge_second(usages, 1, standstills);
        (monitor.second.send_lag_p99_ms.map(f64::round), monitor.second.limited)
    };
    let seen = [7, 8, 9, 1].map(|ms| second(&[lag(ms)], &[]));
    // The limit is known with the third bad second.
    let milliseconds = [(Some(7.0), false), (Some(8.0), false), (Some(9.0), true), (Some(1.0), false)];
    assert_eq!(seen, milliseconds);
    assert_eq!(second(&[], &[]), (None, false), "no pause ended");
    assert_eq!(second(&[], &[standstill(1.0, 1.0)]), (None, true));
    let burnt = ResourceUsage {
        lag: None,
        spent: Some(Spent { wall: Duration::from_secs(1), ran: Duration::from_hours(1), ..Spent::default() }),
    };
    monitor.last(&[burnt], &[]);
    let cores = |of: Option<f64>| of.is_some_and(|cores| cores > 100.0);
    assert!(cores(monitor.second.generator_cpu_cores) && cores(monitor.health.cpu_cores));
    monitor.last(&[], &[]);
    assert!(!cores(monitor.second.generator_cpu_cores) && cores(monitor.health.cpu_cores), "{monitor:?}");
}

#[test]
fn lag_counts_once_there_are_pauses_enough() {
    let warned = |pauses: u64| {
        let mut monitor = Monitor::new();
        let mut second = || {
            // Over two threads.
            let lag = |count| {
                let mut lag = Latency::new();
                (0..count).for_each(|_| lag.record(7_000_000));
                ResourceUsage { lag: Some(lag), spent: None }
            };
            monitor.judge_second(&[lag(pauses / 2), lag(pauses - pauses / 2)], 1, &[])
        };
        let warnings = [second(), second(), second()].concat();
        assert_eq!(monitor.health.send_lag.unwrap().count, 3 * pauses);
        warnings
    };
    assert_eq!(warned(99), [""; 0]);
    assert_eq!(
        warned(100),
        ["The load generator is the limit: send lag p99 at 7.0 ms; response times include its own delay"]
    );
}
