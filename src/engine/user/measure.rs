//! The filters that a user measures, and how it receives to the end of the run.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Connect, Until};
use crate::engine::delivery::SETTLE_TIME;
use crate::engine::delivery::measured::Measured;
use crate::engine::user::inbound::Inbound;
use crate::engine::user::state::User;
use crate::plan::Subscribe;
use crate::plan::subscription::Subscription;
use crate::stats::delivery::hash;
use crate::stats::delivery::receiver::{Receiver, Terms};
use crate::stats::stamp::Publisher;

/// The longest time for which users receive after all others are done and their last messages had time.
const MAX_DRAIN: Duration = Duration::from_secs(2);

impl<C: Connect> User<C> {
    /// Begins to measure these filters of a step, which are being subscribed to. To the broker, each replaces the last
    /// subscription to the same filter, whether that was measured or not.
    pub(super) fn measure_subscribed(&mut self, step: &Arc<Subscribe>, indices: &[usize], now: Instant) {
        if step.measure.is_none() && !self.inbound.as_ref().is_some_and(|inbound| inbound.measures()) {
            return;
        }
        let now_ns = self.context.clock.unix_ns(now);
        let broker = self.context.plan.classes[self.class].broker.0;
        let kept_ns = self.context.plan.brokers[broker]
            .settings
            .session_kept()
            .map_or(0, |kept| u64::try_from(kept.as_nanos()).unwrap_or(u64::MAX));
        let publisher = Publisher::new(self.context.shared.run, self.persona.number());
        self.inbound();
        let Some(inbound) = &mut self.inbound else { return };
        let measured = &mut inbound.measured;
        for &index in indices {
            let Subscription { filter, qos, options } = &step.filters[index];
            let filter = self.persona.filter(filter);
            let row = step.measure.as_ref().and_then(|measure| measure.rows.get(index)).copied();
            let mut is_known = false;
            for known in measured.iter_mut().filter(|known| *known.filter == *filter) {
                if Some(known.row) == row {
                    (known.step, known.index) = (Arc::clone(step), index);
                    known.receiver.borrow_mut().asked(now_ns);
                    is_known = true;
                } else {
                    known.receiver.borrow_mut().ended(now_ns);
                }
            }
            let Some(row) = row.filter(|_| !is_known) else { continue };
            let shared = filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
            let terms = Terms {
                row,
                filter: shared.map_or(filter, |(_, filter)| filter).into(),
                group: shared.map(|_| hash(format!("{}\0{broker}\0{filter}", row.0).as_bytes())),
                broker,
                qos: qos.level(),
                not_of: options.no_local.then_some(publisher),
                kept_ns,
            };
            let receiver = self.context.delivery.keep_receiver(Receiver::new(terms, now_ns));
            measured.push(Measured { step: Arc::clone(step), index, filter: filter.into(), row, receiver });
        }
    }

    pub(super) fn measuring(&self) -> Option<(&Inbound, u64)> {
        let inbound = self.inbound.as_deref().filter(|inbound| inbound.measures())?;
        Some((inbound, self.context.clock.unix_ns(Instant::now())))
    }

    /// At the end of the run, receives until the last messages of the others had time to arrive, and for a while longer
    /// as long as messages arrive.
    pub(super) async fn drain_receive(&mut self) {
        let measures = self.inbound.as_ref().is_some_and(|inbound| inbound.is_measuring());
        if !measures || !self.context.is_ending() {
            return;
        }
        self.done_sending();
        let stop = Rc::clone(&self.stop);
        if self.link.session.is_some() {
            tokio::select! {
                biased;
                () = stop.drain_ended() => {}
                // Driven without a deadline it only ends with the connection.
                _ = self.drive(Until::Deadline, None) => {}
            }
        }
        let last = Instant::now() + MAX_DRAIN;
        while let Some(until) = self.still_arrives() {
            let until = until.min(last);
            if self.drive(Until::Deadline, Some(until)).await.is_err() || until == last {
                break;
            }
        }
    }

    /// If measured messages still arrive: the latest moment for the next one.
    fn still_arrives(&self) -> Option<Instant> {
        let (inbound, now_ns) = self.measuring()?;
        let arrivals = inbound.measured.iter().map(|measured| measured.receiver.borrow().last_arrival().0);
        let since = Duration::from_nanos(now_ns.saturating_sub(arrivals.max()?));
        Some(Instant::now() + SETTLE_TIME.checked_sub(since).filter(|left| !left.is_zero())?)
    }
}
