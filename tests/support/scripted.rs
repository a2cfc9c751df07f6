//! A session in memory that does what a script says: the engine's broker in tests on a paused clock.
//!
//! It is a twin of the driver, not a mock of it: requests time out, the inflight limit holds, and a lost connection
//! fails all open requests. So the engine sees the same contract without sockets. Each event is kept as an [`Entry`]
//! with its time.
//!
//! The integration tests have it as `support::scripted`, the unit tests of the library as `client::scripted`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use mqtt_scenario::client::failure::{Ack, Failure};
use mqtt_scenario::client::{
    Close, Completion, Connect, ConnectRequest, ConnectTimings, Filter, Incoming, Key, Message, Patience,
    Session, SessionState, Sink, Ticket, Until,
};
use mqtt_scenario::mqtt::Qos;

/// What the broker does about a connect or a publish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    /// The broker acknowledges after this time.
    After(Duration),
    /// The broker never answers.
    Never,
    /// The connect fails, or the connection breaks, after this time.
    Fail(Duration, Failure),
    /// The broker refuses after this time, and the connection goes on.
    Refuse(Duration, Failure),
    /// The message is not sent, because the broker does not accept it.
    NotTaken(Failure),
}

/// The broker's part: its answer to the n-th connect and the n-th message of the run, from 0.
pub(crate) struct Script {
    /// The answer to a connect.
    pub(crate) connect: Box<dyn Fn(usize) -> Answer>,
    /// The answer to a message. A QoS 0 message is written at once, unless this fails.
    pub(crate) publish: Box<dyn Fn(usize) -> Answer>,
    /// The answer to a SUBSCRIBE or UNSUBSCRIBE, which are counted together.
    pub(crate) subscribe: Box<dyn Fn(usize) -> Answer>,
    /// How long after its beginning, and how, the connection breaks by itself, if it does.
    pub(crate) lives: Box<dyn Fn(usize) -> Option<(Duration, Failure)>>,
    /// Messages that the broker sends on a connection, in order and regardless of requests.
    pub(crate) sends: Box<dyn Fn(usize) -> Vec<Sends>>,
}

/// A message that the broker sends: how long after the beginning of the connection, topic and payload.
pub(crate) type Sends = (Duration, &'static str, &'static str);

impl Default for Script {
    /// Everything is acknowledged after a millisecond, subscriptions at once, no connection breaks, and nothing is
    /// sent.
    fn default() -> Self {
        let answer = |_| Answer::After(Duration::from_millis(1));
        Self {
            connect: Box::new(answer),
            publish: Box::new(answer),
            subscribe: Box::new(|_| Answer::After(Duration::ZERO)),
            lives: Box::new(|_| None),
            sends: Box::new(|_| Vec::new()),
        }
    }
}

/// What happened, in order: time since the connector was made, client id, and the action in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The time since the connector was made.
    pub(crate) at: Duration,
    /// The client id.
    pub(crate) client_id: String,
    /// The action: `connect`, `connected`, `publish TOPIC PAYLOAD`, `subscribe FILTER… as IDENTIFIER`,
    /// `unsubscribe FILTER…`, `disconnect`, `drop`, `sever`.
    pub(crate) action: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8.3} {} {}", self.at.as_secs_f64(), self.client_id, self.action)
    }
}

struct Stage {
    script: Script,
    start: Instant,
    connects: usize,
    publishes: usize,
    subscribes: usize,
    entries: Vec<Entry>,
}

/// Opens scripted sessions. Clones share script and journal.
#[derive(Clone)]
pub(crate) struct ScriptedConnector(Rc<RefCell<Stage>>);

impl ScriptedConnector {
    /// A broker that follows the script.
    pub(crate) fn new(script: Script) -> Self {
        let start = Instant::now();
        let stage = Stage { script, start, connects: 0, publishes: 0, subscribes: 0, entries: Vec::new() };
        Self(Rc::new(RefCell::new(stage)))
    }

    /// Everything that has happened so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.borrow().entries.clone()
    }

    fn note(&self, client_id: &str, action: impl Into<String>) {
        let mut stage = self.0.borrow_mut();
        let at = stage.start.elapsed();
        stage.entries.push(Entry { at, client_id: client_id.to_owned(), action: action.into() });
    }
}

impl Connect for ScriptedConnector {
    type Session = ScriptedSession;

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<ScriptedSession, Failure> {
        self.note(request.client_id, "connect");
        let (answer, lives, sends) = {
            let mut stage = self.0.borrow_mut();
            let number = stage.connects;
            stage.connects += 1;
            ((stage.script.connect)(number), (stage.script.lives)(number), (stage.script.sends)(number))
        };
        let result = match answer {
            Answer::After(pause) => (pause, Ok(())),
            Answer::Never => (request.timeout, Err(Failure::AckTimeout(Ack::Connack, request.timeout))),
            Answer::Fail(pause, failure) | Answer::Refuse(pause, failure) => (pause, Err(failure)),
            Answer::NotTaken(failure) => (Duration::ZERO, Err(failure)),
        };
        let mark = |timings: ConnectTimings| request.timings.inspect(|cell| cell.set(timings));
        let opened = ConnectTimings { tcp: Some(Instant::now()), ..ConnectTimings::default() };
        mark(opened);
        tokio::time::sleep(result.0).await;
        result.1?;
        mark(ConnectTimings { connack: Some(Instant::now()), ..opened });
        self.note(request.client_id, "connected");
        let begun = Instant::now();
        Ok(ScriptedSession {
            connector: self.clone(),
            client_id: request.client_id.to_owned(),
            limit: request.inflight.into(),
            next_key: 0,
            open: VecDeque::new(),
            breaks: lives.map(|(length, failure)| (begun + length, failure)),
            sends: sends.into_iter().map(|(after, topic, payload)| (begun + after, topic, payload)).collect(),
            lost: None,
        })
    }
}

struct Open {
    key: Key,
    ticket: Ticket,
    qos: Qos,
    /// When it is acknowledged, if ever, and how.
    acknowledged: Option<Instant>,
    result: Result<(), Failure>,
    /// What is said of each of its filters, if it has any.
    answers: Vec<u8>,
}

/// A connection of a [`ScriptedConnector`].
pub(crate) struct ScriptedSession {
    connector: ScriptedConnector,
    client_id: String,
    limit: usize,
    next_key: u64,
    open: VecDeque<Open>,
    /// When and how the connection breaks.
    breaks: Option<(Instant, Failure)>,
    /// What the broker will send.
    sends: VecDeque<(Instant, &'static str, &'static str)>,
    lost: Option<Failure>,
}

impl ScriptedSession {
    fn lose(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.lost = Some(failure);
        let finished = Instant::now();
        for open in self.open.drain(..) {
            sink.completed(Completion { ticket: open.ticket, finished, result: Err(failure) });
        }
    }

    fn begin(&mut self, ticket: Ticket, qos: Qos, acknowledged: Option<Instant>, answers: Vec<u8>) -> Key {
        let key = Key::Written(self.next_key);
        self.next_key += 1;
        self.open.push_back(Open { key, ticket, qos, acknowledged, result: Ok(()), answers });
        key
    }

    /// Begins a SUBSCRIBE or UNSUBSCRIBE.
    fn ask(&mut self, ticket: Ticket, answers: Vec<u8>) -> Key {
        let answer = {
            let mut stage = self.connector.0.borrow_mut();
            stage.subscribes += 1;
            (stage.script.subscribe)(stage.subscribes - 1)
        };
        let acknowledged = self.due(answer);
        self.begin(ticket, Qos::AtMostOnce, acknowledged, answers)
    }

    /// When this answer comes, if it does.
    fn due(&mut self, answer: Answer) -> Option<Instant> {
        let now = Instant::now();
        match answer {
            Answer::After(pause) | Answer::Refuse(pause, _) => Some(now + pause),
            Answer::Never | Answer::NotTaken(_) => None,
            Answer::Fail(pause, failure) => {
                if self.breaks.is_none_or(|(at, _)| now + pause < at) {
                    self.breaks = Some((now + pause, failure));
                }
                None
            }
        }
    }

    /// Does everything that is due by now.
    fn advance(&mut self, now: Instant, sink: &mut impl Sink) {
        let mut still_open = VecDeque::new();
        for open in self.open.drain(..) {
            let result = if open.acknowledged.is_some_and(|at| at <= now) {
                if !open.answers.is_empty() {
                    sink.answered(open.key, &open.answers);
                }
                open.result
            } else if open.ticket.deadline <= now {
                Err(Failure::AckTimeout(Ack::Puback, open.ticket.deadline - open.ticket.due))
            } else {
                still_open.push_back(open);
                continue;
            };
            sink.completed(Completion { ticket: open.ticket, finished: now, result });
        }
        self.open = still_open;
        while let Some((at, topic, payload)) = self.sends.pop_front_if(|(at, ..)| *at <= now) {
            let payload = payload.as_bytes();
            let qos = Qos::AtMostOnce;
            sink.received(Incoming { topic, payload, qos, retain: false, dup: false, properties: &[] }, at);
        }
        if let Some((at, failure)) = self.breaks
            && at <= now
        {
            self.lose(failure, sink);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        let acknowledgements = self.open.iter().filter_map(|o| o.acknowledged);
        let deadlines = self.open.iter().map(|o| o.ticket.deadline);
        let sends = self.sends.front().map(|s| s.0);
        acknowledgements.chain(deadlines).chain(self.breaks.map(|b| b.0)).chain(sends).min()
    }

    fn reached(&self, until: Until, sink: &impl Sink) -> bool {
        match until {
            Until::Deadline => false,
            Until::Done(key) => !self.open.iter().any(|o| o.key == key),
            Until::Room => self.has_room(),
            Until::Written | Until::Id => true,
            Until::Idle => self.open.is_empty(),
            Until::Sink => sink.satisfied(),
        }
    }
}

impl Session for ScriptedSession {
    fn has_room(&self) -> bool {
        self.open.iter().filter(|o| o.qos != Qos::AtMostOnce).count() < self.limit
    }

    fn no_room(&self, waited: Duration) -> Failure {
        Failure::NoRoom(waited)
    }

    /// The script has as many as it takes.
    fn has_id(&self) -> bool {
        true
    }

    fn backlog(&self) -> usize {
        0
    }

    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure> {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let answer = {
            let mut stage = self.connector.0.borrow_mut();
            stage.publishes += 1;
            (stage.script.publish)(stage.publishes - 1)
        };
        if let Answer::NotTaken(failure) = answer {
            return Err(failure);
        }
        self.connector
            .note(&self.client_id, format!("publish {} {}", text(message.topic), text(message.payload)));
        let acknowledged = match answer {
            Answer::Fail(..) => self.due(answer),
            _ if message.qos == Qos::AtMostOnce => Some(Instant::now()),
            Answer::After(_) | Answer::Never | Answer::Refuse(..) | Answer::NotTaken(_) => self.due(answer),
        };
        let key = self.begin(ticket, message.qos, acknowledged, Vec::new());
        if let (Answer::Refuse(_, failure), Some(open)) = (answer, self.open.back_mut()) {
            open.result = Err(failure);
        }
        Ok(key)
    }

    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure> {
        let names: Vec<_> = filters.iter().map(|filter| filter.path).collect();
        let identifier = identifier.map(|identifier| format!(" as {identifier}")).unwrap_or_default();
        self.connector.note(&self.client_id, format!("subscribe {}{identifier}", names.join(" ")));
        let answers = filters.iter().map(|filter| filter.qos.level()).collect();
        Ok(self.ask(ticket, answers))
    }

    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure> {
        self.connector.note(&self.client_id, format!("unsubscribe {}", filters.join(" ")));
        let answers = vec![0; filters.len()];
        Ok(self.ask(ticket, answers))
    }

    /// The script knows clean sessions only.
    fn resumed(&self) -> bool {
        false
    }

    fn take_state(&mut self) -> SessionState {
        SessionState::default()
    }

    async fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Result<bool, Failure> {
        loop {
            let now = Instant::now();
            self.advance(now, sink);
            if let Some(failure) = self.lost {
                return Err(failure);
            }
            if self.reached(until, sink) {
                return Ok(true);
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(false);
            }
            match self.next_event().into_iter().chain(deadline).min() {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
    }

    fn sever(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.connector.note(&self.client_id, "sever");
        self.lose(failure, sink);
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        if self.lost.is_none() {
            self.lose(Failure::Closing, sink);
        }
    }

    async fn close(&mut self, how: Close, _timeout: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        if let Some(failure) = self.lost {
            return Err(failure);
        }
        let action = if how == Close::Abrupt { "drop" } else { "disconnect" };
        self.connector.note(&self.client_id, action);
        self.lose(Failure::Closing, sink);
        Ok(())
    }

    /// Nothing comes that was not read.
    fn farewell(self, _patience: Patience) -> Option<impl Future<Output = bool> + 'static> {
        None::<std::future::Ready<bool>>
    }
}
