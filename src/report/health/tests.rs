use std::time::Duration;

use super::*;
use crate::stats::health::Share;
use crate::stats::latency::Latency;

#[test]
fn the_sentence_names_the_limit_or_the_figures() {
    let mut lag = Latency::new();
    lag.record(800_000);
    let mut health = Health {
        send_lag: lag.summary(),
        files: Some(Share { used: 1_004, of: 20_000 }),
        ports: Some(Share { used: 1_000, of: 28_232 }),
        cpu_cores: Some(0.34),
        ..Health::default()
    };
    assert_eq!(
        sentence(&health),
        "Generator: CPU 34 % of a core, send lag p99 0.8 ms, 1,004 of 20,000 files, \
             1,000 of 28,232 local ports"
    );
    (health.limited_seconds, health.seconds) = (7, 9);
    health.worst = vec![
        Saturation::Cpu { ran: 0.97, waited: 0.02 },
        Saturation::SendLag(Duration::from_millis(12)),
        Saturation::Files(Share { used: 19_000, of: 20_000 }),
    ];
    assert_eq!(
        sentence(&health),
        "The load generator was the limit for 7 of 9 s: runner thread CPU at 97 %, send lag p99 at \
             12.0 ms, 19,000 of 20,000 files; response times include its own delay."
    );
    assert_eq!(sentence(&Health::default()), "Generator: not measured");
}

#[test]
fn several_standstills_are_summed_up() {
    let mut health = Health {
        seconds: 6,
        limited_seconds: 4,
        standstills: 1,
        stood_still: Duration::from_millis(4_040),
        worst: vec![Saturation::StoodStill(Duration::from_millis(4_040))],
        ..Health::default()
    };
    assert_eq!(
        sentence(&health),
        "The load generator was the limit for 4 of 6 s: it stood still for 4.0 s; response times include its \
             own delay."
    );
    (health.standstills, health.stood_still) = (3, Duration::from_millis(3_604_640));
    let told = sentence(&health);
    assert!(told.contains("it stood still 3 times, for 3604.6 s in all and 4.0 s at the longest"), "{told}");
}
