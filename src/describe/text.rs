//! A plan as text.
//!
//! It shows two real messages per publish step and not only the templates, since a wrong topic is easier to see in a
//! real message. Their time is fixed, so the same plan gives the same text.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::describe::summary::{LOCAL_PORTS, PlanSummary};
use crate::describe::text::format::{bytes, counted, rate, time};
use crate::plan::Plan;
use crate::plan::dispatcher::Pace;
use crate::plan::load::{After, RateSearchSettings, Users};
use crate::plan::target::Target;

mod broker;
mod class;
mod format;

const LISTED_ROWS: usize = 30;

pub(super) fn write(summary: &PlanSummary<'_>, out: &mut String) -> fmt::Result {
    Description { plan: summary.plan, summary }.write(out)
}

struct Description<'a> {
    plan: &'a Plan,
    summary: &'a PlanSummary<'a>,
}

impl Description<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        let plan = self.plan;
        writeln!(out, "scenario {}, seed {}", plan.name, plan.seed)?;
        self.shard(out)?;
        broker::write(self.summary, out)?;
        self.load(out)?;
        self.needs(out)?;
        for id in 0..plan.classes.len() {
            class::write(self.summary, id, out)?;
        }
        self.rows(out)?;
        if !plan.thresholds.is_empty() {
            writeln!(out, "\nthresholds")?;
        }
        for threshold in &plan.thresholds {
            writeln!(out, "  {}", format::threshold(threshold))?;
        }
        Ok(())
    }

    /// Which part of the run this is, if it is not all of it.
    fn shard(&self, out: &mut String) -> fmt::Result {
        let shard = self.plan.shard;
        if shard.is_whole() {
            return Ok(());
        }
        let (own, all) = (self.summary.users(), counted(self.summary.users_in_all, "user"));
        let first = shard.index() + 1;
        writeln!(out, "shard {shard}: {own} of {all}, with the numbers {first}, {}, …", first + shard.of())?;
        writeln!(
            out,
            "  classes, needs, limits and messages below are those of the shard, ramps and stages those of the run"
        )?;
        if !self.plan.thresholds.is_empty() {
            writeln!(out, "  `merge` judges the thresholds, by the results of all shards")?;
        }
        Ok(())
    }

    fn load(&self, out: &mut String) -> fmt::Result {
        let load = &self.plan.load;
        writeln!(out, "\nload")?;
        if load.is_staged() {
            self.stages(out)?;
        } else if let Some(stage) = load.stages.first() {
            let (started, pace) = (self.summary.users_in_all, Pace::new(stage.spawn_rate));
            write!(out, "  {} at {} per second: ", counted(started, "user"), stage.spawn_rate)?;
            if started <= pace.batch {
                writeln!(out, "all at the start")?;
            } else {
                let end = time(pace.time_for(started));
                writeln!(out, "{} each {}, all after {end}", pace.batch, time(pace.wait))?;
            }
            if !self.plan.shard.is_whole() {
                writeln!(out, "  {} of them in this shard", self.summary.users())?;
            }
        }
        self.end(out)?;
        if let Some(sync) = &self.plan.sync {
            let (broker, timeout) = (&self.plan.brokers[sync.broker.0].name, time(sync.timeout));
            write!(out, "; begins when all shards have met at {} of {broker}, within {timeout}", sync.topic)?;
        }
        match load.stop_timeout {
            Duration::ZERO => writeln!(out, "; users are stopped where they are")?,
            timeout => writeln!(out, "; users get {} to end their task", time(timeout))?,
        }
        if load.is_staged() { Ok(()) } else { writeln!(out, "  {}", rate(self.summary.traffic())) }
    }

    fn needs(&self, out: &mut String) -> fmt::Result {
        let needs = &self.summary.needs;
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
        let stage_timelines = self.summary.timeline.stages.iter().zip(&self.summary.stages);
        for (index, (stage, (stage_timeline, summary))) in load.stages.iter().zip(stage_timelines).enumerate()
        {
            let users: u32 = match &stage.users {
                Users::Total(users) => *users,
                Users::PerClass(counts) => counts.iter().sum(),
            };
            let clock = match stage.after {
                After::AtOnce => "",
                After::Connected => " once all are connected",
            };
            let (users, length) = (counted(users, "user"), time(stage.duration.unwrap_or_default()));
            write!(out, "  {}: {users} at {} per second", load.stage_title(index), stage.spawn_rate)?;
            write!(out, ", for {length}{clock}")?;
            if let Some(storm) = &stage.mass_disconnect {
                let names: Vec<_> =
                    storm.of.iter().map(|class| self.plan.classes[class.0].name.as_str()).collect();
                let of =
                    if names.len() < self.plan.classes.len() { names.join(", ") } else { "users".to_owned() };
                write!(out, "; drops the connections of {} % of {of}", storm.share * 100.0)?;
            }
            writeln!(out, "; from {}, ramp of {}", time(stage_timeline.begins), time(stage_timeline.ramp))?;
            let classes = self.plan.classes.iter().zip(&summary.users).filter(|(_, count)| **count > 0);
            let classes: Vec<_> = classes.map(|(class, count)| format!("{count} {}", class.name)).collect();
            if !classes.is_empty() {
                let cut = if stage_timeline.is_cut { "cut off at " } else { "" };
                writeln!(out, "    {cut}{}: {}", classes.join(", "), rate(summary.traffic))?;
            }
        }
        Ok(())
    }

    /// What ends the run, without the end of the line.
    fn end(&self, out: &mut String) -> fmt::Result {
        let load = &self.plan.load;
        if let Some(RateSearchSettings { low, high, until, step, .. }) = &load.search {
            write!(out, "  searches for the highest rate from {low} to {high} task runs/s at which {until}")?;
            writeln!(out, ", each for {}", time(*step))?;
        }
        let at_least = load.stages.iter().any(|stage| stage.after == After::Connected);
        match self.summary.timeline.length() {
            Some(length) if load.run_time == Some(length) => {
                write!(out, "  ends after {}, the ramp included", time(length))?;
            }
            Some(length) if at_least => write!(out, "  ends after {} at least", time(length))?,
            Some(length) => write!(out, "  ends after {}", time(length))?,
            None if load.search.is_some() => write!(out, "  ends with the search")?,
            None if load.iterations.is_some() || load.messages.is_some() => write!(out, "  ends")?,
            None => write!(out, "  runs until it is stopped")?,
        }
        let limits = [(load.iterations, "task run"), (load.messages, "message")];
        let more = self.summary.timeline.length().is_some() || load.search.is_some();
        let mut or = if more { ", or" } else { "" };
        for (limit, what) in limits.into_iter().filter_map(|(limit, what)| Some((limit?, what))) {
            write!(out, "{or} after {}", counted(limit, what))?;
            or = ", or";
        }
        Ok(())
    }

    fn rows(&self, out: &mut String) -> fmt::Result {
        let rows = &self.plan.rows;
        let per_user = self.summary.rows_per_user();
        write!(out, "\nrows of the statistics: {}", rows.len())?;
        writeln!(out, "{}", if per_user > 0 { format!(", and {per_user} by user") } else { String::new() })?;
        for row in rows.iter().take(LISTED_ROWS) {
            writeln!(out, "  {} {}", row.request_type, self.summary.secrets.mask_text(&row.name))?;
        }
        if rows.len() > LISTED_ROWS {
            writeln!(out, "  and {} more", rows.len() - LISTED_ROWS)?;
        }
        Ok(())
    }
}
