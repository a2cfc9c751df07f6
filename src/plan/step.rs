//! Steps: what a user does, one after the other, in a list without nesting.

use std::sync::Arc;

use crate::plan::payload::Payload;
use crate::plan::publish::Publish;
use crate::plan::receive::{Exchange, Receive};
use crate::plan::request::{Request, Row};
use crate::plan::subscription::{Subscribe, Unsubscribe};
use crate::plan::text::Text;
use crate::plan::wait::Pause;

/// A list of steps with `repeat` laid flat: running it needs a position and one counter per level, but
/// neither recursion nor allocation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Steps(pub Vec<Step>);

/// One action of a user.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Open the connection, if it is not open.
    Connect(Request),
    /// Close the connection, if it is open.
    Disconnect {
        /// Whether the user drops the connection without a DISCONNECT.
        abrupt: bool,
        /// How the request is recorded.
        request: Request,
    },
    /// Send a message, and wait for its acknowledgement unless the step says otherwise.
    Publish(Box<Publish>),
    /// Ask for messages; shared, since a user keeps it to ask again on its next connection.
    Subscribe(Arc<Subscribe>),
    /// End one or more subscriptions.
    Unsubscribe(Box<Unsubscribe>),
    /// Wait until messages have arrived.
    Receive(Box<Receive>),
    /// Send a message and wait for its reply.
    Request(Box<Exchange>),
    /// Do nothing for a while.
    Wait(Pause),
    /// Begin of a repeated part: set counter `level` to `times`.
    Repeat {
        /// Nesting depth, from 0.
        level: usize,
        /// How often the part runs, at least once.
        times: u32,
    },
    /// End of a repeated part: count `level` down and, above zero, go on at `first`.
    EndRepeat {
        /// Nesting depth, from 0.
        level: usize,
        /// Position of the part's first step in its [`Steps`].
        first: usize,
    },
}

impl Step {
    /// Whether the step asks the broker for something that the broker can refuse.
    pub fn asks_the_broker(&self) -> bool {
        match self {
            Self::Publish(_)
            | Self::Subscribe(_)
            | Self::Unsubscribe(_)
            | Self::Receive(_)
            | Self::Request(_) => true,
            Self::Connect(_)
            | Self::Disconnect { .. }
            | Self::Wait(_)
            | Self::Repeat { .. }
            | Self::EndRepeat { .. } => false,
        }
    }

    /// Visits the texts that the step sends or holds against messages.
    pub(crate) fn visit_texts<'a>(&'a self, mut visit: impl FnMut(&'a Text)) {
        let mut visit_message = |publish: &'a Publish| {
            visit(&publish.topic);
            if let Payload::Text(payload) = &publish.payload {
                visit(payload);
            }
        };
        match self {
            Self::Publish(publish) => visit_message(publish),
            Self::Subscribe(subscribe) => subscribe.filters.iter().for_each(|wanted| visit(&wanted.filter)),
            Self::Unsubscribe(unsubscribe) => unsubscribe.filters.iter().for_each(visit),
            Self::Receive(receive) => {
                visit(&receive.filter);
                receive.takes.texts().chain(receive.expect.texts()).for_each(visit);
            }
            Self::Request(exchange) => {
                visit_message(&exchange.publish);
                visit(&exchange.reply_topic);
                exchange.expect.texts().for_each(visit);
            }
            Self::Connect(_)
            | Self::Disconnect { .. }
            | Self::Wait(_)
            | Self::Repeat { .. }
            | Self::EndRepeat { .. } => {}
        }
    }

    /// The row of the statistics in which the step is recorded.
    pub(crate) fn row(&self) -> Option<&Row> {
        let request = match self {
            Self::Connect(request) | Self::Disconnect { request, .. } => request,
            Self::Publish(publish) => &publish.request,
            Self::Subscribe(subscribe) => &subscribe.request,
            Self::Unsubscribe(unsubscribe) => &unsubscribe.request,
            Self::Receive(receive) => &receive.request,
            Self::Request(exchange) => &exchange.publish.request,
            Self::Wait(_) | Self::Repeat { .. } | Self::EndRepeat { .. } => return None,
        };
        Some(&request.row)
    }
}
