//! A user class with its steps and the first users' messages.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::describe::sample::{SampleMessage, SampleUser};
use crate::describe::secrets::{MASK, Secrets};
use crate::describe::summary::PlanSummary;
use crate::describe::text::format::{
    conditions, counted, feed, line, pause, payload, rate, reconnect, rhythm, time, wait_time, wanted,
};
use crate::mqtt::Qos;
use crate::plan::condition::Condition;
use crate::plan::receive::{Correlation, Exchange, Receive, Since};
use crate::plan::subscription::Unsubscribe;
use crate::plan::{OnError, Plan, Publish, Request, Row, Step, Steps, Subscribe, TaskOrder, Text, UserClass};

pub(super) fn write(summary: &PlanSummary<'_>, id: usize, out: &mut String) -> fmt::Result {
    let PlanSummary { plan, secrets, .. } = summary;
    let samples = summary.classes[id].samples.clone();
    Writer { plan, secrets, class: &plan.classes[id], samples }.write(summary, id, out)
}

struct Writer<'a> {
    plan: &'a Plan,
    secrets: &'a Secrets,
    class: &'a UserClass,
    samples: Vec<SampleUser>,
}

impl Writer<'_> {
    fn write(&mut self, summary: &PlanSummary<'_>, id: usize, out: &mut String) -> fmt::Result {
        let class = self.class;
        let share = match class.fixed_count {
            0 => format!("weight {}", class.weight),
            fixed => format!("fixed count {fixed}"),
        };
        let broker = &self.plan.brokers[class.broker.0].name;
        let users = counted(summary.classes[id].users, "user");
        let up_to = if self.plan.load.is_staged() { "up to " } else { "" };
        writeln!(out, "\nuser class {}: {up_to}{users} ({share}) of {broker}", class.name)?;
        self.identity(out)?;
        if let Some(will) = &class.will {
            let retain = if will.retain { ", retained" } else { "" };
            let delay = match will.delay_s {
                0 => String::new(),
                seconds => format!(", {} after the loss", time(Duration::from_secs(seconds.into()))),
            };
            writeln!(out, "  will QoS {}{retain}{delay}{}", will.qos, payload(&will.payload))?;
            for persona in self.samples.iter().map(SampleUser::persona) {
                let Some(will) = persona.will() else { continue };
                let (topic, payload) = (self.shown(will.topic.as_bytes()), self.shown(&will.payload));
                writeln!(out, "    user {}: {topic}  {payload}", persona.number())?;
            }
        }
        for each in &class.feeds {
            writeln!(out, "  feed {}", feed(each))?;
        }
        match &class.schedule {
            Some(schedule) => writeln!(out, "  {}", rhythm(schedule))?,
            None => writeln!(out, "  wait time {}", wait_time(class.wait_time))?,
        }
        for (limit, what) in [(class.iterations, "task run"), (class.messages, "message")] {
            if let Some(limit) = limit {
                writeln!(out, "  each user leaves after {}", counted(limit, what))?;
            }
        }
        if let Some(reconnect) = reconnect(&class.reconnection) {
            writeln!(out, "  {reconnect}")?;
        }
        match class.on_error {
            OnError::AbortTask => {}
            OnError::Continue => writeln!(out, "  after a failed step the next one follows")?,
            OnError::StopUser => writeln!(out, "  a user leaves at its first failed step")?,
        }
        writeln!(out, "  {}", rate(summary.classes[id].traffic))?;
        self.steps("on_start", &class.on_start, out)?;
        let total: u64 = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
        for task in &class.tasks {
            let title = match class.order {
                TaskOrder::Weighted => {
                    let percent = f64::from(task.weight) * 100.0 / total as f64;
                    format!("task {} ({percent:.1} %)", task.name)
                }
                TaskOrder::Sequence => format!("task {} (in this order)", task.name),
            };
            let on_error = match task.on_error {
                Some(on_error) if on_error != class.on_error => match on_error {
                    OnError::AbortTask => ": a failed step ends it",
                    OnError::Continue => ": after a failed step the next one follows",
                    OnError::StopUser => ": a user leaves at its first failed step",
                },
                _ => "",
            };
            self.steps(&format!("{title}{on_error}"), &task.steps, out)?;
        }
        self.steps("on_stop", &class.on_stop, out)
    }

    /// Client id, user name, password and certificate.
    fn identity(&self, out: &mut String) -> fmt::Result {
        let class = self.class;
        let shown = |texts: Vec<&[u8]>| {
            let shown: Vec<String> = texts.into_iter().map(|text| self.shown(text)).collect();
            if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
        };
        let client_ids = self.samples.iter().map(|sample| sample.persona().client_id()).collect();
        let source = self.secrets.mask_text(class.client_id.source());
        writeln!(out, "  client id {source}{}", shown(client_ids))?;
        if let Some(username) = &class.username {
            let names = self
                .samples
                .iter()
                .filter_map(|sample| sample.persona().username().map(str::as_bytes))
                .collect();
            let source = self.secrets.mask_text(username.source());
            writeln!(out, "  username {source}{}", shown(names))?;
        }
        if class.password.is_some() {
            writeln!(out, "  password {MASK}")?;
        }
        if let Some(files) = &class.certificate {
            writeln!(out, "  certificate {}", self.secrets.mask_text(files.certificate.source()))?;
        }
        Ok(())
    }

    fn shown(&self, text: &[u8]) -> String {
        line(&self.secrets.mask(text))
    }

    fn steps(&mut self, title: &str, steps: &Steps, out: &mut String) -> fmt::Result {
        if steps.0.is_empty() {
            return Ok(());
        }
        writeln!(out, "  {title}")?;
        let mut indent = 4;
        for step in &steps.0 {
            match step {
                Step::EndRepeat { .. } => {
                    indent -= 2;
                    continue;
                }
                _ => write!(out, "{:indent$}", "")?,
            }
            match step {
                Step::Connect(request) => writeln!(out, "connect{}", self.recorded(request))?,
                Step::Disconnect { abrupt, request } => {
                    let how = if *abrupt { " abruptly" } else { "" };
                    writeln!(out, "disconnect{how}{}", self.recorded(request))?;
                }
                Step::Wait(length) => writeln!(out, "wait {}", pause(*length))?,
                Step::Repeat { times, .. } => {
                    writeln!(out, "repeat {times} times")?;
                    indent += 2;
                }
                Step::Publish(publish) => self.publish(publish, indent, out)?,
                Step::Subscribe(subscribe) => self.subscribe(subscribe, indent, out)?,
                Step::Unsubscribe(unsubscribe) => self.unsubscribe(unsubscribe, indent, out)?,
                Step::Receive(receive) => self.receive(receive, indent, out)?,
                Step::Request(exchange) => self.exchange(exchange, indent, out)?,
                Step::EndRepeat { .. } => {}
            }
        }
        Ok(())
    }

    fn receive(&mut self, receive: &Receive, indent: usize, out: &mut String) -> fmt::Result {
        let what = if receive.retained { "retained topic" } else { "message" };
        let since = match receive.since {
            Since::Task => "",
            Since::Step => ", from then on",
            Since::Subscribe => ", since the subscription",
        };
        let (count, within) = (counted(receive.count, what), time(receive.timeout));
        writeln!(out, "receive {count} within {within}{since}{}", self.recorded(&receive.request))?;
        self.condition("where", &receive.takes, indent, out)?;
        self.condition("expect", &receive.expect, indent, out)?;
        self.rendered(&receive.filter, "", indent, out)
    }

    fn exchange(&mut self, exchange: &Exchange, indent: usize, out: &mut String) -> fmt::Result {
        let Exchange { publish, reply_topic, correlation, expect } = exchange;
        let by = match correlation {
            Correlation::Property => "its correlation data".to_owned(),
            Correlation::Topic => "its topic".to_owned(),
            Correlation::Json(pointer) => format!("its JSON value at {pointer}"),
        };
        let (within, recorded) = (time(publish.timeout), self.recorded(&publish.request));
        let source = payload(&publish.payload);
        writeln!(out, "request QoS {}, reply within {within}, known by {by}{source}{recorded}", publish.qos)?;
        self.condition("expect", expect, indent, out)?;
        self.messages(publish, indent, out)?;
        self.rendered(reply_topic, "reply ", indent, out)
    }

    /// What the first users make of a text.
    fn rendered(&mut self, text: &Text, what: &str, indent: usize, out: &mut String) -> fmt::Result {
        for i in 0..self.samples.len() {
            let text = self.samples[i].render(text);
            let (number, text) = (self.samples[i].persona().number(), self.shown(&text));
            writeln!(out, "{:indent$}  user {number}: {what}{text}", "")?;
        }
        Ok(())
    }

    fn condition(&self, key: &str, of: &Condition, indent: usize, out: &mut String) -> fmt::Result {
        for line in conditions(of) {
            writeln!(out, "{:indent$}  {key} {}", "", self.secrets.mask_text(&line))?;
        }
        Ok(())
    }

    fn publish(&mut self, publish: &Publish, indent: usize, out: &mut String) -> fmt::Result {
        let retain = if publish.retain { ", retained" } else { "" };
        let ack = match (publish.await_ack, publish.qos) {
            (_, Qos::AtMostOnce) => String::new(),
            (true, _) => format!(", acknowledged within {}", time(publish.timeout)),
            (false, _) => format!(", acknowledged within {} while going on", time(publish.timeout)),
        };
        let (source, recorded) = (payload(&publish.payload), self.recorded(&publish.request));
        let stamp = publish.stamp.as_ref().map_or_else(String::new, |stamp| format!(", stamped: {stamp}"));
        writeln!(out, "publish QoS {}{retain}{ack}{source}{stamp}{recorded}", publish.qos)?;
        self.messages(publish, indent, out)
    }

    fn messages(&mut self, publish: &Publish, indent: usize, out: &mut String) -> fmt::Result {
        for i in 0..self.samples.len() {
            let sample = &mut self.samples[i];
            let SampleMessage { topic, payload, .. } = sample.message(self.class, publish);
            let number = sample.persona().number();
            let bytes = counted(payload.len() as u64, "byte");
            let (topic, payload) = (self.shown(&topic), self.shown(&payload));
            writeln!(out, "{:indent$}  user {number}: {topic}  {payload} ({bytes})", "")?;
        }
        Ok(())
    }

    fn subscribe(&mut self, subscribe: &Subscribe, indent: usize, out: &mut String) -> fmt::Result {
        let (timeout, recorded) = (time(subscribe.timeout), self.recorded(&subscribe.request));
        let identifier = match subscribe.identifier {
            Some(identifier) => format!(", identifier {identifier}"),
            None => String::new(),
        };
        let what = match subscribe.filters.as_slice() {
            [only] => wanted(only),
            filters => counted(filters.len() as u64, "filter"),
        };
        writeln!(out, "subscribe {what}{identifier}, acknowledged within {timeout}{recorded}")?;
        if let Some(measure) = &subscribe.measure {
            let mut rows = measure.rows.clone();
            rows.dedup();
            let names: Vec<_> =
                rows.iter().map(|row| self.secrets.mask_text(&self.plan.rows[row.0 as usize].name)).collect();
            let (stamp, names) = (&measure.look, names.join(", "));
            writeln!(out, "{:indent$}  measured end to end, stamp: {stamp} -> MQTT {names}", "")?;
        }
        let is_one = subscribe.filters.len() == 1;
        for i in 0..self.samples.len() {
            for of in &subscribe.filters {
                let filter = self.samples[i].render(&of.filter);
                let (number, filter) = (self.samples[i].persona().number(), self.shown(&filter));
                let what = if is_one { String::new() } else { format!("  {}", wanted(of)) };
                writeln!(out, "{:indent$}  user {number}: {filter}{what}", "")?;
            }
        }
        Ok(())
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe, indent: usize, out: &mut String) -> fmt::Result {
        let (timeout, recorded) = (time(unsubscribe.timeout), self.recorded(&unsubscribe.request));
        writeln!(out, "unsubscribe, acknowledged within {timeout}{recorded}")?;
        for i in 0..self.samples.len() {
            for filter in &unsubscribe.filters {
                let filter = self.samples[i].render(filter);
                let (number, filter) = (self.samples[i].persona().number(), self.shown(&filter));
                writeln!(out, "{:indent$}  user {number}: {filter}", "")?;
            }
        }
        Ok(())
    }

    fn recorded(&self, request: &Request) -> String {
        let only = if request.record { "" } else { ", failures only" };
        match &request.row {
            Row::Static(id) => {
                let row = &self.plan.rows[id.0 as usize];
                let name = self.secrets.mask_text(&row.name);
                format!(" -> {} {name}{only}", row.request_type)
            }
            Row::PerUser { request_type, name, .. } => {
                let name = self.secrets.mask_text(name.source());
                format!(" -> {request_type} {name}, a row per user{only}")
            }
        }
    }
}
