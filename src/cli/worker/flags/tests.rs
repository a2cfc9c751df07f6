use super::*;

/// What is kept, and what is set aside, of `mqtt-scenario worker …`.
fn divided(text: &str) -> (String, String) {
    let words = format!("x worker {text}");
    let divided = divide(&words.split_whitespace().map(OsString::from).collect::<Vec<_>>());
    let kept: Vec<_> = divided.kept[2..].iter().map(|word| word.to_str().unwrap()).collect();
    (kept.join(" "), divided.set_aside.join(" "))
}

#[test]
fn flags_of_locust_are_set_aside_and_ours_are_kept() {
    for (given, kept, aside) in [
        // As Locust's operator starts workers, and as another one does.
        (
            "--worker --master-host a-master --headless -u 1000 -r 50 -t5m --csv /tmp/x --set-rate 5/s",
            "--master-host a-master",
            "--headless -u -r -t --csv --set-rate",
        ),
        (
            "--locustfile /lotest/src/a.py --otel --worker --master-port=5557 --master-host=a-master",
            "--master-port=5557 --master-host=a-master",
            "--locustfile --otel",
        ),
        (
            "-f - --worker --processes -1 -L DEBUG --skip-log-setup Car Bus",
            "-L DEBUG",
            "-f --processes --skip-log-setup user classes",
        ),
        ("--worker -T a b -E c --prometheus --tags=d", "--prometheus", "-T -E --tags"),
        (
            "--worker --join-timeout 1s --request-log a.jsonl --threads 2 --headless",
            "--join-timeout 1s --request-log a.jsonl --threads 2",
            "--headless",
        ),
        ("--worker --master --nonsense", "--master --nonsense", ""),
        ("-u 5 --master-host h", "-u 5 --master-host h", ""),
    ] {
        assert_eq!(divided(given), (kept.to_owned(), aside.to_owned()), "{given}");
    }
}

#[test]
fn the_log_says_what_is_the_masters_and_what_means_nothing() {
    let said = |names: &[&str]| said_of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(said(&[]), [""; 0]);
    assert_eq!(
        said(&["-u", "--processes", "user classes"]),
        [
            "For the master, whose values hold: -u, user classes",
            "--processes means nothing here: one worker uses all cores, or as many as --threads says",
        ]
    );
    assert_eq!(said(&["--processes"]).len(), 1);
}
