//! Real peers: Mosquitto, Locust, paho, jsonschema. They run with `--ignored`.

pub(crate) mod balance;
pub(crate) mod broker;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod drivers;
pub(crate) mod hlog;
pub(crate) mod leaving;
pub(crate) mod live_page;
pub(crate) mod locust_flags;
pub(crate) mod locust_worker;
mod master;
mod master_ends;
mod mtls_fleet;
pub(crate) mod network;
pub(crate) mod prometheus;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod shards;
pub(crate) mod soak;
pub(crate) mod transport;
pub(crate) mod watch;
pub(crate) mod web;
pub(crate) mod worker;
mod worker_metrics;
