//! Time stamps as `now_iso()` writes them.

use crate::template::cursor::Cursor;

/// Bytes of a time stamp as [`push_iso`] writes it.
pub(super) const ISO_BYTES: usize = "1970-01-01T00:00:00.000Z".len();

/// A time stamp in UTC with milliseconds (RFC 3339).
///
/// The day is turned into a date by Howard Hinnant's `civil_from_days`, for years that begin in March, so
/// that the leap day is a year's last.
///
/// Not inlined: inside the loop over segments the compiler works all of this out for every text, used or not,
/// since it does not change on the way.
#[inline(never)]
pub(super) fn push_iso(now_ns: u64, out: &mut Cursor<'_>) {
    let ms = now_ns / 1_000_000;
    let (seconds, days) = (ms / 1_000 % 86_400, ms / 86_400_000 + 719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    for (number, digits, after) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (seconds / 3_600, 2, b':'),
        (seconds / 60 % 60, 2, b':'),
        (seconds % 60, 2, b'.'),
        (ms % 1_000, 3, b'Z'),
    ] {
        let mut left = number;
        for place in out.take(digits).iter_mut().rev() {
            *place = b'0' + (left % 10) as u8;
            left /= 10;
        }
        out.text(&[after]);
    }
}
