//! What was begun has succeeded, failed, or is unfinished, against a real broker that freezes, dies and comes back.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::engine::{Interrupts, Options, run};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::balance::{Calls, Counting, Draw, Ends, all_of, balance};
use crate::support::run::{LOGGED, RecordingObserver, interrupt};
use crate::support::{Mosquitto, TestScenario, with_sockets};

/// A broker freezes, goes on, dies and comes back as drawn, until the run is over.
fn fate(mut broker: Mosquitto, mut draw: Draw, over: &Receiver<()>) {
    loop {
        // Whether the run goes on after a while of up to so many milliseconds.
        let mut goes_on = |most| over.recv_timeout(draw.ms(50, most)) == Err(RecvTimeoutError::Timeout);
        if !goes_on(1_500) {
            return;
        }
        let id = Pid::from_raw(i32::try_from(broker.id()).unwrap()).unwrap();
        kill_process(id, Signal::STOP).unwrap();
        if goes_on(3_000) {
            kill_process(id, Signal::CONT).unwrap();
        }
        if !goes_on(1_500) {
            return;
        }
        broker.kill();
        goes_on(800);
        broker.start_again();
    }
}

/// The run of one seed.
fn run_drawn(seed: u64) -> Ends {
    let mut draw = Draw::new(seed);
    let protocol = if draw.chance(50) { "5" } else { "3.1.1" };
    let settings = format!("protocol = \"{protocol}\"\nclean_session = {}\n", draw.chance(50));
    let (text, continues, signals) = draw.scenario(&settings);
    let what = format!("seed {seed}, interrupts {signals:?}\n{text}");
    let plan = Arc::new(TestScenario::toml(&*text).plan());
    let broker = Mosquitto::start("", &[]);
    let address = broker.addr();
    let (running, over) = channel();
    let fate = thread::spawn(move || fate(broker, draw, &over));
    let calls = Arc::<Mutex<Calls>>::default();
    let ran = with_sockets(async {
        let calls = Arc::clone(&calls);
        let connector =
            move || Counting::new(Connector::new(vec![Endpoint::from(address)]), Arc::clone(&calls));
        let (mut observer, tokens) = (RecordingObserver::logging(Vec::new()), Interrupts::default());
        let options = Options { threads: 2, ..LOGGED };
        let run = run(plan, connector, options, &tokens, &mut observer);
        let (outcome, ()) = tokio::join!(run, interrupt(&tokens, &signals));
        observer.result(outcome.unwrap(), Vec::new())
    });
    let ends = balance(&what, &ran, &calls, continues);
    drop(running);
    fate.join().unwrap();
    ends
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn begun_is_succeeded_and_failed_and_unfinished_with_mosquitto() {
    // They mostly wait.
    let all = all_of(50, 5, run_drawn);
    assert!(all.iter().all(|count| *count > 20), "{all:?}");
}
