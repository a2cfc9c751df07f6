//! Requests that the user waits for itself and not its session: connects, disconnects, messages that it receives.
//!
//! A session knows its open requests and ends them with its user. The user's own requests are futures, which may be
//! dropped at any await: by a stop, at the end of the time for leaving, or by a second interrupt. So each has an
//! [`OpenRequest`], which records it as unfinished when it is dropped before its end.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::context::Context;

/// A request that has begun and has not ended.
pub(super) struct OpenRequest<C: Connect> {
    context: Rc<Context<C>>,
    pub(crate) tag: u32,
    pub(crate) due: Instant,
    /// When it has failed for lack of an answer.
    pub(crate) deadline: Instant,
    is_open: bool,
}

impl<C: Connect> OpenRequest<C> {
    pub(crate) fn new(context: &Rc<Context<C>>, tag: u32, due: Instant, timeout: Duration) -> Self {
        Self { context: Rc::clone(context), tag, due, deadline: due + timeout, is_open: true }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Ends it. The caller records it.
    pub(crate) fn end(&mut self) {
        self.is_open = false;
    }
}

impl<C: Connect> Drop for OpenRequest<C> {
    fn drop(&mut self) {
        if self.is_open {
            self.context.record_unfinished(self.tag, self.due, self.deadline);
        }
    }
}
