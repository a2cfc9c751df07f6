//! The program as a person runs it: arguments, files, texts, exit codes.

pub(crate) mod agreement;
pub(crate) mod clients;
pub(crate) mod compare;
pub(crate) mod documents;
pub(crate) mod endings;
pub(crate) mod explain;
pub(crate) mod figures;
pub(crate) mod fmt;
pub(crate) mod golden;
mod locust_flags;
pub(crate) mod locustfile;
mod master;
pub(crate) mod outputs;
pub(crate) mod recorded;
pub(crate) mod recorder;
pub(crate) mod run;
pub(crate) mod scenarios;
pub(crate) mod shards;
pub(crate) mod shipped;
pub(crate) mod watch;
pub(crate) mod web;
mod web_offer;
mod worker;
