//! Planted faults: what a broker can be told to do wrong, as options of an `embedded:` URL, and the dice
//! that decide when.
//!
//! Pure, so that a scenario's options can be checked without a broker. Faults are drawn from one seeded
//! stream per broker: the same order of arrivals meets the same faults.

use std::fmt;
use std::time::Duration;

/// What a broker does wrong on purpose. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// Time that every answer waits: CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK and
    /// PINGRESP; forwarded messages do not wait.
    pub delay: Duration,
    /// At most this much more time, drawn for every answer; answers of one connection keep their order.
    pub jitter: Duration,
    /// Probability (0 to 1) that a publish is received but neither acknowledged nor forwarded.
    pub loss: f64,
    /// Probability (0 to 1) that an acknowledgement of a publish, or a forwarded message, is sent twice. The
    /// second copy of a message has no dup flag: of quality of service 1, a packet id of its own; of 2, that
    /// of the first, so that a client that keeps its ids hands it on once.
    pub repeat: f64,
    /// Probability (0 to 1) that a message is not forwarded to a subscriber, drawn for each of them.
    pub drop: f64,
    /// Probability (0 to 1) that a message changes places with the next one for the same subscriber, if that
    /// comes within [`HELD`]. Neither of the two changes places a second time.
    pub swap: f64,
    /// Probability (0 to 1) that a CONNECT is refused with "server unavailable".
    pub refuse: f64,
    /// A while in which the broker neither reads nor writes, once.
    pub stall: Option<Stall>,
    /// Publishes are received and forwarded, but PUBACK, PUBREC and PUBCOMP are never sent.
    pub never_ack: bool,
    /// Seed of the stream that the draws come from.
    pub seed: u64,
}

/// How long a message waits for the one that it is to change places with; then it goes as if nothing were
/// planted.
pub const HELD: Duration = Duration::from_millis(50);

/// A while in which nothing is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// From the broker's start until the stall.
    pub after: Duration,
    /// How long it lasts.
    pub length: Duration,
}

/// One option of an `embedded:` URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultOption {
    /// The name before the `=`.
    pub name: &'static str,
    /// What may stand after it.
    pub value: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
}

/// What is wrong with the options of an `embedded:` URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No option has this name.
    #[error("unknown option `{0}`; there are {list}", list = known())]
    Unknown(String),
    /// The option's value cannot be read.
    #[error("`{name}={value}`: {wanted} is needed")]
    Value {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        wanted: &'static str,
    },
    /// The option was given before.
    #[error("option `{0}` is given twice")]
    Twice(&'static str),
    /// `stall_after` says when, but nothing says how long.
    #[error("`stall_after` needs `stall`, the length of the stall")]
    StallLength,
}

const DURATION: &str = "a duration such as 5ms";
const PROBABILITY: &str = "a probability from 0 to 1";

/// All options of an `embedded:` URL.
pub const OPTIONS: [FaultOption; 11] = [
    FaultOption { name: "delay", value: DURATION, doc: "every answer waits this long" },
    FaultOption {
        name: "jitter",
        value: DURATION,
        doc: "and up to this much longer, drawn for every answer",
    },
    FaultOption {
        name: "loss",
        value: PROBABILITY,
        doc: "a publish is received but neither acknowledged nor forwarded",
    },
    FaultOption {
        name: "repeat",
        value: PROBABILITY,
        doc: "an acknowledgement or a forwarded message is sent twice",
    },
    FaultOption {
        name: "drop",
        value: PROBABILITY,
        doc: "a message is acknowledged but not forwarded to a subscriber, drawn for each of them",
    },
    FaultOption {
        name: "swap",
        value: PROBABILITY,
        doc: "a message changes places with the next one for the same subscriber, if that comes within 50ms",
    },
    FaultOption {
        name: "refuse",
        value: PROBABILITY,
        doc: "a CONNECT is refused with \"server unavailable\"",
    },
    FaultOption {
        name: "stall",
        value: DURATION,
        doc: "the broker stops reading and writing for this long, once",
    },
    FaultOption { name: "stall_after", value: DURATION, doc: "time from the broker's start until the stall" },
    FaultOption { name: "never_ack", value: "true or false", doc: "publishes are never acknowledged" },
    FaultOption { name: "seed", value: "a whole number", doc: "seed of the draws" },
];

impl Faults {
    /// Reads the part of an `embedded:` URL after the `?`: `delay=5ms&loss=0.01&never_ack`.
    ///
    /// Empty text means no faults. A truth value may be left out and then means true. Pure and cheap.
    pub fn from_query(query: &str) -> Result<Self, FaultError> {
        let mut faults = Self::default();
        let mut stall = None;
        let mut stall_after = None;
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let option = OPTIONS
                .iter()
                .find(|option| option.name == name)
                .ok_or_else(|| FaultError::Unknown(name.to_owned()))?;
            if seen.contains(&option.name) {
                return Err(FaultError::Twice(option.name));
            }
            seen.push(option.name);
            let wrong =
                || FaultError::Value { name: option.name, value: value.to_owned(), wanted: option.value };
            let duration = || parse_length(value).ok_or_else(wrong);
            let chance = || parse_probability(value).ok_or_else(wrong);
            match option.name {
                "delay" => faults.delay = duration()?,
                "jitter" => faults.jitter = duration()?,
                "loss" => faults.loss = chance()?,
                "repeat" => faults.repeat = chance()?,
                "drop" => faults.drop = chance()?,
                "swap" => faults.swap = chance()?,
                "refuse" => faults.refuse = chance()?,
                "stall" => stall = Some(duration()?),
                "stall_after" => stall_after = Some(duration()?),
                "never_ack" => {
                    faults.never_ack = match value {
                        "" | "true" => true,
                        "false" => false,
                        _ => return Err(wrong()),
                    }
                }
                _ => faults.seed = value.parse().map_err(|_| wrong())?,
            }
        }
        faults.stall = match (stall, stall_after) {
            (Some(length), after) => Some(Stall { after: after.unwrap_or_default(), length }),
            (None, None) => None,
            (None, Some(_)) => return Err(FaultError::StallLength),
        };
        Ok(faults)
    }

    pub(super) fn delays(&self) -> bool {
        self.delay + self.jitter > Duration::ZERO
    }
}

/// A length of time that can be added to a clock.
fn parse_length(text: &str) -> Option<Duration> {
    // Longer sums are where `humantime` 2.4 panics on a carry.
    let text = Some(text).filter(|text| text.len() <= LONGEST_TEXT)?;
    humantime::parse_duration(text).ok().filter(|length| *length <= LONGEST)
}

impl fmt::Display for Faults {
    /// The part of an `embedded:` URL after the `?`, as [`Faults::from_query`] reads it: one text for all that mean the
    /// same, without what is so by default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        let duration = |time: Duration| humantime::format_duration(time).to_string().replace(' ', "");
        let chance = |probability: f64| (probability > 0.0).then(|| probability.to_string());
        let time = |time: Duration| (!time.is_zero()).then(|| duration(time));
        let options = [
            ("delay", time(self.delay)),
            ("jitter", time(self.jitter)),
            ("loss", chance(self.loss)),
            ("repeat", chance(self.repeat)),
            ("drop", chance(self.drop)),
            ("swap", chance(self.swap)),
            ("refuse", chance(self.refuse)),
            ("stall", self.stall.map(|stall| duration(stall.length))),
            ("stall_after", self.stall.and_then(|stall| time(stall.after))),
            ("never_ack", self.never_ack.then(|| "true".to_owned())),
            ("seed", (self.seed != default.seed).then(|| self.seed.to_string())),
        ];
        let mut first = true;
        for (name, value) in options {
            if let Some(value) = value {
                write!(f, "{}{name}={value}", if first { "" } else { "&" })?;
                first = false;
            }
        }
        Ok(())
    }
}

/// A number from 0 to 1.
pub fn parse_probability(text: &str) -> Option<f64> {
    text.parse().ok().filter(|p| (0.0..=1.0).contains(p))
}

fn known() -> String {
    OPTIONS.map(|option| option.name).join(", ")
}

/// The longest fault: a broker that is away for a year is away.
const LONGEST: Duration = Duration::from_hours(366 * 24);

const LONGEST_TEXT: usize = 16;

/// The seeded stream of draws: `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// True with this probability; draws only if the answer is open.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.unit() < probability
    }

    pub(super) fn up_to(&mut self, most: Duration) -> Duration {
        if most.is_zero() { most } else { most.mul_f64(self.unit()) }
    }

    /// A number from 0 to below 1, with the 53 bits that an `f64` has.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
