//! One user: a task that owns its session and drives it whenever it waits for anything.
//!
//! ```text
//! life            on_start, task runs and pauses, on_stop
//!  └ steps        a list of steps, with `repeat`
//!     ├ connect        open, drive, pause, close and lose a connection   (connect_phases, backoff)
//!     ├ publish        render a message and hand it over
//!     ├ receive        wait for messages, or for the reply to a request  (inbox, awaited)
//!     └ subscriptions  subscribe, unsubscribe, and again after a loss    (measure)
//! limit, rest     when waits are cut off by a limit of the load; pauses after failures
//! ```
//! All of these act on [`state::User`] and import only it and the leaves below it: `link` (connection and recovery),
//! `inbound` (subscriptions, inbox, stamps), `recording` (the session's sink), `stop_signal`, `schedule`, `failures`.
//! Nobody imports them.

mod awaited;
mod backoff;
mod cached_now;
mod connect;
mod failures;
mod inbound;
mod inbox;
mod life;
mod limit;
mod link;
mod measure;
mod open_request;
mod publish;
mod receive;
mod recording;
mod rest;
mod schedule;
pub(crate) mod state;
mod steps;
pub(crate) mod stop_signal;
mod subscription;
mod subscriptions;
