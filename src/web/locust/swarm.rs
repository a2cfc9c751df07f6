//! What is asked of the runner: `/swarm`, `/stop` and `/stats/reset`.
//!
//! As in Locust, a refusal is no error of HTTP: the status is 200, and `success` says it. A key that nobody knows changes
//! nothing, as in Locust, but `message` names it: it may be a misspelt one.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::report::html::text::line;
use crate::units::parse_run_time;
use crate::web::command::{Answer, Command, Done, Start};
use crate::web::desk::Desk;
use crate::web::in_vain::not_understood;
use crate::web::locust::form::Fields;
use crate::web::locust::json::Json;
use crate::web::offer::Offer;

/// So much of a wrong value is shown.
const SHOWN_CHARS: usize = 60;

#[derive(Debug, Serialize)]
struct Swarm<'a> {
    host: Option<&'a str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_time: Option<Seconds>,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_classes: Option<Vec<String>>,
}

/// Seconds, whole ones without a point.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Seconds {
    Whole(u64),
    Part(f64),
}

#[derive(Debug, Serialize)]
struct Said {
    message: String,
    success: bool,
}

pub(super) async fn swarm(State(desk): State<Desk>, Fields(fields): Fields) -> Response {
    let offer = desk.offer();
    let now = desk.now();
    // The one that is true until a run begins.
    let host = if now.phase.is_run() { &*now.host } else { &*offer.host };
    let offered = Some(host).filter(|host| !host.is_empty());
    let refused =
        |message| Swarm { host: offered, message, run_time: None, success: false, user_classes: None };
    let start = match read(&fields, &offer, now.phase.is_run()) {
        Ok(start) => start,
        Err(message) => return Json(refused(message)).into_response(),
    };
    let answer = desk.ask(Command::Start(start.clone())).await;
    Json(match answer {
        Err(refusal) => refused(refusal.to_string()),
        // Only what holds is told.
        Ok(Answer { message, done: Done::Changed | Done::Other }) => {
            Swarm { host: offered, message, run_time: None, success: true, user_classes: None }
        }
        Ok(Answer { message, done: Done::Begun }) => Swarm {
            host: start.host.as_deref().or(offered),
            message,
            run_time: start.run_time.map(Seconds::of),
            success: true,
            user_classes: start.user_classes.map(|mut classes| {
                classes.sort();
                classes
            }),
        },
    })
    .into_response()
}

pub(super) async fn stop(State(desk): State<Desk>) -> Response {
    Json(match desk.ask(Command::Stop).await {
        Ok(answer) => Said { message: answer.message, success: true },
        Err(refusal) => Said { message: refusal.to_string(), success: false },
    })
    .into_response()
}

pub(super) async fn reset(State(desk): State<Desk>) -> Response {
    // Locust has no way to refuse this one, and plain text to say so.
    let (status, text) = match desk.ask(Command::Reset).await {
        Ok(answer) => (StatusCode::OK, answer.message),
        Err(refusal) => (StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
    };
    let text = line(&text).replace('&', "&amp;").replace('<', "&lt;");
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

/// What a form asks for; the error is the message for the visitor.
/// `is_run` says whether a run goes on, which it would change.
pub(super) fn read(fields: &[(String, String)], offer: &Offer, is_run: bool) -> Result<Start, String> {
    let mut start = Start::default();
    let (mut users, mut spawn_rate) = (None, None);
    for (key, value) in fields {
        match key.as_str() {
            "user_count" => {
                let count = value.trim().parse::<i64>();
                users = Some(count.map_err(|_| {
                    format!("Invalid user_count value: {} (must be an integer)", shown(value))
                })?);
            }
            "spawn_rate" => {
                let rate = value.trim().parse::<f64>();
                spawn_rate =
                    Some(rate.map_err(|_| {
                        format!("Invalid spawn_rate value: {} (must be a number)", shown(value))
                    })?);
            }
            "run_time" if !value.is_empty() => {
                let time = parse_run_time(value).map_err(|_| {
                    "Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc.".to_owned()
                })?;
                // As in Locust, no time is no end.
                start.run_time = Some(time).filter(|time| !time.is_zero());
            }
            "host" if !value.is_empty() => start.host = Some(value.clone()),
            "user_classes" => {
                if !offer.classes.iter().any(|class| class.name == *value) {
                    let known: Vec<_> = offer.classes.iter().map(|class| &*class.name).collect();
                    return Err(format!(
                        "There is no user class {}: choose of {}",
                        shown(value),
                        known.join(", ")
                    ));
                }
                push(&mut start.user_classes, [value.as_str()]);
            }
            "tags" => push(&mut start.tags, value.split(',')),
            "exclude_tags" => push(&mut start.exclude_tags, value.split(',')),
            key if offer.settings.iter().any(|setting| setting.key == key) => {
                start.settings.retain(|(known, _)| known != key);
                start.settings.push((key.to_owned(), value.clone()));
            }
            // Locust's own form has these, and they ask for what is so anyway.
            "run_time" | "host" | "profile" if value.is_empty() => {}
            "shape_class" if value == "Default" => {}
            unknown => start.unknown.push(unknown.to_owned()),
        }
    }
    if !offer.stages.is_empty() && !is_run {
        // As in Locust with a shape: users and pace are those of the stages.
        let given = [("user_count", users.is_some()), ("spawn_rate", spawn_rate.is_some())];
        let given = given.into_iter().filter(|(_, is_given)| *is_given);
        start.of_stages = given.map(|(key, _)| key.to_owned()).collect();
        (users, spawn_rate) = (None, None);
    }
    if users == Some(0) && !is_run {
        return Err("user_count is 0: a run begins with at least 1 user".to_owned());
    }
    start.users = users.and_then(|users| u32::try_from(users).ok());
    start.spawn_rate = spawn_rate.filter(|rate| rate.is_finite() && *rate > 0.0);
    let is_wrong = |given: bool, valid: bool| if offer.stages.is_empty() { !valid } else { given && !valid };
    if is_wrong(users.is_some(), start.users.is_some())
        || is_wrong(spawn_rate.is_some(), start.spawn_rate.is_some())
    {
        let missing = "Missing or invalid user_count or spawn_rate from /swarm request".to_owned();
        let unknown = not_understood(&start);
        return Err(unknown.into_iter().fold(missing, |missing, unknown| format!("{missing}. {unknown}")));
    }
    Ok(start)
}

/// Adds what is not empty and not there yet.
fn push<'a>(to: &mut Option<Vec<String>>, values: impl IntoIterator<Item = &'a str>) {
    for value in values.into_iter().map(str::trim).filter(|value| !value.is_empty()) {
        let known = to.get_or_insert_default();
        if !known.iter().any(|known| known == value) {
            known.push(value.to_owned());
        }
    }
}

/// A value in quotes, as Python shows it, cut to a length that can be read.
fn shown(value: &str) -> String {
    let text: String = value.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    let more = if value.chars().nth(SHOWN_CHARS).is_some() { "…" } else { "" };
    format!("'{text}{more}'")
}

impl Seconds {
    fn of(time: Duration) -> Self {
        if time.subsec_nanos() == 0 { Self::Whole(time.as_secs()) } else { Self::Part(time.as_secs_f64()) }
    }
}
