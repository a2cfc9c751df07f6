//! Moments as the command line spells them: RFC 3339, a time of day, or seconds of unix time.
//!
//! A time of day is in UTC, so that machines in different time zones mean the same moment. It is the nearest one to now,
//! before or after: at 23:59, `00:01` is in two minutes, and `23:58` is over.

use std::str::FromStr;
use std::time::Duration;

use crate::units::date::Date;

/// A moment that somebody has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long after 1970-01-01 00:00 (UTC).
    Unix(Duration),
    /// So long after midnight (UTC).
    OfDay(Duration),
}

/// What is wrong with the text of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a moment is 2026-11-29T12:30:00Z (or with +01:00 in place of Z), 12:30:00 (UTC), or seconds of unix time such as \
     1796000000"
)]
pub struct NotAMoment;

const DAY: Duration = Duration::from_hours(24);

/// Below it, a number is rather meant as something else: the year 2001.
const LEAST_UNIX_S: u64 = 1_000_000_000;

impl Moment {
    /// The moment in unix time, if it is now so late in unix time.
    pub fn near(self, now: Duration) -> Duration {
        let of_day = match self {
            Self::Unix(moment) => return moment,
            Self::OfDay(of_day) => of_day,
        };
        let days = u32::try_from(now.as_secs() / DAY.as_secs()).unwrap_or(u32::MAX);
        let on = |days: u32| DAY.saturating_mul(days) + of_day;
        let near = [on(days.saturating_sub(1)), on(days), on(days.saturating_add(1))];
        near.into_iter().min_by_key(|moment| moment.abs_diff(now)).unwrap_or(now)
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        parse(text).ok_or(NotAMoment)
    }
}

fn parse(text: &str) -> Option<Moment> {
    if let Some((date, rest)) = text.split_once(['T', 't', ' ']) {
        let (time, offset_s) = zone(rest)?;
        let day = u64::try_from(day(date)?).ok()?;
        let local = Duration::from_secs(day * DAY.as_secs()) + of_day(time)?;
        let offset = Duration::from_secs(offset_s.unsigned_abs());
        let unix = if offset_s < 0 { local.checked_add(offset) } else { local.checked_sub(offset) };
        return unix.map(Moment::Unix);
    }
    if text.contains(':') {
        return of_day(text).map(Moment::OfDay);
    }
    let unix = seconds(text)?;
    (unix.as_secs() >= LEAST_UNIX_S).then_some(Moment::Unix(unix))
}

fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut part = |digits| number(parts.next()?, digits);
    let date = Date { year: part(4)?.into(), month: part(2)?.into(), day: part(2)?.into() };
    let day = date.unix_day();
    (parts.next().is_none() && Date::of_unix_day(day) == date).then_some(day)
}

/// `12:30`, `12:30:00` or `12:30:00.5`, as time after midnight.
fn of_day(text: &str) -> Option<Duration> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let rest = parts.next().unwrap_or("00");
    number(rest.split('.').next()?, 2)?;
    let second = seconds(rest)?;
    let is_time = hour < 24 && minute < 60 && second.as_secs() < 60;
    is_time.then(|| Duration::from_secs(u64::from(hour * 3_600 + minute * 60)) + second)
}

/// A time without its zone, and the seconds that the zone is ahead of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let (time, zone) = text.split_at_checked(text.rfind(['+', '-'])?)?;
    let ahead = i64::try_from(of_day(zone.get(1..)?)?.as_secs()).ok()?;
    Some((time, if zone.starts_with('-') { -ahead } else { ahead }))
}

/// Seconds with a fraction of up to nine digits.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || whole.len() > 11 || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(whole.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let is_it = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_it.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
