//! What one MQTT session is asked, and a sink that remembers what it answers.

use std::time::Duration;

use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::{Completion, ConnectRequest, Incoming, Late, Sink, Ticket};
use mqtt_scenario::mqtt::{Qos, Settings};
use tokio::time::Instant;

/// A sink that remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Tag and result of each completion, in order.
    pub(crate) completed: Vec<(u32, Result<(), Failure>)>,
    /// Topic, payload and quality of service of each message.
    pub(crate) received: Vec<(String, Vec<u8>, Qos)>,
    pub(crate) unexpected: Vec<&'static str>,
}

impl Seen {
    /// The completions since the last call.
    pub(crate) fn take(&mut self) -> Vec<(u32, Result<(), Failure>)> {
        std::mem::take(&mut self.completed)
    }

    /// Tags of the completions, sorted.
    pub(crate) fn tags(&self) -> Vec<u32> {
        let mut tags: Vec<_> = self.completed.iter().map(|(tag, _)| *tag).collect();
        tags.sort_unstable();
        tags
    }
}

impl Sink for Seen {
    fn completed(&mut self, completion: Completion) {
        assert!(completion.finished >= completion.ticket.due, "finished before it was due");
        self.completed.push((completion.ticket.tag, completion.result));
    }

    fn received(&mut self, message: Incoming<'_>, _: Instant) {
        self.received.push((message.topic.to_owned(), message.payload.to_vec(), message.qos));
    }

    fn unexpected(&mut self, what: &'static str) {
        self.unexpected.push(what);
    }
}

/// A ticket that is due now.
pub(crate) fn ticket(tag: u32, timeout: Duration) -> Ticket {
    let due = Instant::now();
    Ticket { tag, awaited: true, due, late: Late::NONE, deadline: due + timeout, length: 0 }
}

/// A connect to the only broker, without keep-alive.
pub(crate) fn connect_request(client_id: &str) -> ConnectRequest<'_> {
    ConnectRequest {
        broker: 0,
        turn: 0,
        certificate: None,
        client_id,
        username: None,
        password: None,
        keep_alive_s: 0,
        inflight: 100,
        timeout: Duration::from_secs(5),
        settings: Settings::default(),
        will: None,
        session: None,
        timings: None,
    }
}
