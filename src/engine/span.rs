//! How long a request took, and from which moment its response time counts.

use tokio::time::Instant;

use crate::client::Late;
use crate::plan::UserClass;
use crate::plan::wait::WaitTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// From the beginning of the step, as in Locust.
    Plain,
    /// From the beginning of the step. The times from the moments that the pace intends are recorded as well.
    Paced,
    /// From the moments of the schedule. The times from the beginning of the step are recorded as well.
    Scheduled,
}

impl Timing {
    pub(crate) fn of(class: &UserClass) -> Self {
        match (class.schedule, class.wait_time) {
            (Some(_), _) => Self::Scheduled,
            (None, WaitTime::ConstantPacing(_)) => Self::Paced,
            (None, _) => Self::Plain,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) began: Instant,
    /// How much later than intended the step began.
    pub(crate) late: Late,
    pub(crate) finished: Instant,
    pub(crate) timing: Timing,
}
