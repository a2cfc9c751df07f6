//! The worker of a Locust master on real sockets, without Locust.

pub(crate) mod hostile_masters;
