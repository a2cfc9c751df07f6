//! Where shards meet: `load.sync`.

use std::time::Duration;

use crate::compile::codes;
use crate::compile::problems::{Problems, suggestion};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::check_topic_name;
use crate::plan::shard::Shard;
use crate::plan::sync::Sync;
use crate::plan::target::Target;
use crate::plan::{Broker, BrokerId};
use crate::scenario::model::load;
use crate::template::names::quoted;

/// How long a shard waits for the others if nobody says.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Compiles the meeting of shards, if there is one. `brokers` are all brokers of the scenario.
pub(super) fn compile_sync(
    sync: Option<&load::Sync>,
    brokers: &[Broker],
    shard: Shard,
    problems: &mut Problems<'_>,
) -> Option<Sync> {
    let sync = sync?;
    let at = FieldPath::root().key("load").key("sync");
    let timeout = sync
        .timeout
        .map_or(TIMEOUT, |timeout| problems.positive_duration(timeout, "a timeout", &at.key("timeout")));
    let broker = broker(sync.broker.as_deref(), brokers, &at, problems);
    if let Some(broker) = broker
        && !shard.is_whole()
        && matches!(brokers[broker.0].target, Target::Embedded { .. })
    {
        let message = "an embedded broker is inside of each process, so shards cannot meet at it";
        let help = "give the address of a broker, such as `-H HOST:1883`";
        problems.add(Diagnostic::error(codes::SHARD, at.clone(), message).help(help));
    }
    let topic_at = at.key("topic");
    let Some(topic) = &sync.topic else {
        let message = "`sync` does not say at which topic the shards meet";
        let help = "add `topic`, such as \"load-test/sync\"";
        problems.add_absence(Diagnostic::error(codes::MISSING, topic_at, message).help(help));
        return None;
    };
    if topic.contains("${") {
        let message = "a topic at which shards meet has no templates: it is the same for all of them";
        let help = "write a plain topic: the run id is added to it";
        problems.add(Diagnostic::error(codes::CONFLICT, topic_at, message).help(help));
    } else if let Some(error) =
        reserved(topic).or_else(|| check_topic_name(topic).err().map(|it| it.to_string()))
    {
        let message = format!("shards cannot meet at this topic: {error}");
        let help = "write a plain topic, such as \"load-test/sync\"";
        problems.add(Diagnostic::error(codes::RANGE, topic_at, message).help(help));
    }
    Some(Sync { broker: broker?, topic: topic.clone(), timeout })
}

/// What is wrong with a topic that a broker has for itself.
fn reserved(topic: &str) -> Option<String> {
    let text = "topics that begin with `$` are the broker's own, and `$share/` is of subscriptions";
    topic.starts_with('$').then(|| text.to_owned())
}

fn broker(
    name: Option<&str>,
    brokers: &[Broker],
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<BrokerId> {
    let at = at.key("broker");
    let names = || brokers.iter().map(|broker| broker.name.as_str());
    let found = match name {
        Some(name) => names().position(|broker| broker == name),
        None => (brokers.len() == 1).then_some(0),
    };
    if found.is_none() && !brokers.is_empty() {
        problems.add(match name {
            Some(name) => {
                Diagnostic::error(codes::UNKNOWN_BROKER, at, format!("there is no broker `{name}`"))
                    .help(suggestion(name, "brokers", names()))
            }
            None => Diagnostic::error(
                codes::AMBIGUOUS_BROKER,
                at,
                "`sync` must say at which broker the shards meet",
            )
            .help(format!("add `broker`: the brokers are: {}", quoted(names()))),
        });
    }
    found.map(BrokerId)
}
