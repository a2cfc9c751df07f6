use super::*;

#[test]
fn words_are_written_as_they_are_compared() {
    let keys = KEYS.iter().flat_map(|table| {
        let synonyms = table.synonyms.iter().flat_map(|(_, words)| *words);
        synonyms.chain(table.advice.iter().flat_map(|(_, words)| *words))
    });
    let choices = CHOICES.iter().flat_map(|(_, choices)| choices.iter().flat_map(|(_, words)| *words));
    for word in keys.chain(choices) {
        assert_eq!(plain(word), *word);
    }
}

#[test]
fn no_word_has_two_meanings_in_one_table() {
    fn once<'a>(words: impl Iterator<Item = &'a &'a str>) {
        let mut seen = std::collections::HashSet::new();
        for word in words {
            assert!(seen.insert(word), "{word}");
        }
    }
    for table in KEYS {
        once(table.synonyms.iter().flat_map(|(_, words)| words.iter()));
        once(table.advice.iter().flat_map(|(_, words)| words.iter()));
    }
}

#[test]
fn a_word_means_what_its_table_says() {
    let load = &["users", "spawn_rate", "run_time", "stop_timeout"];
    let publish = &["topic", "payload", "qos", "await_ack"];
    for (key, known, meant_key) in [
        ("hatch_rate", &load[..], Some("spawn_rate")),
        ("Run-Time", load, Some("run_time")),
        ("vus", load, Some("users")),
        ("message", publish, Some("payload")),
        ("QoS", publish, Some("qos")),
        ("message", load, None),
    ] {
        let found = match meant(key, known, None) {
            Some(Meant::Key(name)) => Some(name),
            _ => None,
        };
        assert_eq!(found, meant_key, "{key}");
    }
    assert!(matches!(meant("ramp_up", load, None), Some(Meant::Advice(_))));
    assert_eq!(meant_choice("Sleep", "Step"), Some("wait"));
    assert_eq!(meant_choice("4", "Protocol"), Some("3.1.1"));
    assert_eq!(meant_choice("3.1", "Protocol"), None);
}
