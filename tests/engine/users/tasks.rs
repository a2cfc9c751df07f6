//! What users do, in which order, and when they leave by themselves.

use mqtt_scenario::plan::{OnError, TaskOrder, Text};
use mqtt_scenario::template::names::Place;

use super::*;
use crate::support::template;

/// Topics in the order in which they were published.
fn topics(ran: &RunResult) -> Vec<&str> {
    let published = ran.journal.iter().filter_map(|entry| entry.action.strip_prefix("publish "));
    published.map(|rest| rest.split(' ').next().unwrap()).collect()
}

/// A class whose tasks are a message each, by topic.
fn one_message_each(b: &mut PlanBuilder, topics: &[&str]) {
    let tasks: Vec<_> = topics.iter().map(|topic| task(topic, 1, steps([b.publish(topic, "")]))).collect();
    b.class("device", WaitTime::Pause(Pause::Constant(ms(100))), Vec::new()).tasks = tasks;
}

#[test]
fn a_sequence_is_done_in_its_order_over_and_over() {
    let mut b = PlanBuilder::new(ms(750));
    one_message_each(&mut b, &["a", "b", "c"]);
    b.last().order = TaskOrder::Sequence;
    let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
    assert_eq!(topics(&ran), ["a", "b", "c", "a", "b", "c", "a", "b"]);
}

#[test]
fn a_failed_step_ends_the_task_and_the_sequence_moves_on() {
    let mut b = PlanBuilder::new(ms(800));
    let two = steps([b.publish("b", ""), b.publish("skipped", "")]);
    one_message_each(&mut b, &["a", "x", "c"]);
    b.last().order = TaskOrder::Sequence;
    b.last().tasks[1].steps = Steps(two);
    let fail = |n| if n == 1 { Answer::Fail(Duration::ZERO, Failure::Closed) } else { Answer::After(ms(0)) };
    let ran = run_to_end(b.build(), script(fail));
    assert_eq!(topics(&ran)[..3], ["a", "b", "c"]);
}

/// Three messages of which every first of a run fails in its time of 100 ms.
fn failing(on_error: OnError) -> RunResult {
    let mut b = PlanBuilder::new(ms(1_900));
    let mut list = steps([b.publish("a", ""), b.publish("b", "")]);
    if let Step::Publish(first) = &mut list[0] {
        first.timeout = ms(100);
        first.qos = Qos::ExactlyOnce;
    }
    let bye = steps([b.publish("end", "")]);
    let class = b.class("device", WaitTime::Pause(Pause::Constant(ms(900))), list);
    class.on_error = on_error;
    class.on_stop = Steps(bye);
    run_to_end(b.build(), script(|n| if n == 0 { Answer::Never } else { Answer::After(Duration::ZERO) }))
}

#[test]
fn a_failed_step_ends_what_the_class_says() {
    let ran = failing(OnError::AbortTask);
    assert_eq!(topics(&ran), ["a", "a", "b", "end"]);
    let ran = failing(OnError::Continue);
    assert_eq!(topics(&ran), ["a", "b", "a", "b", "end"]);
    assert_eq!((ran.times("publish b"), ran.rows()["publish"]), (vec![100, 1_000], (5, 1)));
    let ran = failing(OnError::StopUser);
    assert_eq!(topics(&ran), ["a", "end"]);
    assert_eq!(ran.times("disconnect"), [100]);
    assert_eq!(ran.times("connected"), [0], "nobody comes in its place");
}

#[test]
fn a_failed_on_start_is_no_failed_task() {
    let mut b = PlanBuilder::new(ms(500));
    let mut first = b.publish("start", "");
    first.timeout = ms(100);
    let list = steps([b.publish("t", "")]);
    let class = b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), list);
    class.on_error = OnError::StopUser;
    class.on_start = Steps(steps([first]));
    let ran =
        run_to_end(b.build(), script(|n| if n == 0 { Answer::Never } else { Answer::After(Duration::ZERO) }));
    assert_eq!(topics(&ran), ["start", "t"]);
}

/// A task run of four messages, 10 ms each.
fn four_at_a_time(b: &mut PlanBuilder) {
    let list = vec![
        Step::Repeat { level: 0, times: 2 },
        Step::Publish(Box::new(b.publish("one", ""))),
        Step::Publish(Box::new(b.publish("two", ""))),
        Step::EndRepeat { level: 0, first: 1 },
    ];
    let connect = b.connect();
    let bye = steps([b.publish("end", "")]);
    let class = b.class("device", WaitTime::Pause(Pause::Constant(ms(100))), list);
    class.on_start = Steps(vec![connect]);
    class.on_stop = Steps(bye);
}

#[test]
fn a_user_leaves_after_its_last_task_run() {
    let mut b = PlanBuilder::new(ms(2_500));
    b.load.users = 2;
    four_at_a_time(&mut b);
    b.last().iterations = Some(3);
    let ran = run_to_end(b.build(), script(after(ms(10))));
    // 3 runs of 40 ms and 2 pauses, then on_stop; no pause after the last run.
    assert_eq!(ran.times("disconnect"), [330, 1_330]);
    assert_eq!(ran.rows()["publish"], (2 * 13, 0));
    let users: Vec<_> = ran.ticks.iter().map(|tick| tick.users).collect();
    assert_eq!(users[..3], [0, 1, 0], "nobody comes in their place");
}

#[test]
fn a_user_leaves_after_its_last_message_in_the_middle_of_a_run() {
    for (most, counted, left_ms) in [(1, 2, 20), (4, 5, 50), (6, 7, 170), (9, 10, 300)] {
        let mut b = PlanBuilder::new(ms(900));
        four_at_a_time(&mut b);
        b.last().messages = Some(most);
        let ran = run_to_end(b.build(), script(after(ms(10))));
        // What on_stop sends comes on top.
        assert_eq!(ran.rows()["publish"], (counted, 0), "{most}");
        assert_eq!(ran.times("disconnect"), [left_ms], "{most}");
    }
}

#[test]
fn messages_of_on_start_count_and_those_that_were_not_sent_do_not() {
    let mut b = PlanBuilder::new(ms(2_900));
    four_at_a_time(&mut b);
    let hello = steps([b.publish("hello", ""), b.publish("hello", "")]);
    b.last().on_start = Steps(hello);
    b.last().messages = Some(3);
    // The first message is lost with its connection: it was handed over.
    let fail = |n| if n == 0 { Answer::Fail(ms(10), Failure::Closed) } else { Answer::After(ms(10)) };
    let ran = run_to_end(b.build(), script(fail));
    assert_eq!(topics(&ran), ["hello", "one", "two", "end"]);
    assert_eq!(ran.rows()["publish"], (4, 1));
}

#[test]
fn open_acknowledgements_of_the_last_messages_are_waited_for() {
    let mut b = PlanBuilder::new(ms(2_900));
    b.broker.inflight = 10;
    let mut publish = b.publish("t", "");
    publish.await_ack = false;
    let class = b.class("device", WaitTime::ZERO, steps([publish]));
    class.messages = Some(3);
    let ran = run_to_end(b.build(), script(after(SECOND)));
    assert_eq!((ran.times("publish"), ran.times("disconnect")), (vec![0, 0, 0], vec![1_000]));
    assert_eq!(ran.rows()["publish"], (3, 0));
}

#[test]
fn drawn_pauses_are_those_of_the_seed() {
    let run = |seed: u64, pause: Pause| {
        let mut b = PlanBuilder::new(ms(10_000));
        b.seed = seed;
        let list = [steps([b.publish("t", "")]), vec![Step::Wait(pause)]].concat();
        b.class("device", WaitTime::ZERO, list);
        run_to_end(b.build(), script(after(Duration::ZERO))).times("publish")
    };
    let between = Pause::Between(ms(50), ms(150));
    let times = run(1, between);
    assert!(times.windows(2).all(|pair| (50..=151).contains(&(pair[1] - pair[0]))), "{times:?}");
    assert!((90..=112).contains(&times.len()), "{}", times.len());
    assert_eq!(times, run(1, between));
    assert_ne!(times, run(2, between));
    let exponential = run(1, Pause::Exponential(ms(100)));
    assert!((70..=135).contains(&exponential.len()), "{}", exponential.len());
    assert!(exponential.windows(2).any(|pair| pair[1] - pair[0] > 200), "{exponential:?}");
}

#[test]
fn exponential_wait_times_pause_between_tasks() {
    let mut b = PlanBuilder::new(ms(10_000));
    one_message_each(&mut b, &["a"]);
    b.last().wait_time = WaitTime::Pause(Pause::Exponential(ms(100)));
    let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
    let times = ran.times("publish");
    assert!((70..=135).contains(&times.len()), "{}", times.len());
    assert!(times.windows(2).any(|pair| pair[1] - pair[0] > 200), "{times:?}");
}

/// A fault of the program itself, here of a plan that no scenario gives.
#[test]
fn a_panic_while_a_user_is_made_is_one_row_and_the_others_go_on() {
    let mut b = PlanBuilder::new(ms(1_500));
    b.load.users = 2;
    one_message_each(&mut b, &["a"]);
    let mut publish = b.publish("t", "");
    publish.topic = Text::PerUser { slot: 7, template: template("t", Place::Topic) };
    let broken = steps([publish]);
    b.class("broken", WaitTime::Pause(Pause::Constant(SECOND)), broken);
    let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
    assert_eq!(ran.outcome.end, End::RunTime);
    assert!(ran.rows()["publish"].0 > 3);
    assert_eq!(ran.last.exceptions.len(), 1, "{:?}", ran.last.exceptions);
    assert_eq!(ran.ticks.iter().map(|tick| tick.users).max(), Some(1));
}
