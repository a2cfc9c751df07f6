//! The phases of a connect, recorded in addition to the whole.

use tokio::time::Instant;

use crate::client::{Connect, ConnectTimings, Late};
use crate::engine::span::{Span, Timing};
use crate::engine::user::state::User;
use crate::plan::ConnectPhases;

impl<C: Connect> User<C> {
    /// Records the phases that a connect has finished. It began at `began`.
    ///
    /// Each phase is due when the phase before has ended, also in a class with a schedule: its lateness is in the
    /// whole.
    pub(super) fn record_phases(
        &self,
        phases: &ConnectPhases,
        began: Instant,
        timings: ConnectTimings,
        record: bool,
    ) {
        let ends = [
            (Some(&phases.tcp), timings.tcp),
            (phases.tls.as_ref(), timings.tls),
            (phases.websocket.as_ref(), timings.websocket),
            (Some(&phases.connack), timings.connack),
        ];
        let mut began = began;
        for (row, finished) in ends {
            let (Some(row), Some(finished)) = (row, finished) else { continue };
            let span = Span { began, late: Late::NONE, finished, timing: Timing::Plain };
            self.context.record(self.tag_of(row, record), span, 0, Ok(()), self.records.server);
            began = finished;
        }
    }
}
