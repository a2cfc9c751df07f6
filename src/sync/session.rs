//! The connection on which a shard meets the others: opened before the run, closed before its first user.
//!
//! It is one of the engine's own driver, whichever client the users have, and signs in as the first user of the shard does. A
//! meeting whose connection is lost has failed: nobody could say what the others have heard meanwhile. Its will tells them.
//!
//! Its times are of a clock that nobody sets: machines that have just started set theirs while they wait. What that changes
//! is added when the moment of the start has come.

use std::hash::{BuildHasher, RandomState};
use std::mem::take;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::client::failure::Failure;
use crate::client::transport::{Connector, Endpoint};
use crate::client::{
    Certificate, Close, Completion, Connect, ConnectRequest, Filter, Incoming, Late, Message, Session, Sink,
    Ticket, Until, Will,
};
use crate::mqtt::{Qos, Settings};
use crate::plan::persona::Persona;
use crate::plan::roster::Roster;
use crate::plan::sync::Sync;
use crate::plan::{BrokerId, Plan};
use crate::sync::clocks::OwnClock;
use crate::sync::meeting::{Began, Disagreement, Heard, Meeting, Said};

/// How often a shard says that it is here.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a DISCONNECT may take.
const CLOSE_TIME: Duration = Duration::from_millis(500);

/// Why the shards of a run did not meet.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The broker cannot be reached, or has closed the connection.
    #[error("the shards cannot meet at the broker {broker}: {reason}")]
    Broker {
        /// Its name in the scenario.
        broker: String,
        /// What has failed.
        reason: String,
    },
    /// Another shard belongs to another run.
    #[error("the shards do not meet: {0}")]
    Disagreement(String),
    /// Not all shards came in time.
    #[error("the shards have not met within {}: {missing}", humantime::format_duration(*.timeout))]
    Timeout {
        /// How long was waited.
        timeout: Duration,
        /// Who did not come.
        missing: String,
    },
}

/// Meets the other shards of a plan at a broker, and says when to begin; `None` if somebody stopped it. `endpoint` is where
/// the broker listens.
pub async fn meet(
    plan: &Plan,
    sync: &Sync,
    endpoint: Endpoint,
    run_id: &str,
    stop: &CancellationToken,
) -> Result<Option<Began>, SyncError> {
    let clock = OwnClock::starting(unix_us());
    if plan.shard.is_whole() {
        return Ok(Some(Began::at(clock.now())));
    }
    let deadline = Instant::now() + sync.timeout;
    let connector = Connector::new(vec![endpoint]);
    // The keys of this hash are drawn from the system.
    let token = RandomState::new().hash_one(std::process::id());
    let mut meeting = Meeting::new(plan.shard, &sync.topic, run_id, token);
    let gone = meeting.gone();
    let broker = &plan.brokers[sync.broker.0];
    let server = connector.servers(0).into_iter().next();
    let failed = |failure: Failure| SyncError::Broker {
        broker: broker.name.clone(),
        reason: failure.at(server.as_deref()).to_string(),
    };
    let user = first_user(plan, sync.broker);
    let client_id = format!("sync-{run_id}-{}", plan.shard.index());
    let request = ConnectRequest {
        broker: 0,
        turn: 0,
        certificate: user
            .as_ref()
            .and_then(Persona::certificate)
            .map(|files| Certificate { certificate: &files.certificate, key: &files.key }),
        client_id: &client_id,
        username: user.as_ref().and_then(Persona::username),
        password: user.as_ref().and_then(Persona::password),
        keep_alive_s: broker.keep_alive_s,
        inflight: 16,
        timeout: broker.connect_timeout.min(sync.timeout),
        // The limits of users are not those of the meeting.
        settings: Settings { version: broker.settings.version, ..Settings::default() },
        will: Some(Will {
            topic: &gone.topic,
            payload: gone.payload.as_bytes(),
            qos: Qos::AtLeastOnce,
            retain: false,
            delay_s: 0,
            properties: &[],
        }),
        session: None,
        timings: None,
    };
    let mut connection = tokio::select! {
        session = connector.connect(&request) => {
            let inbox = Inbox { clock, heard: Vec::new(), failure: None };
            Connection { session: session.map_err(&failed)?, inbox }
        }
        () = stop.cancelled() => return Ok(None),
    };
    let outcome = tokio::select! {
        outcome = connection.agree(&mut meeting) => outcome,
        () = sleep_until(deadline) => Ok(()),
        () = stop.cancelled() => Ok(()),
    };
    if let Err(Stopped::Lost(failure)) = outcome {
        return Err(failed(failure));
    }
    // What counts is known by now. A broker that has fallen silent holds up nobody.
    let _ = timeout(CLOSE_TIME, connection.leave(&meeting)).await;
    if let Err(Stopped::Disagreement(what)) = outcome {
        return Err(SyncError::Disagreement(what.to_string()));
    }
    let Some(began) = meeting.began().filter(|_| !stop.is_cancelled()) else {
        if stop.is_cancelled() {
            return Ok(None);
        }
        return Err(SyncError::Timeout { timeout: sync.timeout, missing: meeting.missing(clock.now()) });
    };
    tokio::select! {
        () = sleep_until(clock.instant(began.at_us)) => {}
        () = stop.cancelled() => {}
    }
    Ok(Some(began.after_a_step(clock.now(), unix_us())))
}

/// The first user of the shard that connects to the broker; of the run, if the shard has none there.
fn first_user(plan: &Plan, broker: BrokerId) -> Option<Persona> {
    let first = |roster| first_user_in(plan, roster, broker);
    first(Roster::of(plan)).or_else(|| first(Roster::of_all(plan)))
}

fn first_user_in(plan: &Plan, mut roster: Roster, broker: BrokerId) -> Option<Persona> {
    for stage in &plan.load.stages {
        roster.ramp_to(&stage.users, stage.spawn_rate);
        while let Some(change) = roster.next_change() {
            let found = change.start.into_iter().find(|new| plan.classes[new.class.0].broker == broker);
            if let Some(new) = found {
                return Some(Persona::new(&plan.classes[new.class.0], plan.seed, new.number, new.index));
            }
        }
    }
    None
}

/// Why a meeting ended before its time.
enum Stopped {
    Lost(Failure),
    Disagreement(Disagreement),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Lost(failure)
    }
}

struct Connection<S> {
    session: S,
    inbox: Inbox,
}

impl<S: Session> Connection<S> {
    async fn subscribe(&mut self, filters: &[String]) -> Result<(), Failure> {
        let filters: Vec<_> = filters.iter().map(|filter| Filter::new(filter, Qos::AtLeastOnce)).collect();
        self.session.subscribe(&filters, ticket())?;
        self.done().await
    }

    async fn say(&mut self, all: Vec<Said>) -> Result<(), Failure> {
        for Said { topic, payload, acknowledged } in all {
            let (topic, payload) = (topic.as_bytes(), payload.as_bytes());
            let qos = if acknowledged { Qos::AtLeastOnce } else { Qos::AtMostOnce };
            let message = Message { topic, payload, qos, retain: false, properties: &[] };
            self.session.publish(&message, ticket())?;
            if acknowledged {
                self.done().await?;
            } else {
                self.session
                    .drive(Until::Written, Some(Instant::now() + CLOSE_TIME), &mut self.inbox)
                    .await?;
            }
        }
        Ok(())
    }

    /// Waits until all that was asked for is acknowledged.
    async fn done(&mut self) -> Result<(), Failure> {
        self.session.drive(Until::Idle, Some(Instant::now() + REQUEST_TIME), &mut self.inbox).await?;
        self.inbox.failure.take().map_or(Ok(()), Err)
    }

    /// Hears and says what is to be said, until it is known when to begin and, in shard 0, all have heard of it or the moment
    /// has come.
    async fn agree(&mut self, meeting: &mut Meeting) -> Result<(), Stopped> {
        let clock = self.inbox.clock;
        self.subscribe(&meeting.filters()).await?;
        self.say(meeting.each_second(clock.now())).await?;
        let mut again = Instant::now() + AGAIN;
        loop {
            for heard in take(&mut self.inbox.heard) {
                let said = meeting.hear(&heard, clock.now()).map_err(Stopped::Disagreement)?;
                self.say(said).await?;
            }
            if again <= Instant::now() {
                again = Instant::now() + AGAIN;
                self.say(meeting.each_second(clock.now())).await?;
            }
            if !self.inbox.heard.is_empty() {
                continue;
            }
            let begins = meeting.began().map(|began| clock.instant(began.at_us));
            if meeting.is_done() || begins.is_some_and(|at| at <= Instant::now()) {
                return Ok(());
            }
            let until = begins.map_or(again, |at| at.min(again));
            self.session.drive(Until::Sink, Some(until), &mut self.inbox).await?;
        }
    }

    /// Says goodbye.
    async fn leave(&mut self, meeting: &Meeting) -> Result<(), Failure> {
        self.say(vec![meeting.gone()]).await?;
        self.session.close(Close::ForGood, CLOSE_TIME, &mut self.inbox).await
    }
}

/// How long the broker may take to acknowledge a message or a subscription.
const REQUEST_TIME: Duration = Duration::from_secs(10);

fn ticket() -> Ticket {
    let now = Instant::now();
    Ticket { tag: 0, awaited: true, due: now, late: Late::NONE, deadline: now + REQUEST_TIME, length: 0 }
}

/// Now, in microseconds of unix time.
fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// What has come and was not looked at.
#[derive(Debug)]
struct Inbox {
    clock: OwnClock,
    heard: Vec<Heard>,
    /// What the broker has refused.
    failure: Option<Failure>,
}

impl Sink for Inbox {
    fn completed(&mut self, completion: Completion) {
        if let Err(failure) = completion.result {
            self.failure.get_or_insert(failure);
        }
    }

    fn received(&mut self, message: Incoming<'_>, at: Instant) {
        self.heard.push(Heard {
            topic: message.topic.to_owned(),
            payload: String::from_utf8_lossy(message.payload).into_owned(),
            at_us: self.clock.at(at),
        });
    }

    fn satisfied(&self) -> bool {
        !self.heard.is_empty()
    }

    fn unexpected(&mut self, _what: &'static str) {}
}
