//! A plan as text: what a tester wants to see before starting ten thousand users.
//!
//! Two real messages per publish step and not only the templates, since a wrong topic is seen at a glance in
//! one and overlooked in the other. Time stands still in them, so that the same plan gives the same text.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::mqtt::{Qos, Settings};
use crate::plan::mix::{Dispatcher, Pace};
use crate::plan::random::Random;
use crate::plan::rate::messages_per_second;
use crate::plan::template::{Scope, Template, UserScope};
use crate::plan::wait::WaitTime;
use crate::plan::{BrokerId, Plan, Publish, Request, Row, Step, Steps, Subscribe, Target, Text, UserClass};

/// The time in sample messages: the first moment of 2026.
const NOW_NS: u64 = 1_767_225_600_000_000_000;
/// How many users of a class send sample messages.
const SAMPLES: usize = 2;
/// How many characters of a sample text are shown.
const SHOWN: usize = 100;
/// How many rows are listed.
const LISTED_ROWS: usize = 30;
/// Local ports that Linux gives to connections by default (32768 to 60999), for each address of a broker.
const LOCAL_PORTS: u32 = 28_232;

/// The plan as text of many lines, the last one ended.
pub fn describe(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = Description::new(plan).write(&mut out);
    out
}

/// A plan with what the dispatcher makes of it.
struct Description<'a> {
    plan: &'a Plan,
    /// Users per class.
    counts: Vec<u32>,
    /// The first users of each class.
    samples: Vec<Vec<SampleUser>>,
}

struct SampleUser {
    scope: UserScope,
    username: Option<Vec<u8>>,
    random: Random,
}

impl<'a> Description<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut dispatcher = Dispatcher::for_classes(&plan.classes);
        // The pace does not change who is picked.
        dispatcher.ramp(plan.load.users, 1_000.0);
        let mut samples: Vec<Vec<SampleUser>> = plan.classes.iter().map(|_| Vec::new()).collect();
        let mut number = 0;
        while let Some(batch) = dispatcher.next_batch() {
            for class in batch.start {
                number += 1;
                let of_class = &mut samples[class.0];
                if of_class.len() < SAMPLES {
                    let index = of_class.len() as u64;
                    of_class.push(SampleUser::new(&plan.classes[class.0], plan.seed, number, index));
                }
            }
        }
        Self { plan, counts: dispatcher.counts().to_vec(), samples }
    }

    fn started(&self) -> u32 {
        self.counts.iter().sum()
    }

    fn write(&mut self, out: &mut String) -> fmt::Result {
        let plan = self.plan;
        writeln!(out, "scenario {}, seed {}", plan.name, plan.seed)?;
        self.brokers(out)?;
        self.load(out)?;
        for (i, class) in plan.classes.iter().enumerate() {
            let mut samples = std::mem::take(&mut self.samples[i]);
            self.class(class, self.counts[i], &mut samples, out)?;
        }
        self.rows(out)
    }

    fn brokers(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\nbrokers")?;
        for (i, broker) in self.plan.brokers.iter().enumerate() {
            let of_broker =
                self.plan.classes.iter().zip(&self.counts).filter(|(class, _)| class.broker == BrokerId(i));
            let connections: u32 = of_broker.map(|(_, count)| count).sum();
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
            if broker.settings != Settings::default() {
                writeln!(out, "    {}", broker.settings)?;
            }
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
        let started = self.started();
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
        let rates = self.plan.classes.iter().zip(&self.counts).filter(|(_, count)| **count > 0);
        let rate = rates
            .map(|(class, count)| messages_per_second(class).map(|rate| rate * f64::from(*count)))
            .sum::<Option<f64>>();
        writeln!(out, "  {}", rate_text(rate))
    }

    fn class(
        &self,
        class: &UserClass,
        count: u32,
        samples: &mut [SampleUser],
        out: &mut String,
    ) -> fmt::Result {
        let share = match class.fixed_count {
            0 => format!("weight {}", class.weight),
            fixed => format!("fixed count {fixed}"),
        };
        let broker = &self.plan.brokers[class.broker.0].name;
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
        if let Some(will) = &class.will {
            let retain = if will.retain { ", retained" } else { "" };
            let delay = match will.delay_s {
                0 => String::new(),
                seconds => format!(", {} after the loss", time(Duration::from_secs(seconds.into()))),
            };
            let (topic, payload) = (will.topic.source(), will.payload.source());
            writeln!(out, "  will QoS {}{retain}{delay}: {topic}  {payload}", will.qos)?;
        }
        writeln!(out, "  wait time {}", wait_time(class.wait_time))?;
        let rate = messages_per_second(class).map(|rate| rate * f64::from(count));
        writeln!(out, "  {}", rate_text(rate))?;
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
        let classes = self.plan.classes.iter().zip(&self.counts);
        let per_user: u64 = classes.map(|(class, count)| class.user_rows as u64 * u64::from(*count)).sum();
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

impl SampleUser {
    /// A user as the engine makes it: first its client id is drawn, then its user name.
    fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let random = Random::for_user(seed, &class.name, index);
        let scope = UserScope { number, index, client_id: Vec::new() };
        let mut user = Self { scope, username: None, random };
        user.scope.client_id = user.render_template(&class.client_id);
        user.username = class.username.as_ref().map(|username| user.render_template(username));
        user
    }

    fn render(&mut self, text: &Text) -> Vec<u8> {
        match text {
            Text::Constant(text) => text.clone(),
            Text::PerUser { template, .. } | Text::PerMessage(template) => self.render_template(template),
        }
    }

    fn render_template(&mut self, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        let random = &mut self.random;
        let mut scope = Scope { user: &self.scope, iteration: 0, seq: 1, now_ns: NOW_NS, random };
        template.render(&mut scope, &mut out);
        out
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

fn rate_text(rate: Option<f64>) -> String {
    match rate {
        None => "messages as fast as the broker answers".to_owned(),
        Some(rate) => {
            let digits = if rate >= 100.0 { 0 } else { 2 };
            format!("at most {rate:.digits$} messages/s by its pauses")
        }
    }
}

/// A text on one line, shortened; bytes that are no text in hexadecimal.
fn shown(text: &[u8]) -> String {
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
