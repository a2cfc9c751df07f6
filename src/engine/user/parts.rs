//! The parts of a connect, recorded beside the whole.

use tokio::time::Instant;

use crate::client::{Connect, ConnectTimings, Late};
use crate::engine::sink::{Span, Timing};
use crate::engine::user::User;
use crate::plan::ConnectPhases;

impl<C: Connect> User<C> {
    /// Records the parts that a connect came through which began at `began`.
    ///
    /// They are due when the part before has ended, also in a class with a schedule: what that says is in the whole.
    pub(super) fn record_parts(
        &self,
        parts: &ConnectPhases,
        began: Instant,
        timings: ConnectTimings,
        record: bool,
    ) {
        let ends = [
            (Some(&parts.tcp), timings.tcp),
            (parts.tls.as_ref(), timings.tls),
            (parts.websocket.as_ref(), timings.websocket),
            (Some(&parts.connack), timings.connack),
        ];
        let mut began = began;
        for (row, finished) in ends {
            let (Some(row), Some(finished)) = (row, finished) else { continue };
            let span = Span { began, late: Late::NONE, finished, timing: Timing::Plain };
            self.shard.record(self.tag_of(row, record), span, 0, Ok(()));
            began = finished;
        }
    }
}
