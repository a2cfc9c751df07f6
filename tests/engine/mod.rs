//! Whole runs: what users do, and what is counted.

pub(crate) mod accuracy;
pub(crate) mod balance;
pub(crate) mod end_to_end;
pub(crate) mod leaving;
pub(crate) mod mqtt5;
pub(crate) mod network;
pub(crate) mod open_model;
pub(crate) mod pairs;
pub(crate) mod receive;
pub(crate) mod repeat;
pub(crate) mod saturation;
pub(crate) mod subscribe;
pub(crate) mod unfinished;
pub(crate) mod users;
