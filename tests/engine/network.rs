//! What becomes of connections, through all layers: storms and wills, users that give up, the parts of a connect,
//! sessions that are taken over, and queues for who is away. Through the built program, on real sockets.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use crate::support::acceptor::{Authority, Front, Server};
use crate::support::program::{SummarizedRun, example};
use crate::support::takeover::{check_takeover, closed_by, ended_by, offline, takeover};
use crate::support::{ScenarioDir, side_by_side, with_sockets};

mod storms {
    use super::*;

    /// The example in a tenth of its time.
    fn storm(changes: &[(&str, &str)]) -> String {
        let shorter =
            [("duration = \"10s\"", "duration = \"1s\""), ("duration = \"20s\"", "duration = \"2s\"")];
        example("storm.toml", &[&shorter[..], changes].concat())
    }

    #[test]
    fn the_will_of_everybody_who_is_lost_is_published_and_all_come_back() {
        side_by_side(["1", "3"], |threads| {
            let ran = SummarizedRun::of(&storm(&[]), &["--threads", threads]);
            // A request may be under way as its connection is dropped.
            let dropped = "publish:1:devices/${client_id}: connection dropped by the scenario";
            assert_eq!(ran.code, Some(i32::from(ran.stderr.contains(dropped))), "{}", ran.stderr);
            assert_eq!(ran.received(), 20, "{}", ran.stderr);
            assert!(ran.counts("connect") == Some((41 + 20, 0)), "{}", ran.stdout);
            let told = "Dropped the connections of 20 of 40 users as stage `storm` begins";
            assert!(ran.stderr.contains(told), "{}", ran.stderr);
            let early = ran.stderr.lines().find(|line| line.starts_with("[00:02]")).unwrap();
            assert!(!early.contains("(0.0/s)"), "{early}");
        });
    }

    #[test]
    fn who_does_not_come_back_is_gone() {
        let never = "reconnect = { initial = \"200ms\", max = \"10s\", jitter = 0.5, attempts = 10 }";
        let ran = SummarizedRun::of(&storm(&[(never, "reconnect = \"never\"")]), &[]);
        assert_eq!((ran.received(), ran.counts("connect")), (20, Some((41, 0))));
        assert!(ran.stderr.contains("users 21/41"), "{}", ran.stderr);
    }

    #[test]
    fn requests_under_way_fail_unless_their_session_lasts() {
        side_by_side([("true", true), ("false", false)], |(clean, expected)| {
            let ran = SummarizedRun::of(
                &format!(
                    r#"
                    version = 1
                    [brokers.b]
                    url = "embedded:?delay=300ms"
                    clean_session = {clean}
                    [load]
                    stages = [
                      {{ users = 10, spawn_rate = 100, duration = "1s" }},
                      {{ users = 10, duration = "2s", drop_connections = 1 }},
                    ]
                    stop_timeout = "5s"
                    [user_classes.device]
                    reconnect = {{ initial = "50ms" }}
                    [[user_classes.device.tasks]]
                    name = "t"
                    steps = [{{ publish = {{ topic = "t", qos = 1, name = "publish" }} }}]
                    "#
                ),
                &[],
            );
            let (requests, failures) = ran.counts("publish").unwrap();
            assert!(requests >= 50, "{}", ran.stdout);
            // Each has one under way, but for a moment between two.
            assert_eq!(failures >= 8, expected, "{}", ran.stdout);
            assert_eq!(failures == 0, !expected, "{}", ran.stdout);
            assert_eq!(ran.stdout.contains("MQTT publish: connection dropped by the scenario"), expected);
            assert_eq!(ran.counts("connect"), Some((20, 0)), "{}", ran.stdout);
            assert_eq!(ran.counts("disconnect"), None, "what the scenario does is no loss");
        });
    }
}

#[test]
fn users_that_are_refused_too_often_leave_and_the_run_ends() {
    let ran = SummarizedRun::of(
        r#"
        version = 1
        brokers.b.url = "embedded:?refuse=1"
        load = { users = 3, spawn_rate = 100, run_time = "30s" }
        [user_classes.device]
        reconnect = { initial = "10ms", max = "20ms", attempts = 4 }
        tasks = [{ name = "t", steps = ["connect"] }]
        "#,
        &[],
    );
    assert_eq!((ran.code, ran.counts("connect")), (Some(1), Some((12, 12))), "{}", ran.stdout);
    assert!(ran.stderr.contains("All users have left, shutting down"), "{}", ran.stderr);
}

mod parts {
    use super::*;

    fn connecting(broker: &str, connect: &str) -> String {
        format!(
            r#"
            version = 1
            load = {{ users = 1, run_time = "2s" }}
            [brokers.b]
            connect_timeout = "300ms"
            connect_detail = true
            {broker}
            [user_classes.device]
            client_id = "device-${{user.number}}"
            iterations = 1
            reconnect = "never"
            tasks = [{{ name = "t", steps = [{connect}] }}]
            "#
        )
    }

    /// Each part once, and all together not longer than the whole, but nearly as long.
    fn check(ran: &SummarizedRun, whole: &str, parts: &[&str]) {
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
        let mut names: Vec<_> = parts.iter().map(|part| format!("{whole}:{part}")).collect();
        names.push(whole.to_owned());
        names.sort_unstable();
        assert_eq!(ran.names(), names);
        assert!(names.iter().all(|name| ran.counts(name) == Some((1, 0))), "{}", ran.stdout);
        let sum: f64 = parts.iter().map(|part| ran.mean_ms(&format!("{whole}:{part}"))).sum();
        let all = ran.mean_ms(whole);
        // A thread that waits for its core between two parts costs more than a connect to this machine.
        let is_nearly_all = sum >= all * 0.5 || all - sum < 20.0;
        assert!(sum <= all + 1e-6 && is_nearly_all, "{sum} of {all} ms");
    }

    #[test]
    fn of_tcp_are_two() {
        let ran = SummarizedRun::of(&connecting("url = \"embedded:?delay=60ms\"", "\"connect\""), &[]);
        check(&ran, "connect", &["tcp", "connack"]);
        assert!(ran.mean_ms("connect:connack") >= 60.0, "the broker took its time");
        let named = r#"{ connect = { name = "x" } }"#;
        check(&SummarizedRun::of(&connecting("url = \"embedded:\"", named), &[]), "x", &["tcp", "connack"]);
        let per_user = r#"{ connect = { name = "${client_id} opens" } }"#;
        let ran = SummarizedRun::of(&connecting("url = \"embedded:\"", per_user), &[]);
        check(&ran, "device-1 opens", &["tcp", "connack"]);
    }

    #[test]
    fn of_tls_and_websocket_are_more() {
        with_sockets(async {
            let authority = Authority::new("test");
            let identity = authority.localhost();
            for (scheme, secure, websocket, parts) in [
                ("mqtts", true, false, &["tcp", "tls", "connack"][..]),
                ("ws", false, true, &["tcp", "websocket", "connack"]),
                ("wss", true, true, &["tcp", "tls", "websocket", "connack"]),
            ] {
                let front = Front::start(secure.then(|| Server::new(&identity).config()), websocket).await;
                let tls = if secure { "tls = { ca = \"ca.pem\" }\n" } else { "" };
                let broker = format!("url = \"{scheme}://localhost:{}\"\n{tls}", front.addr.port());
                // Loopback in a debug build on a busy machine.
                let scenario = connecting(&broker, "\"connect\"").replace("300ms", "10s");
                let place = ScenarioDir::new(&scenario);
                fs::write(place.path("ca.pem"), &authority.pem).unwrap();
                let ran =
                    tokio::task::spawn_blocking(move || SummarizedRun::in_place(&place, &[])).await.unwrap();
                check(&ran, "connect", parts);
            }
        });
    }

    #[test]
    fn a_connect_that_fails_has_those_that_it_came_through() {
        // Accepted by the kernel, answered by nobody.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = silent.local_addr().unwrap().port();
        for broker in
            [format!("url = \"mqtt://127.0.0.1:{port}\""), "url = \"embedded:?refuse=1\"".to_owned()]
        {
            let ran = SummarizedRun::of(&connecting(&broker, "\"connect\""), &[]);
            assert_eq!((ran.code, ran.names()), (Some(1), vec!["connect", "connect:tcp"]), "{broker}");
            assert_eq!((ran.counts("connect"), ran.counts("connect:tcp")), (Some((1, 1)), Some((1, 0))));
        }
        let tls =
            connecting(&format!("url = \"mqtts://127.0.0.1:{port}\"\ntls.insecure = true"), "\"connect\"");
        let ran = SummarizedRun::of(&tls, &[]);
        assert_eq!(ran.names(), ["connect", "connect:tcp"]);
        assert!(
            ran.stdout.contains(&format!("no TLS handshake with 127.0.0.1:{port} within 300ms")),
            "{}",
            ran.stdout
        );
    }

    #[test]
    fn are_known_to_the_plan_and_not_recorded_unasked() {
        let scenario = connecting("url = \"embedded:\"", r#"{ connect = { name = "x" } }, "connect""#);
        let output = ScenarioDir::new(&scenario).run(&["plan", "scenario.toml"]);
        let plan = String::from_utf8(output.stdout).unwrap();
        assert!(plan.contains("\n    connects are recorded in parts, too\n"), "{plan}");
        let rows = "rows of the statistics: 6\n  MQTT x\n  MQTT x:tcp\n  MQTT x:connack\n  MQTT connect\n  MQTT connect:tcp\n  MQTT connect:connack\n";
        assert!(plan.ends_with(rows), "{plan}");
        let ran = SummarizedRun::of(&scenario.replace("connect_detail = true", ""), &[]);
        assert_eq!(ran.names(), ["x"]);
        let unrecorded = connecting("url = \"embedded:\"", "{ connect = { record = false } }");
        assert_eq!(SummarizedRun::of(&unrecorded, &[]).names(), [""; 0]);
    }
}

#[test]
fn a_second_client_of_one_name_takes_the_session_over_once() {
    let embedded = "the embedded broker";
    side_by_side([("5", ended_by(embedded)), ("3.1.1", closed_by(embedded))], |(protocol, sign)| {
        check_takeover(&SummarizedRun::of(&takeover(protocol), &[]), &sign);
    });
}

#[test]
fn who_was_away_finds_exactly_what_was_published_meanwhile() {
    side_by_side(["5", "3.1.1"], |protocol| {
        let ran = SummarizedRun::of(&offline(protocol), &[]);
        assert_eq!((ran.code, ran.received()), (Some(0), 20), "{protocol}: {}", ran.stdout);
        assert_eq!(ran.counts("connect"), Some((3, 0)), "{protocol}");
    });
}
