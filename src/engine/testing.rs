//! Plans and users for unit tests: one class `device`, whose users run over a scripted session on a paused clock.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};

use crate::client::scripted::{Script, ScriptedConnector};
use crate::engine::clock::Clock;
use crate::engine::context::Context;
use crate::engine::shared::Shared;
use crate::engine::user_thread::pause_timer::PauseTimer;
use crate::mqtt::{Client, Qos, Settings};
use crate::plan::load::{After, Load, Stage, Users};
use crate::plan::numbering::Numbering;
use crate::plan::payload::Payload;
use crate::plan::properties::Properties;
use crate::plan::receive::Keeps;
use crate::plan::reconnect::Reconnect;
use crate::plan::roster::NewUser;
use crate::plan::shard::Shard;
use crate::plan::target::Target;
use crate::plan::wait::{Pause, WaitTime};
use crate::plan::{
    Broker, BrokerId, ClassId, OnError, Plan, Publish, Request, Row, Step, Steps, Task, TaskOrder, Text,
    UserClass,
};
use crate::stats::{RowId, RowKey};
use crate::template::Template;
use crate::template::names::{Columns, Names, Place};

/// Runs a test whose users are tasks on this thread.
pub(crate) fn on_a_paused_clock(test: impl Future<Output = ()>) {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true);
    builder.build_local(LocalOptions::default()).unwrap().block_on(test);
}

/// A class that publishes once in each task run.
pub(crate) fn class() -> UserClass {
    UserClass {
        name: "device".to_owned(),
        broker: BrokerId(0),
        weight: 1.0,
        fixed_count: 0,
        client_id: template("device-${user.number}"),
        username: None,
        password: None,
        certificate: None,
        will: None,
        wait_time: WaitTime::Pause(Pause::Constant(Duration::from_secs(1))),
        schedule: None,
        iterations: None,
        messages: None,
        on_error: OnError::AbortTask,
        on_start: Steps::default(),
        order: TaskOrder::Weighted,
        tasks: vec![task(vec![publish("t")])],
        on_stop: Steps::default(),
        reconnect: request(),
        reconnection: Reconnect::default(),
        connect_phases: Vec::new(),
        user_texts: 0,
        user_rows: 0,
        counters: 1,
        repeat_depth: 1,
        keeps: Keeps::default(),
        feeds: Vec::new(),
        walks: 0,
    }
}

/// A task of these steps.
pub(crate) fn task(steps: Vec<Step>) -> Task {
    Task { name: "task".to_owned(), weight: 1, on_error: None, steps: Steps(steps) }
}

/// Publishes an empty message of QoS 1 and waits for its acknowledgement.
pub(crate) fn publish(topic: &str) -> Step {
    Step::Publish(Box::new(Publish {
        topic: Text::Constant(topic.as_bytes().into()),
        payload: Payload::Text(Text::Constant(b""[..].into())),
        feeds: Vec::new(),
        qos: Qos::AtLeastOnce,
        retain: false,
        properties: Properties::default(),
        timeout: Duration::from_secs(10),
        await_ack: true,
        request: request(),
        counter: 0,
        stamp: None,
    }))
}

/// Waits for this many seconds.
pub(crate) fn wait(seconds: u64) -> Step {
    Step::Wait(Pause::Constant(Duration::from_secs(seconds)))
}

/// Records in the only row.
pub(crate) fn request() -> Request {
    Request { row: Row::Static(RowId(0)), record: true }
}

fn template(text: &str) -> Template {
    let (vars, used_vars, columns) = (BTreeMap::new(), RefCell::new(BTreeSet::new()), Columns::default());
    let names = Names {
        class: Some("device"),
        vars: &vars,
        used_vars: &used_vars,
        columns: &columns,
        env: &|_| None,
        hostname: "rig",
        run_id: None,
    };
    Template::parse(text, Place::ClientId, &names).unwrap()
}

/// A plan of one class and one row, without a stop timeout.
pub(crate) fn plan(class: UserClass) -> Plan {
    Plan {
        name: "test".to_owned(),
        seed: 1,
        brokers: vec![Broker {
            name: "local".to_owned(),
            target: Target::Embedded { options: String::new() },
            connect_timeout: Duration::from_secs(5),
            keep_alive_s: 0,
            inflight: 1,
            source_addresses: Vec::new(),
            tls: None,
            headers: Vec::new(),
            settings: Settings::default(),
            client: Client::Native,
            connect_detail: false,
            watch: None,
        }],
        classes: vec![class],
        rows: vec![RowKey { request_type: "MQTT".to_owned(), name: "all".to_owned() }],
        load: Load {
            stages: vec![Stage {
                name: None,
                users: Users::Total(1),
                spawn_rate: 1.0,
                duration: None,
                after: After::AtOnce,
                mass_disconnect: None,
            }],
            run_time: None,
            stop_timeout: Duration::ZERO,
            iterations: None,
            messages: None,
            search: None,
        },
        shard: Shard::WHOLE,
        sync: None,
        numbering: Numbering::ALONE,
        thresholds: Vec::new(),
    }
}

/// The context of a thread, and the broker of its users.
pub(crate) fn context(plan: Plan, script: Script) -> (Context<ScriptedConnector>, ScriptedConnector) {
    let shared = Shared::new(&plan.load, usize::MAX);
    let connector = ScriptedConnector::new(script);
    let (clock, timer) = (Clock::start(), PauseTimer::Tokio);
    (Context::new(Arc::new(plan), connector.clone(), timer, clock, shared, true), connector)
}

/// A user to start.
pub(crate) fn new_user(number: u64) -> NewUser {
    NewUser { class: ClassId(0), number, index: number - 1 }
}

/// What users did so far: milliseconds since the start, and the action.
pub(crate) fn actions(connector: &ScriptedConnector) -> Vec<(u128, String)> {
    connector.entries().into_iter().map(|entry| (entry.at.as_millis(), entry.action)).collect()
}

/// The context of one user, shared.
pub(crate) fn user_context(
    class: UserClass,
    script: Script,
) -> (Rc<Context<ScriptedConnector>>, ScriptedConnector) {
    let (context, connector) = context(plan(class), script);
    (Rc::new(context), connector)
}
