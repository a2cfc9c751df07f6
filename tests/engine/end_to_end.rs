//! Measured messages through all layers: what the program counts as lost, doubled and out of order is what the
//! embedded broker did, to the message.

use std::net::SocketAddr;
use std::sync::Arc;

use mqtt_scenario::broker::counters::Counters;
use mqtt_scenario::broker::faults::Faults;
use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::engine::{Interrupts, Options};
use mqtt_scenario::stats::delivery::{Counts, DeliveryReport};

use crate::support::run::{OPTIONS, RecordingObserver, RunResult, run_observed};
use crate::support::{Mosquitto, ScenarioDir, TestScenario, row, side_by_side, with_sockets};

/// How a run ended.
struct Measured {
    ran: RunResult,
    report: DeliveryReport,
    /// What the embedded broker counted; nothing of another one.
    broker: Counters,
}

impl Measured {
    fn counts(&self, row: &str) -> Counts {
        self.report.rows.iter().find(|(key, _)| key.name == row).unwrap_or_else(|| panic!("{row}")).1
    }

    /// Requests of a row; none if there is no such row.
    fn requests(&self, row: &str) -> u64 {
        self.ran.rows().get(row).map_or(0, |(requests, _)| *requests)
    }
}

/// Carries out a scenario against a broker with such faults.
fn carry_out(text: &str, faults: Faults) -> Measured {
    let broker = Broker::start(BrokerConfig { faults, ..BrokerConfig::default() }).unwrap();
    let ran = carry_out_at(broker.addr(), text);
    Measured { broker: broker.stop(), ..ran }
}

fn carry_out_at(addr: SocketAddr, text: &str) -> Measured {
    let plan = Arc::new(TestScenario::toml(text).plan());
    let options = Options { threads: 2, ..OPTIONS };
    let (interrupts, observer) = (Interrupts::default(), RecordingObserver::default());
    let mut ran = with_sockets(run_observed(addr, plan, options, &interrupts, observer));
    let report = ran.delivery.take().unwrap();
    assert!(report.complete);
    Measured { ran, report, broker: Counters::default() }
}

/// Five publishers that begin when three subscribers and a shared group of two have subscribed.
fn many_to_many(protocol: &str, qos: u8, stamp: &str) -> String {
    format!(
        r#"
        version = 1
        load = {{ users = 10, spawn_rate = 100, run_time = "4s" }}
        [brokers.b]
        url = "mqtt://127.0.0.1"
        protocol = "{protocol}"
        [user_classes.publisher]
        weight = 5
        iterations = 1
        on_start = ["connect", {{ wait = "1s" }}]
        tasks = [{{ name = "publish", steps = [{{ repeat = {{ times = 200, steps = [
          {{ publish = {{ topic = "m/${{client_id}}", qos = {qos}, payload = {{ json = {{ seq = "${{seq}}" }} }}, stamp = "{stamp}" }} }},
        ] }} }}] }}]
        [user_classes.subscriber]
        fixed_count = 3
        on_start = [{{ subscribe = {{ filter = "m/+", qos = 1, measure = "end_to_end", stamp = "{stamp}", measure_name = "all" }} }}]
        tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
        [user_classes.member]
        fixed_count = 2
        on_start = [{{ subscribe = {{ filter = "$share/g/m/#", qos = 1, measure = "end_to_end", stamp = "{stamp}", measure_name = "shared" }} }}]
        tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
        "#
    )
}

const EACH: u64 = 5 * 200;

#[test]
fn what_is_dropped_and_repeated_is_counted_to_the_message() {
    let cases = [
        ("3.1.1", 0, "prefix"),
        ("3.1.1", 1, "json:/sent"),
        ("5", 0, "json:/seq"),
        ("5", 1, "user_property"),
    ];
    side_by_side(cases, |(protocol, qos, stamp)| {
        let faults = Faults { drop: 0.05, repeat: 0.05, seed: 7, ..Faults::default() };
        let ran = carry_out(&many_to_many(protocol, qos, stamp), faults);
        let (all, shared) = (ran.counts("all"), ran.counts("shared"));
        assert_eq!((all.expected(), shared.expected()), (3 * EACH, EACH), "{protocol} {qos}");
        let lost = all.lost.total() + shared.lost.total();
        let twice = all.duplicates.unexplained + shared.duplicates.unexplained;
        let counted = (ran.broker.dropped_deliveries, ran.broker.repeated_deliveries);
        assert_eq!((lost, twice), counted, "{protocol} {qos}");
        assert!(lost > 100 && twice > 100, "{lost} {twice}");
        let cause = if qos == 0 { all.lost.qos_0 } else { all.lost.unexplained };
        assert_eq!((cause, all.reordered, all.unsettled), (all.lost.total(), 0, 0));
        // Each arrival is a request of its row.
        assert_eq!(ran.requests("all"), all.received + all.duplicates.total());
        assert_eq!(ran.requests("shared"), shared.received + shared.duplicates.total());
        assert_eq!(ran.ran.outcome.received.messages, ran.requests("all") + ran.requests("shared"));
        let times = ran.ran.last.measured.iter().map(|(row, times)| (&*row.name, times.count));
        assert!(times.eq([("all", ran.requests("all")), ("shared", ran.requests("shared"))]));
    });
}

#[test]
fn what_changes_places_is_counted_to_the_message() {
    side_by_side([("3.1.1", 0), ("3.1.1", 1), ("5", 1)], |(protocol, qos)| {
        let text = format!(
            r#"
            version = 1
            load = {{ users = 6, spawn_rate = 100, run_time = "4s" }}
            [brokers.b]
            url = "mqtt://127.0.0.1"
            protocol = "{protocol}"
            [user_classes.publisher]
            iterations = 1
            on_start = ["connect", {{ wait = "1s" }}]
            tasks = [{{ name = "publish", steps = [{{ repeat = {{ times = 300, steps = [
              {{ publish = {{ topic = "s/${{user.index}}", qos = {qos}, stamp = "prefix" }} }},
            ] }} }}] }}]
            [user_classes.subscriber]
            on_start = [{{ subscribe = {{ filter = "s/${{user.index}}", qos = 1, measure = "end_to_end", measure_name = "all" }} }}]
            tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
            "#
        );
        let ran = carry_out(&text, Faults { swap: 0.1, drop: 0.05, seed: 3, ..Faults::default() });
        let all = ran.counts("all");
        assert_eq!((all.expected(), all.duplicates.total()), (3 * 300, 0), "{protocol} {qos}");
        let counted = (ran.broker.dropped_deliveries, ran.broker.swapped_deliveries);
        assert_eq!((all.lost.total(), all.reordered), counted, "{protocol} {qos}");
        assert!(all.lost.total() > 20 && all.reordered > 20, "{all:?}");
        // A second copy that changes places puts no message out of order.
        let faults = Faults { swap: 0.1, drop: 0.05, repeat: 0.05, seed: 9, ..Faults::default() };
        let ran = carry_out(&text, faults);
        let all = ran.counts("all");
        let counted = (ran.broker.dropped_deliveries, ran.broker.repeated_deliveries);
        assert_eq!((all.lost.total(), all.duplicates.total()), counted, "{protocol} {qos}");
        assert_eq!(all.expected(), 3 * 300, "{protocol} {qos}");
        let swapped = ran.broker.swapped_deliveries;
        assert!((swapped / 2..=swapped).contains(&all.reordered), "{all:?} {swapped}");
    });
}

/// A subscriber to everything beneath `t`, and one publisher that begins half a second later; `more` is what the
/// publisher's class has besides, `steps` what its task does.
fn one_to_one(broker: &str, load: &str, subscriber: &str, more: &str, steps: &str) -> String {
    format!(
        r#"
        version = 1
        load = {{ users = 2, spawn_rate = 100, {load} }}
        [brokers.b]
        url = "mqtt://127.0.0.1"
        {broker}
        [user_classes.publisher]
        {more}
        on_start = ["connect", {{ wait = "500ms" }}]
        tasks = [{{ name = "publish", steps = [{steps}] }}]
        [user_classes.subscriber]
        client_id = "subscriber"
        on_start = [{{ subscribe = {{ filter = "t/#", qos = 1, measure = "end_to_end", measure_name = "all" }} }}]
        tasks = [{{ name = "listen", steps = [{subscriber}] }}]
        "#
    )
}

const STAY: &str = r#"{ wait = "100ms" }"#;
const PUBLISH: &str = r#"{ publish = { topic = "t/a", qos = 1, stamp = "prefix", name = "publish" } }"#;

#[test]
fn what_is_sent_last_still_arrives_however_the_run_ends() {
    let flood = r#"{ publish = { topic = "t/a", stamp = "prefix", await_ack = false, name = "publish" } }"#;
    let cases = [
        (r#"run_time = "1s""#, PUBLISH, None),
        (r#"run_time = "1s", stop_timeout = "2s""#, PUBLISH, None),
        // Less than the queue of the broker holds, however fast the publisher is.
        ("messages = 20_000", flood, Some(20_000)),
        ("messages = 400", PUBLISH, Some(400)),
    ];
    side_by_side(cases, |(load, steps, all)| arrives(load, steps, all));
}

/// Carries out a run with this load and these steps, and holds what was lost against what the broker has dropped.
fn arrives(load: &str, steps: &str, all: Option<u64>) {
    let ran = carry_out(&one_to_one("", load, STAY, "", steps), Faults::default());
    let counts = ran.counts("all");
    // The broker counts what it drops.
    let lost = counts.lost.total() - counts.lost.not_acknowledged;
    assert_eq!((lost, counts.unsettled), (ran.broker.dropped, 0), "{load}");
    assert_eq!(counts.duplicates.total(), 0, "{load}");
    assert!(counts.received > 100, "{load}");
    // What was cut off in the middle is no request, and may have gone out.
    let sent = ran.requests("publish");
    assert!((sent..=sent + 1_000).contains(&counts.expected()), "{load}: {sent} {counts:?}");
    assert!(all.is_none_or(|all| counts.expected() == all), "{load}: {counts:?}");
    assert_eq!(ran.requests("all"), counts.received);
}

#[test]
fn a_topic_for_each_message_has_a_sequence_for_each_topic() {
    let steps = r#"{ repeat = { times = 300, steps = [
      { publish = { topic = "t/${random_int(1, 7)}", qos = 1, stamp = "prefix" } },
    ] } }"#;
    let text = one_to_one("", r#"run_time = "2s""#, STAY, "iterations = 1", steps);
    let some = text.replace("filter = \"t/#\"", "filter = \"t/3\"");
    side_by_side([(&text, 300, 300), (&some, 10, 100)], |(text, least, most)| {
        let ran = carry_out(text, Faults { drop: 0.1, seed: 5, ..Faults::default() });
        let counts = ran.counts("all");
        assert!((least..=most).contains(&counts.expected()), "{counts:?}");
        assert_eq!(counts.lost.unexplained, ran.broker.dropped_deliveries);
        assert!(counts.lost.total() > 0);
    });
}

#[test]
fn what_fails_at_the_publisher_is_not_put_on_the_broker() {
    let steps = PUBLISH.replace("qos = 1", "qos = 1, timeout = \"30ms\"");
    let more = "iterations = 120\non_error = \"continue\"";
    let text = one_to_one("", r#"run_time = "6s""#, STAY, more, &steps);
    let ran = carry_out(&text, Faults { loss: 0.2, seed: 2, ..Faults::default() });
    let counts = ran.counts("all");
    assert_eq!((counts.expected(), counts.lost.total()), (120, ran.broker.lost));
    assert_eq!(counts.lost.not_acknowledged, counts.lost.total());
    assert!(ran.broker.lost > 10);
    let ran = carry_out(&text, Faults { never_ack: true, ..Faults::default() });
    assert_eq!(
        (ran.counts("all").received, ran.counts("all").lost.total()),
        (120, 0),
        "they arrived all the same"
    );
}

#[test]
fn what_is_sent_while_a_subscriber_is_away_is_told_apart() {
    let steps = r#"{ repeat = { times = 100, steps = [
      { publish = { topic = "t/a", qos = 1, stamp = "prefix" } }, { wait = "10ms" },
    ] } }"#;
    // Another user with the same client id drives it out.
    let text = one_to_one("", r#"run_time = "4s""#, STAY, "iterations = 1", steps);
    let text = text.replace("users = 2", "users = 3")
        + r#"
        [user_classes.intruder]
        client_id = "subscriber"
        iterations = 1
        on_start = [{ wait = "900ms" }]
        tasks = [{ name = "intrude", steps = ["connect", { wait = "50ms" }, "disconnect"] }]
        "#;
    let counts = carry_out(&text, Faults::default()).counts("all");
    assert_eq!((counts.expected(), counts.lost.reconnect), (100, counts.lost.total()), "{counts:?}");
    assert!(counts.lost.total() > 5, "{counts:?}");

    // It goes away and comes back. A session that lasts is given what it missed, if that was more than QoS 0.
    let leaves = r#"{ wait = "900ms" }, { disconnect = { abrupt = true } }, { wait = "200ms" }, "connect", { wait = "1h" }"#;
    side_by_side([("3.1.1", 1, false), ("5", 1, false), ("3.1.1", 0, true)], |(protocol, qos, loses)| {
        let broker = format!("clean_session = false\nprotocol = \"{protocol}\"");
        let steps = steps.replace("qos = 1", &format!("qos = {qos}"));
        let text = one_to_one(&broker, r#"run_time = "3s""#, leaves, "iterations = 1", &steps);
        let ran = carry_out(&text, Faults::default());
        let counts = ran.counts("all");
        assert_eq!((counts.expected(), counts.lost.reconnect), (100, counts.lost.total()), "{counts:?}");
        assert_eq!(counts.lost.total() > 0, loses, "{counts:?}");
    });

    // A clean one has ended meanwhile: nothing of that time is expected.
    let text = one_to_one("", r#"run_time = "3s""#, leaves, "iterations = 1", steps);
    let counts = carry_out(&text, Faults::default()).counts("all");
    // What was under way when the connection was dropped cannot be told from what is lost.
    assert!(counts.lost.total() == 0 && counts.unsettled <= 3, "{counts:?}");
    assert!(counts.received < 100, "{counts:?}");
}

#[test]
fn a_shared_subscription_that_an_old_broker_does_not_know_is_named() {
    side_by_side([("3.1.1", 50), ("5", 0)], |(protocol, named)| {
        let broker = format!("protocol = \"{protocol}\"");
        let text = one_to_one(&broker, r#"run_time = "1500ms""#, STAY, "messages = 50", PUBLISH);
        let text = text.replace("filter = \"t/#\"", "filter = \"$share/g/t/#\"");
        let counts = carry_out(&text, Faults { drop: 1.0, seed: 1, ..Faults::default() }).counts("all");
        assert_eq!((counts.lost.not_shared, counts.lost.total()), (named, 50), "{protocol}: {counts:?}");
    });
}

#[test]
fn retained_and_unstamped_messages_are_measured_for_nothing() {
    let text = r#"
        version = 1
        load = { users = 2, spawn_rate = 100, run_time = "2s" }
        [brokers.b]
        url = "mqtt://127.0.0.1"
        [user_classes.publisher]
        iterations = 1
        tasks = [{ name = "publish", steps = [
          { publish = { topic = "t/kept", qos = 1, retain = true, stamp = "prefix" } },
          { wait = "1s" },
          { publish = { topic = "t/kept", qos = 1, retain = true, stamp = "prefix" } },
          { publish = { topic = "t/plain", qos = 1 } },
        ] }]
        [user_classes.subscriber]
        on_start = ["connect", { wait = "500ms" }, { subscribe = { filter = "t/#", qos = 1, measure = "end_to_end", measure_name = "all" } }]
        tasks = [{ name = "listen", steps = [{ wait = "1h" }] }]
    "#;
    let ran = carry_out(text, Faults::default());
    assert_eq!(ran.counts("all"), Counts { received: 1, retained: 1, ..Counts::default() });
    assert_eq!((ran.requests("all"), ran.ran.outcome.received.messages), (1, 3));
    let unexpected: Vec<_> =
        ran.ran.outcome.unexpected.into_iter().map(|(unexpected, count)| (unexpected.what, count)).collect();
    assert_eq!(unexpected, [("message without a stamp on a measured subscription", 1)]);
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_loses_doubles_and_reorders_nothing() {
    for (protocol, qos, stamp) in
        [("3.1.1", 0, "prefix"), ("3.1.1", 1, "json:/sent"), ("5", 1, "user_property"), ("5", 2, "prefix")]
    {
        let mosquitto = Mosquitto::start("max_queued_messages 0\nmax_inflight_messages 100", &[]);
        let ran = carry_out_at(mosquitto.addr(), &many_to_many(protocol, qos, stamp));
        for (row, expected) in [("all", 3 * EACH), ("shared", EACH)] {
            let counts = ran.counts(row);
            assert_eq!(counts, Counts { received: expected, ..Counts::default() }, "{protocol} {qos} {row}");
            assert_eq!(ran.requests(row), expected);
        }
        assert!(ran.ran.outcome.unexpected.is_empty(), "{:?}", ran.ran.outcome.unexpected);
        assert_eq!(ran.ran.last.failures, []);
    }
}

#[test]
fn each_filter_has_a_row_and_ends_for_itself() {
    let steps = r#"{ repeat = { times = 100, steps = [
      { publish = { topic = "t/a", qos = 1, stamp = "prefix" } }, { publish = { topic = "t/b", qos = 1, stamp = "prefix" } }, { wait = "10ms" },
    ] } }"#;
    let leaves = r#"{ wait = "1s" }, { unsubscribe = { filter = "t/a" } }, { wait = "1h" }"#;
    let text = one_to_one("", r#"run_time = "3s""#, leaves, "iterations = 1", steps);
    let subscribe = r#"filter = "t/#", qos = 1, measure = "end_to_end", measure_name = "all""#;
    let text = text.replace(subscribe, r#"filters = ["t/a", "t/b"], qos = 1, measure = "end_to_end""#);
    let ran = carry_out(&text, Faults::default());
    let (ended, stayed) = (ran.counts("end_to_end:1:t/a"), ran.counts("end_to_end:1:t/b"));
    assert_eq!(stayed, Counts { received: 100, ..Counts::default() });
    assert!((20..90).contains(&ended.received) && ended.lost.total() == 0, "{ended:?}");
}

/// A user with two subscriptions that a message to `t/a` both fits, of a publisher to `t/a` and `t/b`.
fn overlapping(identifiers: bool) -> String {
    let steps = r#"{ repeat = { times = 50, steps = [
      { publish = { topic = "t/a", qos = 1, stamp = "user_property" } }, { publish = { topic = "t/b", qos = 1, stamp = "user_property" } },
    ] } }"#;
    let text = one_to_one("protocol = \"5\"", r#"run_time = "2s""#, STAY, "iterations = 1", steps);
    let alone =
        r#"{ subscribe = { filter = "t/#", qos = 1, measure = "end_to_end", measure_name = "all" } }"#;
    let [wide, narrow] = if identifiers { ["identifier = 1,", "identifier = 2,"] } else { ["", ""] };
    let both = format!(
        r#"
        {{ subscribe = {{ filter = "t/#", qos = 1, {wide} measure = "end_to_end", measure_name = "wide" }} }},
        {{ subscribe = {{ filter = "t/a", qos = 1, {narrow} measure = "end_to_end", measure_name = "narrow" }} }},
        "#
    );
    text.replace(alone, &both)
}

#[test]
fn subscriptions_that_overlap_each_count_what_fits_them() {
    let ran = carry_out(&overlapping(false), Faults::default());
    assert_eq!(ran.counts("wide"), Counts { received: 100, ..Counts::default() });
    assert_eq!(ran.counts("narrow"), Counts { received: 50, ..Counts::default() });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn subscriptions_that_overlap_are_told_apart_by_their_identifiers() {
    let mosquitto = Mosquitto::start("allow_duplicate_messages true", &[]);
    let ran = carry_out_at(mosquitto.addr(), &overlapping(true));
    assert_eq!(ran.counts("wide"), Counts { received: 100, ..Counts::default() });
    assert_eq!(ran.counts("narrow"), Counts { received: 50, ..Counts::default() });
    assert_eq!(ran.ran.outcome.received.messages, 150, "Mosquitto sends one for each subscription");
}

#[test]
fn the_program_tells_times_and_counts_on_the_console_in_its_files_and_as_json() {
    let steps =
        r#"{ repeat = { times = 100, steps = [{ publish = { topic = "t/a", stamp = "prefix" } }] } }"#;
    let text = one_to_one("", r#"run_time = "2s""#, STAY, "iterations = 1", steps);
    let place = ScenarioDir::new(&text.replace("mqtt://127.0.0.1", "embedded:?drop=0.2&repeat=0.2&seed=4"));
    let output =
        place.run(&["run", "scenario.toml", "--only-summary", "--csv", "ours", "--summary-json", "end.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_str(&place.read("end.json")).unwrap();
    let told = &summary["end_to_end"]["rows"][0];
    let number = |pointer: &str| told.pointer(pointer).unwrap().as_u64().unwrap();
    let (lost, twice, received) =
        (number("/lost/qos_0"), number("/duplicates/unexplained"), number("/received"));
    assert_eq!((number("/expected"), lost + received), (100, 100), "{told}");
    assert!(lost > 5 && twice > 5, "{told}");
    assert_eq!((&told["name"], number("/times_ms/count")), (&"all".into(), received + twice));
    let stats = place.rows("ours_stats.csv");
    assert_eq!(row(&stats, "all").count("Request Count"), received + twice);
    let said = String::from_utf8(output.stdout).unwrap();
    let mut table = said.lines().skip_while(|line| !line.starts_with("End to end"));
    let headings: Vec<_> = table.next().unwrap().split_whitespace().skip(3).take(5).collect();
    assert_eq!(headings, ["expected", "received", "lost", "duplicates", "reordered"], "{said}");
    let numbers: Vec<_> = table.next().unwrap().split_whitespace().take(6).collect();
    let wanted = ["all", "100", &received.to_string(), &lost.to_string(), &twice.to_string(), "0"];
    assert_eq!(numbers, wanted, "{said}");
    assert!(said.contains(&format!("lost: {lost} by QoS 0")), "{said}");
}

/// Six messages at 20 a second of a user that needs 100 ms for each, and as many of one without a rate.
fn behind_its_rate(protocol: &str, stamp: &str) -> String {
    format!(
        r#"
        version = 1
        load = {{ users = 3, spawn_rate = 100, run_time = "1800ms" }}
        [brokers.b]
        url = "embedded:"
        protocol = "{protocol}"
        [user_classes.clocked]
        iterations = 6
        rate = "20/s"
        on_start = ["connect", {{ wait = "500ms" }}]
        tasks = [{{ name = "publish", steps = [
          {{ publish = {{ topic = "t/a", qos = 1, payload = {{ json = {{ v = 1 }} }}, stamp = "{stamp}", name = "clocked" }} }},
          {{ wait = "100ms" }},
        ] }}]
        [user_classes.closed]
        iterations = 6
        on_start = ["connect", {{ wait = "500ms" }}]
        tasks = [{{ name = "publish", steps = [
          {{ publish = {{ topic = "t/b", qos = 1, payload = {{ json = {{ v = 1 }} }}, stamp = "{stamp}", name = "closed" }} }},
          {{ wait = "100ms" }},
        ] }}]
        [user_classes.subscriber]
        on_start = [{{ subscribe = {{ filters = [{{ filter = "t/a" }}, {{ filter = "t/b" }}], qos = 1, measure = "end_to_end", stamp = "{stamp}" }} }}]
        tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
        "#
    )
}

#[test]
fn a_message_counts_from_where_its_publish_does_with_its_own_way_beside_it() {
    let cases = [("3.1.1", "prefix"), ("5", "user_property"), ("5", "json:/sent")];
    side_by_side(cases, |(protocol, stamp)| {
        let place = ScenarioDir::new(&behind_its_rate(protocol, stamp));
        let args = ["run", "scenario.toml", "--only-summary", "--csv", "a", "--summary-json", "a.json"];
        let output = place.run(&[&args[..], &["--request-log", "a.jsonl"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let log = place.read("a.jsonl");
        let events: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // Response time, and the one from when the step began if that is another, in the order of the messages.
        let times = |name: &str| -> Vec<(f64, Option<f64>)> {
            let of = events.iter().filter(|event| event["name"] == name);
            of.map(|event| (event["response_time"].as_f64().unwrap(), event["raw_response_time"].as_f64()))
                .collect()
        };
        let lateness = |(response, raw): &(f64, Option<f64>)| response - raw.unwrap();
        let (own, arrived) = (times("clocked"), times("end_to_end:1:t/a"));
        assert_eq!((own.len(), arrived.len()), (6, 6), "{stamp}");
        for (own, arrived) in own.iter().zip(&arrived) {
            // Rounded up beyond a second, which only a machine that is busy gets to.
            let more = lateness(arrived) - lateness(own);
            assert!((-1e-6..0.01).contains(&more), "{stamp}: {own:?} {arrived:?}");
        }
        assert!(lateness(&arrived[5]) > 200.0, "{stamp}: {arrived:?}");
        let closed = times("end_to_end:1:t/b");
        assert!(closed.len() == 6 && closed.iter().all(|(_, raw)| raw.is_none()), "{stamp}: {closed:?}");

        let longest = arrived.iter().map(|(response, _)| *response).fold(0.0, f64::max);
        let stats = place.rows("a_stats.csv");
        let max: f64 = row(&stats, "end_to_end:1:t/a").text("Max Response Time").parse().unwrap();
        assert!((max - longest).abs() < 0.001, "{stamp}: {max} {longest}");
        let summary: serde_json::Value = serde_json::from_str(&place.read("a.json")).unwrap();
        let rows = summary["end_to_end"]["rows"].as_array().unwrap();
        let [clocked, closed] = &rows[..] else { panic!("{summary}") };
        let told = |row: &serde_json::Value, which: &str| row[which]["max"].as_f64();
        assert!((told(clocked, "times_ms").unwrap() / longest - 1.0).abs() < 0.002, "{clocked}");
        let way = arrived.iter().map(|(_, raw)| raw.unwrap()).fold(0.0, f64::max);
        assert!((told(clocked, "service_time_ms").unwrap() - way).abs() < 0.002 + way / 500.0, "{clocked}");
        assert_eq!(clocked["service_time_ms"]["count"], 6, "{clocked}");
        assert!(told(closed, "times_ms").is_some() && closed["service_time_ms"].is_null(), "{closed}");
        assert_eq!((&clocked["lost"]["total"], &closed["lost"]["total"]), (&0.into(), &0.into()));
        let said = String::from_utf8(output.stdout).unwrap();
        let mut table = said.lines().skip_while(|line| !line.starts_with("End to end"));
        let mut begins = |text: &str| table.find(|line| line.starts_with(text)).is_some();
        assert!(begins("end_to_end:1:t/a "), "{said}");
        assert!(begins("  from when the publish began (service time): p50 "), "{said}");
        assert!(begins("end_to_end:1:t/b "), "{said}");
        assert_eq!(said.matches("(service time)").count(), 1, "{said}");
    });
}
