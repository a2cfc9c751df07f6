use super::*;
use crate::locust::message::Usage;
use crate::locust::report::StatsReport;
use crate::locust::testing::bytes;
use crate::stats::UnixMicros;
use crate::stats::interval::Interval;

const NODE: &str = "host_0123456789abcdef0123456789abcdef0123";

#[test]
fn messages_to_the_master_are_those_of_a_python_worker() {
    let id = format!("d9 29 \"{NODE}\"");
    assert_eq!(NODE.len(), 0x29);
    let counts = ClassCounts::from([("Actuator".to_owned(), 1), ("Sensor".to_owned(), 4)]);
    let usage = Usage { cpu_percent: 0.0, memory_bytes: 0 };
    let table = [
        (ToMaster::ClientReady, "93 ac \"client_ready\" ff".to_owned()),
        (
            ToMaster::Heartbeat { state: WorkerState::Running, usage },
            "93 a9 \"heartbeat\" 83 a5 \"state\" a7 \"running\" b1 \"current_cpu_usage\" cb 0000000000000000 \
             b4 \"current_memory_usage\" 00"
                .to_owned(),
        ),
        (ToMaster::Spawning, "93 a8 \"spawning\" c0".to_owned()),
        (
            ToMaster::SpawningComplete(counts),
            "93 b1 \"spawning_complete\" 82 b2 \"user_classes_count\" 82 a8 \"Actuator\" 01 a6 \"Sensor\" 04 \
             aa \"user_count\" 05"
                .to_owned(),
        ),
        (
            ToMaster::Exception { message: "a".to_owned(), traceback: "b".to_owned() },
            "93 a9 \"exception\" 82 a3 \"msg\" a1 \"a\" a9 \"traceback\" a1 \"b\"".to_owned(),
        ),
        (
            ToMaster::Logs(vec!["x".to_owned()]),
            format!("93 a4 \"logs\" 82 a9 \"worker_id\" {id} a4 \"logs\" 91 a1 \"x\""),
        ),
        (ToMaster::CannotRun, "93 b8 \"mqtt_scenario_cannot_run\" c0".to_owned()),
        (ToMaster::Reset(4), "93 b3 \"mqtt_scenario_reset\" 04".to_owned()),
        (ToMaster::Drained(3), "93 b5 \"mqtt_scenario_drained\" 03".to_owned()),
        (ToMaster::ClientStopped, "93 ae \"client_stopped\" c0".to_owned()),
        (ToMaster::Quit, "93 a4 \"quit\" c0".to_owned()),
        (ToMaster::Locustfile, "93 aa \"locustfile\" 81 a7 \"version\" a6 \"2.47.0\"".to_owned()),
    ];
    for (message, expected) in table {
        assert_eq!(encode(&message, NODE).unwrap(), bytes(&format!("{expected} {id}")), "{message:?}");
    }
}

#[test]
fn seconds_and_buckets_are_ints_and_an_empty_row_has_locust_s_zeros() {
    let report = StatsReport::new(&Interval::new(UnixMicros(1_000_000)), ClassCounts::new(), 0);
    let body = encode(&ToMaster::Stats(Box::new(report)), "n").unwrap();
    let expected = "93 a5 \"stats\" 85 a5 \"stats\" 90 ab \"stats_total\" 8e a4 \"name\" aa \"Aggregated\" a6 \"method\" a0 \
         b6 \"last_request_timestamp\" c0 aa \"start_time\" cb 3ff0000000000000 ac \"num_requests\" 00 \
         b1 \"num_none_requests\" 00 ac \"num_failures\" 00 b3 \"total_response_time\" cb 0000000000000000 \
         b1 \"max_response_time\" 00 b1 \"min_response_time\" c0 b4 \"total_content_length\" 00 \
         ae \"response_times\" 80 b0 \"num_reqs_per_sec\" 80 b0 \"num_fail_per_sec\" 80 a6 \"errors\" 80 \
         b2 \"user_classes_count\" 80 aa \"user_count\" 00 a1 \"n\"";
    assert_eq!(body, bytes(expected));
}

#[test]
fn a_heartbeat_never_says_what_is_no_number() {
    let heartbeat = |cpu_percent| {
        let usage = Usage { cpu_percent, memory_bytes: 1 };
        encode(&ToMaster::Heartbeat { state: WorkerState::Ready, usage }, NODE).unwrap()
    };
    assert_eq!(heartbeat(f64::NAN), heartbeat(0.0));
    assert_eq!(heartbeat(f64::INFINITY), heartbeat(0.0));
}
