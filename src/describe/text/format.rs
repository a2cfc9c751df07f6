//! Small things in words: times, sizes, pauses, feeds.

use std::fmt::Write;
use std::time::Duration;

use crate::mqtt::RetainHandling;
use crate::plan::Text;
use crate::plan::condition::{Condition, JsonValue, Wanted};
use crate::plan::feed::{Feed, FeedOrder, FeedPer};
use crate::plan::payload::Payload;
use crate::plan::rate::Traffic;
use crate::plan::reconnect::{Pauses, Reconnect};
use crate::plan::schedule::{Phase, Schedule};
use crate::plan::subscription::Subscription;
use crate::plan::wait::{Pause, WaitTime};
use crate::stats::threshold::{Check, Threshold};

/// How many characters of a sample text are shown.
const SHOWN: usize = 100;

/// A text on one line, shortened; bytes that are no text in hexadecimal.
pub(super) fn line(text: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(text) else {
        let mut hex = String::from("0x");
        for byte in text.iter().take(SHOWN / 2) {
            let _ = write!(hex, "{byte:02x}");
        }
        return if text.len() > SHOWN / 2 { hex + "…" } else { hex };
    };
    let mut line = String::new();
    for c in text.chars().take(SHOWN) {
        match c {
            // JSON stays readable.
            '"' => line.push(c),
            c => line.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    format!("\"{line}\"")
}

pub(super) fn wanted(of: &Subscription) -> String {
    let no_local = if of.options.no_local { ", no local" } else { "" };
    let as_published = if of.options.retain_as_published { ", retained as published" } else { "" };
    let retained = match of.options.retain_handling {
        RetainHandling::Always => "",
        RetainHandling::IfNew => ", retained messages if new",
        RetainHandling::Never => ", no retained messages",
    };
    format!("QoS {}{no_local}{as_published}{retained}", of.qos)
}

pub(super) fn feed(feed: &Feed) -> String {
    let per = match feed.per {
        FeedPer::User => "a row per user",
        FeedPer::Message => "a row per message",
    };
    let order = match feed.order {
        FeedOrder::Sequential => "in order".to_owned(),
        FeedOrder::Random => "drawn".to_owned(),
        FeedOrder::Unique => match (feed.per, feed.share()) {
            (FeedPer::Message, Some(share)) => format!("no row twice, {share} for each user"),
            _ => "no row twice".to_owned(),
        },
    };
    format!("{}: {}, {per}, {order}", feed.name, counted(feed.rows, "row"))
}

/// When users reconnect; `None` for the default.
pub(super) fn reconnect(reconnect: &Reconnect) -> Option<String> {
    if *reconnect == Reconnect::default() {
        return None;
    }
    let &Reconnect::After(Pauses { initial, max, jitter, attempts }) = reconnect else {
        return Some("a user leaves when its connection is lost or cannot be opened".to_owned());
    };
    let mut text =
        format!("reconnects after {}, doubling up to {}, jitter {jitter}", time(initial), time(max));
    if let Some(attempts) = attempts {
        let _ = write!(text, "; leaves after {} in a row", counted(attempts, "failed connect"));
    }
    Some(text)
}

/// Where payloads come from if not from a text, which the samples show.
pub(super) fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Text(_) => String::new(),
        Payload::Lines(lines) => format!(", {} of a file", counted(lines.0.len() as u64, "line")),
        Payload::Filling(filling) => {
            let (least, most) = (bytes(filling.least as f64), bytes(filling.bytes.len() as f64));
            format!(", {least} to {most} of filling")
        }
    }
}

pub(super) fn conditions(condition: &Condition) -> Vec<String> {
    let source = |text: &Text| match text {
        Text::Constant(bytes) => line(bytes),
        Text::PerUser { template, .. } | Text::PerMessage(template) => line(template.source().as_bytes()),
    };
    let Condition { equals, contains, regex, topic, json } = condition;
    let mut lines = Vec::new();
    lines.extend(equals.as_ref().map(|text| format!("payload equal to {}", source(text))));
    lines.extend(contains.as_ref().map(|text| format!("payload with {}", source(text))));
    lines.extend(
        regex.as_ref().map(|pattern| format!("payload matching {}", line(pattern.0.as_str().as_bytes()))),
    );
    lines.extend(topic.as_ref().map(|filter| format!("topic matching {}", source(filter))));
    lines.extend(json.iter().map(|JsonValue { pointer, value }| {
        let value = match value {
            Wanted::Constant(value) => value.to_string(),
            // As JSON writes it already.
            Wanted::Rendered(Text::PerUser { template, .. } | Text::PerMessage(template)) => {
                template.source().to_owned()
            }
            Wanted::Rendered(Text::Constant(json)) => String::from_utf8_lossy(json).into_owned(),
        };
        format!("JSON {pointer} = {value}")
    }));
    lines
}

pub(super) fn wait_time(wait_time: WaitTime) -> String {
    match wait_time {
        WaitTime::ZERO => "none".to_owned(),
        WaitTime::Pause(of) => pause(of),
        WaitTime::ConstantPacing(pace) => format!("up to one task run each {}", time(pace)),
    }
}

pub(super) fn pause(pause: Pause) -> String {
    match pause {
        Pause::Constant(pause) => time(pause),
        Pause::Between(shortest, longest) => format!("{} to {}", time(shortest), time(longest)),
        Pause::Exponential(mean) => format!("{} on average, exponentially distributed", time(mean)),
    }
}

/// When the users of a class with a schedule start their task runs.
pub(super) fn rhythm(schedule: &Schedule) -> String {
    let jitter = match schedule.jitter {
        Duration::ZERO => String::new(),
        jitter => format!(", up to {} later", time(jitter)),
    };
    let phase = match schedule.phase {
        Phase::Random => "users spread",
        Phase::Aligned => "all users at once",
    };
    format!("{} task runs/s of each user by the clock{jitter}, {phase}", schedule.per_user)
}

pub(super) fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

pub(super) fn counted(count: impl Into<u64>, what: &str) -> String {
    let count = count.into();
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn rate(traffic: Option<Traffic>) -> String {
    match traffic {
        None => "messages as fast as the broker answers".to_owned(),
        Some(Traffic { messages: 0.0, .. }) => "no messages".to_owned(),
        Some(Traffic { messages, bytes: sent }) => {
            let digits = if messages >= 100.0 { 0 } else { 2 };
            format!("at most {messages:.digits$} messages/s, {}/s, if the broker keeps up", bytes(sent))
        }
    }
}

/// `812 B`, `1.5 kB`, `3.2 MB`.
pub(super) fn bytes(bytes: f64) -> String {
    match bytes {
        ..1e3 => format!("{bytes:.0} B"),
        ..1e6 => format!("{:.1} kB", bytes / 1e3),
        ..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// `p99 < 50ms in peak, ends the run if missed from 10s on`.
pub(super) fn threshold(threshold: &Threshold) -> String {
    let stage = threshold.stage.as_ref().map_or_else(String::new, |stage| format!(" in {}", stage.name));
    let abort = match threshold.check() {
        None => String::new(),
        Some(Check::AtTheEndOfTheStage) => ", ends the run if missed by then".to_owned(),
        Some(Check::EachSecondAfter(Duration::ZERO)) => ", ends the run if missed".to_owned(),
        Some(Check::EachSecondAfter(after)) => {
            format!(", ends the run if missed from {} on", humantime::format_duration(after))
        }
    };
    format!("{threshold}{stage}{abort}")
}
