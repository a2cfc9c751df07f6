//! What was begun has succeeded, failed, or is unfinished: for every row, whatever the plan does, whatever becomes of
//! the broker, and however the run ends. What was begun is counted where the engine asks its sessions for it, and what
//! became of it is read from the request log.

use std::sync::{Arc, Mutex};

use crate::support::scripted::ScriptedConnector;

use crate::support::balance::{Calls, Counting, Draw, Ends, all_of, balance};
use crate::support::run::run_logged;
use crate::support::{TestScenario, with_paused_clock};

/// The run of one seed.
fn run_drawn(seed: u64) -> Ends {
    let mut draw = Draw::new(seed);
    let (text, continues, signals) = draw.scenario("");
    let what = format!("seed {seed}, interrupts {signals:?}\n{text}");
    let plan = Arc::new(TestScenario::toml(&*text).plan());
    let calls = Arc::<Mutex<Calls>>::default();
    let ran = with_paused_clock(async {
        let connector = Counting::new(ScriptedConnector::new(draw.script()), Arc::clone(&calls));
        run_logged(plan, connector, &signals).await
    });
    balance(&what, &ran, &calls, continues)
}

#[test]
fn begun_is_succeeded_and_failed_and_unfinished_whatever_happens() {
    check_all(200, 100);
}

#[test]
#[ignore = "takes long: run by .ci/run"]
fn begun_is_succeeded_and_failed_and_unfinished_in_a_thousand_runs() {
    check_all(1_000, 1_000);
}

fn check_all(seeds: u64, few: u64) {
    let all = all_of(seeds, 2, run_drawn);
    // It has seen all three, and not only a few of them.
    assert!(all.iter().all(|count| *count > few), "{all:?}");
}
