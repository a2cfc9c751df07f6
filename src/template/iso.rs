//! Time stamps as `now_iso()` writes them.

use crate::template::cursor::Cursor;
use crate::units::Date;

/// Bytes of a time stamp as [`push_iso`] writes it.
pub(super) const ISO_BYTES: usize = "1970-01-01T00:00:00.000Z".len();

/// A time stamp in UTC with milliseconds (RFC 3339).
///
/// Not inlined: inside the loop over segments the compiler works all of this out for every text, used or not,
/// since it does not change on the way.
#[inline(never)]
pub(super) fn push_iso(now_ns: u64, out: &mut Cursor<'_>) {
    let ms = now_ns / 1_000_000;
    let seconds = ms / 1_000 % 86_400;
    let Date { year, month, day } = Date::of_unix_day((ms / 86_400_000).cast_signed());
    for (number, digits, after) in [
        (year.cast_unsigned(), 4, b'-'),
        (month.cast_unsigned(), 2, b'-'),
        (day.cast_unsigned(), 2, b'T'),
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
