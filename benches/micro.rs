//! Micro-benchmarks of what stands on the path of every message or every second: `cargo bench --bench micro`.
//!
//! Only what the library shows is measured, so that a change behind it cannot make a number better by moving
//! the work elsewhere. Names begin with how often a thing happens or what it belongs to.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has no result")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mqtt_scenario::compile::{Context, Overrides, compile};
use mqtt_scenario::engine::clock::Clock;
use mqtt_scenario::plan::dispatcher::Dispatcher;
use mqtt_scenario::plan::payload::Payload;
use mqtt_scenario::plan::{Step, Text};
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;
use mqtt_scenario::stats::batch::Batch;
use mqtt_scenario::stats::delivery::receiver::{Receiver, Terms};
use mqtt_scenario::stats::delivery::{Arrival, StreamKey};
use mqtt_scenario::stats::over_time::SecondOfRun;
use mqtt_scenario::stats::recorder::Recorder;
use mqtt_scenario::stats::stamp::{Publisher, Stamp, text_at};
use mqtt_scenario::stats::statistics::Statistics;
use mqtt_scenario::stats::{RowId, RowKey, UnixMicros};
use mqtt_scenario::template::names::{Columns, Names, Place};
use mqtt_scenario::template::random::Random;
use mqtt_scenario::template::{NOT_BEGUN, NOTHING, Scope, Template, UserScope};
use tokio::time::Instant;

fn main() {
    divan::main();
}

/// When the measured runs started.
const START: UnixMicros = UnixMicros(1_763_850_000_000_000);
const SECOND: u64 = UnixMicros::PER_SECOND;

const TEMPLATES: [(&str, &str); 3] = [
    ("literal", "01234567890123456789"),
    ("three", r#"{"id":"${client_id}","seq":${seq},"t":${now_ms()}}"#),
    (
        "five",
        r#"{"id":"${client_id}","seq":${seq},"t":${now_ms()},"temperature":${random_int(-20,40)},"key":"${random_string(16)}"}"#,
    ),
];

/// A payload into a reused buffer.
#[divan::bench(args = TEMPLATES.map(|(name, _)| name), sample_size = 1_000)]
fn template_render(bencher: Bencher<'_, '_>, name: &str) {
    let text = TEMPLATES.iter().find(|(n, _)| *n == name).unwrap().1;
    let (vars, used_vars) = (BTreeMap::new(), RefCell::new(BTreeSet::new()));
    let (env, columns) = (|_: &str| None, Columns::default());
    let names = Names {
        class: Some("device"),
        vars: &vars,
        used_vars: &used_vars,
        columns: &columns,
        env: &env,
        hostname: "h",
        run_id: None,
    };
    render(bencher, &Template::parse(text, Place::Payload, &names).unwrap());
}

const PAYLOADS: [(&str, &str); 3] = [
    ("json_three", r#"{ json = { id = "${client_id}", seq = "${seq}", t = "${now_ms()}" } }"#),
    ("json_row", r#"{ json = { name = "${row.name}" } }"#),
    ("json_walk", r#"{ json = { t = "${walk(15, 25, 0.1)}" } }"#),
];

/// A payload as it comes out of a scenario, likewise.
#[divan::bench(args = PAYLOADS.map(|(name, _)| name), sample_size = 1_000)]
fn template_render_payload(bencher: Bencher<'_, '_>, name: &str) {
    let payload = PAYLOADS.iter().find(|(n, _)| *n == name).unwrap().1;
    let text = format!(
        "version = 1\nbrokers.b.url = \"embedded:\"\nload.run_time = \"1s\"\nfeeds.f.csv = \"f\"\n\
         [user_classes.device]\nfeeds = [\"f\"]\n\
         tasks = [{{ name = \"t\", steps = [{{ publish = {{ topic = \"t\", payload = {payload} }} }}] }}]\n"
    );
    let (_, parsed) = Source::parse("bench.toml", text, Format::Toml);
    let context = Context {
        file_stem: "bench",
        env: &|_| None,
        hostname: "h",
        run_id: None,
        embedded_options: &|_| Ok(()),
        files: &|_, _| Ok(b"name\nAda\nGrace\n".to_vec()),
        folder: &|_| String::new(),
        line: &|_| None,
        overrides: &Overrides::default(),
        reported: parsed.reported.paths(),
    };
    let plan = compile(&parsed.scenario, &context).unwrap().plan;
    let Step::Publish(publish) = &plan.classes[0].tasks[0].steps.0[0] else { return };
    let Payload::Text(Text::PerMessage(template) | Text::PerUser { template, .. }) = &publish.payload else {
        return;
    };
    render(bencher, template);
}

fn render(bencher: Bencher<'_, '_>, template: &Template) {
    let user = UserScope { number: 50, index: 49, client_id: b"device-50"[..].into() };
    let (mut random, mut seq, mut out) = (Random::for_user(0, "device", 49), 100_000, Vec::new());
    let mut walks = [NOT_BEGUN];
    bencher.bench_local(|| {
        seq += 1;
        out.clear();
        let now_ns = START.0 * 1_000 + seq;
        let mut scope = Scope {
            user: &user,
            rows: &[1],
            iteration: seq,
            seq,
            now_ns,
            random: &mut random,
            walks: &mut walks,
            received: &NOTHING,
        };
        template.render(&mut scope, &mut out);
        black_box(&out);
    });
}

/// One reading of the engine's clock.
#[divan::bench]
fn sample_clock() -> Instant {
    Instant::now()
}

/// A sample into the recorder, row after row.
#[divan::bench(args = [1, 1_000], sample_size = 10_000)]
fn sample_record(bencher: Bencher<'_, '_>, rows: u32) {
    let (mut recorder, mut sample) = (filled(rows, 50_000, 0), 0);
    bencher.bench_local(|| {
        sample += 1;
        let at = UnixMicros(START.0 + 1 + sample % (SECOND - 1));
        let row = RowId(u32::try_from(sample % u64::from(rows)).unwrap());
        recorder.record(row, at, Some(90_000 + sample % 65_536), 20);
    });
}

/// A stamp as it goes into a message.
#[divan::bench(sample_size = 10_000)]
fn stamp_encode(bencher: Bencher<'_, '_>) {
    let mut seq = 0;
    bencher.bench_local(|| {
        seq += 1;
        black_box(stamp(seq)).encode()
    });
}

/// And as it is read.
#[divan::bench(sample_size = 10_000)]
fn stamp_decode(bencher: Bencher<'_, '_>) {
    let text = stamp(7).encode();
    bencher.bench_local(|| Stamp::decode(black_box(&text)));
}

/// The text at a pointer behind four others.
#[divan::bench(sample_size = 10_000)]
fn stamp_in_json(bencher: Bencher<'_, '_>) {
    let json = br#"{"id":"device-17","seq":123456,"t":1763850000000,"temperature":20.5,"sent":"~"}"#;
    let pointer = ["sent".into()];
    bencher.bench_local(|| text_at(black_box(json), &pointer));
}

/// A message of a subscription that measures, in order or with every tenth one missing.
#[divan::bench(args = [0, 10], sample_size = 10_000)]
fn delivery_receive(bencher: Bencher<'_, '_>, missing: u64) {
    let terms = Terms {
        row: RowId(0),
        filter: "a/+".into(),
        group: None,
        broker: 0,
        qos: 1,
        not_of: None,
        kept_ns: 0,
    };
    let (mut receiver, mut room, mut seq) = (Receiver::new(terms, 0), 10, 0);
    bencher.bench_local(|| {
        seq += 1 + u64::from(missing > 0 && seq % missing == 0);
        let stamp = stamp(seq);
        let key = StreamKey::of(&stamp, b"a/1");
        receiver.take(key, seq, stamp.time_ns, Arrival { qos: 1, dup: false }, &mut room, |_| true)
    });
}

fn stamp(seq: u64) -> Stamp {
    let publisher = Publisher::new(0x12_3456, 17);
    Stamp { time_ns: START.0 * 1_000 + seq, late_us: None, publisher, step: 3, by_topic: false, seq }
}

/// All that a measured message of a closed loop costs more than one that is not: a reading of the clock, which ends
/// it and begins the next, and a sample.
#[divan::bench(sample_size = 10_000)]
fn sample_whole(bencher: Bencher<'_, '_>) {
    let clock = Clock::start();
    let mut recorder = Recorder::new(clock.started_at(), &rows(1), false);
    let mut due = Instant::now();
    bencher.bench_local(|| {
        let finished = Instant::now();
        let ns = u64::try_from((finished - due).as_nanos()).unwrap();
        recorder.record(RowId(0), clock.at(finished), Some(ns), 20);
        due = finished;
    });
}

/// What a report of 1,000 rows reads, after ten seconds of 10,000 samples.
#[divan::bench]
fn second_snapshot(bencher: Bencher<'_, '_>) {
    let mut statistics = Statistics::new(START.as_secs_f64(), false);
    for tick in 0..10 {
        statistics.merge(vec![batch(1_000, 10_000, tick)]);
    }
    bencher.bench_local(|| statistics.snapshot(black_box(START.as_secs_f64() + 10.0)));
}

/// The samples of a second and two threads into the statistics of the run.
#[divan::bench(args = [1, 1_000])]
fn second_merge(bencher: Bencher<'_, '_>, rows: u32) {
    let mut statistics = Statistics::new(START.as_secs_f64(), false);
    let mut tick = 0;
    bencher
        .with_inputs(|| {
            tick += 1;
            vec![batch(rows, 50_000, tick), batch(rows, 50_000, tick)]
        })
        .bench_local_values(|batches| statistics.merge(batches));
}

/// The histograms of a second, after it was merged: its stage, the course of the run and the last ten seconds.
#[divan::bench(args = [1, 1_000])]
fn second_histograms(bencher: Bencher<'_, '_>, rows: u32) {
    let statistics = RefCell::new(Statistics::new(START.as_secs_f64(), false));
    let tick = Cell::new(0);
    bencher
        .with_inputs(|| {
            tick.set(tick.get() + 1);
            let batches = vec![batch(rows, 50_000, tick.get()), batch(rows, 50_000, tick.get())];
            statistics.borrow_mut().merge(batches);
        })
        .bench_local_values(|()| {
            let at = UnixMicros(START.0 + (tick.get() + 1) * SECOND).as_secs_f64();
            statistics.borrow_mut().end_second(at, SecondOfRun::default(), true);
        });
}

/// Takes a second of a recorder with so many rows.
#[divan::bench(args = [1, 1_000])]
fn second_take(bencher: Bencher<'_, '_>, rows: u32) {
    bencher.with_inputs(|| filled(rows, 50_000, 0)).bench_local_values(|mut recorder| {
        let batch = recorder.take(UnixMicros(START.0 + SECOND));
        (batch, recorder)
    });
}

/// A million users of three classes, in the batches of a ramp.
#[divan::bench(sample_count = 10)]
fn dispatcher(bencher: Bencher<'_, '_>) {
    let classes = [("device", 7.0, 0), ("gateway", 2.0, 0), ("sensor", 0.0, 1_000)];
    bencher.counter(ItemsCount::new(1_000_000_usize)).bench_local(|| {
        let mut dispatcher = Dispatcher::new(&classes);
        dispatcher.ramp(1_000_000, 10_000.0);
        std::iter::from_fn(|| dispatcher.next_batch()).map(|batch| batch.start.len()).sum::<usize>()
    });
}

fn rows(count: u32) -> Vec<RowKey> {
    let row =
        |i| RowKey { request_type: "MQTT".into(), name: format!("publish:1:devices/{i:04}/temperature") };
    (0..count).map(row).collect()
}

fn recorder(count: u32) -> Recorder {
    Recorder::new(START, &rows(count), false)
}

/// A recorder with so many samples of the second that ends at a tick, over all its rows.
fn filled(rows: u32, samples: u64, tick: u64) -> Recorder {
    let mut recorder = recorder(rows);
    for sample in 0..samples {
        let at = UnixMicros(START.0 + tick * SECOND + 1 + sample * (SECOND - 1) / samples);
        let row = RowId(u32::try_from(sample % u64::from(rows)).unwrap());
        // From 0.05 to 65 ms, most of them short.
        recorder.record(row, at, Some(50_000 + (sample % 256).pow(2) * 1_000), 20);
    }
    recorder
}

fn batch(rows: u32, samples: u64, tick: u64) -> Batch {
    filled(rows, samples, tick).take(UnixMicros(START.0 + (tick + 1) * SECOND))
}
