//! rumqttc's event loop of either version. It sends and receives until it loses the connection.
//!
//! [`EventLoop::poll`](rumqttc::EventLoop::poll) connects again by itself after an error. So it is never polled after
//! an error: the engine decides when to connect again. It also must not be dropped half way, since a packet that waits
//! for the socket would be lost. So polling is one future that lives as long as the connection. The session polls it
//! whenever the user waits for anything.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;
use rumqttc::{Outgoing, v5 as version_5};
use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::rumqttc::error;

pub(super) enum Event {
    Sent(Outgoing),
    Received(Packet),
}

pub(super) enum Packet {
    V311(v4::Packet),
    V5(Box<v5::Packet>),
}

impl Packet {
    /// Writes it as it came, so that this crate's reader can check it: rumqttc's own is trusting.
    pub(super) fn encode(&self, out: &mut BytesMut) -> Result<(), Failure> {
        let written = match self {
            Self::V311(packet) => packet.write(out, usize::MAX).is_ok(),
            Self::V5(packet) => packet.write(out, None).is_ok(),
        };
        if written { Ok(()) } else { Err(Failure::Rumqttc("it has read a packet that it cannot write")) }
    }
}

pub(super) trait EventLoop: 'static {
    /// What happens next. After a failure it must not be called again.
    async fn next(&mut self) -> Result<Event, Failure>;

    /// What it has read and not told when it failed.
    fn untold(&mut self) -> Option<Event>;

    fn stop_acknowledging(&mut self);

    /// From now on it sends at most one PINGREQ: the broker wants none, which rumqttc would take for as many as
    /// possible.
    fn stop_pinging(&mut self);
}

impl EventLoop for rumqttc::EventLoop {
    async fn next(&mut self) -> Result<Event, Failure> {
        let wait = Duration::from_secs(self.network_options.connection_timeout());
        let keep_alive = self.mqtt_options.keep_alive();
        self.poll().await.map(told).map_err(|error| error::of_311(error, wait, keep_alive))
    }

    fn untold(&mut self) -> Option<Event> {
        self.state.events.pop_front().map(told)
    }

    fn stop_acknowledging(&mut self) {
        self.state.manual_acks = true;
    }

    /// MQTT 3.1.1 has no keep-alive time of the broker's choice.
    fn stop_pinging(&mut self) {}
}

impl EventLoop for version_5::EventLoop {
    async fn next(&mut self) -> Result<Event, Failure> {
        let keep_alive = self.options.keep_alive();
        self.poll().await.map(told_5).map_err(|error| error::of_5(error, keep_alive))
    }

    fn untold(&mut self) -> Option<Event> {
        self.state.events.pop_front().map(told_5)
    }

    fn stop_acknowledging(&mut self) {
        self.state.manual_acks = true;
    }

    fn stop_pinging(&mut self) {
        self.options.set_keep_alive(Duration::from_secs(u64::from(u32::MAX)));
    }
}

fn told(event: rumqttc::Event) -> Event {
    match event {
        rumqttc::Event::Incoming(packet) => Event::Received(Packet::V311(packet)),
        rumqttc::Event::Outgoing(outgoing) => Event::Sent(outgoing),
    }
}

fn told_5(event: version_5::Event) -> Event {
    match event {
        version_5::Event::Incoming(packet) => Event::Received(Packet::V5(Box::new(packet))),
        version_5::Event::Outgoing(outgoing) => Event::Sent(outgoing),
    }
}

#[derive(Clone, Default)]
pub(super) struct Events(Rc<RefCell<VecDeque<(Event, Instant)>>>);

impl Events {
    pub(super) fn pop(&self) -> Option<(Event, Instant)> {
        self.0.borrow_mut().pop_front()
    }

    /// Forgets all; returns whether there were any.
    pub(super) fn clear(&self) -> bool {
        let mut events = self.0.borrow_mut();
        let were_some = !events.is_empty();
        events.clear();
        were_some
    }

    fn push(&self, event: Event) {
        self.0.borrow_mut().push_back((event, Instant::now()));
    }
}

/// An event loop that is polled to its end, which is why it lost the connection.
pub(super) type Running = Pin<Box<dyn Future<Output = Failure>>>;

/// Polls an event loop and tells of everything through `events`.
pub(super) fn run(mut event_loop: impl EventLoop, events: Events) -> Running {
    Box::pin(async move {
        loop {
            match event_loop.next().await {
                Ok(event) => {
                    // After DISCONNECT a client sends nothing.
                    if matches!(event, Event::Sent(Outgoing::Disconnect)) {
                        event_loop.stop_acknowledging();
                    }
                    events.push(event);
                }
                Err(failure) => {
                    while let Some(event) = event_loop.untold() {
                        events.push(event);
                    }
                    return failure;
                }
            }
        }
    })
}
