//! What a master of Locust cannot give out, or must not: loads that need all users in one process, and secrets.

use std::fmt;

use crate::diagnostic::FieldPath;
use crate::plan::Plan;
use crate::plan::load::Users;
use crate::scenario::model::Scenario;
use crate::scenario::model::user_class::Secret;
use crate::scenario::secrets::{Secrets, has_default};
use crate::scenario::source::Source;

/// Why a scenario cannot be given to Locust, and what to do.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) what: String,
    pub(super) help: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.what, self.help)
    }
}

/// Says what of a load a master of Locust cannot give out.
pub(super) fn check_load(plan: &Plan) -> Result<(), Refusal> {
    let load = &plan.load;
    let refuse =
        |what: &str, help| Err(Refusal { what: format!("a Locust master cannot give out {what}"), help });
    if load.search.is_some() {
        return refuse(
            "`load.search`: the search needs all users in one process",
            "leave it to `mqtt-scenario run`",
        );
    }
    let is_limited = |of: Option<u64>| of.is_some();
    if load.is_limited()
        || plan.classes.iter().any(|class| is_limited(class.iterations) || is_limited(class.messages))
    {
        return refuse(
            "`iterations` or `messages`: no worker knows how much the others have done",
            "end the test by `run_time` or stages instead, or run shards (mqtt-scenario run --shard 0/2, docs/distributed.md)",
        );
    }
    if load.stages.iter().any(|stage| stage.mass_disconnect.is_some()) {
        return refuse(
            "`drop_connections` of a stage",
            "leave it out, or run shards (mqtt-scenario run --shard 0/2, docs/distributed.md)",
        );
    }
    if load.is_staged() && load.stages.iter().any(|stage| matches!(stage.users, Users::PerClass(_))) {
        return refuse(
            "numbers of users per class in stages",
            "give each stage a number in all (`weight` and `fixed_count` of the classes divide it), or run shards (mqtt-scenario \
             run --shard 0/2, docs/distributed.md)",
        );
    }
    Ok(())
}

/// Refuses a scenario whose text has a secret in it: a password, or the signature in an address.
pub(super) fn check_secrets(source: &Source, scenario: &Scenario) -> Result<(), Refusal> {
    let root = FieldPath::root();
    let classes = scenario.user_classes.iter().map(|(name, class)| {
        (root.key("user_classes").key(name.as_str()).key("password"), class.password.as_ref())
    });
    let watched = scenario.brokers.iter().map(|(name, broker)| {
        let watch = broker.watch.as_ref().and_then(|watch| watch.password.as_ref());
        (root.key("brokers").key(name.as_str()).key("watch").key("password"), watch)
    });
    let texts = classes.chain(watched).filter_map(|(path, secret)| match secret {
        Some(Secret::Text(text)) => Some((path, text.as_str())),
        _ => None,
    });
    let urls = scenario.brokers.iter().flat_map(|(name, broker)| {
        let path = root.key("brokers").key(name.as_str()).key("url");
        broker
            .url
            .iter()
            .filter(|url| url.contains('?') && !url.starts_with("embedded"))
            .map(move |url| (path.clone(), url.as_str()))
    });
    for (path, text) in texts.chain(urls) {
        if has_default(text) || !["${env.", "${row."].iter().any(|name| text.contains(name)) {
            let at = source.line(&path).map_or_else(String::new, |(file, line)| format!("{file}:{line}: "));
            return Err(Refusal {
                what: format!(
                    "{at}{path} is a secret, and everybody who reaches the port of the master could read it"
                ),
                help: "write ${env.NAME} in its place, and set the variable where the workers run",
            });
        }
    }
    // What is masked in all that is said of the scenario must not go out in its text.
    if let Some((file, line)) = Secrets::of(source).written_out() {
        return Err(Refusal {
            what: format!(
                "{file}:{line}: a secret, and everybody who reaches the port of the master could read it"
            ),
            help: "write ${env.NAME} in its place, and set the variable where the workers run",
        });
    }
    Ok(())
}
