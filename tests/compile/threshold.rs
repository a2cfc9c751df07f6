//! Thresholds as they are compiled: their stages, when they end a run, and where they stand.

use std::fs;
use std::time::Duration;

use mqtt_scenario::compile::Overrides;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::stats::threshold::{Abort, Check, SourcePlace, StageOf};

use crate::support::TestScenario;

const REST: &str = r#"
version = 1
brokers.local.url = "embedded:"
load.stages = [{ users = 1, duration = "30s" }, { name = "peak", users = 2, duration = "1m" }]
[[user_classes.device.tasks]]
name = "t"
steps = [{ publish = { topic = "a" } }]
"#;

#[test]
fn a_table_says_the_stage_and_when_the_run_ends() {
    let text = r#"thresholds = [
    "p99 < 1s",
    { check = "p99[publish:0:a] < 50ms", stage = "peak", abort = true },
    { check = "failures < 10", stage = "1", abort = true, after = "5s" },
    { check = "requests > 10", stage = "stage 1", abort = true },
    { check = "rps > 10", abort = false },
]"#;
    let scenario = TestScenario::toml(format!("{text}{REST}"));
    let compiled = scenario.compiled();
    assert_eq!(compiled.warnings, []);
    let thresholds = compiled.plan.thresholds;
    let stage = |index, name: &str| Some(StageOf { index, name: name.to_owned() });
    let after = Duration::from_secs;
    let expected = [
        (None, None, None, 2),
        (stage(1, "peak"), Some(None), Some(Check::EachSecondAfter(after(10))), 3),
        (stage(0, "stage 1"), Some(Some(after(5))), Some(Check::EachSecondAfter(after(5))), 4),
        (stage(0, "stage 1"), Some(None), Some(Check::AtTheEndOfTheStage), 5),
        (None, None, None, 6),
    ];
    for (threshold, (stage, abort, check, line)) in thresholds.into_iter().zip(expected) {
        assert_eq!(threshold.stage, stage, "{threshold}");
        assert_eq!(threshold.abort, abort.map(|after| Abort { after }), "{threshold}");
        assert_eq!(threshold.check(), check, "{threshold}");
        assert_eq!(threshold.place, Some(SourcePlace { file: "test.toml".to_owned(), line }), "{threshold}");
    }
}

#[test]
fn both_formats_say_the_same() {
    let toml = format!(
        "thresholds = [{{ check = \"p99 < 50ms\", stage = \"peak\", abort = true, after = \"20s\" }}]{REST}"
    );
    let yaml = r#"version: 1
thresholds:
  - { check: p99 < 50ms, stage: peak, abort: true, after: 20s }
brokers: { local: { url: "embedded:" } }
load: { stages: [{ users: 1, duration: 30s }, { name: peak, users: 2, duration: 1m }] }
user_classes: { device: { tasks: [{ name: t, steps: [{ publish: { topic: a } }] }] } }
"#;
    let thresholds = |scenario: &TestScenario<'_>| {
        let mut thresholds = scenario.plan().thresholds;
        for threshold in &mut thresholds {
            threshold.place = None;
        }
        thresholds
    };
    let toml = thresholds(&TestScenario::toml(toml));
    assert_eq!(toml, thresholds(&TestScenario::text(yaml, Format::Yaml)));
    assert_eq!(toml.len(), 1);
}

#[test]
fn a_threshold_of_an_included_file_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("limits.yaml"),
        "# limits\n\nthresholds:\n  - p99 < 1s\n  - check: failures < 1\n",
    )
    .unwrap();
    let path = dir.path().join("a.toml");
    fs::write(&path, format!("include = [\"limits.yaml\"]{REST}")).unwrap();
    let places: Vec<_> = TestScenario::read(&path).plan().thresholds.into_iter().map(|it| it.place).collect();
    let file = dir.path().join("limits.yaml").display().to_string();
    let place = |line| Some(SourcePlace { file: file.clone(), line });
    assert_eq!(places, [place(4), place(5)]);
}

#[test]
fn a_stage_that_the_run_does_not_reach_is_warned_of() {
    let text = format!("thresholds = [{{ check = \"p99 < 50ms\", stage = \"peak\" }}]{REST}");
    let overrides = Overrides { run_time: Some(Duration::from_secs(30)), ..Overrides::default() };
    let compiled = TestScenario::toml(text).overrides(&overrides).compiled();
    let told: Vec<_> = compiled.warnings.iter().map(|it| (it.code, it.message.as_str())).collect();
    assert_eq!(told, [("W0243", "the run of 30s is over before this stage begins")]);
}
