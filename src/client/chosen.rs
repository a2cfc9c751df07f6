//! The client that a scenario chooses for each of its brokers: this crate's own driver, or rumqttc.
//!
//! A run may have brokers of both. The choice costs a comparison for each call of the own driver, and a word of memory
//! for each session, which says which client it is.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::driver::Driver;
use crate::client::failure::Failure;
use crate::client::rumqttc::connector::RumqttcConnector;
use crate::client::rumqttc::session::RumqttcSession;
use crate::client::seam::{
    Close, Connect, ConnectRequest, Filter, Message, PacketBytes, Patience, Session, Until,
};
use crate::client::session::state::SessionState;
use crate::client::sink::{Key, Sink, Ticket};
use crate::client::transport::stream::Transport;
use crate::client::transport::{Connector, Endpoint};
use crate::mqtt::Client;

/// Opens sessions of the client that is chosen for their broker, for one thread.
#[derive(Debug)]
pub struct ChosenConnector {
    native: Connector,
    rumqttc: RumqttcConnector,
    clients: Vec<Client>,
}

impl ChosenConnector {
    /// `brokers[i]` is where broker `i` of the plan is, and its client.
    pub fn new(brokers: Vec<(Endpoint, Client)>) -> Self {
        let (endpoints, clients): (Vec<_>, Vec<_>) = brokers.into_iter().unzip();
        let rumqttc = RumqttcConnector::new(endpoints.iter().map(Endpoint::addresses).collect());
        Self { native: Connector::new(endpoints), rumqttc, clients }
    }
}

impl Connect for ChosenConnector {
    type Session = ChosenSession;

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<ChosenSession, Failure> {
        match self.clients[request.broker] {
            Client::Native => self.native.connect(request).await.map(ChosenSession::Native),
            Client::Rumqttc => {
                // Boxed, so that users of the own driver need no room for it.
                let session = Box::pin(self.rumqttc.connect(request)).await?;
                Ok(ChosenSession::Rumqttc(Box::new(session)))
            }
        }
    }

    fn servers(&self, broker: usize) -> Vec<String> {
        self.native.servers(broker)
    }

    /// rumqttc has sockets of its own, of which nothing is known here. Half of the bytes would be no number.
    fn packet_bytes(&self) -> Option<PacketBytes> {
        if self.clients.contains(&Client::Rumqttc) { None } else { self.native.packet_bytes() }
    }
}

/// A session of either client.
pub enum ChosenSession {
    /// This crate's own driver.
    Native(Box<Driver<Transport>>),
    /// rumqttc.
    Rumqttc(Box<RumqttcSession>),
}

/// The same call on either session.
macro_rules! either {
    ($self:ident, $session:ident => $call:expr) => {
        match $self {
            Self::Native($session) => $call,
            Self::Rumqttc($session) => $call,
        }
    };
}

impl Session for ChosenSession {
    #[inline]
    fn has_room(&self) -> bool {
        either!(self, session => session.has_room())
    }

    fn no_room(&self, waited: Duration) -> Failure {
        either!(self, session => session.no_room(waited))
    }

    fn has_id(&self) -> bool {
        either!(self, session => session.has_id())
    }

    fn no_id(&self) -> Failure {
        either!(self, session => session.no_id())
    }

    #[inline]
    fn backlog(&self) -> usize {
        either!(self, session => session.backlog())
    }

    #[inline]
    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure> {
        either!(self, session => session.publish(message, ticket))
    }

    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure> {
        either!(self, session => session.subscribe_with(filters, identifier, ticket))
    }

    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure> {
        either!(self, session => session.unsubscribe(filters, ticket))
    }

    fn resumed(&self) -> bool {
        either!(self, session => session.resumed())
    }

    fn take_state(&mut self) -> SessionState {
        either!(self, session => session.take_state())
    }

    fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<bool, Failure>> {
        poll_fn(move |cx| match &mut *self {
            Self::Native(session) => session.poll_drive(cx, until, deadline, sink),
            Self::Rumqttc(session) => session.poll_drive(cx, until, deadline, sink),
        })
    }

    fn sever(&mut self, failure: Failure, sink: &mut impl Sink) {
        either!(self, session => session.sever(failure, sink));
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        either!(self, session => session.give_up(sink));
    }

    async fn close(&mut self, how: Close, timeout: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        either!(self, session => session.close(how, timeout, sink).await)
    }

    fn farewell(self, patience: Patience) -> Option<impl Future<Output = bool> + 'static> {
        let (native, rumqttc) = match self {
            Self::Native(session) => (session.farewell(patience), None),
            Self::Rumqttc(session) => (None, session.farewell(patience)),
        };
        if native.is_none() && rumqttc.is_none() {
            return None;
        }
        Some(async move {
            match (native, rumqttc) {
                (Some(farewell), _) => farewell.await,
                (None, Some(farewell)) => farewell.await,
                (None, None) => true,
            }
        })
    }
}

#[cfg(test)]
mod tests;
