//! Carries out what [`protocol`](crate::locust::protocol) decides: one task with the connection, the clock and the users.
//!
//! Users stand behind a trait, because this room knows nothing of plans and engines, and because tests count on users that do
//! exactly what they say.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

use crate::locust::decode::decode;
use crate::locust::dial::{DialError, MasterAddress, dial};
use crate::locust::encode::encode;
use crate::locust::logs::LastLines;
use crate::locust::message::{ClassChange, FromMaster, Spawn, ToMaster, Usage, WorkerState};
use crate::locust::protocol::{Action, Applied, Event, Moment, Protocol, WorkerError};
use crate::locust::report::{ClassCounts, StatsReport};
use crate::locust::unread::Unread;
use crate::locust::zmtp::{Dealer, Message, ZmtpError};
use crate::stats::interval::Interval;

/// How long a connection may take to end in good order.
const CLOSE_TIME: Duration = Duration::from_millis(500);

/// The users of a worker.
pub trait Users {
    /// Learns the index of this worker at its master, from 0: users of different workers are not to have the same numbers.
    fn take_index(&mut self, index: u64);

    /// Goes to the numbers of users in a spawn: it starts or stops the difference. It should spread that over the second
    /// after, since the master sends one step of its ramp each second. It returns at once with the numbers that there will be.
    fn apply(&mut self, spawn: &Spawn) -> Applied;

    /// Changes a class, or says in a sentence why it cannot.
    fn change_class(&mut self, change: &ClassChange) -> Result<(), String>;

    /// How many users of each class there are, with the zeros.
    fn counts(&self) -> ClassCounts;

    /// Takes what was recorded since the last call.
    fn take(&mut self) -> Interval;

    /// Forgets what was recorded since the last call: it belongs to nothing that a master adds up.
    fn clear(&mut self);

    /// Lets all users stop: they may finish their tasks for so long, and are cut off then.
    fn stop(&mut self, patience: Duration);

    /// Returns when no user is left: after [`stop`](Self::stop), or because the test has ended by itself. It may be dropped and
    /// called again.
    fn gone(&mut self) -> impl Future<Output = ()>;
}

/// What a worker needs to know.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Where the master is.
    pub master: MasterAddress,
    /// How long the first master is looked for. Locust does it for 300 s.
    pub join_limit: Duration,
    /// The name of this machine: Locust spreads users over machines by it.
    pub hostname: String,
    /// The log, which the master shows.
    pub logs: LastLines,
}

impl WorkerSettings {
    /// A node id: the name of the machine up to its first `_`, which is where Locust ends it, and what makes it unique. At
    /// most 255 bytes.
    pub fn node_id(&self, unique: &str) -> String {
        let host: String = self.hostname.chars().map(|c| if c == '_' { '-' } else { c }).collect();
        let room = 255_usize.saturating_sub(unique.len() + 1);
        format!("{}_{unique}", &host[..host.floor_char_boundary(room)])
    }
}

/// Works for a master until it quits, or until `leave` says so: once to stop the users first, twice to go at once.
///
/// `unique` draws what makes a node id unique; `usage` says what the process uses.
pub async fn work<U: Users>(
    settings: WorkerSettings,
    users: &mut U,
    mut leave: UnboundedReceiver<()>,
    mut unique: impl FnMut() -> String,
    mut usage: impl FnMut() -> Usage,
) -> Result<(), WorkerError> {
    let (mut protocol, first) = Protocol::begin(now(), settings.join_limit);
    let mut hands = Hands {
        settings,
        connection: Connection::None,
        node_id: String::new(),
        may_be_gone: false,
        unread: Unread::default(),
    };
    let mut actions = VecDeque::from(first);
    loop {
        while let Some(action) = actions.pop_front() {
            if let Action::End(end) = action {
                hands.hang_up().await;
                return end;
            }
            if let Some(event) = hands.carry_out(action, users, &mut unique, &mut usage).await {
                actions.extend(protocol.handle(now(), event));
            }
        }
        let due = protocol.next_due();
        let event = tokio::select! {
            event = hands.connection.event() => event,
            () = until(due) => Event::Due,
            () = users.gone(), if hands.may_be_gone => {
                hands.may_be_gone = false;
                Event::UsersGone
            }
            Some(()) = leave.recv() => Event::LeaveAsked,
        };
        hands.notice(&event);
        actions.extend(protocol.handle(now(), event));
    }
}

type Dialing = Pin<Box<dyn Future<Output = Result<Dealer<TcpStream>, DialError>>>>;

enum Connection {
    None,
    Dialing(Dialing),
    Open(Box<Dealer<TcpStream>>),
}

impl Connection {
    /// Waits for what happens to the connection, if there is one.
    async fn event(&mut self) -> Event {
        match self {
            Self::None => pending().await,
            Self::Dialing(dialing) => match dialing.await {
                Ok(dealer) => {
                    *self = Self::Open(Box::new(dealer));
                    Event::Connected
                }
                Err(error) => {
                    Event::NotConnected { is_no_master: error.is_no_master(), reason: error.to_string() }
                }
            },
            Self::Open(dealer) => read(&dealer.receive().await),
        }
    }
}

fn read(message: &Result<Message, ZmtpError>) -> Event {
    match message.as_deref() {
        Ok([body]) => decode(body).map_or_else(|error| Event::Unreadable(error.to_string()), Event::Received),
        Ok(parts) => Event::Unreadable(format!("it has {} parts instead of one", parts.len())),
        Err(error) => Event::Lost { is_no_master: error.is_no_master(), reason: error.to_string() },
    }
}

/// What carries out the actions.
struct Hands {
    settings: WorkerSettings,
    connection: Connection,
    node_id: String,
    /// Whether users were told anything since they were gone.
    may_be_gone: bool,
    unread: Unread,
}

impl Hands {
    /// Forgets a connection that is not there any more, and reports that the master has read.
    fn notice(&mut self, event: &Event) {
        match event {
            Event::NotConnected { .. } | Event::Lost { .. } => self.connection = Connection::None,
            Event::Connected => self.unread.connected(),
            Event::Received(FromMaster::Heartbeat) => self.unread.answered(),
            _ => {}
        }
    }

    /// Does what is to be done; returns what comes of it at once.
    async fn carry_out<U: Users>(
        &mut self,
        action: Action,
        users: &mut U,
        unique: &mut impl FnMut() -> String,
        usage: &mut impl FnMut() -> Usage,
    ) -> Option<Event> {
        match action {
            Action::NewIdentity => {
                self.node_id = self.settings.node_id(&unique());
                self.unread = Unread::default();
            }
            Action::Dial => {
                let (address, node_id) = (self.settings.master.clone(), self.node_id.clone());
                self.connection =
                    Connection::Dialing(Box::pin(async move { dial(&address, &node_id).await }));
            }
            Action::HangUp => self.hang_up().await,
            Action::Send(message) => return self.send(&message),
            Action::SendSurely(message) => {
                self.unread.keep(&message);
                return self.send(&message);
            }
            Action::Heartbeat(state) => return self.beat(state, usage()),
            Action::Report { shift_s } => return self.report(users, shift_s),
            Action::ReportAgain => {
                let again = self.unread.again();
                let resumed = self.unread.are_counted_once.then_some(ToMaster::Resumed);
                return again.iter().chain(&resumed).find_map(|message| self.send(message));
            }
            Action::SendLogs => {
                if let Some(lines) = self.settings.logs.take_if_new() {
                    return self.send(&ToMaster::Logs(lines));
                }
            }
            Action::TakeIndex(index) => users.take_index(index),
            Action::Apply(spawn) => {
                self.may_be_gone = true;
                let spawn = spawn.for_worker(&self.node_id);
                self.unread.are_counted_once = spawn.workers > 0;
                return Some(Event::Applied(users.apply(&spawn)));
            }
            Action::StopUsers { patience } => {
                self.may_be_gone = true;
                users.stop(patience);
            }
            Action::ClearStatistics => {
                users.clear();
                self.unread.forget_reports();
            }
            Action::ChangeClass(change) => {
                if let Err(why) = users.change_class(&change) {
                    info!("class {} is not changed: {why}", change.class);
                }
            }
            Action::Say(text) => text.lines().for_each(|line| info!("{line}")),
            // The diagnostics of a scenario have several lines.
            Action::Complain(text) => text.lines().for_each(|line| error!("{line}")),
            Action::End(_) => {}
        }
        None
    }

    fn beat(&mut self, state: WorkerState, usage: Usage) -> Option<Event> {
        self.unread.beat();
        self.send(&ToMaster::Heartbeat { state, usage })
    }

    fn report<U: Users>(&mut self, users: &mut U, shift_s: i64) -> Option<Event> {
        if !matches!(self.connection, Connection::Open(_)) {
            return None;
        }
        let interval = users.take();
        let exceptions = interval.exceptions.iter().map(|exception| ToMaster::Exception {
            message: exception.message.clone(),
            traceback: exception.traceback.clone(),
        });
        let report = StatsReport::new(&interval, users.counts(), shift_s);
        let messages = self.unread.report(exceptions.collect(), report);
        messages.iter().find_map(|message| self.send(message))
    }

    /// Adds a message to what is written; returns that the connection is lost, if it takes no more.
    fn send(&mut self, message: &ToMaster) -> Option<Event> {
        let Connection::Open(dealer) = &mut self.connection else { return None };
        let sent = match encode(message, &self.node_id) {
            Ok(body) => dealer.send(&body).map_err(|error| error.to_string()),
            Err(error) => Err(format!("{} cannot be written: {error}", message.kind())),
        };
        let reason = sent.err()?;
        self.connection = Connection::None;
        Some(Event::Lost { reason, is_no_master: false })
    }

    async fn hang_up(&mut self) {
        if let Connection::Open(dealer) = std::mem::replace(&mut self.connection, Connection::None) {
            dealer.close(CLOSE_TIME).await;
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

fn now() -> Moment {
    let unix_s =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    Moment { instant: Instant::now(), unix_s }
}
