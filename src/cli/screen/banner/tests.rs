use super::*;
use crate::stats::result::what_ran::{BrokerRan, Shards};

fn run() -> WhatRan {
    WhatRan {
        scenario: "sensors".to_owned(),
        file: "scenarios/sensors.toml".to_owned(),
        seed: Some(42),
        users: 1_000,
        planned_s: Some(120.0),
        brokers: vec![BrokerRan {
            name: "local".to_owned(),
            addresses: vec!["mqtt://127.0.0.1:1883".to_owned()],
            mqtt_version: "5".to_owned(),
        }],
        ..WhatRan::default()
    }
}

#[test]
fn a_run_is_announced() {
    let plain = Paint { coloured: false };
    let first = text(&run(), 1, &[], 80, plain);
    let more = WhatRan {
        planned_s: None,
        brokers: (1..=7)
            .map(|n| BrokerRan {
                name: format!("node-{n}"),
                addresses: vec![format!("mqtts://broker-{n}.example:8883")],
                mqtt_version: "3.1.1".to_owned(),
            })
            .collect(),
        ..run()
    };
    let results = ["results/2026-11-29T16-55-03Z-sensors".to_owned(), "out/a_stats.csv\u{1b}[2J".to_owned()];
    let second = text(&more, 3, &results, 80, plain);
    let shards = Some(Shards { of: 2, indices: vec![0], users: 2_000, ..Shards::default() });
    let shard = WhatRan { shards, run_id: Some("nightly-7".to_owned()), ..run() };
    let third = text(&shard, 3, &[], 80, plain);
    insta::assert_snapshot!(format!("{first}\n{second}\n{third}"));
    assert!(
        text(&run(), 1, &[], 80, Paint { coloured: true })
            .starts_with("\u{1b}[2m  scenario\u{1b}[0m  sensors")
    );
}
