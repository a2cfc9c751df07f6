//! Plans, brokers and ends drawn at random, and the check that every request that begun has one end. What was begun is
//! counted where the engine asks its sessions for it, and what became of it is read from the request log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::scripted::{Answer, Script};
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::{
    Close, Connect, ConnectRequest, Filter, Key, Message, Patience, Session, SessionState, Sink, Ticket,
    Until,
};
use mqtt_scenario::report::events::Event;
use mqtt_scenario::stats::Connections;
use tokio::time::Instant;

use crate::support::run::RunResult;

/// What the engine has asked of its sessions.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// By row, as [`Draw::scenario`] names them.
    begun: BTreeMap<String, u64>,
    closed: u64,
    /// Connects that succeeded.
    connected: u64,
    client_ids: BTreeSet<String>,
    /// How often there was no room, or too much was still to be written.
    full: u64,
    /// Connections that were lost.
    lost: u64,
}

/// Counts what is asked of another connector.
#[derive(Clone)]
pub(crate) struct Counting<C> {
    inner: C,
    calls: Arc<Mutex<Calls>>,
}

impl<C> Counting<C> {
    pub(crate) fn new(inner: C, calls: Arc<Mutex<Calls>>) -> Self {
        Self { inner, calls }
    }
}

pub(crate) struct CountingSession<S> {
    inner: S,
    calls: Arc<Mutex<Calls>>,
}

impl<S> CountingSession<S> {
    fn begun(&self, kind: &str, name: &str) {
        *self.calls.lock().unwrap().begun.entry(format!("{kind}:{name}")).or_default() += 1;
    }
}

impl<C: Connect> Connect for Counting<C> {
    type Session = CountingSession<C::Session>;

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Self::Session, Failure> {
        {
            let mut calls = self.calls.lock().unwrap();
            *calls.begun.entry("connect".to_owned()).or_default() += 1;
            calls.client_ids.insert(request.client_id.to_owned());
        }
        let inner = self.inner.connect(request).await?;
        self.calls.lock().unwrap().connected += 1;
        Ok(CountingSession { inner, calls: Arc::clone(&self.calls) })
    }
}

impl<S: Session> Session for CountingSession<S> {
    fn has_room(&self) -> bool {
        let has_room = self.inner.has_room();
        self.calls.lock().unwrap().full += u64::from(!has_room);
        has_room
    }

    fn no_room(&self, waited: Duration) -> Failure {
        self.inner.no_room(waited)
    }

    fn has_id(&self) -> bool {
        self.inner.has_id()
    }

    fn backlog(&self) -> usize {
        let backlog = self.inner.backlog();
        self.calls.lock().unwrap().full += u64::from(backlog > 0);
        backlog
    }

    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure> {
        self.begun("p", str::from_utf8(message.topic).unwrap());
        self.inner.publish(message, ticket)
    }

    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure> {
        self.begun("s", filters[0].path);
        self.inner.subscribe_with(filters, identifier, ticket)
    }

    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure> {
        self.begun("u", filters[0]);
        self.inner.unsubscribe(filters, ticket)
    }

    fn resumed(&self) -> bool {
        self.inner.resumed()
    }

    fn take_state(&mut self) -> SessionState {
        self.inner.take_state()
    }

    async fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Result<bool, Failure> {
        let driven = self.inner.drive(until, deadline, sink).await;
        self.calls.lock().unwrap().lost += u64::from(driven.is_err());
        driven
    }

    fn sever(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.calls.lock().unwrap().lost += 1;
        self.inner.sever(failure, sink);
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        self.inner.give_up(sink);
    }

    async fn close(&mut self, how: Close, timeout: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        self.calls.lock().unwrap().closed += 1;
        self.inner.close(how, timeout, sink).await
    }

    fn farewell(self, patience: Patience) -> Option<impl Future<Output = bool> + 'static> {
        self.inner.farewell(patience)
    }
}

/// What became of the requests of a row: succeeded, failed, unfinished.
pub(crate) type Ends = [u64; 3];

/// From the request log.
fn ends(events: &[Event]) -> BTreeMap<&str, Ends> {
    let mut rows = BTreeMap::<&str, Ends>::new();
    for event in events {
        let (name, end) = match event {
            Event::Request { name, error: None, .. } => (name, 0),
            Event::Request { name, .. } => (name, 1),
            Event::Unfinished { name, .. } => (name, 2),
            _ => continue,
        };
        rows.entry(name).or_default()[end] += 1;
    }
    rows
}

/// Holds what a run says against what was asked of its sessions.
fn check(what: &str, ran: &RunResult, calls: &Calls, continues: bool) {
    let connections = Connections { opened: calls.connected, ended: calls.connected };
    assert_eq!(ran.last.connections, connections, "{what}");
    let rows = ends(&ran.events);
    let of = |name: &str| rows.get(name).copied().unwrap_or_default();
    let total = |name: &str| of(name).iter().sum::<u64>();
    // The tables say the same as the log.
    for row in &ran.last.rows {
        let [succeeded, failed, _] = of(&row.key.name);
        assert_eq!((row.requests, row.failures), (succeeded + failed, failed), "{}\n{what}", row.key.name);
    }
    let told: BTreeMap<_, _> =
        ran.last.unfinished.iter().map(|row| (row.row.name.as_str(), row.waits.count)).collect();
    let logged: BTreeMap<_, _> =
        rows.iter().filter(|(_, ends)| ends[2] > 0).map(|(name, ends)| (*name, ends[2])).collect();
    assert_eq!(told, logged, "{what}");
    let users = calls.client_ids.len() as u64;
    let nothing = rows.keys().filter(|name| name.starts_with("p:")).map(|name| (*name, 0));
    let begun = calls.begun.iter().map(|(name, begun)| (name.as_str(), *begun));
    for (name, begun) in nothing.chain(begun).collect::<BTreeMap<_, _>>() {
        let total = total(name);
        // A publish that waits for room has begun, too, though its session knows nothing of it.
        let room = if name.starts_with("p:") { calls.full } else { 0 };
        assert!((begun..=begun + room).contains(&total), "{name}: {total} of {begun}\n{what}");
    }
    for (name, [succeeded, failed, unfinished]) in &rows {
        match name.split_once(':') {
            // A lost connection on which nothing was open; it begins and ends in one.
            None if *name == "disconnect" => assert_eq!((*succeeded, *unfinished), (0, 0), "{what}"),
            None if *name == "bye" => {
                let (steps, most) = (succeeded + failed + unfinished, calls.closed);
                assert!((most.saturating_sub(users)..=most).contains(&steps), "{steps} of {most}\n{what}");
            }
            Some(("w", number)) => {
                // It follows a publish of its own, unless that fails or its user comes to its end between the two.
                let before = format!("p:b{number}");
                let (begun, most) =
                    if continues { (0, total(&before)) } else { (of(&before)[0], of(&before)[0]) };
                let slack = if calls.lost == 0 { 0 } else { 2 * users };
                let waits = succeeded + failed + unfinished;
                assert!(
                    (begun.saturating_sub(slack)..=most).contains(&waits),
                    "{name}: {waits} of {begun} to {most}\n{what}"
                );
            }
            Some(("p", _)) => {}
            _ => assert!(calls.begun.contains_key(*name), "{name} was never begun\n{what}"),
        }
    }
}

/// Draws plans, brokers and ends.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    pub(crate) fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    /// Steps of one list, the rows of which are numbered from `from`.
    fn steps(&mut self, from: u64, most: u64) -> Vec<String> {
        let mut steps = Vec::new();
        for number in from..from + 1 + self.below(most) {
            let timeout = self.one(&["100ms", "400ms", "1s", "10s"]);
            let qos = self.below(3);
            match self.below(10) {
                0..4 => {
                    let (await_ack, times) = (self.chance(60), 1 + self.below(4));
                    let topic = if self.chance(30) { "a".to_owned() } else { format!("t{number}") };
                    let publish = format!(
                        "{{ publish = {{ topic = \"{topic}\", qos = {qos}, timeout = \"{timeout}\", \
                         await_ack = {await_ack}, name = \"p:{topic}\" }} }}"
                    );
                    steps.push(match times {
                        1 => publish,
                        times => format!("{{ repeat = {{ times = {times}, steps = [{publish}] }} }}"),
                    });
                }
                4 | 5 => {
                    steps.push(format!("{{ publish = {{ topic = \"b{number}\", name = \"p:b{number}\" }} }}"));
                    steps.push(format!(
                        "{{ receive = {{ filter = \"a\", timeout = \"{timeout}\", name = \"w:{number}\" }} }}"
                    ));
                }
                6 => steps.push(format!(
                    "{{ request = {{ topic = \"r{number}\", qos = {qos}, reply_topic = \"a\", \
                     correlation = \"topic\", timeout = \"{timeout}\", name = \"p:r{number}\" }} }}"
                )),
                7 => steps.push(format!(
                    "{{ subscribe = {{ filter = \"f{number}\", timeout = \"{timeout}\", name = \"s:f{number}\" }} }}, \
                     {{ unsubscribe = {{ filter = \"f{number}\", timeout = \"{timeout}\", name = \"u:f{number}\" }} }}"
                )),
                8 => steps.push(format!(
                    "{{ disconnect = {{ abrupt = {}, name = \"bye\" }} }}",
                    self.chance(30)
                )),
                _ => steps.push(format!("{{ wait = \"{}ms\" }}", 1 + self.below(300))),
            }
        }
        steps
    }

    /// A scenario, whether its tasks go on after a failure, and when somebody interrupts it.
    pub(crate) fn scenario(&mut self, settings: &str) -> (String, bool, Vec<Duration>) {
        let users = 1 + self.below(4);
        let mut text = format!("version = 1\n[brokers.b]\nurl = \"mqtt://127.0.0.1\"\n{settings}");
        let inflight = self.one(&[1, 2, 5, 1_000]);
        let _ = writeln!(text, "inflight = {inflight}\nconnect_timeout = \"{}ms\"", 200 + self.below(1_500));
        let stop_timeout = self.one(&["0s", "0s", "700ms", "3s"]);
        let _ = writeln!(text, "[load]\nstop_timeout = \"{stop_timeout}\"");
        let mut signals = Vec::new();
        let end = self.ms(300, 4_000);
        match self.below(6) {
            0 => {
                let (less, more) = (self.below(users), self.ms(300, 2_000).as_millis());
                let (end, storm) = (end.as_millis(), self.one(&["0.0", "0.5", "1.0"]));
                let _ = writeln!(
                    text,
                    "stages = [{{ users = {users}, spawn_rate = 50, duration = \"{end}ms\" }}, \
                     {{ users = {less}, duration = \"{more}ms\", drop_connections = {storm} }}]"
                );
            }
            kind => {
                let _ = writeln!(text, "users = {users}\nspawn_rate = 50");
                match kind {
                    1 | 2 => drop(writeln!(text, "run_time = \"{}ms\"", end.as_millis())),
                    3 => {
                        let limit = self.one(&["iterations", "messages"]);
                        let _ = writeln!(text, "run_time = \"4s\"\n{limit} = {}", 1 + self.below(40));
                    }
                    4 => signals.push(end),
                    _ => {
                        let after = self.one(&[0, 1, 300, 1_000]);
                        signals.extend([end, end + Duration::from_millis(after)]);
                    }
                }
            }
        }
        let on_error = self.one(&["abort_task", "abort_task", "continue", "stop_user"]);
        let _ =
            writeln!(text, "[user_classes.c]\nclient_id = \"c${{user.number}}\"\non_error = \"{on_error}\"");
        match self.below(4) {
            0 => drop(writeln!(text, "reconnect = \"never\"")),
            1 => drop(writeln!(text, "reconnect = {{ initial = \"50ms\", max = \"200ms\", attempts = 2 }}")),
            2 => drop(writeln!(text, "reconnect = {{ initial = \"20ms\", max = \"100ms\" }}")),
            _ => {}
        }
        let pace = 5 + self.below(200);
        match self.below(3) {
            0 => drop(writeln!(text, "rate = \"{}/s\"", 1 + self.below(20))),
            1 => drop(writeln!(text, "wait_time = {{ constant_pacing = \"{pace}ms\" }}")),
            _ => drop(writeln!(text, "wait_time = {{ constant = \"{pace}ms\" }}")),
        }
        let subscribe = "{ subscribe = { filter = \"a\", timeout = \"2s\", name = \"s:a\" } }";
        let _ = writeln!(text, "on_start = [\"connect\", {subscribe}]");
        if self.chance(40) {
            let _ = writeln!(text, "on_stop = [{}]", self.steps(100, 3).join(", "));
        }
        let mut tasks = Vec::new();
        for task in 0..=self.below(2) {
            let steps = self.steps(10 * task, 5).join(", ");
            tasks.push(format!("{{ name = \"t{task}\", steps = [{steps}, {{ wait = \"5ms\" }}] }}"));
        }
        let _ = writeln!(text, "tasks = [{}]", tasks.join(", "));
        (text, on_error == "continue", signals)
    }

    /// A broker that answers as drawn, but freezes for a while.
    pub(crate) fn script(&mut self) -> Script {
        let (from, to) = (self.ms(0, 4_000), self.ms(0, 4_000));
        let is_frozen = {
            let start = Instant::now();
            move || (from..to).contains(&start.elapsed())
        };
        let failing = self.one(&[0, 0, 2, 10]);
        let silent = self.one(&[0, 0, 5, 30]);
        let seed = self.next();
        let answer = move |number: usize, slow: u64| {
            let mut draw = Draw::new(seed ^ (number as u64) << 8 ^ slow);
            if is_frozen() || draw.chance(silent) {
                Answer::Never
            } else if draw.chance(failing) {
                Answer::Fail(draw.ms(0, 100), Failure::Closed)
            } else {
                Answer::After(draw.ms(1, slow))
            }
        };
        let lives = self.chance(40);
        Script {
            connect: Box::new(move |number| answer(number, 60)),
            publish: Box::new(move |number| answer(number, 90)),
            subscribe: Box::new(move |number| answer(number, 40)),
            lives: Box::new(move |number| {
                let mut draw = Draw::new(seed ^ 7 ^ (number as u64) << 8);
                lives.then(|| (draw.ms(10, 3_000), Failure::Closed))
            }),
            sends: Box::new(move |number| {
                let mut draw = Draw::new(seed ^ 9 ^ (number as u64) << 8);
                let mut at = Duration::ZERO;
                let next = |_| {
                    at += draw.ms(1, 300);
                    (at, "a", "x")
                };
                (0..30).map(next).collect()
            }),
        }
    }
}

/// What a run says, held against what was asked of its sessions: succeeded, failed and unfinished in all.
pub(crate) fn balance(what: &str, ran: &RunResult, calls: &Mutex<Calls>, continues: bool) -> Ends {
    check(what, ran, &calls.lock().unwrap(), continues);
    ends(&ran.events).values().fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])
}

/// The runs of these seeds together, so many of them at once.
pub(crate) fn all_of(seeds: u64, at_once: u64, run: fn(u64) -> Ends) -> Ends {
    let sum = |a: Ends, b: Ends| [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
    thread::scope(|scope| {
        let share = |first| (0..seeds).filter(move |seed| seed % at_once == first);
        let threads: Vec<_> =
            (0..at_once).map(|first| scope.spawn(move || share(first).map(run).fold([0; 3], sum))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold([0; 3], sum)
    })
}
