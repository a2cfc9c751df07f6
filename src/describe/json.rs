//! A plan as JSON, for scripts; `docs/plan-json.md` tells its shape, which only grows.
//!
//! Lists of things with a name hold objects with `name` first, so that two plans can be compared by it
//! (`describe::difference`).

use serde_json::{Value, json};

use crate::describe::json::text::{seconds, traffic};
use crate::describe::summary::PlanSummary;
use crate::plan::BrokerId;
use crate::plan::dispatcher::Pace;
use crate::plan::load::{MassDisconnect, RateSearchSettings};
use crate::plan::sync::Sync;
use crate::plan::target::{Target, Tls};
use crate::plan::watch::{Watch, without_query};
use crate::stats::threshold::{Check, Threshold};

mod class;
mod text;

pub(super) fn plan(summary: &PlanSummary<'_>) -> Value {
    let plan = summary.plan;
    let needs = json!({
        "connections": summary.needs.connections,
        "local_ports": summary.needs.connections,
        "open_files": summary.needs.open_files,
        "memory_bytes": summary.needs.memory_bytes,
    });
    let known = plan.rows.iter().map(|row| json!([row.request_type, summary.secrets.mask_text(&row.name)]));
    let rows = json!({ "known": known.collect::<Vec<_>>(), "per_user": summary.rows_per_user() });
    json!({
        "format": 1,
        "name": plan.name,
        "seed": plan.seed,
        "brokers": (0..plan.brokers.len()).map(|id| broker(summary, BrokerId(id))).collect::<Vec<_>>(),
        "shard": shard(summary),
        "load": load(summary),
        "needs": needs,
        "user_classes": (0..plan.classes.len()).map(|id| class::user_class(summary, id)).collect::<Vec<_>>(),
        "thresholds": plan.thresholds.iter().map(threshold).collect::<Vec<_>>(),
        "rows": rows,
    })
}

/// Which part of the run it is; nothing if it is all of it.
fn shard(summary: &PlanSummary<'_>) -> Value {
    let shard = summary.plan.shard;
    if shard.is_whole() {
        return Value::Null;
    }
    json!({ "index": shard.index(), "of": shard.of(), "users_in_all": summary.users_in_all })
}

/// A threshold as a scenario says it: a text, or an object if it says more than its condition.
fn threshold(threshold: &Threshold) -> Value {
    let check = threshold.to_string();
    if threshold.stage.is_none() && threshold.abort.is_none() {
        return Value::String(check);
    }
    let after = match threshold.check() {
        Some(Check::EachSecondAfter(after)) => Some(seconds(after)),
        Some(Check::AtTheEndOfTheStage) | None => None,
    };
    json!({
        "check": check,
        "stage": threshold.stage.as_ref().map(|stage| &stage.name),
        "abort": threshold.abort.is_some(),
        "after_s": after,
    })
}

fn load(summary: &PlanSummary<'_>) -> Value {
    let load = &summary.plan.load;
    let plain = load.stages.first().filter(|_| !load.is_staged());
    let ramp = plain.map(|stage| seconds(Pace::new(stage.spawn_rate).time_for(summary.users_in_all)));
    let stages = if load.is_staged() { stages(summary) } else { Vec::new() };
    json!({
        "users": summary.users(),
        "spawn_rate": plain.map(|stage| stage.spawn_rate),
        "ramp_s": ramp,
        "stages": stages,
        "run_time_s": load.run_time.map(seconds),
        "length_s": summary.timeline.length().map(seconds),
        "iterations": load.iterations,
        "messages": load.messages,
        "search": load.search.as_ref().map(search),
        "sync": summary.plan.sync.as_ref().map(|of| sync(summary, of)),
        "stop_timeout_s": seconds(load.stop_timeout),
        "traffic": traffic(summary.traffic()),
    })
}

fn sync(summary: &PlanSummary<'_>, of: &Sync) -> Value {
    let broker = &summary.plan.brokers[of.broker.0].name;
    json!({ "topic": of.topic, "broker": broker, "timeout_s": seconds(of.timeout) })
}

fn search(search: &RateSearchSettings) -> Value {
    let RateSearchSettings { low, high, until, step, .. } = search;
    json!({ "lowest": low, "highest": high, "until": until.to_string(), "step_s": seconds(*step) })
}

fn stages(summary: &PlanSummary<'_>) -> Vec<Value> {
    let load = &summary.plan.load;
    let known = load.stages.iter().zip(summary.timeline.stages.iter().zip(&summary.stages)).enumerate();
    known
        .map(|(index, (stage, (stage_timeline, sent)))| {
            let classes = summary.plan.classes.iter().zip(summary.classes.iter().zip(&stage_timeline.users));
            let classes = classes.map(|(class, (summary, users))| {
                let sent = summary.of_one.map(|of_one| of_one.times(*users));
                json!({ "name": class.name, "users": users, "traffic": traffic(sent) })
            });
            json!({
                "name": stage.name.clone().unwrap_or_else(|| (index + 1).to_string()),
                "users": stage_timeline.users.iter().sum::<u32>(),
                "spawn_rate": stage.spawn_rate,
                "duration_s": stage.duration.map(seconds),
                "after": stage.after,
                "drop_connections": stage.mass_disconnect.as_ref().map(|storm| storm.share),
                "drop_connections_of": stage.mass_disconnect.as_ref().map(|storm| names(summary, storm)),
                "begins_s": seconds(stage_timeline.begins),
                "ramp_s": seconds(stage_timeline.ramp),
                "ramp_is_cut": stage_timeline.is_cut,
                "traffic": traffic(sent.traffic),
                "user_classes": classes.collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn names<'a>(summary: &'a PlanSummary<'_>, storm: &MassDisconnect) -> Vec<&'a str> {
    storm.of.iter().map(|class| summary.plan.classes[class.0].name.as_str()).collect()
}

fn watch(watch: &Watch) -> Value {
    json!({
        "sys": watch.sys.as_ref().map(|sys| sys.filter.as_str()),
        "prometheus": watch.metrics.as_ref().map(|metrics| without_query(&metrics.url)),
        "pick": watch.metrics.as_ref().map(|metrics| metrics.pick.as_slice()),
        "every_s": watch.metrics.as_ref().map(|metrics| seconds(metrics.every)),
    })
}

fn tls(tls: &Tls) -> Value {
    let Tls { authorities, server_name, alpn, insecure, resumption } = tls;
    json!({
        "ca": authorities,
        "server_name": server_name,
        "alpn": alpn,
        "insecure": insecure,
        "resumption": resumption,
    })
}

fn broker(summary: &PlanSummary<'_>, id: BrokerId) -> Value {
    let broker = &summary.plan.brokers[id.0];
    json!({
        "name": broker.name,
        "url": broker.target.to_string(),
        "embedded": matches!(broker.target, Target::Embedded { .. }),
        "connections": summary.connections(id),
        "connect_timeout_s": seconds(broker.connect_timeout),
        "client": broker.client.to_string(),
        "connect_detail": broker.connect_detail,
        "keep_alive_s": broker.keep_alive_s,
        "inflight": broker.inflight,
        "protocol": broker.settings.version.to_string(),
        "clean_session": broker.settings.clean_session,
        "session_expiry_s": broker.settings.session_expiry_s,
        "receive_maximum": broker.settings.receive_maximum,
        "max_packet_bytes": broker.settings.max_packet_bytes,
        "topic_alias": broker.settings.topic_alias,
        "watch": broker.watch.as_ref().map(watch),
        "tls": broker.tls.as_ref().map(tls),
        "headers": broker.headers.iter().map(|header| header.name.as_str()).collect::<Vec<_>>(),
        "source_addresses": broker.source_addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
