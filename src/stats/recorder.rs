//! The hot path: where the engine puts its samples, one recorder a thread.
//!
//! A request takes no lock and no allocation: its sample goes into the sums of its row in the current bin, and whole
//! bins are handed over at a tick.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::Arc;

use crate::stats::batch::{Batch, Bin, ExceptionSeen, Room, Sample, UnfinishedSeen, UsersChanged};
use crate::stats::fine::FineTimes;
use crate::stats::latency::Latency;
use crate::stats::rows::RowSpace;
use crate::stats::unfinished::Waits;
use crate::stats::{Connections, Received, RowId, RowKey, Starts, UnixMicros};

/// Records the samples of one thread.
#[derive(Debug)]
pub struct Recorder {
    start: UnixMicros,
    keep_log: bool,
    space: RowSpace,
    rows: Vec<Arc<RowKey>>,
    ids: HashMap<Arc<RowKey>, RowId>,
    /// Bins that were not taken yet: one or two, or more if nobody takes them.
    bins: Vec<Bin>,
    current: usize,
    room: Room,
    /// What is earlier than this was taken, so nothing can be recorded there any more.
    earliest: UnixMicros,
    users: Vec<UsersChanged>,
    exceptions: Vec<ExceptionSeen>,
    received: Received,
    connections: Vec<(UnixMicros, Connections)>,
    /// Response times from when requests were due. Most runs have no schedule and so none of these times.
    intended: Option<Latency>,
    /// Times from when the request began, of requests that are recorded from when they were due.
    began: Option<Latency>,
    /// Times from when the publish began, of measured messages whose publisher has a schedule, by row.
    measured_began: BTreeMap<u32, FineTimes>,
    starts: Starts,
    unfinished: BTreeMap<u32, Waits>,
    /// The same requests one by one, if a log is kept.
    unfinished_log: Vec<UnfinishedSeen>,
}

/// The times of a request of a schedule, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledNs {
    /// The response time: from when the request was due.
    pub intended: u64,
    /// The service time: from when its step began.
    pub began: u64,
}

impl Recorder {
    /// A recorder of a run that starts at `start`, with ticks at whole seconds after it; `RowId(i)` is
    /// `rows[i]`. With `keep_log` each request is also kept as it came, for the event log. It may have any number of
    /// rows.
    pub fn new(start: UnixMicros, rows: &[RowKey], keep_log: bool) -> Self {
        Self::sharing(RowSpace::new(usize::MAX), start, rows, keep_log)
    }

    /// The same with a share of the rows that a run may have. The given rows are there in any case.
    pub fn sharing(space: RowSpace, start: UnixMicros, rows: &[RowKey], keep_log: bool) -> Self {
        let mut recorder = Self {
            start,
            keep_log,
            space,
            rows: Vec::new(),
            ids: HashMap::new(),
            bins: Vec::new(),
            current: 0,
            room: Room::default(),
            earliest: UnixMicros(0),
            users: Vec::new(),
            exceptions: Vec::new(),
            received: Received::default(),
            connections: Vec::new(),
            intended: None,
            began: None,
            measured_began: BTreeMap::new(),
            starts: Starts::default(),
            unfinished: BTreeMap::new(),
            unfinished_log: Vec::new(),
        };
        for row in rows {
            let row = recorder.space.admit(row).unwrap_or_else(|| Arc::new(row.clone()));
            recorder.intern(row);
        }
        recorder
    }

    /// The id of a row, which is made if it is new to this recorder; that of [`RowSpace::others`] if there is no
    /// room for it. Ids of one recorder mean nothing to another, except those of the rows given to
    /// [`Recorder::new`].
    pub fn row(&mut self, key: &RowKey) -> RowId {
        if let Some(&id) = self.ids.get(key) {
            return id;
        }
        let row = self.space.admit(key).unwrap_or_else(|| Arc::new(self.space.others()));
        match self.ids.get(&row) {
            Some(&id) => id,
            None => self.intern(row),
        }
    }

    /// Records a request that succeeded at `at`. Without a response time it counts as a request and in
    /// nothing else. `length` is in bytes.
    ///
    /// A sample that is stamped earlier than the last [`take`](Self::take) counts right after it. `row` must be
    /// an id of this recorder.
    pub fn record(&mut self, row: RowId, at: UnixMicros, response_ns: Option<u64>, length: u64) {
        self.add(row, Sample { at, response_ns, began_ns: None, length, error: None, measured: false });
    }

    /// Records a request that failed at `at`; its time counts like any other's, as in Locust. An empty `error`
    /// counts as no error, as in Locust.
    pub fn record_failure(
        &mut self,
        row: RowId,
        at: UnixMicros,
        response_ns: Option<u64>,
        length: u64,
        error: &str,
    ) {
        let error = (!error.is_empty()).then_some(error);
        self.add(row, Sample { at, response_ns, began_ns: None, length, error, measured: false });
    }

    /// Records a request of a schedule that ended at `at`, with its time from when it was due and its time from when
    /// it began; `error` says why it failed, if it did.
    pub fn record_scheduled(
        &mut self,
        row: RowId,
        at: UnixMicros,
        times: ScheduledNs,
        length: u64,
        error: Option<&str>,
    ) {
        self.began.get_or_insert_default().record(times.began);
        let (response_ns, began_ns) = (Some(times.intended), Some(times.began));
        let error = error.filter(|error| !error.is_empty());
        self.add(row, Sample { at, response_ns, began_ns, length, error, measured: false });
    }

    /// Records a message that was measured from end to end. It counts like a request, but its time is kept apart from
    /// the response times of requests.
    pub fn record_measured(&mut self, row: RowId, at: UnixMicros, ns: u64, length: u64) {
        let response_ns = Some(ns);
        self.add(row, Sample { at, response_ns, began_ns: None, length, error: None, measured: true });
    }

    /// Records a measured message whose publisher has a schedule, with its time from when it was due and its time from
    /// when its publish began.
    pub fn record_measured_scheduled(&mut self, row: RowId, at: UnixMicros, times: ScheduledNs, length: u64) {
        self.measured_began.entry(row.0).or_default().record(times.began);
        let (response_ns, began_ns) = (Some(times.intended), Some(times.began));
        self.add(row, Sample { at, response_ns, began_ns, length, error: None, measured: true });
    }

    /// Counts a task run that a schedule started, and whether it was late because its user was busy. It belongs to
    /// the next [`take`](Self::take).
    pub fn scheduled_start(&mut self, late: bool) {
        self.starts.add(Starts { count: 1, late: u64::from(late) });
    }

    /// Counts a message with a payload of this many bytes that arrived on a subscription. It has no time: it
    /// belongs to the next [`take`](Self::take).
    pub fn received(&mut self, bytes: u64) {
        self.received.add(Received { messages: 1, bytes });
    }

    /// Counts a connection that the broker accepted.
    pub fn connection_opened(&mut self, at: UnixMicros) {
        self.connections.push((at.max(self.earliest), Connections { opened: 1, ended: 0 }));
    }

    /// Counts the end of a connection that was counted when it was opened.
    pub fn connection_ended(&mut self, at: UnixMicros) {
        self.connections.push((at.max(self.earliest), Connections { opened: 0, ended: 1 }));
    }

    /// Records the time of a request from when it was due, beside its response time.
    pub fn record_intended(&mut self, ns: u64) {
        self.intended.get_or_insert_default().record(ns);
    }

    /// Records the starts that a task run of `ns` kept from happening: see [`Latency::fill_missed`].
    pub fn missed_starts(&mut self, ns: u64, pace_ns: u64) {
        self.intended.get_or_insert_default().fill_missed(ns, pace_ns);
    }

    /// Records a request that had waited for `age_ns` when its user gave it up at `at`, at the end of the run or of the
    /// user. It does not count as a sample. `overdue` says whether it had waited for longer than it should.
    pub fn unfinished(&mut self, row: RowId, at: UnixMicros, age_ns: u64, overdue: bool) {
        self.unfinished.entry(row.0).or_default().add(Waits::one(age_ns, overdue));
        if self.keep_log {
            let row = Arc::clone(&self.rows[row.0 as usize]);
            self.unfinished_log.push(UnfinishedSeen { at: at.max(self.earliest), row, age_ns, overdue });
        }
    }

    /// Records that users started (`by` above 0) or were gone.
    pub fn users_changed(&mut self, at: UnixMicros, by: i32) {
        self.users.push(UsersChanged { at: at.max(self.earliest), by });
    }

    /// Records a fault of the runner or the scenario itself. Equal tracebacks are one row.
    pub fn exception(&mut self, at: UnixMicros, message: &str, traceback: &str) {
        self.exceptions.push(ExceptionSeen {
            at: at.max(self.earliest),
            message: message.to_owned(),
            traceback: traceback.to_owned(),
        });
    }

    /// Everything up to and including `until` that was not taken before; later samples stay.
    ///
    /// `until` is a tick, or the end of the run: off the ticks, the rest of the bin that `until` falls into
    /// comes along. The histograms of schedules and paces come as they are, later samples included.
    pub fn take(&mut self, until: UnixMicros) -> Batch {
        let bins: Vec<Bin> = self.bins.extract_if(.., |bin| bin.first <= until).collect();
        self.current = self.bins.len().saturating_sub(1);
        if let Some(bin) = bins.last() {
            self.room = bin.room();
        }
        let last = bins.iter().map(|bin| bin.last).max().unwrap_or(until);
        self.earliest = self.earliest.max(UnixMicros(last.max(until).0 + 1));
        let mut connections = Connections::default();
        for (_, change) in self.connections.extract_if(.., |(at, _)| *at <= until) {
            connections.add(change);
        }
        Batch {
            bins,
            users: self.users.extract_if(.., |users| users.at <= until).collect(),
            exceptions: self.exceptions.extract_if(.., |exception| exception.at <= until).collect(),
            received: mem::take(&mut self.received),
            connections,
            intended: self.intended.take(),
            began: self.began.take(),
            measured_began: mem::take(&mut self.measured_began)
                .into_iter()
                .map(|(row, times)| (Arc::clone(&self.rows[row as usize]), times))
                .collect(),
            starts: mem::take(&mut self.starts),
            unfinished: mem::take(&mut self.unfinished)
                .into_iter()
                .map(|(row, waits)| (Arc::clone(&self.rows[row as usize]), waits))
                .collect(),
            unfinished_log: self.unfinished_log.extract_if(.., |seen| seen.at <= until).collect(),
        }
    }

    fn intern(&mut self, key: Arc<RowKey>) -> RowId {
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before u32 does")]
        let id = RowId(self.rows.len() as u32);
        self.rows.push(Arc::clone(&key));
        self.ids.insert(key, id);
        id
    }

    #[inline]
    fn add(&mut self, row: RowId, mut sample: Sample<'_>) {
        sample.at = sample.at.max(self.earliest);
        if !self.bins.get(self.current).is_some_and(|bin| bin.holds(sample.at)) {
            self.current = self.bin_of(sample.at);
        }
        self.bins[self.current].add(row, &self.rows, sample, self.keep_log);
    }

    /// Returns the index of the bin that `at` falls into, and opens the bin if there is none.
    fn bin_of(&mut self, at: UnixMicros) -> usize {
        self.bins.iter().position(|bin| bin.holds(at)).unwrap_or_else(|| {
            self.bins.push(Bin::around(at, self.start, self.rows.len(), self.room));
            self.bins.len() - 1
        })
    }
}
