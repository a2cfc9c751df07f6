//! Measures messages from end to end: those that the users of a thread published with stamps, and those that arrived.
//!
//! ```text
//! user publishes ──▶ outbound: streams it has sent ──┐
//! user receives ───▶ measured: samples at once       ├──▶ kept here until the end ──▶ report
//!                    receiver: what came of a stream ┘
//! ```
//! The thread keeps both ends, and not the users, since they are needed when the users are gone.

pub(crate) mod measured;
pub(crate) mod outbound;

use std::cell::{Cell, RefCell};
use std::mem::take;
use std::rc::Rc;
use std::time::Duration;

use crate::engine::delivery::outbound::Outbound;
use crate::engine::messages::BothEnds;
use crate::mqtt::{self, Version};
use crate::plan::{Plan, Step};
use crate::stats::delivery::DeliveryReport;
use crate::stats::delivery::group::{Groups, SharedMessage};
use crate::stats::delivery::receiver::Receiver;
use crate::stats::delivery::settle::{Ends, settle};

/// How long the last messages may take to arrive. Users that measure stay this long after the others have gone.
pub(crate) const SETTLE_TIME: Duration = Duration::from_millis(250);

/// The most streams that a thread keeps track of, on either side. Each takes some hundred bytes.
const MAX_STREAMS: usize = 1 << 20;

/// Both ends of a thread's measurements.
#[derive(Debug)]
pub(crate) struct Delivery {
    outbound: RefCell<Vec<Rc<RefCell<Outbound>>>>,
    receivers: RefCell<Vec<Rc<RefCell<Receiver>>>>,
    /// Messages of shared groups since they were last taken.
    shared: RefCell<Vec<SharedMessage>>,
    /// How many more streams may begin.
    sent_room: Cell<usize>,
    received_room: Cell<usize>,
}

impl Delivery {
    pub(crate) fn new() -> Self {
        Self {
            outbound: RefCell::default(),
            receivers: RefCell::default(),
            shared: RefCell::default(),
            sent_room: Cell::new(MAX_STREAMS),
            received_room: Cell::new(MAX_STREAMS),
        }
    }

    /// Keeps what a user publishes.
    pub(crate) fn keep_outbound(&self, outbound: Outbound) -> Rc<RefCell<Outbound>> {
        let outbound = Rc::new(RefCell::new(outbound));
        self.outbound.borrow_mut().push(Rc::clone(&outbound));
        outbound
    }

    /// Keeps what a subscription receives.
    pub(crate) fn keep_receiver(&self, receiver: Receiver) -> Rc<RefCell<Receiver>> {
        let receiver = Rc::new(RefCell::new(receiver));
        self.receivers.borrow_mut().push(Rc::clone(&receiver));
        receiver
    }

    /// Returns whether one more published stream may begin. If so, it counts.
    pub(crate) fn begin_stream(&self) -> bool {
        let room = self.sent_room.get();
        self.sent_room.set(room.saturating_sub(1));
        room > 0
    }

    /// Does something that may begin received streams.
    #[inline]
    pub(crate) fn with_room<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T {
        let mut room = self.received_room.get();
        let result = act(&mut room);
        self.received_room.set(room);
        result
    }

    /// Notes that a member of a shared group received a message.
    pub(crate) fn add_shared(&self, message: SharedMessage) {
        self.shared.borrow_mut().push(message);
    }

    /// Messages of shared groups since the last call.
    pub(crate) fn take_shared(&self) -> Vec<SharedMessage> {
        self.shared.take()
    }

    /// Both ends, once the users are gone.
    pub(crate) fn take_all(&self) -> BothEnds {
        let outbound = self.outbound.take().into_iter().filter_map(Rc::into_inner);
        let receivers = self.receivers.take().into_iter().filter_map(Rc::into_inner);
        BothEnds {
            published: outbound.flat_map(|outbound| outbound.into_inner().into_published()).collect(),
            receivers: receivers.map(RefCell::into_inner).collect(),
        }
    }
}

/// Merges what the members of shared groups received.
pub(crate) fn merge_shared(groups: &mut Groups, messages: Vec<SharedMessage>) {
    groups.take(messages, MAX_STREAMS);
}

/// Reports what became of the measured messages of a run that ended at `end_ns`.
pub(crate) fn report(plan: &Plan, ends: &BothEnds, groups: &Groups, end_ns: u64) -> DeliveryReport {
    let settle_ns = u64::try_from(SETTLE_TIME.as_nanos()).unwrap_or(u64::MAX);
    let (published, receivers) = (&ends.published, &ends.receivers);
    let is_shard = !plan.shard.is_whole();
    let ends = Ends { published, receivers, groups, is_shard, end_ns, settle_ns, matches: mqtt::matches };
    let (mut counts, complete) = settle(&ends);
    for step in plan.steps() {
        if let Step::Subscribe(subscribe) = step
            && let Some(measure) = &subscribe.measure
        {
            for row in &measure.rows {
                counts.entry(row.0).or_default();
            }
        }
    }
    for receiver in receivers.iter().filter(|receiver| receiver.terms.group.is_some()) {
        let is_old = plan.brokers[receiver.terms.broker].settings.version == Version::V311;
        if let Some(counts) = counts.get_mut(&receiver.terms.row.0)
            && is_old
            && counts.received == 0
        {
            let lost = &mut counts.lost;
            lost.not_shared +=
                take(&mut lost.unexplained) + take(&mut lost.qos_0) + take(&mut lost.reconnect);
        }
    }
    let mut rows: Vec<_> =
        counts.into_iter().map(|(row, counts)| (plan.rows[row as usize].clone(), counts)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    DeliveryReport { rows, complete }
}
