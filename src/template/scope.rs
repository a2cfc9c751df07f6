//! The values that a template can use when it is rendered.

use crate::template::random::Random;
use crate::template::received::Received;

/// What a template of a user's can draw on at one moment.
#[derive(Debug)]
pub struct Scope<'a> {
    /// The user that renders.
    pub user: &'a UserScope,
    /// The user's present row of each feed of its class.
    pub rows: &'a [u32],
    /// Number of task runs that the user has finished.
    pub iteration: u64,
    /// Number of the message of this publish step and user, from 1.
    pub seq: u64,
    /// Now, in nanoseconds since 1970 (UTC).
    pub now_ns: u64,
    /// The user's stream of random numbers.
    pub random: &'a mut Random,
    /// Where each `walk` of the user's class stands for it; [`NOT_BEGUN`](crate::template::NOT_BEGUN) at first.
    pub walks: &'a mut [i64],
    /// The message that the user took last.
    pub received: &'a Received,
}

/// What is fixed while a user lives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserScope {
    /// Number of the user in the run, from 1.
    pub number: u64,
    /// Index of the user in its class, from 0.
    pub index: u64,
    /// Its client id, rendered; empty until it is.
    pub client_id: Box<[u8]>,
}
