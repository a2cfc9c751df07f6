//! The compiled, immutable form of a scenario.
//!
//! This room has no clock, no I/O and no runtime. `compile` is the only way to a [`Plan`]; after it there are no names
//! left to look up and nothing to check, only ids into tables. Everything that does not change from message
//! to message is decided here, since the engine must not spend time on it again.

pub use crate::plan::broker::Broker;
pub use crate::plan::ids::{BrokerId, ClassId};
pub use crate::plan::plan::Plan;
pub use crate::plan::publish::Publish;
pub use crate::plan::request::{ConnectPhases, Request, Row};
pub use crate::plan::step::{Step, Steps};
pub use crate::plan::subscription::Subscribe;
pub use crate::plan::text::Text;
pub use crate::plan::user_class::{OnError, Task, TaskOrder, UserClass, Will};

mod broker;
pub mod certificates;
pub mod condition;
pub mod dispatcher;
pub mod feed;
mod ids;
pub mod load;
pub mod measure;
pub mod numbering;
pub mod payload;
pub(crate) mod persona;
#[expect(clippy::module_inception, reason = "the plan itself is looked for under its own name")]
mod plan;
pub mod properties;
mod publish;
pub(crate) mod rate;
pub mod receive;
pub mod reconnect;
mod request;
pub mod roster;
pub mod schedule;
pub mod shard;
mod step;
pub mod subscription;
pub mod sync;
pub mod target;
mod text;
pub mod timeline;
mod user_class;
pub mod wait;
pub mod watch;
