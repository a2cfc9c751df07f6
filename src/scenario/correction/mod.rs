//! How to write what was surely meant, in the words and the format of the file.

mod scalar;

use crate::diagnostic::Part;
use crate::scenario::correction::scalar::{number, plain_number, protocol, truth};
use crate::scenario::explain::Explainer;
use crate::scenario::mistake::Wanted;
use crate::scenario::node::{Node, Value};
use crate::scenario::pause;
use crate::scenario::source::Format;
use crate::scenario::words::{choices, pair, plain_text, quantity};
use crate::units::HumanDuration;

impl Explainer<'_> {
    /// How to write what was meant, where that can be told from the value.
    pub(super) fn correction(&self, wanted: &Wanted) -> Option<String> {
        let Some(node) = self.node else {
            return self.content_of_choice(wanted);
        };
        let raw = self.raw();
        if let Some(help) = self.with_a_unit(wanted, &node.value) {
            return Some(help);
        }
        match (wanted, &node.value) {
            (Wanted::Choice { of: "WaitTime", known }, _) => Some(self.form_of_wait(known)),
            (Wanted::Choice { of: "Protocol", .. }, Value::Integer(_) | Value::Float(_)) => {
                Some(protocol(&raw))
            }
            (Wanted::Choice { of: "Reconnect", .. }, Value::Bool(again)) => Some(match again {
                true => "users reconnect unless told not to: leave it out".to_owned(),
                false => "write \"never\"".to_owned(),
            }),
            (Wanted::Choice { of: "TopicAlias", .. }, Value::Bool(on)) => {
                Some(format!("write \"{}\"", if *on { "auto" } else { "off" }))
            }
            (
                Wanted::Choice { of, .. },
                Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::Date,
            ) if plain_text(of) == Some("text") => Some(format!("write it in quotes: \"{raw}\"")),
            (Wanted::Choice { of: "Pause", .. }, Value::List(_)) => {
                self.between().or_else(|| Some(choices("Pause", &["between", "exponential"])))
            }
            (Wanted::Words(words), _) if quantity(words).is_some() => {
                quantity(words).map(|quantity| quantity.form.to_owned())
            }
            (Wanted::Pair { of }, _) => Some(both(of)),
            (Wanted::Choice { of: "Payload", .. }, Value::List(_)) => Some(self.form_of_json(None)),
            (Wanted::Words(words), Value::Integer(_) | Value::Float(_) | Value::Bool(_))
                if words == "text" =>
            {
                Some(format!("write it in quotes: \"{raw}\""))
            }
            (Wanted::Words(_), Value::Date) => Some(format!("write it in quotes: \"{raw}\"")),
            (Wanted::Words(words), Value::List(items)) if words == "text" => Some(self.one_text(items)),
            (Wanted::Words(words), Value::Table(_)) if words == "text" => Some(self.text_for_table()),
            (Wanted::Words(_), Value::List(_) | Value::Table(_)) => Some("write a single value".to_owned()),
            (Wanted::Whole, _)
                if self.is_qos()
                    && plain_number(raw.trim_matches(['"', '\'']), true).is_none()
                    && !is_number(&node.value) =>
            {
                Some("write 0, 1 or 2".to_owned())
            }
            (Wanted::Whole | Wanted::Number, _) => Some(number(wanted, &node.value, &raw)),
            (Wanted::Bool, value) => Some(truth(value).to_owned()),
            (Wanted::List, Value::Text(_)) => Some(format!("write it as a list: [{raw}]")),
            (Wanted::List, Value::Table(_)) => Some(self.list_for_table(&raw)),
            (Wanted::List, _) => Some("write [ ] around it".to_owned()),
            (Wanted::Table, value) => Some(self.table_for(value, &raw)),
            (Wanted::Choice { of, known }, _) => Some(self.choices(of, known)),
            (Wanted::Words(_), _) => None,
        }
    }

    fn is_qos(&self) -> bool {
        matches!(self.path.0.last(), Some(Part::Key(key)) if key == "qos")
    }

    /// A bare number where a text with a unit belongs.
    fn with_a_unit(&self, wanted: &Wanted, value: &Value) -> Option<String> {
        let words = match wanted {
            Wanted::Words(words) => &**words,
            Wanted::Choice { of, .. } => plain_text(of)?,
            _ => return None,
        };
        let (unit, meaning) = quantity(words)?.unit?;
        let raw = self.raw();
        let plain = is_number(value) && !raw.starts_with('-') && !raw.contains(['e', 'E', 'n', '_', 'x']);
        plain.then(|| format!("write \"{raw}{unit}\" {meaning}"))
    }

    /// A text that lacks only its unit, or is a pause of another tool; `what` is what it was to be.
    pub(super) fn with_its_unit(&self, what: Option<&str>) -> Option<String> {
        let what = what?;
        let Some(Value::Text(text)) = self.node.map(|node| &node.value) else { return None };
        let text = text.trim();
        if what == "length of time"
            && let Some(pause) = pause::pause(text, self.format)
        {
            return Some(format!("write {pause}"));
        }
        let (unit, meaning) = quantity(&format!("a {what}"))?.unit?;
        let is_number = text.parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0);
        is_number.then(|| format!("write \"{text}{unit}\" {meaning}"))
    }

    /// What a choice needs whose name stands alone.
    fn content_of_choice(&self, wanted: &Wanted) -> Option<String> {
        let Some(Part::Key(choice)) = self.path.0.last() else {
            return None;
        };
        let example = match wanted {
            Wanted::Words(words) => quantity(words)?.example,
            Wanted::Choice { of, .. } => quantity(plain_text(of)?)?.example,
            Wanted::Pair { of } => pair(of),
            Wanted::Number => "0.5",
            _ => return None,
        };
        Some(format!("write {}", self.table(choice, example)))
    }

    /// All ways to make a choice, with an example where there is no other.
    pub(super) fn choices(&self, of: &str, known: &[&str]) -> String {
        let all = choices(of, known);
        match of {
            "WaitTime" => format!("{all}, such as {}", self.table("constant", "\"1s\"")),
            _ => all,
        }
    }

    /// For the name of a choice that there is not, or that says more than a name.
    pub(super) fn form_of_text(
        &self,
        choice: &str,
        of: &str,
        known: &[&str],
        near: Option<&'static str>,
    ) -> String {
        if of == "WaitTime" {
            if choice.parse::<HumanDuration>().is_ok() {
                return format!("write {}", self.table("constant", &format!("\"{choice}\"")));
            }
            if let Some(wait) = pause::wait_time(choice, self.format) {
                return format!("write {wait}");
            }
        }
        if of == "Protocol" {
            return protocol(choice);
        }
        if of == "Step" {
            let first = choice.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            if let Some(name) = near.or_else(|| known.iter().copied().find(|name| *name == first)) {
                return format!("did you mean {}?", self.step(name));
            }
        }
        self.choices(of, known)
    }

    /// A step as an example.
    fn step(&self, name: &str) -> String {
        let content = match name {
            "publish" => self.table("topic", "\"…\""),
            "subscribe" | "unsubscribe" | "receive" => self.table("filter", "\"…\""),
            "wait" => "\"1s\"".to_owned(),
            "connect" | "disconnect" => "{}".to_owned(),
            "repeat" => self.in_format("{ times = 10, steps = […] }"),
            _ => "{ … }".to_owned(),
        };
        self.table(name, &content)
    }

    /// For a table of which no key makes the choice.
    pub(super) fn form_of_choice(&self, keys: &str, of: &str, known: &[&str]) -> String {
        let has = |key: &str| keys.contains(&format!("`{key}`"));
        match of {
            "Payload" => self.form_of_json(None),
            "Step" if has("topic") => format!("a step has one key, its name: {}", self.step("publish")),
            "Step" if has("filter") => format!("a step has one key, its name: {}", self.step("subscribe")),
            "Step" => format!("a step has one key, its name, such as {}", self.step("publish")),
            "WaitTime" if has("min") || has("between") => {
                format!("write {}", self.in_format("{ between = [\"1s\", \"3s\"] }"))
            }
            _ => self.choices(of, known),
        }
    }

    /// How a payload says that it is JSON; `near` is the key that was perhaps meant instead.
    pub(super) fn form_of_json(&self, near: Option<&str>) -> String {
        let raw = self.raw();
        let is_text = matches!(self.node.map(|node| &node.value), Some(Value::Table(table))
            if table.live().all(|entry| matches!(entry.node.value, Value::Null)));
        if is_text && raw.starts_with('{') {
            return BRACES.to_owned();
        }
        let is_whole = raw.ends_with(['}', ']']) && raw.starts_with(['{', '[']);
        let json = if is_whole {
            format!("write {} to send it as JSON", self.table("json", &raw))
        } else {
            match self.format {
                Format::Toml => "write { json = { … } } to send it as JSON".to_owned(),
                Format::Yaml => "write `json:` above it and indent it further to send it as JSON".to_owned(),
            }
        };
        match near {
            Some(name) => format!("did you mean `{name}`? Or {json}"),
            None => json,
        }
    }

    fn form_of_wait(&self, known: &[&str]) -> String {
        let raw = self.raw();
        match self.node.map(|node| &node.value) {
            Some(Value::Integer(_) | Value::Float(_)) if !raw.starts_with('-') => {
                let constant = self.table("constant", &format!("\"{raw}s\""));
                format!("write {constant} if seconds are meant")
            }
            Some(Value::List(_)) => self.between().unwrap_or_else(|| self.choices("WaitTime", known)),
            _ => self.choices("WaitTime", known),
        }
    }

    /// A list of two as the two ends of a pause.
    fn between(&self) -> Option<String> {
        let Some(Value::List(items)) = self.node.map(|node| &node.value) else { return None };
        let [shortest, longest] = items.as_slice() else { return None };
        let raw = |node: &Node| self.text.get(node.span.clone()).unwrap_or_default();
        Some(format!("write {}", pause::between(raw(shortest), raw(longest), self.format)?))
    }

    /// A list of numbers with the unit that they lack.
    pub(super) fn with_units(&self, of: &str) -> String {
        let Some(Value::List(items)) = self.node.map(|node| &node.value) else { return both(of) };
        let (unit, meaning) = if of == "Size" { ("B", "bytes") } else { ("s", "seconds") };
        let raw = |node: &Node| self.text.get(node.span.clone()).unwrap_or_default();
        if items.len() != 2 || items.iter().any(|item| raw(item).starts_with('-')) {
            return both(of);
        }
        let items: Vec<_> = items.iter().map(|item| format!("\"{}{unit}\"", raw(item))).collect();
        format!("write [{}] if {meaning} are meant", items.join(", "))
    }

    fn one_text(&self, items: &[Node]) -> String {
        match self.path.0.last() {
            Some(Part::Key(key)) if matches!(&**key, "filter" | "url") => {
                format!("several stand in `{key}s`: {}", self.pair_of(&format!("{key}s"), &self.raw()))
            }
            Some(Part::Key(key)) if key == "topic" => {
                "a message has one topic: write a step for each, or draw one with ${choice('a', 'b')}"
                    .to_owned()
            }
            _ => match items.first().map(|item| &item.value) {
                Some(Value::Text(text)) if text.len() < 40 => format!("write one text: \"{text}\""),
                _ => "write one text, in quotes".to_owned(),
            },
        }
    }

    fn text_for_table(&self) -> String {
        match self.path.0.last() {
            Some(Part::Key(key)) if key == "broker" => {
                "write the name of one of `brokers`, in quotes".to_owned()
            }
            _ if self.format == Format::Yaml && self.raw().starts_with('{') => BRACES.to_owned(),
            _ => "write one text, in quotes".to_owned(),
        }
    }

    fn list_for_table(&self, raw: &str) -> String {
        let path = self.path;
        // `-publish: …` is a key with a hyphen before it.
        let first = self.node.and_then(Node::table).and_then(|table| table.live().next());
        if let Some(item) = first.and_then(|entry| entry.key.strip_prefix('-')) {
            return format!("a space is missing after the `-`: write `- {item}: …`");
        }
        match path.0.last() {
            Some(Part::Key(key)) if key == "thresholds" => {
                "write a list of texts: thresholds = [\"p99 < 200ms\", \"failures < 1%\"]"
                    .replace(" = ", if self.format == Format::Yaml { ": " } else { " = " })
            }
            Some(Part::Key(key)) if matches!(&**key, "tasks" | "sequence") && self.is_by_name() => {
                match self.format {
                    Format::Toml => format!("begin each item with [[{path}]], its name a key: name = \"…\""),
                    Format::Yaml => {
                        "begin each item with `- name: …`, and indent the rest as far as `name`".to_owned()
                    }
                }
            }
            _ if raw.starts_with('{') => "write [ ] around it".to_owned(),
            _ => match self.format {
                Format::Toml => format!("begin each item with [[{path}]]"),
                Format::Yaml => "begin each item with `- `".to_owned(),
            },
        }
    }

    /// Whether a table holds nothing but tables, which should be items of a list.
    fn is_by_name(&self) -> bool {
        matches!(self.node.map(|node| &node.value), Some(Value::Table(table))
            if table.live().all(|entry| matches!(entry.node.value, Value::Table(_))))
    }

    fn table_for(&self, value: &Value, raw: &str) -> String {
        let path = self.path.0.as_slice();
        let key = match path.last() {
            Some(Part::Key(key)) => &**key,
            _ => "",
        };
        match (path, value) {
            ([], Value::Text(text)) if text.contains('=') => {
                "this is how TOML is written: end the file's name in .toml, or write `key: value`".to_owned()
            }
            ([], Value::Text(_)) => "write `key: value`, with a space after the colon".to_owned(),
            ([], Value::List(_)) => "write the keys without a `- ` before them".to_owned(),
            (_, Value::Text(text)) if text.split_once(':').is_some_and(|(key, _)| key == "url") => {
                "write `url: …`, with a space after the colon".to_owned()
            }
            ([Part::Key(section), Part::Key(name)], Value::Text(_)) if section == "brokers" => {
                match name.as_str() {
                    "url" | "host" => {
                        self.in_format("a broker has a name, any: brokers.NAME.url = \"mqtt://HOST:PORT\"")
                    }
                    _ => format!("write {}", self.table("url", raw)),
                }
            }
            ([Part::Key(section), Part::Key(_)], Value::Text(_)) if section == "feeds" => {
                format!("write {}", self.table("csv", raw))
            }
            ([Part::Key(section)], _) if section == "brokers" => {
                self.in_format("each has a name, any: brokers.NAME.url = \"mqtt://HOST:PORT\"")
            }
            ([Part::Key(section)], Value::List(_)) if section == "vars" => {
                self.in_format("each has a name, any: vars.NAME = \"…\"")
            }
            ([Part::Key(section)], Value::List(_)) if section == "load" => match self.format {
                Format::Toml => "there is one load: [load], in single brackets".to_owned(),
                Format::Yaml => "write the keys without a `- ` before them".to_owned(),
            },
            ([Part::Key(section)] | [Part::Key(section), _], Value::List(_))
                if matches!(&**section, "user_classes" | "feeds" | "payloads") =>
            {
                match self.format {
                    Format::Toml => format!("each has a name, any: [{section}.NAME], in single brackets"),
                    Format::Yaml => {
                        format!("each has a name, any: write `NAME:` under `{section}`, without a `- `")
                    }
                }
            }
            (_, Value::Text(_)) if matches!(key, "subscribe" | "unsubscribe" | "receive") => {
                format!("write {}", self.table("filter", raw))
            }
            (_, Value::Text(_)) if matches!(key, "publish" | "request") => {
                format!("write {}", self.table("topic", raw))
            }
            (_, _) if key == "will" => {
                format!("write {}", self.in_format("{ topic = \"…\", payload = \"…\" }"))
            }
            (_, Value::Integer(_)) if key == "repeat" => {
                format!("write {}", self.in_format(&format!("{{ times = {raw}, steps = […] }}")))
            }
            (_, Value::Bool(true)) if key == "tls" => {
                "TLS is asked for by the URL, such as mqtts://HOST:8883; `tls` says how: {} for as usual"
                    .to_owned()
            }
            (_, Value::Text(text)) if key == "disconnect" && &**text == "abrupt" => {
                format!("write {}", self.table("abrupt", "true"))
            }
            (_, Value::Bool(true)) if matches!(key, "connect" | "disconnect") => {
                format!("write {}", self.table(key, "{}"))
            }
            (_, Value::Text(_)) if key == "connect" => {
                "where users connect to is the `url` of their broker; write {}".to_owned()
            }
            (_, Value::Text(_)) if key == "search" => {
                self.in_format("write { rate = \"100/s..5000/s\", until = \"p99 < 20ms\" }")
            }
            (_, Value::Text(_)) if key == "expect" || key == "where" => {
                format!("write {}", self.table("equals", raw))
            }
            _ => match self.format {
                Format::Toml => "a table is written { key = value }, one with nothing to say {}".to_owned(),
                Format::Yaml => "a mapping is written { key: value }, one with nothing to say {}".to_owned(),
            },
        }
    }

    /// A key with its value, as the format writes it.
    fn pair_of(&self, key: &str, value: &str) -> String {
        match self.format {
            Format::Toml => format!("{key} = {value}"),
            Format::Yaml => format!("{key}: {value}"),
        }
    }

    /// A text that spells something out as TOML does, for the format of the file.
    pub(super) fn in_format(&self, text: &str) -> String {
        match self.format {
            Format::Toml => text.to_owned(),
            Format::Yaml => text.replace(" = ", ": "),
        }
    }
}

/// What braces without quotes are in YAML.
const BRACES: &str =
    "a text with `{` at its beginning stands in quotes, and a template is written \"${NAME}\"";

/// How to write a list of two.
pub(super) fn both(of: &str) -> String {
    let what =
        if of == "Size" { "the smallest and the largest size" } else { "the shortest and the longest pause" };
    format!("write {what}: {}", pair(of))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}
