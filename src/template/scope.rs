//! What a template can draw on when it is rendered.

use crate::template::random::Random;
use crate::template::received::Received;

/// What a template of a user's can draw on at one moment.
#[derive(Debug)]
pub struct Scope<'a> {
    /// Who renders.
    pub user: &'a UserScope,
    /// The user's present row of each feed of its class.
    pub rows: &'a [u32],
    /// How many task runs the user has ended.
    pub iteration: u64,
    /// The how manieth message of this publish step and user, from 1.
    pub seq: u64,
    /// Now, in nanoseconds since 1970 (UTC).
    pub now_ns: u64,
    /// The user's draws.
    pub random: &'a mut Random,
    /// Where each `walk` of the user's class stands for it; [`NOT_BEGUN`](crate::template::NOT_BEGUN) at first.
    pub walks: &'a mut [i64],
    /// What the user has received last.
    pub received: &'a Received,
}

/// What is fixed while a user lives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserScope {
    /// The how manieth user of the run, from 1.
    pub number: u64,
    /// The how manieth user of its class, from 0.
    pub index: u64,
    /// Its client id, rendered; empty until it is.
    pub client_id: Vec<u8>,
}
