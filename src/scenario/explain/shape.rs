//! What to write instead of a table, a list or a text that has the shape of another.

use crate::diagnostic::Part;
use crate::scenario::explain::site::Site;
use crate::scenario::explain::vocabulary::BRACES;
use crate::scenario::files::Format;
use crate::scenario::node::{Node, Value};

pub(super) fn one_text(site: &Site<'_>, items: &[Node]) -> String {
    match site.path.0.last() {
        Some(Part::Key(key)) if matches!(&**key, "filter" | "url") => {
            format!("several stand in `{key}s`: {}", site.pair_of(&format!("{key}s"), &site.raw()))
        }
        Some(Part::Key(key)) if key == "topic" => {
            "a message has one topic: write a step for each, or draw one with ${choice('a', 'b')}".to_owned()
        }
        _ => match items.first().map(|item| &item.value) {
            Some(Value::Text(text)) if text.len() < 40 => format!("write one text: \"{text}\""),
            _ => "write one text, in quotes".to_owned(),
        },
    }
}

pub(super) fn text_for_table(site: &Site<'_>) -> String {
    match site.path.0.last() {
        Some(Part::Key(key)) if key == "broker" => "write the name of one of `brokers`, in quotes".to_owned(),
        _ if site.format == Format::Yaml && site.raw().starts_with('{') => BRACES.to_owned(),
        _ => "write one text, in quotes".to_owned(),
    }
}

pub(super) fn list_for_table(site: &Site<'_>, raw: &str) -> String {
    let path = site.path;
    // `-publish: …` is a key with a hyphen before it.
    let first = site.node.and_then(Node::table).and_then(|table| table.live().next());
    if let Some(item) = first.and_then(|entry| entry.key.strip_prefix('-')) {
        return format!("a space is missing after the `-`: write `- {item}: …`");
    }
    match path.0.last() {
        Some(Part::Key(key)) if key == "thresholds" => {
            "write a list of texts: thresholds = [\"p99 < 200ms\", \"failures < 1%\"]"
                .replace(" = ", if site.format == Format::Yaml { ": " } else { " = " })
        }
        Some(Part::Key(key)) if matches!(&**key, "tasks" | "sequence") && is_by_name(site) => {
            match site.format {
                Format::Toml => format!("begin each item with [[{path}]], its name a key: name = \"…\""),
                Format::Yaml => {
                    "begin each item with `- name: …`, and indent the rest as far as `name`".to_owned()
                }
            }
        }
        _ if raw.starts_with('{') => "write [ ] around it".to_owned(),
        _ => match site.format {
            Format::Toml => format!("begin each item with [[{path}]]"),
            Format::Yaml => "begin each item with `- `".to_owned(),
        },
    }
}

/// Whether a table holds nothing but tables, which should be items of a list.
fn is_by_name(site: &Site<'_>) -> bool {
    matches!(site.node.map(|node| &node.value), Some(Value::Table(table))
        if table.live().all(|entry| matches!(entry.node.value, Value::Table(_))))
}

pub(super) fn table_for(site: &Site<'_>, value: &Value, raw: &str) -> String {
    let path = site.path.0.as_slice();
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
                    site.in_format("a broker has a name, any: brokers.NAME.url = \"mqtt://HOST:PORT\"")
                }
                _ => format!("write {}", site.table("url", raw)),
            }
        }
        ([Part::Key(section), Part::Key(_)], Value::Text(_)) if section == "feeds" => {
            format!("write {}", site.table("csv", raw))
        }
        ([Part::Key(section)], _) if section == "brokers" => {
            site.in_format("each has a name, any: brokers.NAME.url = \"mqtt://HOST:PORT\"")
        }
        ([Part::Key(section)], Value::List(_)) if section == "vars" => {
            site.in_format("each has a name, any: vars.NAME = \"…\"")
        }
        ([Part::Key(section)], Value::List(_)) if section == "load" => match site.format {
            Format::Toml => "there is one load: [load], in single brackets".to_owned(),
            Format::Yaml => "write the keys without a `- ` before them".to_owned(),
        },
        ([Part::Key(section)] | [Part::Key(section), _], Value::List(_))
            if matches!(&**section, "user_classes" | "feeds" | "payloads") =>
        {
            match site.format {
                Format::Toml => format!("each has a name, any: [{section}.NAME], in single brackets"),
                Format::Yaml => {
                    format!("each has a name, any: write `NAME:` under `{section}`, without a `- `")
                }
            }
        }
        (_, Value::Text(_)) if matches!(key, "subscribe" | "unsubscribe" | "receive") => {
            format!("write {}", site.table("filter", raw))
        }
        (_, Value::Text(_)) if matches!(key, "publish" | "request") => {
            format!("write {}", site.table("topic", raw))
        }
        (_, _) if key == "will" => {
            format!("write {}", site.in_format("{ topic = \"…\", payload = \"…\" }"))
        }
        (_, Value::Integer(_)) if key == "repeat" => {
            format!("write {}", site.in_format(&format!("{{ times = {raw}, steps = […] }}")))
        }
        (_, Value::Bool(true)) if key == "tls" => {
            "TLS is asked for by the URL, such as mqtts://HOST:8883; `tls` says how: {} for as usual"
                .to_owned()
        }
        (_, Value::Text(text)) if key == "disconnect" && &**text == "abrupt" => {
            format!("write {}", site.table("abrupt", "true"))
        }
        (_, Value::Bool(true)) if matches!(key, "connect" | "disconnect") => {
            format!("write {}", site.table(key, "{}"))
        }
        (_, Value::Text(_)) if key == "connect" => {
            "where users connect to is the `url` of their broker; write {}".to_owned()
        }
        (_, Value::Text(_)) if key == "search" => {
            site.in_format("write { rate = \"100/s..5000/s\", until = \"p99 < 20ms\" }")
        }
        (_, Value::Text(_)) if key == "expect" || key == "where" => {
            format!("write {}", site.table("equals", raw))
        }
        _ => match site.format {
            Format::Toml => "a table is written { key = value }, one with nothing to say {}".to_owned(),
            Format::Yaml => "a mapping is written { key: value }, one with nothing to say {}".to_owned(),
        },
    }
}
