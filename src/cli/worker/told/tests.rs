use super::*;

const SCENARIO: &str = "version = 1\n[brokers.b]\nurl = \"mqtt://broker.lan\"\n[user_classes.car]\nrate = { per_class = \
                            \"12/s\" }\n[[user_classes.car.tasks]]\nname = \"go\"\ntags = [\"fast\"]\nsteps = [{ publish = { \
                            topic = \"t\" } }]\n[[user_classes.car.tasks]]\nname = \"stop\"\nsteps = [\"connect\"]\n[load]\n\
                            users = 3\n";

fn text(text: &str) -> OptionValue {
    OptionValue::Text(text.to_owned())
}

/// What a master says with this scenario, and these options besides.
fn spawn(scenario: &str, more: &[(&str, OptionValue)]) -> Spawn {
    let files = serde_json::json!({"my.toml": scenario}).to_string();
    let settings = r#"[["set_url", "brokers.b.url", "mqtt://broker.lan"], ["set_gone", "gone", "1"]]"#;
    let options = [(NAME, text("my.toml")), (FILES, text(&files)), (SETTINGS, text(settings))];
    let all = options.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone()));
    Spawn { parsed_options: all.collect(), stop_timeout: Some(2.5), ..Spawn::default() }
}

fn plan(spawn: &Spawn) -> Plan {
    read(spawn, 1, "ab12", Stops::Start).unwrap().plan
}

#[test]
fn the_plan_of_a_test_has_no_users_yet_and_numbers_for_this_worker() {
    let told =
        read(&spawn(SCENARIO, &[("expect_workers", OptionValue::Number(3.0))]), 1, "ab12", Stops::Start)
            .unwrap();
    assert_eq!(told.warnings, [""; 0], "that there is no run_time is the master's affair");
    let plan = told.plan;
    assert!(plan.load.is_driven());
    assert_eq!(plan.load.stop_timeout, Duration::from_millis(2_500));
    assert_eq!(plan.numbering, Numbering::of_worker(1, 3));
    assert_eq!(plan.brokers[0].target.to_string(), "mqtt://broker.lan:1883");
    assert_eq!(plan.classes[0].tasks.len(), 2);
}

#[test]
fn what_the_master_says_otherwise_holds() {
    let plan_with = |more: &[(&str, OptionValue)]| plan(&spawn(SCENARIO, more));
    let changed = plan_with(&[("set_url", text("mqtt://other.lan"))]);
    assert_eq!(changed.brokers[0].target.to_string(), "mqtt://other.lan:1883");
    let host = Spawn { host: Some("third.lan:1884".to_owned()), ..spawn(SCENARIO, &[]) };
    assert_eq!(plan(&host).brokers[0].target.to_string(), "mqtt://third.lan:1884");
    let tags = OptionValue::List(vec![text("fast")]);
    assert_eq!(plan_with(&[("tags", tags.clone())]).classes[0].tasks[0].name, "go");
    assert_eq!(plan_with(&[("exclude_tags", tags)]).classes[0].tasks[0].name, "stop");
    // The rate of a class is divided by the users of all workers.
    let users = |users: f64| plan_with(&[("num_users", OptionValue::Number(users))]).classes[0].schedule;
    assert_eq!((users(3.0), users(6.0) == users(3.0)), (users(0.0), false));
}

#[test]
fn the_workers_that_a_test_began_with_divide_it_and_a_late_one_has_numbers_of_its_own() {
    let numbering = |workers, place, expected| {
        let options = [("expect_workers", OptionValue::Number(expected))];
        // The third that the master has ever taken in.
        read(&Spawn { workers, place, ..spawn(SCENARIO, &options) }, 2, "ab12", Stops::Start)
            .unwrap()
            .plan
            .numbering
    };
    assert_eq!(numbering(2, Some(1), 1.0), Numbering::of_worker(1, 2));
    assert_eq!(numbering(2, Some(0), 4.0), Numbering::of_worker(0, 4));
    assert_eq!(numbering(2, None, 3.0), Numbering::of_worker(2, 3), "its place was kept");
    assert_eq!(numbering(2, None, 2.0), Numbering::of_late_worker(2));
    assert_eq!(numbering(3, None, 4.0), Numbering::of_late_worker(2), "others have all places below");
}

#[test]
fn classes_that_were_not_chosen_at_the_master_have_no_part_of_a_rate() {
    let both = SCENARIO.replace(
        "[load]",
        "[user_classes.bus]\n[[user_classes.bus.tasks]]\nname = \"b\"\nsteps = [\"connect\"]\n[load]",
    );
    let of = |classes: &[&str]| {
        let counts = classes.iter().map(|class| ((*class).to_owned(), 0)).collect();
        plan(&Spawn { user_classes_count: counts, ..spawn(&both, &[]) })
    };
    let alone = of(&["car"]);
    assert_eq!(alone.classes.len(), 1);
    assert_eq!(alone.classes[0].schedule, plan(&spawn(SCENARIO, &[])).classes[0].schedule);
    assert_eq!(of(&["bus", "car"]).classes.len(), 2);
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_cure() {
    let wrong = |spawn: &Spawn| read(spawn, 0, "ab12", Stops::Start).unwrap_err();
    let limited = SCENARIO.replace("users = 3", "iterations = 3");
    let broken = SCENARIO.replace("topic =", "topics =");
    let all = [
        wrong(&Spawn::default()),
        wrong(&spawn("", &[(FILES, text("{"))])),
        wrong(&spawn(&broken, &[])),
        wrong(&spawn(SCENARIO, &[("set_url", text("mqtt://a b"))])),
        wrong(&Spawn { host: Some("http://x".to_owned()), ..spawn(SCENARIO, &[]) }),
        wrong(&spawn(&limited, &[])),
    ];
    insta::assert_snapshot!(all.join("\n---\n"));
}

#[test]
fn a_file_that_is_not_here_is_looked_for_in_the_folder_of_the_worker() {
    let scenario = format!("{SCENARIO}[feeds.devices]\ncsv = \"devices.csv\"\n");
    let scenario = scenario.replace("[user_classes.car]", "[user_classes.car]\nfeeds = [\"devices\"]");
    let said = read(&spawn(&scenario, &[]), 0, "ab12", Stops::Start).unwrap_err();
    let here = std::env::current_dir().unwrap();
    let cure =
        format!("help: paths are relative to the folder in which this worker runs, {}\n", here.display());
    assert!(said.contains("cannot read `devices.csv`"), "{said}");
    assert!(said.contains(&cure), "{said}");
}

#[test]
fn a_mistake_in_a_change_leaves_the_test_as_it_is() {
    let changed = spawn(SCENARIO, &[("set_url", text("mqtt://a b"))]);
    let said = read(&changed, 0, "ab12", Stops::Change).unwrap_err();
    let count = "error: 1 mistake in what was set at the master; the test goes on as before\n";
    assert!(said.contains(count), "{said}");
}

#[test]
fn what_nobody_does_under_a_master_is_said_in_the_log() {
    let scenario = SCENARIO.replace("version = 1\n", "version = 1\nthresholds = [\"p95 < 10ms\"]\n");
    let told = read(&spawn(&scenario, &[]), 0, "ab12", Stops::Start).unwrap();
    let [line] = &told.warnings[..] else { panic!("{:?}", told.warnings) };
    assert!(line.starts_with("Nobody judges `thresholds` under a Locust master"), "{line}");
}
