//! Whole lives of workers: what happens at which second, and what the worker does about it.

use std::fmt::Write;

use proptest::prelude::*;

use super::link::{AWAY_LIMIT, GONE_LIMIT};
use super::*;
use crate::locust::message::{OptionValue, Spawn};
use crate::locust::report::ClassCounts;

const UNIX: f64 = 1_700_000_000.0;
const JOIN_LIMIT: Duration = Duration::from_mins(5);

/// A worker on a clock that stands still until it is told to go on.
struct Life {
    protocol: Protocol,
    begun: Instant,
    now: Instant,
    log: String,
    /// Whether the master answers heartbeats.
    answers: bool,
    /// Whether users are gone as soon as they are told to stop.
    leave_at_once: bool,
}

impl Life {
    fn begin() -> Self {
        let begun = Instant::now();
        let (protocol, actions) = Protocol::begin(Moment { instant: begun, unix_s: UNIX }, JOIN_LIMIT);
        let mut life =
            Self { protocol, begun, now: begun, log: String::new(), answers: true, leave_at_once: true };
        life.tell("begin", actions);
        life
    }

    /// One that a master has taken in.
    fn joined() -> Self {
        let mut life = Self::begin();
        life.event(Event::Connected);
        life.receive(FromMaster::Ack(Some(0)));
        life
    }

    /// One that has three users.
    fn running() -> Self {
        let mut life = Self::joined();
        life.receive(spawn(3, 0.0));
        life.log.clear();
        life
    }

    fn tell(&mut self, event: &str, actions: Vec<Action>) {
        let seconds = self.now.duration_since(self.begun).as_secs_f64();
        let texts: Vec<String> = actions.iter().map(said).collect();
        writeln!(self.log, "{seconds:6.1}  {event:<28} {}", texts.join(", ")).unwrap();
        for action in actions {
            match action {
                Action::Apply(spawn) => {
                    let counts = spawn.user_classes_count.clone();
                    self.event(Event::Applied(Applied { counts, problems: Vec::new(), has_failed: false }));
                }
                Action::StopUsers { .. } if self.leave_at_once => self.event(Event::UsersGone),
                Action::Heartbeat(_) if self.answers => {
                    self.protocol.handle(self.moment(), Event::Received(FromMaster::Heartbeat));
                }
                _ => {}
            }
        }
    }

    fn moment(&self) -> Moment {
        let unix_s = UNIX + self.now.duration_since(self.begun).as_secs_f64();
        Moment { instant: self.now, unix_s }
    }

    fn event(&mut self, event: Event) {
        let text = match &event {
            Event::Received(message) => format!("< {}", heard(message)),
            Event::Lost { .. } => "lost".to_owned(),
            Event::NotConnected { .. } => "not connected".to_owned(),
            Event::Applied(_) => "applied".to_owned(),
            other => format!("{other:?}"),
        };
        let actions = self.protocol.handle(self.moment(), event);
        self.tell(&text, actions);
    }

    fn receive(&mut self, message: FromMaster) {
        self.event(Event::Received(message));
    }

    /// Goes on for so many seconds.
    fn pass(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        while let Some(due) = self.protocol.next_due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.event(Event::Due);
        }
        self.now = until;
    }
}

fn lost() -> Event {
    Event::Lost { reason: "reset".to_owned(), is_no_master: false }
}

fn said(action: &Action) -> String {
    match action {
        Action::Send(message) => format!("> {}", message.kind()),
        Action::SendSurely(message) => format!(">> {}", message.kind()),
        Action::Heartbeat(state) => format!("> heartbeat {state:?}"),
        Action::Report { shift_s: 0 } => "> stats".to_owned(),
        Action::Report { shift_s } => format!("> stats {shift_s:+} s"),
        Action::SendLogs => "> logs".to_owned(),
        Action::Apply(spawn) => format!("go to {:?}", spawn.user_classes_count.values().collect::<Vec<_>>()),
        Action::Say(text) => format!("{text:?}"),
        Action::Complain(text) => format!("error {text:?}"),
        Action::End(Ok(())) => "end".to_owned(),
        Action::End(Err(error)) => format!("end: {error}"),
        other => format!("{other:?}"),
    }
}

fn heard(message: &FromMaster) -> String {
    match message {
        FromMaster::Spawn(spawn) => format!("spawn {}", spawn.user_classes_count.values().sum::<u64>()),
        other => format!("{other:?}"),
    }
}

/// So many users, sent so many seconds after the begin on the clock of the master.
fn spawn(users: u64, at: f64) -> FromMaster {
    FromMaster::Spawn(Box::new(Spawn {
        timestamp: UNIX + at,
        user_classes_count: ClassCounts::from([("A".to_owned(), users)]),
        stop_timeout: Some(2.0),
        ..Spawn::default()
    }))
}

#[test]
fn a_headless_test_from_the_first_dial_to_quit() {
    let mut life = Life::begin();
    life.event(Event::NotConnected { reason: "refused".to_owned(), is_no_master: false });
    life.pass(0.1);
    life.event(Event::Connected);
    life.receive(FromMaster::Ack(Some(0)));
    life.pass(1.5);
    life.receive(spawn(2, 1.6));
    life.pass(1.0);
    life.receive(spawn(4, 2.6));
    life.receive(FromMaster::SpawningComplete);
    life.pass(2.5);
    life.leave_at_once = false;
    life.receive(FromMaster::Drain { stop_timeout_s: 2.0, number: 7 });
    life.pass(1.0);
    life.event(Event::UsersGone);
    life.receive(FromMaster::Quit);
    life.event(Event::UsersGone);
    insta::assert_snapshot!(life.log);
}

#[test]
fn a_test_of_the_web_interface_is_followed_by_another_one() {
    let mut life = Life::running();
    life.leave_at_once = false;
    life.receive(FromMaster::Stop);
    life.receive(spawn(9, 0.1));
    life.pass(1.2);
    life.event(Event::UsersGone);
    life.receive(FromMaster::Ack(Some(1)));
    life.receive(spawn(1, 1.3));
    insta::assert_snapshot!(life.log);
}

#[test]
fn client_ready_is_repeated_until_the_limit() {
    let mut life = Life::begin();
    life.event(Event::Connected);
    life.pass(400.0);
    let asked = life.log.matches("> client_ready").count();
    assert_eq!(asked, 60);
    assert!(life.log.ends_with(
        "300.0  Due                          end: no master of Locust took this worker in within 300 s: it does not answer \
         client_ready\n"
    ));
}

#[test]
fn a_master_without_drain_gets_what_is_done_before_users_are_cut_off() {
    let mut life = Life::running();
    life.leave_at_once = false;
    life.receive(FromMaster::Quit);
    life.pass(10.0);
    insta::assert_snapshot!(life.log);
}

#[test]
fn a_short_loss_is_resumed_with_a_heartbeat_and_users_work_on() {
    let mut life = Life::running();
    life.pass(0.5);
    life.event(lost());
    life.pass(3.7);
    life.event(Event::NotConnected { reason: "refused".to_owned(), is_no_master: false });
    life.pass(0.3);
    life.answers = false;
    life.event(Event::Connected);
    life.receive(FromMaster::Heartbeat);
    insta::assert_snapshot!(life.log);
}

#[test]
fn a_master_that_does_not_know_the_worker_gets_one_of_another_name_without_users() {
    let mut life = Life::running();
    life.answers = false;
    life.leave_at_once = false;
    life.pass(0.5);
    life.event(lost());
    life.pass(0.1);
    life.event(Event::Connected);
    life.pass(7.0);
    life.event(Event::UsersGone);
    life.event(Event::Connected);
    life.receive(FromMaster::Ack(Some(0)));
    insta::assert_snapshot!(life.log);
}

#[test]
fn the_connection_to_a_silent_master_is_kept_until_users_stop() {
    let mut life = Life::running();
    life.answers = false;
    life.pass(AWAY_LIMIT.as_secs_f64() - 0.1);
    assert!(!life.log.contains("HangUp"), "{}", life.log);
    life.pass(0.1);
    assert!(life.log.contains("HangUp, StopUsers { patience: 0ns }"), "{}", life.log);
}

#[test]
fn a_master_that_stays_away_ends_the_worker() {
    let mut life = Life::running();
    life.event(lost());
    let mut waited = Duration::ZERO;
    while !life.log.contains("end") {
        life.pass(0.5);
        life.event(Event::NotConnected { reason: "refused".to_owned(), is_no_master: true });
        waited += Duration::from_millis(500);
        assert!(waited <= GONE_LIMIT, "{}", life.log);
    }
    assert!(life.log.contains("end: the master has been gone for 60 s: refused"), "{}", life.log);
}

#[test]
fn sigterm_hands_the_users_back_after_a_last_report() {
    let mut life = Life::running();
    life.leave_at_once = false;
    life.event(Event::LeaveAsked);
    life.pass(1.2);
    life.event(Event::UsersGone);
    insta::assert_snapshot!(life.log);

    let mut impatient = Life::running();
    impatient.leave_at_once = false;
    impatient.event(Event::LeaveAsked);
    impatient.event(Event::LeaveAsked);
    assert!(impatient.log.ends_with("LeaveAsked                   StopUsers { patience: 0ns }\n"));
    impatient.event(Event::UsersGone);
    assert!(impatient.log.ends_with("UsersGone                    > stats, > logs, > quit, HangUp, end\n"));
}

#[test]
fn a_worker_that_must_leave_before_its_users_does_not_take_leave_of_the_master() {
    let mut life = Life::running();
    life.leave_at_once = false;
    life.event(Event::LeaveAsked);
    life.event(Event::LeaveAsked);
    life.log.clear();
    life.pass(0.8);
    assert!(life.log.contains("> stats, > logs, HangUp"), "{}", life.log);
    assert!(!life.log.contains("> quit"), "{}", life.log);
    life.event(Event::LeaveAsked);
    assert!(life.log.ends_with(" end\n"));
}

#[test]
fn a_drain_is_answered_by_its_number_whenever_it_comes() {
    let drain = |number| FromMaster::Drain { stop_timeout_s: 1.0, number };
    let mut ready = Life::joined();
    ready.log.clear();
    ready.receive(drain(1));
    assert!(ready.log.ends_with("> mqtt_scenario_drained\n"), "{}", ready.log);

    let mut life = Life::running();
    life.leave_at_once = false;
    life.receive(drain(1));
    life.receive(drain(1));
    assert_eq!(
        (life.log.matches("StopUsers").count(), life.log.contains("drained")),
        (1, false),
        "{}",
        life.log
    );
    life.event(lost());
    life.event(Event::UsersGone);
    life.pass(0.1);
    life.answers = false;
    life.event(Event::Connected);
    assert!(!life.log.contains("drained"), "{}", life.log);
    life.receive(FromMaster::Heartbeat);
    assert!(life.log.ends_with("ReportAgain, > stats, > logs, > mqtt_scenario_drained\n"), "{}", life.log);
    life.receive(drain(1));
    assert!(life.log.ends_with("> mqtt_scenario_drained\n"), "{}", life.log);
}

#[test]
fn a_stop_that_comes_twice_leaves_the_worker_ready_for_the_next_test() {
    let mut life = Life::running();
    life.answers = false;
    life.receive(FromMaster::Stop);
    life.receive(FromMaster::Stop);
    life.receive(FromMaster::Ack(Some(0)));
    life.log.clear();
    life.receive(FromMaster::Spawn(Box::new(Spawn { timestamp: 9e9, ..Spawn::default() })));
    assert!(life.log.contains("go to"), "{}", life.log);
}

#[test]
fn a_reset_is_followed_once_and_answered_each_time() {
    let mut life = Life::running();
    for (number, answer) in [(1, ">>"), (1, ">"), (2, ">>")] {
        life.receive(FromMaster::Reset(number));
        assert!(life.log.ends_with(&format!(" {answer} mqtt_scenario_reset\n")), "{}", life.log);
    }
    let resets = |life: &Life| life.log.matches("ClearStatistics").count();
    let before = resets(&life);
    life.receive(FromMaster::SpawningComplete);
    assert_eq!(resets(&life), before, "what follows the ramp is not forgotten twice: {}", life.log);
    life.log.clear();
    life.receive(FromMaster::Reset(2));
    life.receive(FromMaster::Reset(3));
    assert_eq!(resets(&life), 1, "{}", life.log);
}

#[test]
fn an_old_spawn_is_announced_and_not_followed() {
    let mut life = Life::running();
    life.receive(spawn(5, 0.0));
    assert!(
        life.log.contains("> spawning, \"numbers of users from the master are not followed"),
        "{}",
        life.log
    );
    life.receive(spawn(5, 0.1));
    assert!(life.log.contains("go to [5]"), "{}", life.log);
}

#[test]
fn statistics_begin_anew_when_all_have_their_users_if_the_test_asks_for_it() {
    let mut life = Life::joined();
    let FromMaster::Spawn(mut asks) = spawn(1, 0.0) else { unreachable!() };
    asks.parsed_options.insert("reset_stats".to_owned(), OptionValue::Bool(true));
    life.receive(FromMaster::Spawn(asks));
    life.log.clear();
    life.receive(FromMaster::SpawningComplete);
    life.receive(FromMaster::SpawningComplete);
    assert_eq!(life.log.matches("ClearStatistics").count(), 1);
    life.receive(spawn(2, 0.1));
    life.log.clear();
    life.receive(FromMaster::SpawningComplete);
    assert!(!life.log.contains("ClearStatistics"));
}

#[test]
fn reports_are_on_the_clock_of_the_master() {
    let mut life = Life::joined();
    life.receive(spawn(1, 30.2));
    life.pass(3.0);
    assert!(life.log.contains("> stats +30 s"), "{}", life.log);
}

#[test]
fn what_cannot_be_done_is_an_exception_at_the_master() {
    let mut life = Life::running();
    let problems = vec!["there is no class B".to_owned()];
    life.event(Event::Applied(Applied { counts: ClassCounts::new(), problems, has_failed: false }));
    assert_eq!(
        life.log.trim(),
        "0.0  applied                      error \"there is no class B\", >> exception, > spawning_complete"
    );
}

#[test]
fn a_test_that_fails_at_its_start_is_told_to_the_master_after_the_reason() {
    let mut life = Life::running();
    let problems = vec!["unknown key `topik`".to_owned()];
    life.event(Event::Applied(Applied { counts: ClassCounts::new(), problems, has_failed: true }));
    assert!(
        life.log.ends_with(">> exception, >> mqtt_scenario_cannot_run, > spawning_complete\n"),
        "{}",
        life.log
    );
}

#[test]
fn a_test_that_ends_by_itself_is_told_to_the_master_after_the_reason() {
    let mut life = Life::running();
    life.event(Event::UsersGone);
    assert!(
        life.log.ends_with("UsersGone                    > stats, > mqtt_scenario_cannot_run\n"),
        "{}",
        life.log
    );
    life.log.clear();
    life.receive(FromMaster::Stop);
    assert!(life.log.ends_with("> stats, > logs, > client_stopped, > client_ready\n"), "{}", life.log);
}

#[test]
fn a_test_that_ends_by_itself_while_the_master_is_away_is_told_when_it_is_there_again() {
    let mut life = Life::running();
    life.event(lost());
    life.event(Event::UsersGone);
    assert!(!life.log.contains("cannot_run"), "{}", life.log);
    life.pass(0.1);
    life.answers = false;
    life.event(Event::Connected);
    life.receive(FromMaster::Heartbeat);
    assert!(life.log.ends_with("> stats, > mqtt_scenario_cannot_run\n"), "{}", life.log);
}

#[test]
fn the_master_may_want_another_connection() {
    let mut life = Life::running();
    life.receive(FromMaster::Reconnect);
    assert!(life.log.contains("HangUp, Dial"));
}

#[test]
fn what_is_no_master_ends_a_worker_that_has_none_and_no_other() {
    let no_master = || Event::NotConnected { reason: "it sent \"HTTP\"".to_owned(), is_no_master: true };
    let mut life = Life::begin();
    life.event(no_master());
    assert!(life.log.ends_with("end: this is no master of Locust: it sent \"HTTP\"\n"));
    let mut life = Life::begin();
    life.event(Event::Connected);
    life.event(Event::Unreadable("depth".to_owned()));
    assert!(life.log.ends_with("end: this is no master of Locust: its message cannot be read: depth\n"));

    let mut life = Life::running();
    life.event(Event::Unreadable("depth".to_owned()));
    life.event(lost());
    life.pass(0.1);
    life.event(no_master());
    assert!(!life.log.contains("end:"), "{}", life.log);
}

#[test]
fn a_master_that_sends_what_no_worker_can_read_ends_the_worker() {
    let mut life = Life::running();
    life.event(Event::Lost { reason: "it announced 52428800 bytes".to_owned(), is_no_master: true });
    let end = "end: the master cannot be understood any more: it announced 52428800 bytes\n";
    assert!(life.log.ends_with(end), "{}", life.log);
}

fn any_event() -> impl Strategy<Value = Event> {
    (0..18_u8, 0..4_u64, 0..100_u32).prop_map(|(kind, users, at)| match kind {
        0..4 => Event::Due,
        4 => Event::Connected,
        5 => Event::NotConnected { reason: "no".to_owned(), is_no_master: false },
        6 => lost(),
        7 => Event::Received(FromMaster::Ack(Some(1))),
        8 | 9 => Event::Received(FromMaster::Heartbeat),
        10 => Event::Received(spawn(users, at.into())),
        11 => Event::Received(FromMaster::SpawningComplete),
        12 => Event::Received(FromMaster::Drain { stop_timeout_s: f64::NAN, number: 7 }),
        13 => Event::Received(FromMaster::Stop),
        14 => Event::Received(FromMaster::Quit),
        15 => Event::Received(FromMaster::Reconnect),
        16 => Event::UsersGone,
        _ => Event::LeaveAsked,
    })
}

/// What the driver does with a connection, as far as it limits what may happen next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    None,
    Dialing,
    Open,
}

proptest! {
    /// In any order of events that a connection and users allow: nothing is sent without a connection, nothing is dialed
    /// while there is one, users that are told to stop are waited for, and a time that has come moves on.
    #[test]
    fn no_order_of_events_leads_astray(events in prop::collection::vec((any_event(), 0..4_000_u64), 1..120)) {
        let begun = Instant::now();
        let moment = |now: Instant| Moment { instant: now, unix_s: UNIX + now.duration_since(begun).as_secs_f64() };
        let (mut protocol, actions) = Protocol::begin(moment(begun), JOIN_LIMIT);
        prop_assert_eq!(actions, [Action::NewIdentity, Action::Dial]);
        let (mut now, mut line, mut stopping, mut ended) = (begun, Line::Dialing, false, false);
        for (event, ms) in events {
            match event {
                Event::Connected if line == Line::Dialing => line = Line::Open,
                Event::NotConnected { .. } if line == Line::Dialing => line = Line::None,
                Event::Lost { .. } if line == Line::Open => line = Line::None,
                Event::Received(_) if line == Line::Open => {}
                Event::UsersGone if stopping => stopping = false,
                Event::LeaveAsked => {}
                Event::Due => match protocol.next_due() {
                    Some(due) => now = now.max(due),
                    None => prop_assert!(ended || stopping, "nothing is waited for"),
                },
                _ => continue,
            }
            let is_due = event == Event::Due;
            for action in protocol.handle(moment(now), event) {
                prop_assert!(!ended, "{action:?} after the end");
                match action {
                    Action::Send(_) | Action::Heartbeat(_) | Action::SendLogs => {
                        prop_assert_eq!(line, Line::Open, "{:?}", action);
                    }
                    Action::Dial => {
                        prop_assert_eq!(line, Line::None);
                        line = Line::Dialing;
                    }
                    Action::HangUp => line = Line::None,
                    Action::StopUsers { .. } => stopping = true,
                    Action::End(_) => ended = true,
                    _ => {}
                }
            }
            if is_due && let Some(due) = protocol.next_due() {
                prop_assert!(due > now, "a time that has come comes again at once");
            }
            if !is_due {
                now = (now + Duration::from_millis(ms)).min(protocol.next_due().unwrap_or(now).max(now));
            }
        }
    }
}
