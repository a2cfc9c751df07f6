//! Subscriptions of several filters, and their end, through all layers.

use tokio::net::TcpListener;

use super::*;
use crate::support::peer::{Peer, accept};
use crate::support::run::RunResult;

const CONNACK_5: &[u8] = b"\x20\x03\0\0\0";

/// A plan that ends after five seconds.
fn short(classes: &str) -> Arc<Plan> {
    let mut plan = Arc::unwrap_or_clone(plan(1, classes));
    plan.load.run_time = Some(5 * SECOND);
    Arc::new(plan)
}

#[test]
fn a_new_connection_gets_what_is_still_wanted_of_each_step_in_one_packet() {
    let journal = journal(short(
        r#"
        brokers.b.protocol = "5"
        [user_classes.device]
        on_start = [
          { subscribe = { filters = ["a", { filter = "b", qos = 1 }, "c/${user.number}"], identifier = 7 } },
          { subscribe = { filters = ["d", "e"] } },
          { subscribe = { filters = ["f", "g"] } },
          { unsubscribe = { filters = ["f", "b", "never"] } },
          { subscribe = { filter = "e", qos = 2 } },
          { unsubscribe = { filter = "g" } },
        ]
        tasks = [{ name = "stay", steps = [{ wait = "1m" }] }]
        "#,
    ));
    let expected = [
        "connect",
        "connected",
        "subscribe a b c/1 as 7",
        "subscribe d e",
        "subscribe f g",
        "unsubscribe f b never",
        "subscribe e",
        "unsubscribe g",
        "connect",
        "connected",
        "subscribe a c/1 as 7",
        "subscribe d",
        "subscribe e",
        "disconnect",
    ];
    assert_eq!(journal, expected);
}

#[test]
fn what_was_unsubscribed_can_be_subscribed_to_again() {
    let journal = journal(short(
        r#"
        [user_classes.device]
        wait_time = { constant = "1s" }
        tasks = [{ name = "visit", steps = [
          { subscribe = { filter = "a" } },
          { wait = "100ms" },
          { unsubscribe = { filter = "a" } },
        ] }]
        "#,
    ));
    let visits = journal.iter().filter(|action| *action == "subscribe a").count();
    assert_eq!(journal.iter().filter(|action| *action == "unsubscribe a").count(), visits);
    assert_eq!(visits, 5, "the loss at 2.5 s was in a pause, with nothing to subscribe to: {journal:?}");
}

#[test]
fn of_several_filters_the_refused_ones_are_forgotten_and_the_others_hold() {
    // Deeper than the embedded broker goes.
    let deep = vec!["x"; 201].join("/");
    let plan = plan(
        1,
        &format!(
            "[user_classes.subscriber]\n\
             on_start = [{{ subscribe = {{ filters = [\"plant/#\", \"{deep}\"], qos = 1, name = \"subscribe\" }} }}, \"disconnect\"]\n\
             tasks = [{{ name = \"stay\", steps = [\
               {{ subscribe = {{ filter = \"other\", name = \"subscribe\" }} }}, {{ wait = \"1m\" }}] }}]\n"
        ),
    );
    let ran = with_sockets(over_a_restart(plan, 1));
    assert_eq!(ran.row("subscribe"), (4, 1), "the refused one was not asked for again");
    assert!(ran.failures().contains(&"subscribe: SUBACK: subscription refused (0x80)".to_owned()));
    assert_eq!(ran.outcome.received.messages, 30);
}

/// Runs one user against a broker that is played by hand; the run ends with the play.
async fn played<T: Future<Output = ()>>(classes: &str, play: impl FnOnce(TcpListener) -> T) -> RunResult {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, seen) = (listener.local_addr().unwrap(), Seen::default());
    let (ran, ()) = tokio::join!(run_on(addr, plan(1, classes), &seen), async {
        play(listener).await;
        seen.stop.stop.cancel();
    });
    ran
}

async fn connected(listener: &TcpListener, connack: &[u8]) -> Peer {
    let mut peer = accept(listener).await;
    assert_eq!(peer.packet().await[0], 0x10);
    peer.send(connack).await;
    peer
}

#[test]
fn a_lower_quality_of_service_is_noted_once_per_suback() {
    let ran = with_sockets(played(
        r#"
        [user_classes.device]
        on_start = [
          { subscribe = { filters = ["a", "b", "c"], qos = 2, name = "subscribe" } },
          { subscribe = { filters = ["d", { filter = "e", qos = 0 }], qos = 1, name = "subscribe" } },
        ]
        tasks = [{ name = "t", steps = [{ publish = { topic = "t", qos = 1 } }, { wait = "1m" }] }]
        "#,
        |listener| async move {
            let mut peer = connected(&listener, b"\x20\x02\0\0").await;
            assert_eq!(peer.packet().await, b"\x82\x0E\0\x01\0\x01a\x02\0\x01b\x02\0\x01c\x02");
            peer.send(b"\x90\x05\0\x01\x01\x02\0").await;
            assert_eq!(peer.packet().await, b"\x82\x0A\0\x02\0\x01d\x01\0\x01e\0");
            // What was asked for, and more.
            peer.send(b"\x90\x04\0\x02\x01\x01").await;
            assert_eq!(peer.packet().await[0], 0x32);
            peer.send(b"\x40\x02\0\x03").await;
            sleep(2 * SECOND).await;
        },
    ));
    assert_eq!(ran.row("subscribe"), (2, 0), "it is no failure");
    let what = "subscription granted with a lower quality of service than was asked for";
    let noticed = Unexpected { what, origin: Origin::Generator };
    assert_eq!(ran.outcome.unexpected, [(noticed, 1)].into());
}

/// Subscribes to two filters and gives one up, then waits.
const LEAVING: &str = r#"
    brokers.b.protocol = "5"
    brokers.b.keep_alive = "0s"
    [user_classes.device]
    on_start = [
      { subscribe = { filters = ["a", "b"], name = "subscribe" } },
      { unsubscribe = { filters = ["a", "c"], timeout = "300ms", name = "unsubscribe" } },
      { publish = { topic = "t", qos = 1, name = "publish" } },
    ]
    tasks = [{ name = "stay", steps = ["connect", { wait = "1m" }] }]
"#;

/// Plays [`LEAVING`] with this answer to the UNSUBSCRIBE, loses the connection, and gives what is asked for on the next
/// one; a publish follows if the unsubscribe went well.
async fn leave(unsuback: &[u8]) -> (RunResult, Vec<u8>) {
    let again = Cell::new(Vec::new());
    let (kept, unsuback) = (&again, unsuback.to_vec());
    let ran = played(LEAVING, |listener| async move {
        let mut peer = connected(&listener, CONNACK_5).await;
        assert_eq!(peer.packet().await, b"\x82\x0B\0\x01\0\0\x01a\0\0\x01b\0");
        peer.send(b"\x90\x05\0\x01\0\0\0").await;
        assert_eq!(peer.packet().await, b"\xA2\x09\0\x02\0\0\x01a\0\x01c");
        // Still on its way when the broker read it.
        peer.send(b"\x30\x05\0\x01a\0x").await;
        peer.send(&unsuback).await;
        if unsuback.contains(&0x87) || unsuback.is_empty() {
            sleep(SECOND / 2).await;
        } else {
            assert_eq!(peer.packet().await[0], 0x32);
            // Out of the broker's queue.
            peer.send(b"\x30\x05\0\x01a\0x\x40\x02\0\x03").await;
            sleep(SECOND / 10).await;
        }
        drop(peer);
        let mut peer = connected(&listener, CONNACK_5).await;
        kept.set(peer.packet().await);
        peer.send(b"\x90\x04\0\x01\0\0").await;
        sleep(2 * SECOND).await;
    })
    .await;
    (ran, again.into_inner())
}

#[test]
fn an_ended_subscription_is_not_made_again_and_its_last_messages_count() {
    with_sockets(async {
        // The second one did not exist: so be it.
        let (ran, again) = leave(b"\xB0\x05\0\x02\0\0\x11").await;
        assert_eq!(again, b"\x82\x07\0\x01\0\0\x01b\0");
        assert_eq!(ran.row("unsubscribe"), (1, 0));
        assert_eq!(ran.row("publish"), (1, 0));
        assert_eq!(ran.outcome.received.messages, 2);
        assert!(ran.outcome.unexpected.is_empty(), "{:?}", ran.outcome.unexpected);
    });
}

#[test]
fn a_refused_unsubscribe_fails_and_the_subscription_holds() {
    with_sockets(async {
        let (ran, again) = leave(b"\xB0\x05\0\x02\0\x87\0").await;
        assert_eq!(ran.row("unsubscribe"), (1, 1));
        assert!(ran.failures().contains(&"unsubscribe: UNSUBACK: Not authorized (0x87)".to_owned()));
        // For the broker has it; of a packet with two filters it grants two.
        assert_eq!(again, b"\x82\x0B\0\x01\0\0\x01a\0\0\x01b\0");
    });
}

#[test]
fn an_unsubscribe_without_an_answer_fails_and_counts_as_wanted() {
    with_sockets(async {
        let (ran, again) = leave(b"").await;
        assert_eq!(ran.row("unsubscribe"), (1, 1));
        assert!(ran.failures().contains(&"unsubscribe: no UNSUBACK within 300ms".to_owned()));
        assert_eq!(again, b"\x82\x07\0\x01\0\0\x01b\0");
    });
}

#[test]
fn an_unsubscribe_whose_connection_is_lost_fails_and_its_subscription_is_not_made_again() {
    let ran = with_sockets(played(LEAVING, |listener| async move {
        let mut peer = connected(&listener, CONNACK_5).await;
        peer.packet().await;
        peer.send(b"\x90\x05\0\x01\0\0\0").await;
        assert_eq!(peer.packet().await[0], 0xA2);
        drop(peer);
        let mut peer = connected(&listener, CONNACK_5).await;
        assert_eq!(peer.packet().await, b"\x82\x07\0\x01\0\0\x01b\0");
        peer.send(b"\x90\x04\0\x01\0\0").await;
        sleep(2 * SECOND).await;
    }));
    assert_eq!(ran.row("unsubscribe"), (1, 1));
    let lost = "unsubscribe: connection to b:1883 lost: closed by the broker".to_owned();
    assert!(ran.failures().contains(&lost), "{:?}", ran.failures());
    assert_eq!(ran.row("subscribe"), (2, 0));
}

const IDENTIFIED: &str = r#"
    brokers.b.protocol = "5"
    [user_classes.device]
    on_start = [{ subscribe = { filter = "a", identifier = 300, name = "subscribe" } }]
    tasks = [{ name = "stay", steps = [{ wait = "1m" }] }]
"#;

#[test]
fn an_identifier_is_sent_or_fails_where_the_broker_takes_none() {
    with_sockets(async {
        let ran = played(IDENTIFIED, |listener| async move {
            let mut peer = connected(&listener, CONNACK_5).await;
            assert_eq!(peer.packet().await, b"\x82\x0A\0\x01\x03\x0B\xAC\x02\0\x01a\0");
            peer.send(b"\x90\x04\0\x01\0\0").await;
            sleep(2 * SECOND).await;
        });
        assert_eq!(ran.await.row("subscribe"), (1, 0));
        let ran = played(IDENTIFIED, |listener| async move {
            let _peer = connected(&listener, b"\x20\x05\0\0\x02\x29\0").await;
            sleep(2 * SECOND).await;
        })
        .await;
        assert_eq!(ran.row("subscribe"), (1, 1));
        let text = "subscribe: not sent: the broker takes no subscription identifiers".to_owned();
        assert_eq!(ran.failures()[0], text);
    });
}

const SHOWN: &str = r#"
version = 1
brokers.b = { url = "embedded:", protocol = "5" }
load = { users = 2, run_time = "3s" }
[user_classes.device]
tasks = [{ name = "t", steps = [
  { subscribe = { filters = ["a/${client_id}", { filter = "b", qos = 2, no_local = true }], qos = 1, retain_as_published = true, retain_handling = "if_new", identifier = 9 } },
  { unsubscribe = { filter = "a/${client_id}" } },
  { unsubscribe = { filters = ["b", "c"], timeout = "2s" } },
] }]
"#;

#[test]
fn a_plan_shows_each_filter_and_what_is_wanted_of_it() {
    let place = ScenarioDir::new(SHOWN);
    let output = place.run(&["plan", "scenario.toml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let class = text.split("\nuser class ").nth(1).unwrap();
    let output = place.run(&["plan", "scenario.toml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = &json["user_classes"][0]["tasks"][0]["steps"];
    insta::assert_snapshot!(format!("{class}\n{steps:#}"));
}
