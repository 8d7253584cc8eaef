//! Days, and how exactly one is known.

use core::fmt;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::vocabulary::Precision;
use crate::UnixTime;

/// A day: days since 1970-01-01, up to 2149-06-06. Sources give local days; a day either way is within their precision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(u16);

const FIRST_DAY: Date = jiff::civil::date(1970, 1, 1);
pub(super) const DAY_SECS: u64 = 86_400;
const MONTHS: u16 = 12;

impl Day {
    /// The day with this number.
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The day of a time, in UTC.
    pub fn of(time: UnixTime) -> Self {
        Self(u16::try_from(time.0 / DAY_SECS).unwrap_or(u16::MAX))
    }

    /// This day and `days` more, up to the last there is.
    #[must_use]
    pub const fn plus(self, days: u16) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from this day to a later one; 0 if it is earlier.
    pub const fn days_to(self, later: Self) -> u16 {
        later.0.saturating_sub(self.0)
    }

    /// The month in which it lies.
    pub fn month(self) -> Month {
        let date = self.date();
        let years = u16::try_from(date.year() - FIRST_DAY.year()).expect("no day is before 1970");
        let month = u16::try_from(date.month() - 1).expect("months begin at 1");
        Month(years * MONTHS + month)
    }

    fn date(self) -> Date {
        FIRST_DAY.checked_add(i32::from(self.0).days()).expect("65535 days lead to the year 2149")
    }

    fn of_date(date: Date) -> Option<Self> {
        let span = date.since(FIRST_DAY).ok()?;
        u16::try_from(span.get_days()).ok().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Day({self})")
    }
}

/// A month of the calendar: months since 1970-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month(u16);

impl Month {
    /// Months since 1970-01.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// This month less `months`, down to 1970-01.
    #[must_use]
    pub const fn less(self, months: u16) -> Self {
        Self(self.0.saturating_sub(months))
    }

    /// Months from this one to a later one; 0 if that is earlier.
    pub const fn months_to(self, later: Self) -> u16 {
        later.0.saturating_sub(self.0)
    }
}

/// A text that is no month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written YYYY-MM, from 1970-01")]
pub struct BadMonth;

impl core::str::FromStr for Month {
    type Err = BadMonth;

    fn from_str(text: &str) -> Result<Self, BadMonth> {
        let period = Period::parse(text).filter(|period| period.precision == Precision::Month);
        period.map(|period| period.first.month()).ok_or(BadMonth)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", 1970 + u32::from(self.0 / MONTHS), self.0 % MONTHS + 1)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Month({self})")
    }
}

/// A day, a month or a year: its first and last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) first: Day,
    pub(super) last: Day,
    pub(super) precision: Precision,
}

impl Period {
    /// Reads `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return None;
        }
        let widths = [4, 2, 2];
        if parts.len() > widths.len() || parts.iter().zip(widths).any(|(part, width)| part.len() != width) {
            return None;
        }
        let year = parts[0].parse().ok()?;
        let number = |place: usize| parts.get(place).map_or(Some(1), |part| part.parse().ok());
        let first = Date::new(year, number(1)?, number(2)?).ok()?;
        let (last, precision) = match parts.len() {
            1 => (first.last_of_year(), Precision::Year),
            2 => (first.last_of_month(), Precision::Month),
            _ => (first, Precision::Day),
        };
        Some(Self { first: Day::of_date(first)?, last: Day::of_date(last)?, precision })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_print_as_dates() {
        for (number, text) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_454, "2026-01-01"),
            (65_535, "2149-06-06"),
        ] {
            assert_eq!(Day::from_number(number).to_string(), text);
            assert_eq!(Period::parse(text).unwrap().first, Day::from_number(number));
        }
        assert_eq!(Day::of(UnixTime(86_399)), Day::from_number(0));
        assert_eq!(Day::of(UnixTime(86_400)), Day::from_number(1));
        assert_eq!(Day::of(UnixTime(u64::MAX)), Day::from_number(u16::MAX));
    }

    #[test]
    fn every_day_lies_in_the_month_that_it_prints() {
        for number in 0..=u16::MAX {
            let day = Day::from_number(number);
            assert_eq!(day.month().to_string(), day.to_string()[..7]);
        }
    }

    #[test]
    fn a_month_reads_back_and_no_other_text_is_one() {
        for number in (0..=u16::MAX).step_by(500) {
            let month = Day::from_number(number).month();
            assert_eq!(month.to_string().parse(), Ok(month));
        }
        for text in ["2026", "2026-07-01", "2026-13", "2026-7", "1969-12", "", "July"] {
            assert_eq!(text.parse::<Month>(), Err(BadMonth), "{text}");
        }
    }

    #[test]
    fn a_month_and_a_year_are_periods() {
        let check = |text: &str, first: &str, last: &str, precision| {
            let period = Period::parse(text).unwrap();
            assert_eq!((period.first.to_string(), period.last.to_string()), (first.into(), last.into()));
            assert_eq!(period.precision, precision);
        };
        check("2024-02", "2024-02-01", "2024-02-29", Precision::Month);
        check("2025", "2025-01-01", "2025-12-31", Precision::Year);
        check("2025-07-09", "2025-07-09", "2025-07-09", Precision::Day);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "-", "26", "2026-1", "2026-1-1", "2026-13", "2026-02-30", "2026-02-29", "1969-12-31", "2149-06-07"]
        {
            assert_eq!(Period::parse(text), None, "{text}");
        }
        for text in ["2026-01-01T00:00", "01-02-2026", "2026/01/01", "2026-01-01-", "+026-01-01", "\u{ff12}026"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
