//! A plan as text.
//!
//! Two real messages per publish step and not only the templates, since a wrong topic is seen at a glance in
//! one and overlooked in the other. Time stands still in them, so that the same plan gives the same text.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::mqtt::Qos;
use crate::plan::describe::sample::{SampleUser, shown};
use crate::plan::describe::{Facts, LOCAL_PORTS};
use crate::plan::mix::Pace;
use crate::plan::rate::Traffic;
use crate::plan::wait::WaitTime;
use crate::plan::{BrokerId, Plan, Publish, Request, Row, Step, Steps, Subscribe, Target, UserClass};

/// How many rows are listed.
const LISTED_ROWS: usize = 30;

/// Writes all of it.
pub(super) fn write(facts: Facts<'_>, out: &mut String) -> fmt::Result {
    Description { plan: facts.plan, facts }.write(out)
}

/// A plan with what follows from it.
struct Description<'a> {
    plan: &'a Plan,
    facts: Facts<'a>,
}

impl Description<'_> {
    fn write(mut self, out: &mut String) -> fmt::Result {
        let plan = self.plan;
        writeln!(out, "scenario {}, seed {}", plan.name, plan.seed)?;
        self.brokers(out)?;
        self.load(out)?;
        self.needs(out)?;
        for (i, class) in plan.classes.iter().enumerate() {
            let mut samples = std::mem::take(&mut self.facts.classes[i].samples);
            self.class(class, i, &mut samples, out)?;
        }
        self.rows(out)
    }

    fn brokers(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\nbrokers")?;
        for (i, broker) in self.plan.brokers.iter().enumerate() {
            let connections = self.facts.connections(BrokerId(i));
            let keep_alive = match broker.keep_alive_s {
                0 => "off".to_owned(),
                seconds => time(Duration::from_secs(u64::from(seconds))),
            };
            let sources = u32::try_from(broker.source_addresses.len()).unwrap_or(u32::MAX);
            let ports = LOCAL_PORTS.saturating_mul(sources.max(1));
            let many = connections > ports && matches!(broker.target, Target::Tcp { .. });
            writeln!(out, "  {}: {}", broker.name, broker.target)?;
            writeln!(
                out,
                "    connect timeout {}, keep alive {keep_alive}, inflight {}",
                time(broker.connect_timeout),
                broker.inflight
            )?;
            if !broker.source_addresses.is_empty() {
                let sources: Vec<_> = broker.source_addresses.iter().map(ToString::to_string).collect();
                writeln!(out, "    from {} in turn", sources.join(", "))?;
            }
            write!(out, "    {}", counted(connections, "connection"))?;
            let note = if many {
                "; Linux has 28232 local ports for each source address by default: add `source_addresses`"
            } else {
                ""
            };
            writeln!(out, "{note}")?;
        }
        Ok(())
    }

    fn load(&self, out: &mut String) -> fmt::Result {
        let load = &self.plan.load;
        let started = self.facts.users();
        let pace = Pace::new(load.spawn_rate);
        writeln!(out, "\nload")?;
        write!(out, "  {} at {} per second: ", counted(started, "user"), load.spawn_rate)?;
        if started <= pace.batch {
            writeln!(out, "all at the start")?;
        } else {
            let end = time(pace.time_for(started));
            writeln!(out, "{} each {}, all after {end}", pace.batch, time(pace.wait))?;
        }
        match load.run_time {
            Some(run_time) => write!(out, "  ends after {}, the ramp included", time(run_time))?,
            None => write!(out, "  runs until it is stopped")?,
        }
        match load.stop_timeout {
            Duration::ZERO => writeln!(out, "; users are stopped where they are")?,
            timeout => writeln!(out, "; users get {} to end their task", time(timeout))?,
        }
        writeln!(out, "  {}", rate_text(self.facts.traffic()))
    }

    fn needs(&self, out: &mut String) -> fmt::Result {
        let needs = &self.facts.needs;
        let embedded =
            self.plan.brokers.iter().any(|broker| matches!(broker.target, Target::Embedded { .. }));
        let both_ends = if embedded { ", both ends of those to an embedded broker" } else { "" };
        writeln!(out, "\nneeds, about")?;
        writeln!(out, "  {} open files{both_ends}", needs.open_files)?;
        let connections = needs.connections;
        writeln!(
            out,
            "  {connections} local ports, of {LOCAL_PORTS} that Linux has by default for each source address"
        )?;
        writeln!(out, "  {} of memory", bytes(needs.memory_bytes as f64))
    }

    fn class(
        &self,
        class: &UserClass,
        id: usize,
        samples: &mut [SampleUser],
        out: &mut String,
    ) -> fmt::Result {
        let share = match class.fixed_count {
            0 => format!("weight {}", class.weight),
            fixed => format!("fixed count {fixed}"),
        };
        let broker = &self.plan.brokers[class.broker.0].name;
        let count = self.facts.classes[id].users;
        writeln!(out, "\nuser class {}: {} ({share}) of {broker}", class.name, counted(count, "user"))?;
        let shown = |texts: Vec<&[u8]>| {
            let shown: Vec<String> = texts.into_iter().map(shown).collect();
            if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
        };
        let client_ids = samples.iter().map(|sample| &*sample.scope.client_id).collect();
        writeln!(out, "  client id {}{}", class.client_id.source(), shown(client_ids))?;
        if let Some(username) = &class.username {
            let names = samples.iter().filter_map(|sample| sample.username.as_deref()).collect();
            writeln!(out, "  username {}{}", username.source(), shown(names))?;
        }
        if class.password.is_some() {
            writeln!(out, "  password ***")?;
        }
        writeln!(out, "  wait time {}", wait_time(class.wait_time))?;
        writeln!(out, "  {}", rate_text(self.facts.classes[id].traffic))?;
        self.steps("on_start", &class.on_start, samples, out)?;
        let total: u64 = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
        for task in &class.tasks {
            let percent = f64::from(task.weight) * 100.0 / total as f64;
            self.steps(&format!("task {} ({percent:.1} %)", task.name), &task.steps, samples, out)?;
        }
        self.steps("on_stop", &class.on_stop, samples, out)
    }

    fn steps(&self, title: &str, steps: &Steps, samples: &mut [SampleUser], out: &mut String) -> fmt::Result {
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
                Step::Wait(pause) => writeln!(out, "wait {}", time(*pause))?,
                Step::Repeat { times, .. } => {
                    writeln!(out, "repeat {times} times")?;
                    indent += 2;
                }
                Step::Publish(publish) => self.publish(publish, indent, samples, out)?,
                Step::Subscribe(subscribe) => self.subscribe(subscribe, indent, samples, out)?,
                Step::EndRepeat { .. } => {}
            }
        }
        Ok(())
    }

    fn publish(
        &self,
        publish: &Publish,
        indent: usize,
        samples: &mut [SampleUser],
        out: &mut String,
    ) -> fmt::Result {
        let retain = if publish.retain { ", retained" } else { "" };
        let ack = match (publish.await_ack, publish.qos) {
            (_, Qos::AtMostOnce) => String::new(),
            (true, _) => format!(", acknowledged within {}", time(publish.timeout)),
            (false, _) => format!(", acknowledged within {} while going on", time(publish.timeout)),
        };
        let recorded = self.recorded(&publish.request);
        writeln!(out, "publish QoS {}{retain}{ack}{recorded}", publish.qos)?;
        for sample in samples {
            let (topic, payload) = (sample.render(&publish.topic), sample.render(&publish.payload));
            let (number, bytes) = (sample.scope.number, payload.len());
            let bytes = counted(u32::try_from(bytes).unwrap_or(u32::MAX), "byte");
            writeln!(out, "{:indent$}  user {number}: {}  {} ({bytes})", "", shown(&topic), shown(&payload))?;
        }
        Ok(())
    }

    fn subscribe(
        &self,
        subscribe: &Subscribe,
        indent: usize,
        samples: &mut [SampleUser],
        out: &mut String,
    ) -> fmt::Result {
        let (timeout, recorded) = (time(subscribe.timeout), self.recorded(&subscribe.request));
        writeln!(out, "subscribe QoS {}, acknowledged within {timeout}{recorded}", subscribe.qos)?;
        for sample in samples {
            let filter = sample.render(&subscribe.filter);
            writeln!(out, "{:indent$}  user {}: {}", "", sample.scope.number, shown(&filter))?;
        }
        Ok(())
    }

    /// Where a request is recorded.
    fn recorded(&self, request: &Request) -> String {
        let only = if request.record { "" } else { ", failures only" };
        match &request.row {
            Row::Static(id) => {
                let row = &self.plan.rows[id.0 as usize];
                format!(" -> {} {}{only}", row.request_type, row.name)
            }
            Row::PerUser { request_type, name, .. } => {
                format!(" -> {request_type} {}, a row per user{only}", name.source())
            }
        }
    }

    fn rows(&self, out: &mut String) -> fmt::Result {
        let rows = &self.plan.rows;
        let per_user = self.facts.rows_per_user();
        write!(out, "\nrows of the statistics: {}", rows.len())?;
        writeln!(out, "{}", if per_user > 0 { format!(", and {per_user} by user") } else { String::new() })?;
        for row in rows.iter().take(LISTED_ROWS) {
            writeln!(out, "  {} {}", row.request_type, row.name)?;
        }
        if rows.len() > LISTED_ROWS {
            writeln!(out, "  and {} more", rows.len() - LISTED_ROWS)?;
        }
        Ok(())
    }
}

fn wait_time(wait_time: WaitTime) -> String {
    match wait_time {
        WaitTime::Zero => "none".to_owned(),
        WaitTime::Constant(pause) => time(pause),
        WaitTime::Between(shortest, longest) => format!("{} to {}", time(shortest), time(longest)),
        WaitTime::ConstantPacing(pace) => format!("up to one task run each {}", time(pace)),
    }
}

fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn rate_text(traffic: Option<Traffic>) -> String {
    match traffic {
        None => "messages as fast as the broker answers".to_owned(),
        Some(Traffic { messages: 0.0, .. }) => "no messages".to_owned(),
        Some(Traffic { messages, bytes: sent }) => {
            let digits = if messages >= 100.0 { 0 } else { 2 };
            format!("at most {messages:.digits$} messages/s, {}/s, by its pauses", bytes(sent))
        }
    }
}

/// `812 B`, `1.5 kB`, `3.2 MB`.
fn bytes(bytes: f64) -> String {
    match bytes {
        ..1e3 => format!("{bytes:.0} B"),
        ..1e6 => format!("{:.1} kB", bytes / 1e3),
        ..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}
