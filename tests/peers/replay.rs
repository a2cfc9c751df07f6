//! Random event files, replayed by us and by Locust's own code, compared byte for byte.
//!
//! The peer is `fixtures/locust/replay_locust.py`, run by the Python that `MQTT_SCENARIO_LOCUST_PYTHON` names;
//! it needs `locust==2.47.0`. The files are the same in every run: each has its number as its seed.
#![expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "random bits stay random")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use mqtt_scenario::report::csv::history::History;
use mqtt_scenario::report::replay::{ReplayOptions, replay};
use mqtt_scenario::report::table;
use mqtt_scenario::stats::percentiles::PercentileList;

const PYTHON: &str = "MQTT_SCENARIO_LOCUST_PYTHON";
const CASES: u64 = 48;

/// What a file of events is made to try.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Floats of a usual size, some failures, users that come and go.
    Plain,
    /// Whole milliseconds, also mixed with floats of the same value.
    Ints,
    /// Many requests without a response time.
    Nones,
    /// Seconds without requests, up to half a minute.
    Gaps,
    /// The statistics go back to zero now and then.
    Resets,
    /// Names, types and errors of awkward characters, empty ones among them.
    Texts,
    /// Many rows with few requests.
    Rows,
    /// Negative, huge, tiny and tied response times, large lengths.
    Extremes,
    /// No request at all.
    Nothing,
}

const SHAPES: [Shape; 9] = [
    Shape::Plain,
    Shape::Ints,
    Shape::Nones,
    Shape::Gaps,
    Shape::Resets,
    Shape::Texts,
    Shape::Rows,
    Shape::Extremes,
    Shape::Nothing,
];

struct Random(TestRng);

impl Random {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// From 0 up to 1.
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Times over five decades.
    fn usual_ms(&mut self) -> f64 {
        10_f64.powf(self.unit() * 5.5 - 0.7)
    }

    fn text(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a",
            "publish",
            " ",
            ",",
            "\"",
            "'",
            "\n",
            "\r",
            "\r\n",
            "\t",
            "\\",
            ";",
            "é",
            "ß",
            "漢字",
            "😀",
            "\u{0}",
            "\u{1b}",
            "\u{7f}",
            "\u{85}",
            "\u{a0}",
            "\u{ad}",
            "\u{200b}",
            "\u{2028}",
            "\u{feff}",
            "\u{e000}",
            "\u{378}",
            "\u{1fae8}",
            "\u{10ffff}",
            "%s",
            "${x}",
            "#",
            "/+/",
        ];
        (0..self.below(7)).map(|_| self.pick(PIECES)).collect()
    }

    fn error(&mut self, shape: Shape) -> Value {
        let address = self.below(3);
        match shape {
            Shape::Texts if self.one_in(2) => self.text().into(),
            _ => match self.below(9) {
                0 => "".into(),
                1 => format!("<Client object at 0x7f{address}> gone, 0x7f{address}2").into(),
                2 => format!("<A object at 0x{address}> <B object at 0x{}>", address + 1).into(),
                3 => format!("cut object at 0x{address}").into(),
                4 => "CatchResponseError('no, \"really\"')".into(),
                5 => "CatchResponseError(".into(),
                6 => "ConnectionRefusedError(111, 'Connection refused')".into(),
                _ => "timed out".into(),
            },
        }
    }

    fn response_time(&mut self, shape: Shape) -> Value {
        match shape {
            Shape::Nones if self.one_in(2) => Value::Null,
            Shape::Ints => match self.below(4) {
                0 => json!(self.usual_ms().round()),
                1 => json!(self.below(3)),
                _ => json!(self.usual_ms().round() as i64),
            },
            Shape::Extremes => match self.below(12) {
                0 => json!(0),
                1 => json!(0.0),
                2 => json!(-0.0),
                3 => json!(-(self.below(2_000) as i64)),
                4 => json!(-self.usual_ms()),
                5 => json!(10_f64.powf(self.unit() * 37.0)),
                6 => json!(self.0.next_u64() >> self.below(64)),
                7 => json!(10_f64.powf(-self.unit() * 20.0)),
                8 => json!(self.below(40_000) as f64 + 0.5),
                9 => json!((self.below(400) * 5) as f64),
                10 => json!(self.below(400) * 50),
                _ => json!(f64::from_bits((self.below(300) as f64 * 50.0).to_bits() + self.below(3))),
            },
            _ if self.one_in(40) => Value::Null,
            _ => json!(self.usual_ms()),
        }
    }
}

/// The lines of one file.
fn events(shape: Shape, random: &mut Random) -> String {
    let mut text = String::new();
    let mut push = |event: Value| writeln!(text, "{event}").unwrap();
    let mut t = (1_700_000_000 + random.below(100_000_000)) as f64;
    if !random.one_in(3) {
        t += random.below(1_000_000) as f64 / 1e6;
    }
    if random.one_in(12) {
        // Near the epoch a time can be 0, which Locust takes for none.
        t = random.below(2) as f64;
    }
    let start = t;
    let rows: Vec<(String, String)> = match shape {
        Shape::Rows => {
            (0..300).map(|n| (["MQTT", "", "x"][n % 3].to_owned(), format!("row {}", n / 2))).collect()
        }
        Shape::Texts => (0..12).map(|_| (random.text(), random.text())).collect(),
        _ => ["connect", "publish:1:t", "Aggregated", "name, with comma"]
            .map(|name| ("MQTT".to_owned(), name.to_owned()))
            .to_vec(),
    };
    let count = match shape {
        Shape::Nothing => random.below(3),
        Shape::Gaps => 60 + random.below(100),
        _ => 200 + random.below(700),
    };
    if !random.one_in(4) {
        push(json!({"t": t, "type": "users", "count": random.below(3)}));
    }
    for _ in 0..count {
        t += match shape {
            Shape::Gaps if random.one_in(8) => random.unit() * 32.0,
            _ if random.one_in(5) => 0.0,
            _ => random.unit() * 0.1,
        };
        // Now and then exactly on a second, or on a tick.
        t = match random.below(20) {
            0 => t.ceil(),
            1 => start + (t - start).ceil(),
            2..=9 => t,
            _ => ((t * 1e6).ceil() / 1e6).max(t),
        };
        let event = match (shape, random.below(30)) {
            (_, 0) | (Shape::Nothing, _) => json!({"t": t, "type": "users", "count": random.below(1_000)}),
            (Shape::Resets, 1) if random.one_in(3) => json!({"t": t, "type": "reset"}),
            (Shape::Resets | Shape::Texts, 2) => json!({
                "t": t, "type": "exception", "msg": random.text(), "node": "local",
                "traceback": format!("  File \"x, y\", line {}\n", random.below(3)),
            }),
            _ => {
                let (method, name) = &rows[random.below(rows.len() as u64) as usize];
                let length = match shape {
                    Shape::Extremes => (random.0.next_u64() >> (4 + random.below(60))) as i64,
                    _ => random.below(2_000) as i64,
                };
                let error = if random.one_in(6) { random.error(shape) } else { Value::Null };
                json!({
                    "t": t, "type": "request", "method": method, "name": name,
                    "response_time": random.response_time(shape), "length": length, "error": error,
                })
            }
        };
        push(event);
    }
    t = match random.below(3) {
        0 => t,
        1 => start + (t - start).ceil(),
        _ => t + random.unit() * 3.0,
    };
    push(json!({"t": t, "type": "end"}));
    text
}

fn run_peer(events: &Path, prefix: &Path, summary: &Path, options: ReplayOptions) {
    let python =
        env::var(PYTHON).unwrap_or_else(|_| panic!("{PYTHON} must name a Python with locust 2.47.0"));
    let mut command = Command::new(python);
    command.arg("tests/fixtures/locust/replay_locust.py").args([events, prefix]);
    command.arg("--summary").arg(summary).args(["--interval", &options.interval_s.to_string()]);
    if options.history == History::Full {
        command.arg("--full-history");
    }
    if !options.final_row {
        command.arg("--no-final-row");
    }
    let output = command.output().expect("the named Python should start");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs PyPI's locust: run by .ci/run"]
fn random_events_give_the_files_that_locust_writes() {
    let dir = tempfile::tempdir().unwrap();
    for case in 0..CASES {
        let mut random = Random::new(case);
        let shape = SHAPES[(case % SHAPES.len() as u64) as usize];
        let options = ReplayOptions {
            history: if case % 2 == 0 { History::Full } else { History::Aggregated },
            final_row: case % 5 != 0,
            interval_s: [1.0, 1.0, 1.0, 0.5, 0.3, 2.0][(case % 6) as usize],
        };
        let file = dir.path().join("events.jsonl");
        fs::write(&file, events(shape, &mut random)).unwrap();
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        let last = replay(&file, &ours, options, &PercentileList::LOCUST).unwrap().snapshot;
        fs::write(dir.path().join("ours_summary"), table::summary(&last)).unwrap();
        run_peer(&file, &theirs, &dir.path().join("theirs_summary"), options);
        for suffix in ["_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv", "_summary"] {
            let read = |whose: &str| fs::read_to_string(dir.path().join(format!("{whose}{suffix}"))).unwrap();
            let (ours, theirs) = (read("ours"), read("theirs"));
            if let Some((ours, theirs)) =
                ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs)
            {
                panic!("case {case} {shape:?} {options:?} {suffix}\n ours: {ours}\ntheirs: {theirs}");
            }
            assert!(ours == theirs, "case {case} {shape:?} {options:?} {suffix}: lengths differ");
        }
    }
}
