//! What of a scenario may be changed from run to run: its variables, its rates and its tags.

use std::collections::BTreeMap;

use crate::diagnostic::{FieldPath, Mark};
use crate::scenario::model::Scenario;
use crate::scenario::secrets::Secrets;
use crate::scenario::source::Source;

/// What may be changed from run to run.
#[derive(Debug, Clone, Default)]
pub(super) struct Changeable {
    /// Variables and rates, by their keys for `--set`. A variable has the text that it stands for; a rate is as it is
    /// written, without quotes around it. No secret is among them.
    pub(super) settings: Vec<(String, String)>,
    /// The tags of each task that has some, by its user class and its name.
    pub(super) tags: BTreeMap<(String, String), Vec<String>>,
}

impl Changeable {
    pub(super) fn of(scenario: &Scenario, source: &Source) -> Self {
        let secrets = Secrets::of(source);
        let root = FieldPath::root();
        let written = |path: &FieldPath| {
            let place = source.place(path, &Mark::Value);
            let text = source.file(place.file).text().get(place.span.clone())?;
            (!text.is_empty() && !secrets.touches(&place)).then_some(text)
        };
        let vars = scenario.vars.iter().filter_map(|(name, value)| {
            let path = root.key("vars").key(name.as_str());
            written(&path).map(|_| (path.to_string(), value.0.clone()))
        });
        let rated = scenario.user_classes.iter().filter(|(_, class)| class.rate.is_some());
        let rates = rated.filter_map(|(name, _)| {
            let path = root.key("user_classes").key(name.as_str()).key("rate");
            written(&path).map(|text| (path.to_string(), unquoted(text).to_owned()))
        });
        let tags = scenario.user_classes.iter().flat_map(|(class, of)| {
            let tagged = of.tasks.iter().chain(&of.sequence).filter(|task| !task.tags.is_empty());
            tagged.filter_map(|task| Some(((class.clone(), task.name.clone()?), task.tags.clone())))
        });
        Self { settings: vars.chain(rates).collect(), tags: tags.collect() }
    }
}

/// A text without the quotes around it, as `--set` takes it.
fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    let plain = |inside: &&str| !inside.contains(['"', '\'', '\\']);
    inside('"').or_else(|| inside('\'')).filter(plain).unwrap_or(text)
}

#[cfg(test)]
mod tests;
