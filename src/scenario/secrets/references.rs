//! What secrets refer to: `${vars.NAME}` and the aliases of YAML.

use std::collections::BTreeSet;

use crate::scenario::files::Format;
use crate::scenario::secrets::finder::Finder;

/// Constants and anchors that secrets refer to, so that they are secrets, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct References {
    /// The names of constants.
    pub(super) vars: BTreeSet<String>,
    /// The names of YAML anchors.
    pub(super) anchors: BTreeSet<String>,
}

impl References {
    /// Adds what the secrets of a text refer to.
    pub(super) fn add(&mut self, finder: &Finder<'_>) {
        const MAX: usize = 1000;
        for span in finder.spans.iter().chain(&finder.seen) {
            let Some(raw) = finder.text.get(span.clone()).filter(|raw| raw.len() < 4096) else { continue };
            for (at, _) in raw.match_indices("vars.") {
                let name: String =
                    raw[at + 5..].chars().take_while(|c| c.is_alphanumeric() || "_-".contains(*c)).collect();
                if !name.is_empty() && self.vars.len() < MAX {
                    self.vars.insert(name);
                }
            }
            if finder.format == Format::Yaml
                && let Some(anchor) = raw.trim_start().strip_prefix('*')
                && self.anchors.len() < 30
            {
                self.anchors.insert(anchor.chars().take_while(|c| is_in_anchor(*c)).collect());
            }
        }
    }
}

/// Whether a character may stand in the name of an anchor.
pub(super) fn is_in_anchor(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}
