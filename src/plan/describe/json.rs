//! A plan as JSON, for scripts; `docs/plan-json.md` tells its shape, which only grows.
//!
//! Lists of things with a name hold objects with `name` first, so that two plans can be compared by it
//! (`plan::diff`).

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::plan::describe::sample::SampleUser;
use crate::plan::describe::{ClassFacts, Facts};
use crate::plan::mix::Pace;
use crate::plan::rate::Traffic;
use crate::plan::template::Template;
use crate::plan::wait::WaitTime;
use crate::plan::{BrokerId, Plan, Publish, Request, Row, Step, Steps, Target, Text, UserClass};

/// How many bytes of a text are shown: a payload can have millions.
const SHOWN: usize = 2_000;

/// The whole plan.
pub(super) fn plan(facts: Facts<'_>) -> Value {
    let plan = facts.plan;
    let load = &plan.load;
    let (users, pace) = (facts.users(), Pace::new(load.spawn_rate));
    let brokers: Vec<Value> = (0..plan.brokers.len()).map(|id| broker(&facts, BrokerId(id))).collect();
    let needs = json!({
        "connections": facts.needs.connections,
        "local_ports": facts.needs.connections,
        "open_files": facts.needs.open_files,
        "memory_bytes": facts.needs.memory_bytes,
    });
    let rows = json!({
        "known": plan.rows.iter().map(|row| json!([row.request_type, row.name])).collect::<Vec<_>>(),
        "per_user": facts.rows_per_user(),
    });
    let traffic = traffic(facts.traffic());
    let classes = plan.classes.iter().zip(facts.classes);
    json!({
        "format": 1,
        "name": plan.name,
        "seed": plan.seed,
        "brokers": brokers,
        "load": {
            "users": users,
            "spawn_rate": load.spawn_rate,
            "ramp_s": seconds(pace.time_for(users)),
            "run_time_s": load.run_time.map(seconds),
            "stop_timeout_s": seconds(load.stop_timeout),
            "traffic": traffic,
        },
        "needs": needs,
        "user_classes": classes.map(|(class, facts)| user_class(plan, class, facts)).collect::<Vec<_>>(),
        "rows": rows,
    })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// Nothing for as fast as the broker answers.
fn traffic(traffic: Option<Traffic>) -> Value {
    traffic.map_or(
        Value::Null,
        |Traffic { messages, bytes }| json!({ "messages_per_s": messages, "bytes_per_s": bytes }),
    )
}

fn broker(facts: &Facts<'_>, id: BrokerId) -> Value {
    let broker = &facts.plan.brokers[id.0];
    json!({
        "name": broker.name,
        "url": broker.target.to_string(),
        "embedded": matches!(broker.target, Target::Embedded { .. }),
        "connections": facts.connections(id),
        "connect_timeout_s": seconds(broker.connect_timeout),
        "keep_alive_s": broker.keep_alive_s,
        "inflight": broker.inflight,
        "source_addresses": broker.source_addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn user_class(plan: &Plan, class: &UserClass, facts: ClassFacts) -> Value {
    let mut samples = facts.samples;
    let is_fixed = class.fixed_count > 0;
    let weights: u64 = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
    let users: Vec<Value> = samples
        .iter()
        .map(|user| {
            json!({
                "number": user.scope.number,
                "client_id": text(&user.scope.client_id),
                "username": user.username.as_deref().map(text),
            })
        })
        .collect();
    let mut steps = |steps: &Steps| list(plan, &mut steps.0.iter(), &mut samples);
    let on_start = steps(&class.on_start);
    let tasks: Vec<Value> = class
        .tasks
        .iter()
        .map(|task| {
            json!({
                "name": task.name,
                "weight": task.weight,
                "probability": f64::from(task.weight) / weights as f64,
                "steps": steps(&task.steps),
            })
        })
        .collect();
    json!({
        "name": class.name,
        "users": facts.users,
        "broker": plan.brokers[class.broker.0].name,
        "weight": (!is_fixed).then_some(class.weight),
        "fixed_count": is_fixed.then_some(class.fixed_count),
        "client_id": class.client_id.source(),
        "username": class.username.as_ref().map(Template::source),
        "password": class.password.as_ref().map(|_| "***"),
        "wait_time": wait_time(class.wait_time),
        "traffic": traffic(facts.traffic),
        "samples": users,
        "on_start": on_start,
        "tasks": tasks,
        "on_stop": steps(&class.on_stop),
    })
}

fn wait_time(wait_time: WaitTime) -> Value {
    match wait_time {
        WaitTime::Zero => Value::Null,
        WaitTime::Constant(pause) => json!({ "constant_s": seconds(pause) }),
        WaitTime::Between(shortest, longest) => json!({ "between_s": [seconds(shortest), seconds(longest)] }),
        WaitTime::ConstantPacing(pace) => json!({ "constant_pacing_s": seconds(pace) }),
    }
}

/// The steps up to the end of the list or of the `repeat` that it stands in.
fn list(plan: &Plan, steps: &mut dyn Iterator<Item = &Step>, samples: &mut [SampleUser]) -> Vec<Value> {
    let mut found = Vec::new();
    while let Some(step) = steps.next() {
        found.push(match step {
            Step::Connect(request) => named(plan, "connect", request, json!({})),
            Step::Disconnect { abrupt, request } => {
                named(plan, "disconnect", request, json!({ "abrupt": abrupt }))
            }
            Step::Publish(step) => publish(plan, step, samples),
            Step::Subscribe(step) => {
                let more = json!({
                    "filter": source(&step.filter),
                    "qos": step.qos.level(),
                    "timeout_s": seconds(step.timeout),
                    "samples": samples
                        .iter_mut()
                        .map(|user| json!({ "user": user.scope.number, "filter": text(&user.render(&step.filter)) }))
                        .collect::<Vec<_>>(),
                });
                named(plan, "subscribe", &step.request, more)
            }
            Step::Wait(pause) => json!({ "name": "wait", "step": "wait", "wait_s": seconds(*pause) }),
            Step::Repeat { times, .. } => json!({
                "name": "repeat",
                "step": "repeat",
                "times": times,
                "steps": list(plan, steps, samples),
            }),
            Step::EndRepeat { .. } => break,
        });
    }
    found
}

fn publish(plan: &Plan, publish: &Publish, samples: &mut [SampleUser]) -> Value {
    let sent: Vec<Value> = samples
        .iter_mut()
        .map(|user| {
            let (topic, payload) = (user.render(&publish.topic), user.render(&publish.payload));
            json!({
                "user": user.scope.number,
                "topic": text(&topic),
                "payload": text(&payload),
                "payload_bytes": payload.len(),
            })
        })
        .collect();
    let more = json!({
        "topic": source(&publish.topic),
        "payload": source(&publish.payload),
        "qos": publish.qos.level(),
        "retain": publish.retain,
        "await_ack": publish.await_ack,
        "timeout_s": seconds(publish.timeout),
        "samples": sent,
    });
    named(plan, "publish", &publish.request, more)
}

/// A step that is recorded, by the name of its row.
fn named(plan: &Plan, step: &str, request: &Request, more: Value) -> Value {
    let (request_type, name, per_user) = match &request.row {
        Row::Static(id) => {
            let row = &plan.rows[id.0 as usize];
            (row.request_type.as_str(), row.name.as_str(), false)
        }
        Row::PerUser { request_type, name, .. } => (request_type.as_str(), name.source(), true),
    };
    let mut object = Map::new();
    object.insert("name".to_owned(), name.into());
    object.insert("step".to_owned(), step.into());
    object.insert("request_type".to_owned(), request_type.into());
    object.insert("row_per_user".to_owned(), per_user.into());
    object.insert("record".to_owned(), request.record.into());
    if let Value::Object(more) = more {
        object.extend(more);
    }
    object.into()
}

/// A text as it was written, or what became of it if it never changes.
fn source(of: &Text) -> Value {
    match of {
        Text::Constant(bytes) => text(bytes),
        Text::PerUser { template, .. } | Text::PerMessage(template) => template.source().into(),
    }
}

/// A text, or `{ "hex": … }` for bytes that are none; what is very long ends with `…`.
fn text(bytes: &[u8]) -> Value {
    let Ok(text) = str::from_utf8(bytes) else {
        let mut hex = String::new();
        for byte in bytes.iter().take(SHOWN / 2) {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex.push_str(if bytes.len() > SHOWN / 2 { "…" } else { "" });
        return json!({ "hex": hex });
    };
    match text.get(..text.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < text.len() => format!("{start}…").into(),
        _ => text.into(),
    }
}
