//! A run repeats: users of one seed send the same messages in the same order, on however many threads they live.
//! On real threads and sockets, as an independent subscriber sees it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::client::{Connect, Filter, Session, Until};
use mqtt_scenario::engine::{Interrupts, MAX_ROWS, Options, run};
use mqtt_scenario::mqtt::Qos;
use mqtt_scenario::stats::percentiles::PercentileList;
use tokio::time::Instant;

use crate::support::{NullObserver, Seen, TestScenario, connect_request, ticket, with_sockets};

/// Every source of chance, and every order of feeds.
const SCENARIO: &str = r#"
version = 1
brokers.b.url = "embedded:"
load = { users = 6, spawn_rate = 100, run_time = "1m" }
[feeds]
ids.csv = "ids"
in_order = { csv = "table", per = "message" }
drawn = { csv = "drawn", order = "random", per = "message" }
place = { csv = "place", order = "random" }
own = { csv = "own", order = "unique" }
share = { csv = "share", order = "unique", per = "message" }
[payloads]
filler.size = { between = ["1B", "64B"] }
state.json = { walk = "${walk(-20, 40, 0.25)}", other = "${walk(0, 9, 1)}", uuid = "${uuid()}", row = "${row.drawn}" }
[user_classes.a]
feeds = ["ids", "in_order", "drawn", "place", "own", "share"]
client_id = "a-${row.id}"
iterations = 40
wait_time = { between = ["1ms", "15ms"] }
[[user_classes.a.tasks]]
name = "first"
weight = 2
steps = [
  { publish = { topic = "${client_id}/${choice('x', 'y', 'z')}/${row.place}", payload = { named = "state" }, qos = 1, name = "m" } },
  { publish = { topic = "${client_id}/${random_int(1, 1000)}", payload = { named = "filler" }, qos = 1, name = "m" } },
]
[[user_classes.a.tasks]]
name = "second"
steps = [
  { publish = { topic = "${client_id}/${row.x}", payload = "${row.own} ${row.share} ${random_float(0, 1)}", qos = 1, name = "m" } },
  { publish = { topic = "${client_id}/lines", payload = { lines = "lines" }, qos = 1, name = "m" } },
]
[user_classes.b]
feeds = ["ids", "share", "own"]
client_id = "b-${row.id}"
iterations = 40
wait_time = { between = ["1ms", "20ms"] }
[[user_classes.b.tasks]]
name = "only"
steps = [
  { publish = { topic = "${client_id}/${random_string(5)}", payload = "${row.own} ${row.share} ${walk(0, 100, 7)} ${random_bytes(4)}", qos = 1, name = "m" } },
]
"#;

/// So many messages of each user are compared: one for each task run at least.
const COMPARED: usize = 40;

/// A column with so many values.
fn column(name: &str, rows: usize) -> Vec<u8> {
    let mut csv = format!("{name}\n");
    for row in 0..rows {
        writeln!(csv, "{name}{row}").unwrap();
    }
    csv.into_bytes()
}

/// Topic and payload of what each user sends, in order.
type Messages = BTreeMap<String, Vec<(String, Vec<u8>)>>;

fn messages(seed: u64, threads: usize) -> Messages {
    let (ids, x, drawn, place) = (column("id", 3), column("x", 7), column("drawn", 9), column("place", 5));
    let (own, share) = (column("own", 6), column("share", 6 * 1_000));
    let files: [(&str, &[u8]); 7] = [
        ("ids", &ids),
        ("table", &x),
        ("drawn", &drawn),
        ("place", &place),
        ("own", &own),
        ("share", &share),
        ("lines", b"one\ntwo\nthree\n"),
    ];
    let scenario = TestScenario::toml(format!("seed = {seed}\n{SCENARIO}")).with_files(&files);
    let plan = Arc::new(scenario.plan());
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let addr = broker.addr();
    let mut seen = Seen::default();
    with_sockets(async {
        let connector = move || Connector::new(vec![Endpoint::from(addr)]);
        let mut subscriber = connector().connect(&connect_request("subscriber")).await.unwrap();
        let key = subscriber
            .subscribe(&[Filter::new("#", Qos::AtLeastOnce)], ticket(1, Duration::from_secs(5)))
            .unwrap();
        subscriber.drive(Until::Done(key), None, &mut seen).await.unwrap();
        let options = Options {
            threads,
            keep_log: false,
            keep_history: false,
            reset_stats: false,
            max_rows: MAX_ROWS,
            percentiles: PercentileList::LOCUST,
            keep_seconds: false,
        };
        let (interrupts, mut deaf) = (Interrupts::default(), NullObserver);
        tokio::select! {
            outcome = run(plan, connector, options, &interrupts, &mut deaf) => drop(outcome.unwrap()),
            lost = subscriber.drive(Until::Deadline, None, &mut seen) => panic!("{lost:?}"),
        }
        let rest = Instant::now() + Duration::from_millis(300);
        subscriber.drive(Until::Deadline, Some(rest), &mut seen).await.unwrap();
    });
    let mut messages = Messages::new();
    for (topic, payload, _) in seen.received {
        let (user, topic) = topic.split_once('/').unwrap();
        messages.entry(user.to_owned()).or_default().push((topic.to_owned(), payload));
    }
    messages
}

#[test]
fn a_seed_repeats_all_messages_on_any_number_of_threads() {
    let (one, three, other) = (messages(7, 1), messages(7, 3), messages(8, 3));
    let users: Vec<&str> = one.keys().map(String::as_str).collect();
    assert_eq!(users, ["a-id0", "a-id1", "a-id2", "b-id0", "b-id1", "b-id2"]);
    for user in users {
        let [one, three, other] = [&one, &three, &other].map(|messages| {
            messages[user].get(..COMPARED).unwrap_or_else(|| panic!("{user} sent {}", messages[user].len()))
        });
        assert_eq!(one, three, "{user}");
        assert_ne!(one, other, "{user}");
        let differing = one.iter().zip(other).filter(|(a, b)| a != b).count();
        assert!(differing > COMPARED / 2, "{user}: the other seed draws {differing} others");
    }
}
