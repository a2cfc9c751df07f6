//! A user class with its steps and the first users' messages.

use serde_json::{Map, Value, json};

use crate::describe::json::text::{condition, payload, seconds, source, text, traffic};
use crate::describe::sample::{SampleMessage, SampleUser};
use crate::describe::secrets::{MASK, Secrets};
use crate::describe::summary::PlanSummary;
use crate::plan::feed::Feed;
use crate::plan::measure::Measure;
use crate::plan::persona::Persona;
use crate::plan::receive::{Correlation, Exchange, Receive};
use crate::plan::reconnect::{Pauses, Reconnect};
use crate::plan::schedule::Schedule;
use crate::plan::subscription::{Subscription, Unsubscribe};
use crate::plan::wait::{Pause, WaitTime};
use crate::plan::{Plan, Publish, Request, Row, Step, Steps, Subscribe, TaskOrder, Text, UserClass, Will};

pub(super) fn user_class(summary: &PlanSummary<'_>, id: usize) -> Value {
    let (plan, secrets) = (summary.plan, &summary.secrets);
    let (class, summary) = (&plan.classes[id], &summary.classes[id]);
    let is_fixed = class.fixed_count > 0;
    let users: Vec<Value> = summary.samples.iter().map(|user| identity(user.persona(), secrets)).collect();
    let mut writer = Writer { plan, secrets, class, samples: summary.samples.clone() };
    let on_start = writer.steps(&class.on_start);
    let tasks = writer.tasks();
    let on_stop = writer.steps(&class.on_stop);
    json!({
        "name": class.name,
        "users": summary.users,
        "broker": plan.brokers[class.broker.0].name,
        "weight": (!is_fixed).then_some(class.weight),
        "fixed_count": is_fixed.then_some(class.fixed_count),
        "client_id": secrets.mask_text(class.client_id.source()),
        "username": class.username.as_ref().map(|username| secrets.mask_text(username.source())),
        "password": class.password.as_ref().map(|_| MASK),
        "will": class.will.as_deref().map(|of| will(of, secrets)),
        "certificate": class.certificate.as_ref().map(|of| secrets.mask_text(of.certificate.source())),
        "feeds": class.feeds.iter().map(feed).collect::<Vec<_>>(),
        "wait_time": wait_time(class.wait_time),
        "schedule": class.schedule.as_ref().map(schedule),
        "iterations": class.iterations,
        "messages": class.messages,
        "reconnect": reconnect(&class.reconnection),
        "on_error": class.on_error,
        "traffic": traffic(summary.traffic),
        "samples": users,
        "on_start": on_start,
        "task_order": class.order,
        "tasks": tasks,
        "on_stop": on_stop,
    })
}

fn identity(persona: &Persona, secrets: &Secrets) -> Value {
    json!({
        "number": persona.number(),
        "client_id": text(persona.client_id(), secrets),
        "username": persona.username().map(|name| text(name.as_bytes(), secrets)),
        "will": persona.will().map(|will| {
            json!({ "topic": text(will.topic.as_bytes(), secrets), "payload": text(&will.payload, secrets) })
        }),
    })
}

fn will(will: &Will, secrets: &Secrets) -> Value {
    json!({
        "topic": secrets.mask_text(will.topic.source()),
        "payload": payload(&will.payload, secrets),
        "qos": will.qos.level(),
        "retain": will.retain,
        "delay_s": will.delay_s,
    })
}

fn feed(feed: &Feed) -> Value {
    json!({
        "name": feed.name,
        "rows": feed.rows,
        "order": feed.order,
        "per": feed.per,
        "rows_per_user": feed.share(),
    })
}

fn reconnect(reconnect: &Reconnect) -> Value {
    match reconnect {
        Reconnect::Never => "never".into(),
        Reconnect::After(Pauses { initial, max, jitter, attempts }) => json!({
            "initial_s": seconds(*initial),
            "max_s": seconds(*max),
            "jitter": jitter,
            "attempts": attempts,
        }),
    }
}

fn schedule(schedule: &Schedule) -> Value {
    json!({
        "per_user_per_s": schedule.per_user,
        "jitter_s": seconds(schedule.jitter),
        "phase": schedule.phase,
    })
}

fn wait_time(wait_time: WaitTime) -> Value {
    match wait_time {
        WaitTime::ZERO => Value::Null,
        WaitTime::Pause(of) => pause(of),
        WaitTime::ConstantPacing(pace) => json!({ "constant_pacing_s": seconds(pace) }),
    }
}

fn subscription(of: &Subscription, secrets: &Secrets) -> Value {
    json!({
        "filter": source(&of.filter, secrets),
        "qos": of.qos.level(),
        "no_local": of.options.no_local,
        "retain_as_published": of.options.retain_as_published,
        "retain_handling": of.options.retain_handling,
    })
}

fn pause(pause: Pause) -> Value {
    match pause {
        Pause::Constant(length) => json!({ "constant_s": seconds(length) }),
        Pause::Between(shortest, longest) => json!({ "between_s": [seconds(shortest), seconds(longest)] }),
        Pause::Exponential(mean) => json!({ "exponential_s": seconds(mean) }),
    }
}

struct Writer<'a> {
    plan: &'a Plan,
    secrets: &'a Secrets,
    class: &'a UserClass,
    samples: Vec<SampleUser>,
}

impl Writer<'_> {
    fn tasks(&mut self) -> Vec<Value> {
        let weights: u64 = self.class.tasks.iter().map(|task| u64::from(task.weight)).sum();
        let tasks = self.class.tasks.iter();
        tasks
            .map(|task| {
                json!({
                    "name": task.name,
                    "weight": (self.class.order == TaskOrder::Weighted).then_some(task.weight),
                    "probability": f64::from(task.weight) / weights as f64,
                    "on_error": task.on_error,
                    "steps": self.steps(&task.steps),
                })
            })
            .collect()
    }

    fn steps(&mut self, steps: &Steps) -> Vec<Value> {
        self.list(&mut steps.0.iter())
    }

    /// The steps up to the end of the list or of the `repeat` that it stands in.
    fn list(&mut self, steps: &mut dyn Iterator<Item = &Step>) -> Vec<Value> {
        let mut found = Vec::new();
        while let Some(step) = steps.next() {
            found.push(match step {
                Step::Connect(request) => self.named("connect", request, json!({})),
                Step::Disconnect { abrupt, request } => {
                    self.named("disconnect", request, json!({ "abrupt": abrupt }))
                }
                Step::Publish(step) => self.publish(step),
                Step::Subscribe(step) => self.subscribe(step),
                Step::Unsubscribe(step) => self.unsubscribe(step),
                Step::Receive(step) => self.receive(step),
                Step::Request(step) => self.exchange(step),
                Step::Wait(length) => json!({ "name": "wait", "step": "wait", "wait": pause(*length) }),
                Step::Repeat { times, .. } => json!({
                    "name": "repeat",
                    "step": "repeat",
                    "times": times,
                    "steps": self.list(steps),
                }),
                Step::EndRepeat { .. } => break,
            });
        }
        found
    }

    fn publish(&mut self, publish: &Publish) -> Value {
        let more = self.message(publish);
        self.named("publish", &publish.request, more)
    }

    fn receive(&mut self, receive: &Receive) -> Value {
        let secrets = self.secrets;
        let asked = self.samples.iter_mut().map(
            |user| json!({ "user": user.persona().number(), "filter": text(&user.render(&receive.filter), secrets) }),
        );
        let more = json!({
            "filter": source(&receive.filter, secrets),
            "where": condition(&receive.takes, secrets),
            "expect": condition(&receive.expect, secrets),
            "count": receive.count,
            "since": receive.since,
            "retained": receive.retained,
            "timeout_s": seconds(receive.timeout),
            "samples": asked.collect::<Vec<_>>(),
        });
        self.named("receive", &receive.request, more)
    }

    fn exchange(&mut self, exchange: &Exchange) -> Value {
        let mut more = self.message(&exchange.publish);
        more["reply_topic"] = source(&exchange.reply_topic, self.secrets);
        more["correlation"] = match &exchange.correlation {
            Correlation::Json(pointer) => json!({ "json": self.secrets.mask_text(pointer) }),
            other => json!(other),
        };
        more["expect"] = condition(&exchange.expect, self.secrets);
        self.named("request", &exchange.publish.request, more)
    }

    /// A message of a step, with those that the first users send.
    fn message(&mut self, publish: &Publish) -> Value {
        let (class, secrets) = (self.class, self.secrets);
        let sent = self.samples.iter_mut().map(|user| {
            let SampleMessage { topic, payload, .. } = user.message(class, publish);
            json!({
                "user": user.persona().number(),
                "topic": text(&topic, secrets),
                "payload": text(&payload, secrets),
                "payload_bytes": payload.len(),
            })
        });
        json!({
            "topic": source(&publish.topic, secrets),
            "payload": payload(&publish.payload, secrets),
            "qos": publish.qos.level(),
            "retain": publish.retain,
            "await_ack": publish.await_ack,
            "timeout_s": seconds(publish.timeout),
            "stamp": publish.stamp.as_ref().map(ToString::to_string),
            "next_row_of": publish.feeds.iter().map(|index| &class.feeds[*index].name).collect::<Vec<_>>(),
            "samples": sent.collect::<Vec<_>>(),
        })
    }

    fn subscribe(&mut self, subscribe: &Subscribe) -> Value {
        let secrets = self.secrets;
        let measure = subscribe.measure.as_ref().map(|measure| self.measure(measure));
        let filters: Vec<_> = subscribe.filters.iter().map(|wanted| &wanted.filter).collect();
        let only = subscribe.filters.first().filter(|_| filters.len() == 1);
        let more = json!({
            "filter": only.map(|wanted| source(&wanted.filter, secrets)),
            "qos": only.map(|wanted| wanted.qos.level()),
            "filters": subscribe.filters.iter().map(|of| subscription(of, secrets)).collect::<Vec<_>>(),
            "identifier": subscribe.identifier,
            "measure": measure,
            "timeout_s": seconds(subscribe.timeout),
            "samples": self.filters(&filters),
        });
        self.named("subscribe", &subscribe.request, more)
    }

    fn measure(&self, measure: &Measure) -> Value {
        let rows = measure.rows.iter().map(|row| {
            let row = &self.plan.rows[row.0 as usize];
            json!({ "request_type": row.request_type, "name": self.secrets.mask_text(&row.name) })
        });
        json!({
            "what": "end_to_end",
            "stamp": measure.look.to_string(),
            "rows": rows.collect::<Vec<_>>(),
        })
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe) -> Value {
        let filters: Vec<_> = unsubscribe.filters.iter().collect();
        let more = json!({
            "filters": filters.iter().map(|filter| source(filter, self.secrets)).collect::<Vec<_>>(),
            "timeout_s": seconds(unsubscribe.timeout),
            "samples": self.filters(&filters),
        });
        self.named("unsubscribe", &unsubscribe.request, more)
    }

    fn filters(&mut self, filters: &[&Text]) -> Vec<Value> {
        let secrets = self.secrets;
        let users = self.samples.iter_mut();
        users
            .map(|user| {
                let shown: Vec<_> =
                    filters.iter().map(|filter| text(&user.render(filter), secrets)).collect();
                let only = shown.first().filter(|_| shown.len() == 1).cloned();
                json!({ "user": user.persona().number(), "filter": only, "filters": shown })
            })
            .collect()
    }

    /// A step that is recorded, by the name of its row.
    fn named(&self, step: &str, request: &Request, more: Value) -> Value {
        let (request_type, name, per_user) = match &request.row {
            Row::Static(id) => {
                let row = &self.plan.rows[id.0 as usize];
                (row.request_type.as_str(), row.name.as_str(), false)
            }
            Row::PerUser { request_type, name, .. } => (request_type.as_str(), name.source(), true),
        };
        let mut object = Map::new();
        object.insert("name".to_owned(), self.secrets.mask_text(name).into());
        object.insert("step".to_owned(), step.into());
        object.insert("request_type".to_owned(), request_type.into());
        object.insert("row_per_user".to_owned(), per_user.into());
        object.insert("record".to_owned(), request.record.into());
        if let Value::Object(more) = more {
            object.extend(more);
        }
        object.into()
    }
}
