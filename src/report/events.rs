//! The event log: every request of a run as a line of JSON, from which the same statistics can be made again.
//!
//! Times are unix seconds as floats and response times milliseconds, int or float, since Locust prints the two
//! differently. A reader of a log holds one line of it in memory, and not the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::number::Number;
use crate::stats::statistics::LOCAL_NODE;
use crate::units::text_bytes;

/// One line of the log. `t` is unix time in seconds and never goes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event<S = String> {
    /// A request ended.
    Request {
        /// When it happened.
        t: f64,
        /// Request type.
        method: S,
        /// Name of the row.
        name: S,
        /// Milliseconds; `null` for a request that has none. A whole number beyond 64 bits reads as a float.
        #[serde(with = "optional_number")]
        response_time: Option<Number>,
        /// Milliseconds from when the request began, if `response_time` is from when it was due by a schedule. Other
        /// requests do not have this key.
        #[serde(default, with = "optional_number", skip_serializing_if = "Option::is_none")]
        raw_response_time: Option<Number>,
        /// The length in bytes.
        length: i64,
        /// Why it failed; `null` or empty if it did not.
        error: Option<S>,
    },
    /// A request had not come to its end when its user was gone. Locust does not count it, so it is not in Locust's
    /// files.
    Unfinished {
        /// When it was given up.
        t: f64,
        /// Request type.
        method: S,
        /// Name of the row.
        name: S,
        /// Milliseconds that it had waited.
        waited: f64,
        /// Whether it had waited for too long: for longer than its timeout, or for more than a second although the run
        /// gave its users time to finish.
        overdue: bool,
    },
    /// The number of users has changed.
    Users {
        /// When it happened.
        t: f64,
        /// How many users there are.
        count: i64,
        /// Milliseconds of which all response times of the log are multiples; in the first line of a live run. Sums
        /// of them are exact then, and so do not depend on the order of requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolution_ms: Option<f64>,
    },
    /// The statistics went back to zero.
    Reset {
        /// When it happened.
        t: f64,
    },
    /// A fault of the runner or the scenario itself.
    Exception {
        /// When it happened.
        t: f64,
        /// What it says.
        msg: S,
        /// Where it came from.
        traceback: S,
        /// The process that it happened in.
        node: S,
    },
    /// The last line.
    End {
        /// When it happened.
        t: f64,
    },
}

/// Milliseconds in a nanosecond: the resolution of a live run's log.
pub const NANOSECOND_MS: f64 = 1e-6;

impl<S> Event<S> {
    /// When it happened, in unix seconds.
    pub fn t(&self) -> f64 {
        match *self {
            Self::Request { t, .. }
            | Self::Unfinished { t, .. }
            | Self::Users { t, .. }
            | Self::Reset { t }
            | Self::Exception { t, .. }
            | Self::End { t } => t,
        }
    }
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The path of the log.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not an event.
    #[error("{} line {line}: {source}", path.display())]
    NoEvent {
        /// The path of the log.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A response time is too large to count with.
    #[error("{} line {line}: a response time must be below 1e38 ms", path.display())]
    ResponseTime {
        /// The path of the log.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
    },
    /// A line that no run writes.
    #[error("{} line {line} is longer than 16 MiB", path.display())]
    TooLong {
        /// The path of the log.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
    },
    /// A line is earlier than the one before.
    #[error("{} line {line}: t goes backwards", path.display())]
    Backwards {
        /// The path of the log.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
    },
    /// There is not one whole event in it.
    #[error("{}: it has no events", path.display())]
    Empty {
        /// The path of the log.
        path: PathBuf,
    },
}

/// Longest line in bytes. It has room for any name or failure, and a file that is not a log cannot fill the memory.
const LONGEST_LINE: u64 = 16 << 20;

/// Reads a log line by line.
#[derive(Debug)]
pub struct EventReader {
    path: PathBuf,
    file: BufReader<File>,
    line: u64,
    text: String,
    /// `t` of the last event, and whether that was an end.
    last: Option<(f64, bool)>,
}

impl EventReader {
    /// Opens a log.
    pub fn open(path: &Path) -> Result<Self, EventsError> {
        let error = |source| EventsError::Read { path: path.to_path_buf(), source };
        let mut file = BufReader::new(File::open(path).map_err(error)?);
        text_bytes(file.fill_buf().map_err(error)?)
            .map_err(|wide| error(io::Error::new(io::ErrorKind::InvalidData, wide)))?;
        Ok(Self { path: path.to_path_buf(), file, line: 0, text: String::new(), last: None })
    }

    /// Whether the last event was an end. The log of a run that was killed has none.
    pub fn has_ended(&self) -> bool {
        self.last.is_some_and(|(_, is_end)| is_end)
    }

    /// The next event; `None` after the last. A last line that is cut off is no event, unless it follows an end: a run that
    /// was killed leaves it behind.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventsError> {
        loop {
            let mut bytes = std::mem::take(&mut self.text).into_bytes();
            bytes.clear();
            let read = (&mut self.file).take(LONGEST_LINE + 1).read_until(b'\n', &mut bytes);
            let path = || self.path.clone();
            if read.map_err(|source| EventsError::Read { path: path(), source })? == 0 {
                return self.last.map(|_| None).ok_or_else(|| EventsError::Empty { path: path() });
            }
            self.line += 1;
            self.text = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) if self.is_cut(error.as_bytes()) => return Ok(None),
                Err(error) => {
                    let source = io::Error::new(io::ErrorKind::InvalidData, error.utf8_error());
                    return Err(EventsError::Read { path: path(), source });
                }
            };
            if self.line == 1 && self.text.starts_with('\u{feff}') {
                self.text.remove(0);
            }
            if self.text.len() as u64 > LONGEST_LINE {
                return Err(EventsError::TooLong { path: path(), line: self.line });
            }
            if !self.text.trim().is_empty() {
                break;
            }
        }
        let (path, line) = (|| self.path.clone(), self.line);
        let event: Event = match serde_json::from_str(&self.text) {
            Ok(event) => event,
            Err(source) if source.is_eof() && self.is_cut(self.text.as_bytes()) => return Ok(None),
            Err(source) => return Err(EventsError::NoEvent { path: path(), line, source }),
        };
        if let Event::Request { response_time: Some(ms), .. } = event
            && ms.to_f64().abs() >= 1e38
        {
            return Err(EventsError::ResponseTime { path: path(), line });
        }
        if self.last.is_some_and(|(last, _)| event.t() < last) {
            return Err(EventsError::Backwards { path: path(), line });
        }
        self.last = Some((event.t(), matches!(event, Event::End { .. })));
        Ok(Some(event))
    }

    /// Whether a line is the last one of a run that was killed while it wrote it.
    fn is_cut(&self, line: &[u8]) -> bool {
        line.len() as u64 <= LONGEST_LINE && !line.ends_with(b"\n") && matches!(self.last, Some((_, false)))
    }
}

/// Writes the log of a live run, a tick at a time.
#[derive(Debug)]
pub struct RequestLog<W: Write> {
    out: W,
    user_count: i64,
    /// The time of the last line. No line with an earlier time is written.
    last: UnixMicros,
}

impl<W: Write> RequestLog<W> {
    /// Begins the log of a run that starts at `start` without users.
    pub fn new(out: W, start: UnixMicros) -> io::Result<Self> {
        let mut log = Self { out, user_count: 0, last: start };
        let resolution_ms = Some(NANOSECOND_MS);
        log.write(&Event::Users { t: start.as_secs_f64(), count: 0, resolution_ms })?;
        Ok(log)
    }

    /// Writes what all recorders saw in one tick, in order of time. The recorders must keep their log.
    pub fn write_tick(&mut self, batches: &[Batch]) -> io::Result<()> {
        let ms = |ns: u64| Number::Float(ns as f64 / 1e6);
        let mut events = Vec::new();
        let mut changes: Vec<_> = batches.iter().flat_map(Batch::users).collect();
        changes.sort_by_key(|change| change.at);
        for change in changes {
            self.user_count += i64::from(change.by);
            let (t, count) = (self.seconds(change.at), self.user_count);
            events.push((change.at, Event::Users { t, count, resolution_ms: None }));
        }
        for batch in batches {
            events.extend(batch.requests().map(|request| {
                let event = Event::Request {
                    t: self.seconds(request.at),
                    method: request.row.request_type.as_str(),
                    name: request.row.name.as_str(),
                    response_time: request.response_ns.map(ms),
                    raw_response_time: request.began_ns.map(ms),
                    length: i64::try_from(request.length).unwrap_or(i64::MAX),
                    error: request.error,
                };
                (request.at, event)
            }));
            events.extend(batch.unfinished().iter().map(|seen| {
                let event = Event::Unfinished {
                    t: self.seconds(seen.at),
                    method: seen.row.request_type.as_str(),
                    name: seen.row.name.as_str(),
                    waited: seen.age_ns as f64 / 1e6,
                    overdue: seen.overdue,
                };
                (seen.at, event)
            }));
            events.extend(batch.exceptions().iter().map(|exception| {
                let event = Event::Exception {
                    t: self.seconds(exception.at),
                    msg: exception.message.as_str(),
                    traceback: exception.traceback.as_str(),
                    node: LOCAL_NODE,
                };
                (exception.at, event)
            }));
        }
        events.sort_by_key(|&(at, _)| at);
        for (at, event) in &events {
            self.write(event)?;
            self.last = self.last.max(*at);
        }
        Ok(())
    }

    /// Writes that the statistics went back to zero.
    pub fn reset(&mut self, at: UnixMicros) -> io::Result<()> {
        self.last = self.last.max(at);
        self.write(&Event::Reset { t: self.last.as_secs_f64() })
    }

    /// Writes the last line.
    pub fn end(&mut self, at: UnixMicros) -> io::Result<()> {
        self.write(&Event::End { t: self.seconds(at) })
    }

    /// Hands on what was written so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Returns what it writes to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Returns what it writes to, at the end.
    pub fn into_out(self) -> W {
        self.out
    }

    fn seconds(&self, at: UnixMicros) -> f64 {
        at.max(self.last).as_secs_f64()
    }

    fn write(&mut self, event: &Event<&str>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, event)?;
        self.out.write_all(b"\n")
    }
}

/// Response times in JSON: an int, a float or `null`.
mod optional_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Number as Json;

    use crate::stats::number::Number;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(number: &Option<Number>, to: S) -> Result<S::Ok, S::Error> {
        match *number {
            None => to.serialize_none(),
            Some(Number::Int(int)) => int.serialize(to),
            Some(Number::Float(float)) => float.serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Number>, D::Error> {
        let number = Option::<Json>::deserialize(from)?;
        Ok(number.map(|json| match json.as_i128() {
            Some(int) => Number::Int(int),
            None => Number::Float(json.as_f64().unwrap_or(f64::INFINITY)),
        }))
    }
}

#[cfg(test)]
mod tests;
