use super::*;

fn words(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

#[test]
fn arguments_that_make_another_thing_of_locust_are_refused_in_all_their_spellings() {
    for wrong in [
        "-f a.py",
        "-fa.py",
        "--locustfile a.py",
        "--locustfile=a.py",
        "--locustf=a.py",
        "-u 5 --worker",
        "--wo",
        "--processes 4",
        "--proc=4",
    ] {
        let said = refuse(&words(wrong), |_| None).expect_err(wrong);
        assert!(said.contains("\nhelp: "), "{said}");
    }
    for right in [
        "",
        "--headless -u 5 -r 2 -t 1m --csv out/worker",
        "--loglevel debug --logfile a.log",
        "--print-stats --profile p --web-port 8090",
        "--master --master-bind-port 5600 -F",
    ] {
        assert_eq!(refuse(&words(right), |_| None), Ok(()), "{right}");
    }
}

#[test]
fn variables_count_as_flags_unless_ours_wins() {
    let set = |name: &'static str, value: &'static str| {
        refuse(&[], move |asked| (asked == name).then(|| value.to_owned()))
    };
    assert!(
        set("LOCUST_MODE_WORKER", "true").unwrap_err().starts_with("the variable LOCUST_MODE_WORKER is set")
    );
    assert!(set("LOCUST_PROCESSES", "4").is_err());
    assert_eq!(set("LOCUST_MODE_WORKER", "false"), Ok(()));
    assert_eq!(set("LOCUST_LOCUSTFILE", "a.py"), Ok(()));
}

#[test]
fn workers_are_told_the_address_that_locust_listens_at() {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let told = |text: &str| Joining::of(&words(text), |_| None).to_string();
    assert_eq!(told(""), format!("mqtt-scenario worker --master-host {host}"));
    assert_eq!(told("--master-bind-host=*"), format!("mqtt-scenario worker --master-host {host}"));
    assert_eq!(
        told("--master-bind-host 10.0.0.7 -u 3 --master-bind-port=5600"),
        "mqtt-scenario worker --master-host 10.0.0.7 --master-port 5600"
    );
    let told = Joining::of(&[], |name| (name == "LOCUST_MASTER_BIND_PORT").then(|| "56\u{1b}".to_owned()));
    assert!(told.to_string().ends_with(" --master-port 56?"), "{told}");
}

#[test]
fn locust_listens_for_workers_and_for_visitors_where_its_arguments_say() {
    let at = |text: &str| {
        let all = listening(&words(text), |name| (name == "LOCUST_WEB_PORT").then(|| "9000".to_owned()));
        all.into_iter().map(|listening| listening.at).collect::<Vec<_>>().join(" ")
    };
    for (arguments, found) in [
        ("", "127.0.0.1:5557 127.0.0.1:9000"),
        ("--headless", "127.0.0.1:5557"),
        (
            "--master-bind-port=5600 --master-bind-host * -P 8090 --web-host 10.0.0.7",
            "127.0.0.1:5600 10.0.0.7:8090",
        ),
        ("--help", ""),
    ] {
        assert_eq!(at(arguments), found, "{arguments}");
    }
}
