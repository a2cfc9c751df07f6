use super::*;

#[test]
fn days_are_dates_of_the_calendar() {
    for (days, year, month, day) in [
        (0, 1970, 1, 1),
        (-1, 1969, 12, 31),
        (11_016, 2000, 2, 29),
        (11_017, 2000, 3, 1),
        (19_782, 2024, 2, 29),
        (47_540, 2100, 2, 28),
        (47_541, 2100, 3, 1),
    ] {
        assert_eq!(Date::of_unix_day(days), Date { year, month, day }, "{days}");
        assert_eq!(Date { year, month, day }.unix_day(), days);
    }
}
