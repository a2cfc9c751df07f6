use super::*;

#[test]
fn every_option_is_read() {
    let all = "delay=5ms&jitter=1ms&loss=0.01&repeat=0.5&drop=0.2&swap=0.3&refuse=1&stall=2s&stall_after=10s&\
             never_ack&seed=7";
    let expected = Faults {
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(1),
        loss: 0.01,
        repeat: 0.5,
        drop: 0.2,
        swap: 0.3,
        refuse: 1.0,
        stall: Some(Stall { after: Duration::from_secs(10), length: Duration::from_secs(2) }),
        never_ack: true,
        seed: 7,
    };
    assert_eq!(Faults::from_query(all), Ok(expected));
    assert_eq!(all.split('&').count(), OPTIONS.len());
    assert_eq!(Faults::from_query(""), Ok(Faults::default()));
    assert_eq!(Faults::from_query("never_ack=false"), Ok(Faults::default()));
}

#[test]
fn what_means_the_same_has_one_text() {
    for (queries, text) in [
        (&["", "delay=0s&loss=0&never_ack=false&seed=0", "loss=-0"][..], ""),
        (
            &["loss=0.5&delay=1500ms", "delay=1s 500ms&loss=.50", "jitter=0ms&delay=1500000us&loss=0.5"],
            "delay=1s500ms&loss=0.5",
        ),
        (&["never_ack&stall=2s", "stall=2s&stall_after=0s&never_ack=true"], "stall=2s&never_ack=true"),
        (
            &[
                "delay=5ms&jitter=1ms&loss=0.01&repeat=0.5&drop=0.2&swap=0.3&refuse=1&stall=2s&stall_after=10s&seed=7",
            ],
            "delay=5ms&jitter=1ms&loss=0.01&repeat=0.5&drop=0.2&swap=0.3&refuse=1&stall=2s&stall_after=10s&seed=7",
        ),
    ] {
        for query in queries {
            let faults = Faults::from_query(query).unwrap();
            assert_eq!(faults.to_string(), text, "{query}");
            assert_eq!(Faults::from_query(text), Ok(faults), "{query}");
        }
    }
}

#[test]
fn errors_name_the_option() {
    for (query, message) in [
        (
            "dealy=5ms",
            "unknown option `dealy`; there are delay, jitter, loss, repeat, drop, swap, refuse, stall, \
                 stall_after, never_ack, seed",
        ),
        ("delay=5", "`delay=5`: a duration such as 5ms is needed"),
        ("delay=2years", "`delay=2years`: a duration such as 5ms is needed"),
        (
            "stall=18446744073709551615s1000000000ns",
            "`stall=18446744073709551615s1000000000ns`: a duration such as 5ms is needed",
        ),
        ("loss=1.5", "`loss=1.5`: a probability from 0 to 1 is needed"),
        ("drop=-0.1", "`drop=-0.1`: a probability from 0 to 1 is needed"),
        ("swap=often", "`swap=often`: a probability from 0 to 1 is needed"),
        ("loss=NaN", "`loss=NaN`: a probability from 0 to 1 is needed"),
        ("never_ack=1", "`never_ack=1`: true or false is needed"),
        ("seed=-1", "`seed=-1`: a whole number is needed"),
        ("loss=0&loss=0", "option `loss` is given twice"),
        ("stall_after=1s", "`stall_after` needs `stall`, the length of the stall"),
    ] {
        assert_eq!(Faults::from_query(query).unwrap_err().to_string(), message);
    }
}

#[test]
fn draws_repeat_with_the_seed_and_keep_the_probability() {
    let draw = |seed| {
        let mut dice = Dice::new(seed);
        (0..10_000).map(|_| dice.chance(0.1)).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let hits = draw(3).into_iter().filter(|hit| *hit).count();
    assert!((900..1100).contains(&hits), "{hits}");
    assert!(!Dice::new(0).chance(0.0));
    assert!(Dice::new(0).chance(1.0));
}
