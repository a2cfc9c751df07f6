//! A plan as text.
//!
//! Two real messages per publish step and not only the templates, since a wrong topic is seen at a glance in
//! one and overlooked in the other. Time stands still in them, so that the same plan gives the same text.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::mqtt::Settings;
use crate::plan::describe::text::words::{bytes, counted, rate, time};
use crate::plan::describe::{Facts, LOCAL_PORTS, StageFacts};
use crate::plan::load::{Stage, StageClock, Users};
use crate::plan::mix::Pace;
use crate::plan::{BrokerId, Plan, Target};

mod class;
mod words;

/// How many rows are listed.
const LISTED_ROWS: usize = 30;

/// Writes all of it.
pub(super) fn write(facts: &Facts<'_>, out: &mut String) -> fmt::Result {
    Description { plan: facts.plan, facts }.write(out)
}

/// A plan with what follows from it.
struct Description<'a> {
    plan: &'a Plan,
    facts: &'a Facts<'a>,
}

impl Description<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        let plan = self.plan;
        writeln!(out, "scenario {}, seed {}", plan.name, plan.seed)?;
        self.brokers(out)?;
        self.load(out)?;
        self.needs(out)?;
        for id in 0..plan.classes.len() {
            class::write(self.facts, id, out)?;
        }
        self.rows(out)?;
        if !plan.thresholds.is_empty() {
            writeln!(out, "\nthresholds")?;
        }
        for threshold in &plan.thresholds {
            writeln!(out, "  {threshold}")?;
        }
        Ok(())
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
        writeln!(out, "\nload")?;
        if load.is_staged() {
            self.stages(out)?;
        } else if let Some(stage) = load.stages.first() {
            let (started, pace) = (self.facts.users(), Pace::new(stage.spawn_rate));
            write!(out, "  {} at {} per second: ", counted(started, "user"), stage.spawn_rate)?;
            if started <= pace.batch {
                writeln!(out, "all at the start")?;
            } else {
                let end = time(pace.time_for(started));
                writeln!(out, "{} each {}, all after {end}", pace.batch, time(pace.wait))?;
            }
        }
        self.end(out)?;
        match load.stop_timeout {
            Duration::ZERO => writeln!(out, "; users are stopped where they are")?,
            timeout => writeln!(out, "; users get {} to end their task", time(timeout))?,
        }
        if load.is_staged() { Ok(()) } else { writeln!(out, "  {}", rate(self.facts.traffic())) }
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

    fn stages(&self, out: &mut String) -> fmt::Result {
        let load = &self.plan.load;
        let passages = self.facts.course.stages.iter().zip(&self.facts.stages);
        for (place, (stage, (passage, facts))) in load.stages.iter().zip(passages).enumerate() {
            let clock = match stage.clock {
                StageClock::Begin => "",
                StageClock::Connected => " once all are connected",
            };
            write!(out, "  {}: {}", load.stage_title(place), self.leads_to(stage))?;
            write!(out, " at {} per second", stage.spawn_rate)?;
            write!(out, ", for {}{clock}", time(stage.duration.unwrap_or_default()))?;
            writeln!(out, "; from {}, ramp of {}", time(passage.begins), time(passage.ramp))?;
            if passage.is_cut {
                let users = counted(passage.users.iter().sum::<u32>(), "user");
                writeln!(out, "    ends before its ramp of {}: at {users}", time(passage.full_ramp))?;
            }
            self.traffic_of(facts, out)?;
        }
        Ok(())
    }

    /// What a stage leads to, as it is written.
    fn leads_to(&self, stage: &Stage) -> String {
        match &stage.users {
            Users::Total(users) => counted(*users, "user"),
            Users::PerClass(counts) => self.per_class(counts).unwrap_or_else(|| counted(0_u32, "user")),
        }
    }

    /// `40 sensor, 2 gateway`; nothing if there are no users.
    fn per_class(&self, counts: &[u32]) -> Option<String> {
        let named = self.plan.classes.iter().zip(counts).filter(|(_, count)| **count > 0);
        let named: Vec<_> = named.map(|(class, count)| format!("{count} {}", class.name)).collect();
        (!named.is_empty()).then(|| named.join(", "))
    }

    fn traffic_of(&self, stage: &StageFacts, out: &mut String) -> fmt::Result {
        let Some(users) = self.per_class(&stage.users) else { return Ok(()) };
        writeln!(out, "    {users}; {}", rate(stage.traffic))
    }

    /// What ends the run, without the end of the line.
    fn end(&self, out: &mut String) -> fmt::Result {
        let load = &self.plan.load;
        let at_least = load.stages.iter().any(|stage| stage.clock == StageClock::Connected);
        match self.facts.course.length() {
            Some(length) if load.run_time == Some(length) => {
                write!(out, "  ends after {}, the ramp included", time(length))?;
            }
            Some(length) if at_least => write!(out, "  ends after {} at least", time(length))?,
            Some(length) => write!(out, "  ends after {}", time(length))?,
            None if load.iterations.is_some() || load.messages.is_some() => write!(out, "  ends")?,
            None => write!(out, "  runs until it is stopped")?,
        }
        let limits = [(load.iterations, "task run"), (load.messages, "message")];
        let mut or = if self.facts.course.length().is_some() { ", or" } else { "" };
        for (limit, what) in limits.into_iter().filter_map(|(limit, what)| Some((limit?, what))) {
            write!(out, "{or} after {}", counted(limit, what))?;
            or = ", or";
        }
        Ok(())
    }

    fn rows(&self, out: &mut String) -> fmt::Result {
        let rows = &self.plan.rows;
        let per_user = self.facts.rows_per_user();
        write!(out, "\nrows of the statistics: {}", rows.len())?;
        writeln!(out, "{}", if per_user > 0 { format!(", and {per_user} by user") } else { String::new() })?;
        for row in rows.iter().take(LISTED_ROWS) {
            writeln!(out, "  {} {}", row.request_type, self.facts.secrets.mask_text(&row.name))?;
        }
        if rows.len() > LISTED_ROWS {
            writeln!(out, "  and {} more", rows.len() - LISTED_ROWS)?;
        }
        Ok(())
    }
}
