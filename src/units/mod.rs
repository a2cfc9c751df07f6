//! Quantities with their units, as a scenario and the command line spell them, and as results show them.

mod byte_size;
mod date;
mod duration;
mod encoding;
pub mod fitting;
mod moment;
mod rate;
mod text;

pub use byte_size::{ByteSize, ByteSizeError};
pub use date::Date;
pub use duration::{DurationError, HumanDuration, parse_run_time};
pub use encoding::{WideText, text_bytes};
pub use moment::{Moment, NotAMoment};
pub use rate::{Rate, RateError, RateRange};
