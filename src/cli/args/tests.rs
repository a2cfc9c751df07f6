use super::*;
use clap::Parser;

#[test]
fn an_output_of_one_run_is_refused_for_several_with_the_cure() {
    for line in [
        "x run a.toml --repeat 2 --html r.html",
        "x run a.toml --html r.html --repeat=2",
        "x run a.toml --versus b.toml --junit j.xml",
        "x run a.toml --versus-host b --json-file x",
        "x run a.toml --versus-set a=b --json",
        "x run a.toml --repeat 2 --print-stats locust",
        "x run a.toml --repeat 2 --summary-json x",
        "x run a.toml --repeat 2 --csv x",
    ] {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = Cli::try_parse_from(&words).unwrap_err();
        let Mistake { message, help } = better(&error, &words).expect(line);
        assert!(message.contains(" is of one run, and --"), "{message}");
        assert!(help.contains("--out DIR"), "{help}");
    }
    let words = ["x", "run", "a.toml", "-q", "--print-stats", "locust"].map(OsString::from);
    assert_eq!(better(&Cli::try_parse_from(&words).unwrap_err(), &words), None);
}

#[test]
fn a_page_for_a_shard_or_a_start_at_a_moment_is_refused_with_reason_and_cure() {
    for line in
        ["x run --shard 0/2 --web", "x run --web-port 0 --shard 0/2", "x run --start-at 12:00 --web-host ::1"]
    {
        let mistake = mistake(&format!("{line} --run-id r"));
        assert!(mistake.as_ref().is_some_and(|it| it.contains(" from a page: ")), "{mistake:?}");
        assert!(mistake.is_some_and(|it| it.contains("; leave --web")), "{line}");
    }
}

fn words(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

fn spread_text(text: &str) -> Result<String, String> {
    let joined = |words: Vec<OsString>| words.join(OsStr::new(" ")).into_string().unwrap();
    spread(&words(text)).map(joined).map_err(|mistake| mistake.message)
}

fn parsed(text: &str) -> Result<Cli, String> {
    read(&words(text), |_| Ok(Vec::new())).map_err(|refused| match refused {
        Refused::Mistake(Mistake { message, help }) => format!("{message}; {help}"),
        Refused::Clap(error) => error.to_string(),
    })
}

fn mistake(text: &str) -> Option<String> {
    parsed(text).err()
}

#[test]
fn a_list_ends_where_a_scenario_is_named() {
    for (given, meant) in [
        ("x run -T a b my.toml -u 1", "x run -T a -T b my.toml -u 1"),
        ("x run -E slow my.yaml", "x run -E slow my.yaml"),
        ("x run my.toml -E slow other", "x run my.toml -E slow -E other"),
        ("x plan --tags a,b c my.yml other.toml", "x plan --tags a,b --tags c my.yml other.toml"),
        ("x validate -C A B -T c", "x validate -C A -C B -T c"),
        ("x run -T=my.toml a", "x run -T=my.toml a"),
        ("x run -- -T a b", "x run -- -T a b"),
        ("x compare -T a b", "x compare -T a b"),
    ] {
        assert_eq!(spread_text(given).as_deref(), Ok(meant), "{given}");
    }
    assert_eq!(
        spread_text("x run -E my.toml").unwrap_err(),
        "-E has no value: my.toml is the name of a scenario"
    );
}

#[test]
fn the_default_scenario_runs_only_if_no_flag_can_have_taken_another() {
    for fine in [
        "x run",
        "x run -u 5 -r 2 -t 1m --csv out/a --only-summary",
        "x run -H mqtt://localhost:1883",
        "x run my.toml -E a b",
        "x run -E a my.toml",
        "x validate my.toml --set load.users=5",
        "x plan a.toml b.toml",
        "x plan a.toml b.toml --format json",
    ] {
        assert_eq!(mistake(fine), None, "{fine}");
    }
    for (wrong, part) in [
        ("x run --csv my.toml", "my.toml has become the value of --csv"),
        ("x run --request-log=my.yaml", "my.yaml has become the value of --request-log"),
        ("x run --only-summary --logfile my.toml", "my.toml has become the value of --logfile"),
        ("x run -H my.toml", "my.toml has become the value of -H"),
        ("x run -E slow", "what follows -E"),
        ("x run -Eslow", "what follows -Eslow"),
        ("x plan --tags=a", "what follows --tags"),
        ("x validate -C A scenario", "what follows -C"),
        ("x run a.toml -T a b.toml", "two scenarios are named: a.toml and b.toml"),
    ] {
        let said = mistake(wrong).unwrap_or_default();
        assert!(said.contains(part), "{wrong}: {said}");
    }
}

#[test]
fn locusts_flags_for_scenario_classes_and_page_are_ours() {
    let run = |text: &str| match parsed(text).expect(text).command {
        Command::Run(options) => options,
        other => panic!("{other:?}"),
    };
    for (line, file, classes) in [
        ("x run -f a.toml", "a.toml", &[][..]),
        ("x run -f a.toml Car Bus", "a.toml", &["Car", "Bus"]),
        ("x run Car Bus --locustfile=a.yaml -u 5", "a.yaml", &["Car", "Bus"]),
        ("x run a.toml Car", "a.toml", &["Car"]),
        ("x run -T a my.toml Bus", "my.toml", &["Bus"]),
        ("x run a.toml Car -C Bus", "a.toml", &["Bus", "Car"]),
    ] {
        let mut options = run(line);
        assert_eq!(options.scenario().path(), Path::new(file), "{line}");
        assert_eq!(options.scenario_mut().user_classes, classes, "{line}");
    }
    for (line, address) in [
        ("x run a.toml -P 9000", Some("127.0.0.1:9000")),
        ("x run a.toml --web-host * --autostart", Some("0.0.0.0:8089")),
        ("x run a.toml --web-host ::1 -P 80", Some("[::1]:80")),
        ("x run a.toml --web -P 9000", Some("127.0.0.1:9000")),
        ("x run a.toml", None),
        ("x run a.toml --headless -P 9000 --web-host * --autostart --autoquit 5s", None),
        ("x run a.toml --headless --autostart --repeat 2 -P8 --web-port=9 --autoquit=5s --web-name x", None),
        ("x run a.toml --autoquit 5s --autostart --headless --shard 0/2 --run-id a", None),
    ] {
        let web = run(line).web.web.map(|address| address.to_string());
        assert_eq!(web.as_deref(), address, "{line}");
    }
}

#[test]
fn flags_without_effect_are_taken_away_and_told() {
    let told = |line: &str| {
        let mut cli = parsed(line).expect(line);
        scenario_options(&mut cli.command).unwrap().locust.told.notes().join("\n")
    };
    for line in [
        "x run a.toml --class-picker",
        "x run --skip-log-setup a.toml",
        "x run --print-stats a.toml",
        "x run --headless -P 8089 a.toml",
    ] {
        assert!(told(line).starts_with("Without effect here: -"), "{line}: {}", told(line));
    }
    for line in ["x run a.toml --print-stats locust", "x run a.toml --print-stats=table", "x run a.toml"] {
        assert_eq!(told(line), "", "{line}");
    }
}

#[test]
fn flags_of_locust_and_missing_commands_are_told_with_what_would_be_right() {
    for (wrong, message, help) in [
        ("x my.yaml", "my.yaml is not a command", "mqtt-scenario run my.yaml"),
        ("x my.toml -u 5", "my.toml is not a command", "mqtt-scenario run my.toml -u 5"),
        ("x my.toml -u five", "my.toml is not a command", "mqtt-scenario run my.toml …"),
        ("x my.toml -H mqtt://u:secret@b", "my.toml is not a command", "mqtt-scenario run my.toml …"),
        ("x my.toml -H u:secret@b", "my.toml is not a command", "mqtt-scenario run my.toml …"),
        (
            "x my.toml --set user_classes.a.password=ge'heim",
            "my.toml is not a command",
            "mqtt-scenario run my.toml …",
        ),
        ("x my.toml run -u 5", "my.toml is not a command", "mqtt-scenario run my.toml -u 5"),
        ("x -u 5 validate my.toml", "-u stands before the command", "mqtt-scenario validate -u 5 my.toml"),
        ("x -H b validate my.toml", "-H stands before the command", "mqtt-scenario validate -H b my.toml"),
        ("x help my.toml", "my.toml is not a command", "mqtt-scenario run my.toml …"),
        ("x -f my.toml --help", "-f stands before the command", "mqtt-scenario run -f my.toml --help"),
        ("x -f my.toml -u five", "-f stands before the command", "mqtt-scenario run …"),
        ("x my.toml -H a;b", "my.toml is not a command", "mqtt-scenario run my.toml -H 'a;b'"),
        ("x -f my.toml", "-f stands before the command", "mqtt-scenario run -f my.toml"),
        (
            "x -f my.toml --headless -u 5 -T a b",
            "-f stands before the command",
            "mqtt-scenario run -f my.toml --headless -u 5 -T a b",
        ),
        ("x -f my.py -u 5", "-f stands before the command", ""),
        ("x run my.toml --web-auth x", "--web-auth is a flag of Locust", "--web-token TOKEN"),
        ("x run my.toml --autostart", "--web", "the following required"),
        ("x run my.toml --master", "--master is a flag of Locust", "mqtt-scenario master"),
        ("x run my.toml --processes 4", "--processes is a flag of Locust", "--threads"),
        ("x --worker", "--worker is a flag of Locust", "mqtt-scenario worker"),
        ("x run my.toml --headless --web", "--headless asks for no page", "leave one of them out"),
        ("x run -f a.py", "--locustfile a.py: a locustfile in Python", "mqtt-scenario init"),
        ("x run -f a.toml,b.toml", "it names several files", "include"),
        ("x run -f -", "only a worker gets its scenario from a master", "mqtt-scenario worker"),
        ("x run -f https://a/b.py", "is not loaded from the network", "load it first"),
        ("x run -f somewhere", "a file in TOML or YAML", "mqtt-scenario run -f my.toml"),
        (
            "x run -f a.toml b.toml",
            "two scenarios are named: a.toml and b.toml",
            "mqtt-scenario plan a.toml b.toml",
        ),
        ("x plan -f a.toml b", "two scenarios are named: a.toml and b", ""),
        ("x run a.toml -P 0 --repeat 2", "--web-port is of one run, and --repeat makes several", ""),
        ("x --headless my.toml", "--headless", "mqtt-scenario run --headless my.toml"),
        ("x -u 5 my.toml", "-u stands before the command", "mqtt-scenario run -u 5 my.toml"),
        ("x run my.toml -u -5", "invalid value '-5' for '--users <N>'", "whole number from 1 up"),
        ("x run my.toml -r -0.5", "invalid value '-0.5'", "a spawn rate is a number above 0"),
        ("x run my.toml -t -5", "invalid value '-5' for '--run-time <TIME>'", ""),
        ("x run my.toml -t -5s", "-5s is not a valid value", ""),
    ] {
        let said = mistake(wrong).unwrap_or_default();
        assert!(said.contains(message) && said.contains(help), "{wrong}: {said}");
    }
}
