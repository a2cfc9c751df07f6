use proptest::prelude::*;

use super::*;
use crate::locust::testing::bytes;

#[test]
fn messages_of_the_master_are_read() {
    let spawn = "93 a5 \"spawn\" 85 a9 \"timestamp\" cb 41d9c1b1cc0d70a4 b2 \"user_classes_count\" 82 a1 \"A\" 01 \
         a1 \"B\" 00 a4 \"host\" c0 ac \"stop_timeout\" cb 3ff0000000000000 ae \"parsed_options\" 86 \
         ab \"reset_stats\" c3 a4 \"tags\" 91 a1 \"t\" a8 \"scenario\" a5 \"v = 1\" a1 \"m\" 81 01 02 a1 \"b\" c4 01 00 \
         a1 \"f\" d6 00 00000000 c0";
    let Ok(FromMaster::Spawn(spawn)) = decode(&bytes(spawn)) else { panic!("{:?}", decode(&bytes(spawn))) };
    assert_eq!(spawn.user_classes_count, [("A".to_owned(), 1), ("B".to_owned(), 0)].into());
    assert_eq!((spawn.host.as_deref(), spawn.stop_timeout), (None, Some(1.0)));
    assert!(spawn.is_set("reset_stats") && !spawn.is_set("tags"));
    assert_eq!((spawn.text("scenario"), spawn.text("m")), (Some("v = 1"), None));

    let file = Locustfile::File { filename: "a.py".to_owned(), contents: "x".to_owned() };
    let change = ClassChange {
        class: "A".to_owned(),
        attributes: [("host".to_owned(), OptionValue::Text("h".to_owned()))].into(),
    };
    let table = [
        ("93 a3 \"ack\" 81 a5 \"index\" 00 a1 \"n\"", FromMaster::Ack(Some(0))),
        ("93 a3 \"ack\" c0 a1 \"n\"", FromMaster::Ack(None)),
        ("93 a9 \"heartbeat\" c0 c0", FromMaster::Heartbeat),
        ("93 b1 \"spawning_complete\" 81 aa \"user_count\" 05 a1 \"n\"", FromMaster::SpawningComplete),
        ("93 a4 \"stop\" c0 a1 \"n\"", FromMaster::Stop),
        ("93 a4 \"quit\" c0 a1 \"n\"", FromMaster::Quit),
        ("93 a9 \"reconnect\" c0 a1 \"n\"", FromMaster::Reconnect),
        ("93 b3 \"mqtt_scenario_reset\" 02 a1 \"n\"", FromMaster::Reset(2)),
        (
            "93 b3 \"mqtt_scenario_drain\" 82 ac \"stop_timeout\" 05 a6 \"number\" 07 a1 \"n\"",
            FromMaster::Drain { stop_timeout_s: 5.0, number: 7 },
        ),
        (
            "93 b1 \"update_user_class\" 82 af \"user_class_name\" a1 \"A\" a4 \"host\" a1 \"h\" a1 \"n\"",
            FromMaster::UpdateUserClass(change),
        ),
        (
            "93 aa \"locustfile\" 81 ab \"locustfiles\" 92 82 a8 \"filename\" a4 \"a.py\" a8 \"contents\" a1 \"x\" a1 \"u\" c0",
            FromMaster::Locustfile(Ok(vec![file, Locustfile::Url("u".to_owned())])),
        ),
        ("93 aa \"locustfile\" 81 a5 \"error\" a2 \"no\" c0", FromMaster::Locustfile(Err("no".to_owned()))),
        ("93 a3 \"own\" 81 01 92 02 03 a1 \"n\"", FromMaster::Other("own".to_owned())),
    ];
    for (body, expected) in table {
        assert_eq!(decode(&bytes(body)).map_err(|error| error.to_string()), Ok(expected));
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    let deep = format!("93 a1 \"x\" {} c0 c0", "91".repeat(MAX_DEPTH + 1));
    let table = [
        "",
        "c0",
        "92 a4 \"stop\" c0",
        "94 a4 \"stop\" c0 c0 c0",
        "93 a4 \"stop\" c0 c0 00",
        "93 a4 \"stop\" c1 c0",
        "93 a5 \"spawn\" c0 c0",
        "93 a5 \"spawn\" 80 c0",
        "93 db ff ff ff ff \"x\"",
        "dd ff ff ff ff a1",
        "93 a1 \"x\" df ff ff ff ff c0",
        &deep,
    ];
    for body in table {
        assert!(decode(&bytes(body)).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&body);
        let spawn = [&bytes("93 a5 \"spawn\"")[..], &body].concat();
        let _ = decode(&spawn);
    }
}
