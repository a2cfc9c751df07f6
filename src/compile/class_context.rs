//! The context for compiling a user class: the other parts of its scenario.

use std::collections::BTreeMap;

use crate::compile::files::{FolderOf, ReadFile};
use crate::compile::payloads::Payloads;
use crate::plan::Broker;
use crate::plan::feed::Feed;
use crate::scenario::model;

/// What a class is compiled with: the other parts of the scenario.
pub(super) struct ClassContext<'a> {
    pub(super) brokers: &'a BTreeMap<String, model::broker::Broker>,
    /// Those with nothing wrong with them, compiled; all of them, if there is to be a plan.
    pub(super) compiled_brokers: &'a [Broker],
    pub(super) payloads: &'a Payloads<'a>,
    /// The feeds of the class, as far as there is nothing wrong with them.
    pub(super) feeds: Vec<Feed>,
    pub(super) files: ReadFile<'a>,
    pub(super) folder: FolderOf<'a>,
}
