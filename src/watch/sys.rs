//! Subscribes to what a broker publishes of itself, and comes back when the connection is lost.
//!
//! The connection is one of the engine's own driver, whichever client the users have. It sends nothing but SUBSCRIBE and
//! PINGREQ.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::client::failure::Failure;
use crate::client::transport::Connector;
use crate::client::{
    Certificate, Close, Completion, Connect, ConnectRequest, Filter, Incoming, Late, Session, Sink, Ticket,
    Until,
};
use crate::mqtt::Qos;
use crate::watch::source::Sys;

/// How long to wait after the first lost connection; then twice as long each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// Retained figures come right after SUBACK. So long the first round of them is waited for.
const FIRST_ROUND: Duration = Duration::from_millis(50);

const CLOSE_TIME: Duration = Duration::from_millis(500);

pub(super) enum Told<'a> {
    Number(&'a str, f64),
    Text(&'a str, &'a str),
    /// What went wrong, in one sentence.
    Fault(String),
    /// The first figures are there, or will not come soon.
    Ready,
}

/// Subscribes until it is told to stop. What the broker says goes to `tell`.
pub(super) async fn follow(sys: &Sys, stop: &CancellationToken, tell: &mut impl FnMut(Told<'_>)) {
    let connector = Connector::new(vec![sys.endpoint.clone()]);
    let (mut pause, mut has_told) = (FIRST_PAUSE, false);
    while !stop.is_cancelled() {
        let began = Instant::now();
        if let Err(failure) = subscribed(&connector, sys, stop, tell, &mut has_told).await {
            let server = server_name(sys);
            let what = failure.at(Some(&server));
            let are = if has_told { "stopped coming" } else { "are missing" };
            tell(Told::Fault(format!("The figures under {} at {server} {are}: {what}.", sys.filter)));
            tell(Told::Ready);
        }
        pause = if began.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { pause };
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

pub(super) fn server_name(sys: &Sys) -> String {
    let servers = Connector::new(vec![sys.endpoint.clone()]).servers(0);
    servers.into_iter().nth(sys.server).unwrap_or_default()
}

/// One connection, from CONNECT to the stop or its loss.
async fn subscribed(
    connector: &Connector,
    sys: &Sys,
    stop: &CancellationToken,
    tell: &mut impl FnMut(Told<'_>),
    has_told: &mut bool,
) -> Result<(), Failure> {
    let certificate = sys.certificate.as_ref().map(|(certificate, key)| Certificate { certificate, key });
    let request = ConnectRequest {
        broker: 0,
        turn: sys.server,
        certificate,
        client_id: &sys.client_id,
        username: sys.username.as_deref(),
        password: sys.password.as_deref(),
        keep_alive_s: sys.keep_alive_s,
        inflight: 1,
        timeout: sys.timeout,
        settings: sys.settings,
        will: None,
        session: None,
        timings: None,
    };
    let mut session = tokio::select! {
        session = connector.connect(&request) => session?,
        () = stop.cancelled() => return Ok(()),
    };
    let now = Instant::now();
    let deadline = now + sys.timeout;
    let ticket = Ticket { tag: 0, awaited: true, due: now, late: Late::NONE, deadline, length: 0 };
    let mut sink = Figures { tell, answer: None };
    let key = session.subscribe(&[Filter::new(&sys.filter, Qos::AtMostOnce)], ticket)?;
    session.drive(Until::Done(key), Some(deadline), &mut sink).await?;
    if let Some(answer) = sink.answer.take() {
        answer?;
    }
    session.drive(Until::Deadline, Some(Instant::now() + FIRST_ROUND), &mut sink).await?;
    (sink.tell)(Told::Ready);
    *has_told = true;
    loop {
        // Without a deadline a session drives for ever; the stop drops the future, which is cancel-safe.
        tokio::select! {
            driven = session.drive(Until::Deadline, None, &mut sink) => {
                driven?;
            }
            () = stop.cancelled() => break,
        }
    }
    session.close(Close::ForGood, CLOSE_TIME, &mut sink).await
}

struct Figures<'a, T> {
    tell: &'a mut T,
    /// The broker's answer to SUBSCRIBE.
    answer: Option<Result<(), Failure>>,
}

impl<T: FnMut(Told<'_>)> Sink for Figures<'_, T> {
    fn completed(&mut self, completion: Completion) {
        self.answer = Some(completion.result);
    }

    fn received(&mut self, message: Incoming<'_>, _at: Instant) {
        let Ok(text) = str::from_utf8(message.payload) else { return };
        let text = text.trim();
        match number(text) {
            Some(value) => (self.tell)(Told::Number(message.topic, value)),
            None => (self.tell)(Told::Text(message.topic, text)),
        }
    }

    fn unexpected(&mut self, _what: &'static str) {}
}

/// The number in a text: `12`, `0.5`, or `123 seconds`, as Mosquitto tells how long it is up.
fn number(text: &str) -> Option<f64> {
    let text = text.strip_suffix(" seconds").unwrap_or(text);
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    is_number.then(|| text.parse().ok()).flatten()
}

/// This moment of unix time in seconds.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests;
