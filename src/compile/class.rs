//! User classes: the identity of their users, their number, and their steps.
//!
//! Classes and tasks that this run leaves out (by weight, tags or name) are compiled like the others and
//! thrown away, since a mistake in them is a mistake, but their rows and slots must not stay.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::compile::client::check_credential;
use crate::compile::codes;
use crate::compile::context::{ClassContext, Overrides};
use crate::compile::files::{self, ReadFile};
use crate::compile::problems::{Problems, suggestion};
use crate::compile::protocol::ProtocolCaps;
use crate::compile::reconnect::compile_reconnect;
use crate::compile::steps::{Rows, StepCompiler};
use crate::compile::tasks::tasks;
use crate::compile::timing::{RateOf, limit, schedule, wait_time};
use crate::compile::tls::compile_certificate;
use crate::compile::will::compile_will;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::MAX_TEXT_BYTES;
use crate::plan::wait::WaitTime;
use crate::plan::{BrokerId, UserClass};
use crate::scenario::model;
use crate::template;
use crate::template::names::{Names, Place, quoted};
use crate::template::{Secret, Template};

/// The default of users that leave nothing behind at the broker: each process has its own, so that two of them with
/// one scenario do not drive each other's users out.
const CLIENT_ID_OF_RUN: &str = "${user.class}-${user.number}-${run.id}";

/// The default where a session is to be found again by the next run, and of a library's plans, which draw nothing.
const CLIENT_ID: &str = "${user.class}-${user.number}";

pub(super) struct Compiled {
    pub(super) class: UserClass,
    pub(super) user_row_places: Vec<FieldPath>,
    pub(super) measure_places: Vec<FieldPath>,
    /// The timeouts of its steps that are written in the file.
    pub(super) timeouts: Vec<(FieldPath, Duration)>,
    /// What its rate is the rate of.
    pub(super) rate: Option<RateOf>,
    /// The places of feeds that it names without using a column.
    pub(super) idle_feeds: Vec<FieldPath>,
}

/// The classes of the run: those asked for, or all, without those that can have no users.
pub(super) fn select<'a>(
    classes: &'a BTreeMap<String, model::user_class::UserClass>,
    overrides: &Overrides,
    problems: &mut Problems<'_>,
) -> BTreeSet<&'a str> {
    let at = FieldPath::root().key("user_classes");
    if classes.is_empty() {
        problems.add_absence(
            Diagnostic::error(codes::EMPTY, at, "the scenario has no user class")
                .help("add one under `user_classes`, by any name, with `tasks`"),
        );
        return BTreeSet::new();
    }
    for unknown in overrides.user_classes.iter().filter(|name| !classes.contains_key(*name)) {
        if !problems.absence_explained(&at.key(unknown.as_str())) {
            let help = suggestion(unknown, "user classes", classes.keys().map(String::as_str));
            let message = format!("there is no user class `{unknown}`");
            problems.add(Diagnostic::error(codes::UNKNOWN_CLASS, at.clone(), message).help(help));
        }
    }
    let is_abstract = |name: &str| classes.get(name).is_some_and(|class| class.is_abstract == Some(true));
    for name in overrides.user_classes.iter().filter(|name| is_abstract(name)) {
        let message = format!("user class `{name}` is abstract: it has no users");
        problems.add(
            Diagnostic::error(codes::ABSTRACT, at.key(name.as_str()).key("abstract"), message)
                .help("ask for a class that extends it, or remove `abstract`"),
        );
    }
    if classes.keys().all(|name| is_abstract(name)) {
        problems.add(
            Diagnostic::error(codes::ABSTRACT, at.clone(), "no user class is left: all are abstract")
                .help("add a class with `extends` and the name of one of them, or remove an `abstract`"),
        );
    }
    let asked_for: BTreeSet<&str> = classes
        .keys()
        .map(String::as_str)
        .filter(|name| !is_abstract(name))
        .filter(|name| {
            overrides.user_classes.is_empty() || overrides.user_classes.iter().any(|asked| asked == name)
        })
        .collect();
    let mut selected = asked_for.clone();
    for name in &asked_for {
        let class = &classes[*name];
        if class.weight == Some(0.0) && class.fixed_count.is_none() {
            let message = format!("user class `{name}` has weight 0 and gets no users");
            problems.add(
                Diagnostic::warning(codes::CLASS_REMOVED, at.key(*name).key("weight"), message)
                    .help("give it a weight or a `fixed_count`, or remove it"),
            );
            selected.remove(name);
        }
    }
    if selected.is_empty() && !asked_for.is_empty() {
        problems.add(
            Diagnostic::error(codes::NOTHING_TO_DO, at, "no user class is left: all have weight 0")
                .help("give one of them a weight above 0 or a `fixed_count`"),
        );
    }
    selected
}

/// Compiles one class. Returns `None` if there is a mistake in its client id, user name, password, will or broker.
pub(super) fn compile_class(
    class: &model::user_class::UserClass,
    at: &FieldPath,
    names: &Names<'_>,
    class_context: ClassContext<'_>,
    overrides: &Overrides,
    rows: &mut Rows,
    problems: &mut Problems<'_>,
) -> Option<Compiled> {
    let ClassContext { brokers, compiled_brokers, payloads, files, .. } = class_context;
    // What an abstract class lacks, the classes that extend it may have.
    let may_lack = class.is_abstract == Some(true);
    let broker = match class.broker.as_deref() {
        None if may_lack => None,
        name => broker(name, &at.key("broker"), brokers, problems),
    };
    let certificate = broker.map(|broker| compile_certificate(&class_context, broker, names, problems));
    let (weight, fixed_count) = share(class, at, problems);
    let weight = if overrides.equal_weights && weight > 0.0 { 1.0 } else { weight };
    let outlives = broker.and_then(|broker| brokers.values().nth(broker.0)).is_some_and(|broker| {
        broker.clean_session == Some(false) || broker.session_expiry.is_some_and(|expiry| !expiry.0.is_zero())
    });
    let default = if names.run_id.is_some() && !outlives { CLIENT_ID_OF_RUN } else { CLIENT_ID };
    let client_id = class.client_id.as_deref().unwrap_or(default);
    let client_id =
        text(client_id, "this client id", Place::ClientId, (0, 0), &at.key("client_id"), names, problems);
    let client_id_length = client_id.as_ref().map_or((1, 1), |client_id| client_id.length((0, 0)));
    let mut credential = |key: &str, what: &str, value: Option<&str>| {
        value.map(|value| {
            text(value, what, Place::Credential, client_id_length, &at.key(key), names, problems)
        })
    };
    let username = credential("username", "this user name", class.username.as_deref());
    let password = match &class.password {
        Some(model::user_class::Secret::File(path)) => {
            Some(secret_file(path, files, &at.key("password").key("file"), problems))
        }
        Some(model::user_class::Secret::Text(text)) => credential("password", "this password", Some(text)),
        None => None,
    };
    let wait_time =
        class.wait_time.map_or(WaitTime::ZERO, |wait| wait_time(wait, &at.key("wait_time"), problems));
    let (schedule, rate) = schedule(class, at, problems).unzip();
    let reconnection = compile_reconnect(class.reconnect.as_ref(), &at.key("reconnect"), problems);
    let iterations = limit(class.iterations, "iterations", at, problems);
    let messages = limit(class.messages, "messages", at, problems);

    let protocol = broker.and_then(|broker| ProtocolCaps::with(broker, brokers, problems));
    if let Some(protocol) = &protocol {
        protocol.check_client_id(client_id.as_ref(), &at.key("client_id"), problems);
        for (key, credential) in [("username", &username), ("password", &password)] {
            if let Some(Some(credential)) = credential {
                check_credential(protocol.client(), credential, &at.key(key), problems);
            }
        }
        let no_username = class.username.is_none() && !problems.absence_explained(&at.key("username"));
        if class.password.is_some() && no_username && !may_lack && !protocol.is_5() {
            problems.add(
                Diagnostic::error(codes::CONFLICT, at.key("password"), "a password needs a user name")
                    .help("add `username`: MQTT 3.1.1 sends no password without one, only MQTT 5 does"),
            );
        }
    }
    let will = class.will.as_ref().map(|will| {
        let (at, client_id) = (at.key("will"), client_id.as_ref());
        compile_will(will, &at, names, client_id, payloads, protocol.as_ref(), problems)
    });

    let mut compiler = StepCompiler::new(names, client_id.as_ref(), payloads, rows);
    compiler.protocol = protocol;
    compiler.detailed = broker.and_then(|broker| compiled_brokers.get(broker.0)).filter(|b| b.connect_detail);
    let on_start = compiler.steps(&class.on_start, &at.key("on_start"), problems);
    let (order, tasks) = tasks(class, at, overrides, &mut compiler, problems);
    let on_stop = compiler.steps(&class.on_stop, &at.key("on_stop"), problems);
    let reconnect = compiler.reconnect();
    if !may_lack {
        let lists = [&on_start, &on_stop].into_iter().chain(tasks.iter().map(|task| &task.steps));
        compiler.warn_of_silence(lists, problems);
    }
    let (user_texts, user_rows) = (compiler.texts.len(), compiler.user_rows.len());
    let (counters, walks, repeat_depth) = (compiler.counters, compiler.walks, compiler.repeat_depth);
    let (user_row_places, timeouts, keeps) = (compiler.user_row_places, compiler.timeouts, compiler.keeps);
    let connect_phases = compiler.connect_phases;
    let feeds = class_context.feeds;
    let measure_places = compiler.measure_places;
    let used_feeds = names.columns.used_feeds.borrow();
    let idle_feeds = (0..feeds.len())
        .filter(|index| !used_feeds.contains(index))
        .map(|index| at.key("feeds").index(index))
        .collect();
    Some(Compiled {
        class: UserClass {
            name: names.class.unwrap_or_default().to_owned(),
            broker: broker?,
            weight,
            fixed_count,
            client_id: client_id?,
            username: match username {
                Some(username) => Some(username?),
                None => None,
            },
            password: match password {
                Some(password) => Some(Secret(password?)),
                None => None,
            },
            certificate: certificate.flatten(),
            will: match will {
                Some(will) => Some(Box::new(will?)),
                None => None,
            },
            feeds,
            wait_time,
            schedule,
            iterations,
            messages,
            on_error: class.on_error.unwrap_or_default(),
            on_start,
            order,
            tasks,
            on_stop,
            reconnect,
            reconnection,
            connect_phases,
            user_texts,
            user_rows,
            counters,
            walks,
            repeat_depth,
            keeps,
        },
        user_row_places,
        measure_places,
        timeouts,
        rate,
        idle_feeds,
    })
}

fn broker(
    name: Option<&str>,
    at: &FieldPath,
    brokers: &BTreeMap<String, model::broker::Broker>,
    problems: &mut Problems<'_>,
) -> Option<BrokerId> {
    let known = brokers.keys().map(String::as_str);
    match name {
        Some(name) => {
            let index = known.clone().position(|broker| broker == name);
            let unread = FieldPath::root().key("brokers").key(name);
            if index.is_none() && !brokers.is_empty() && !problems.absence_explained(&unread) {
                let help = suggestion(name, "brokers", known);
                let message = format!("there is no broker `{name}`");
                problems.add(Diagnostic::error(codes::UNKNOWN_BROKER, at.clone(), message).help(help));
            }
            index.map(BrokerId)
        }
        None if brokers.len() > 1 => {
            let message = "this user class must say which broker it connects to";
            let help = format!("add `broker`: the brokers are: {}", quoted(known));
            problems.add_absence(Diagnostic::error(codes::AMBIGUOUS_BROKER, at.clone(), message).help(help));
            None
        }
        None => (!brokers.is_empty()).then_some(BrokerId(0)),
    }
}

/// Weight and fixed count.
fn share(class: &model::user_class::UserClass, at: &FieldPath, problems: &mut Problems<'_>) -> (f64, u32) {
    let (weight_at, fixed_at) = (at.key("weight"), at.key("fixed_count"));
    if class.weight.is_some() && class.fixed_count.is_some() {
        problems.add(
            Diagnostic::error(
                codes::CONFLICT,
                weight_at.clone(),
                "`weight` and `fixed_count` exclude each other",
            )
            .help("`fixed_count` gives an exact number of users, `weight` a share of the others: keep one"),
        );
    }
    if class.fixed_count == Some(0) {
        let help = "leave it out for a share by weight, or give the class the `weight` 0 for no users";
        problems.range(&fixed_at, "`fixed_count` must be at least 1", help);
    }
    let weight = class.weight.unwrap_or(1.0);
    if !(weight.is_finite() && weight >= 0.0) {
        problems.range(
            &weight_at,
            "`weight` must be a number of at least 0",
            "the default is 1; 2 gives twice as many users",
        );
    }
    (weight, class.fixed_count.unwrap_or(0))
}

/// A text of the CONNECT packet.
fn text(
    text: &str,
    what: &str,
    place: Place,
    client_id: (usize, usize),
    at: &FieldPath,
    names: &Names<'_>,
    problems: &mut Problems<'_>,
) -> Option<Template> {
    let template = problems.template(text, place, names, at)?;
    problems.length(what, template.length(client_id).1, MAX_TEXT_BYTES, at);
    Some(template)
}

/// A secret out of a file of its own. It is never shown, and not looked into: no `${…}` is expanded in it.
pub(super) fn secret_file(
    path: &str,
    files: ReadFile<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Template> {
    let bytes = files::read_text(files, path, at, problems)?;
    let Ok(text) = str::from_utf8(&bytes) else {
        let message = format!("the secret in `{path}` is not UTF-8 text");
        problems.add(
            Diagnostic::error(template::codes::TEXT, at.clone(), message).help("save the file as UTF-8"),
        );
        return None;
    };
    let text = text.trim_end();
    if text.contains('\0') {
        let message = format!("the secret in `{path}` cannot contain the null character");
        problems.add(Diagnostic::error(template::codes::TEXT, at.clone(), message).help("leave it out"));
        return None;
    }
    problems.length("this secret", text.len(), MAX_TEXT_BYTES, at);
    Some(Template::literally(text))
}
