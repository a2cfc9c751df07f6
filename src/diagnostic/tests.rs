use super::*;

#[test]
fn a_path_reads_as_in_the_file() {
    let path = FieldPath::root().key("user_classes").key("device").key("tasks").index(0).key("weight");
    assert_eq!(path.to_string(), "user_classes.device.tasks[0].weight");
    assert_eq!(path.parent().to_string(), "user_classes.device.tasks[0]");
    assert_eq!(FieldPath::root().key("a.b").key("größe").key("").to_string(), "\"a.b\".größe.\"\"");
}

#[test]
fn only_near_words_are_suggested() {
    assert_eq!(nearest("brokr", ["broker", "weight"]), Some("broker"));
    assert_eq!(nearest("xyz", ["broker", "weight"]), None);
    assert_eq!(nearest("qso", ["qos", "topic"]), Some("qos"));
    assert_eq!(nearest("brokr", ["brokers", "load"]), Some("brokers"));
    assert_eq!(nearest(&"broker".repeat(100_000), ["broker"]), None);
    assert_eq!(nearest("4", ["5", "3.1.1"]), None);
}

#[test]
fn case_and_hyphens_do_not_hide_what_is_meant() {
    for (word, meant) in [
        ("QoS", "qos"),
        ("QOS", "qos"),
        ("SPAWN-RATE", "spawn_rate"),
        ("spawnRate", "spawn_rate"),
        ("Client-Id", "client_id"),
    ] {
        assert_eq!(nearest(word, ["topic", "qos", "spawn_rate", "client_id"]), Some(meant), "{word}");
    }
}
