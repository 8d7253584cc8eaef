//! Days and instants as files write them. Only arithmetic: no clock, no time zones beyond a stated offset.

use super::refusal::RefusalCode;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// In which order a date of day, month and year stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    /// `1990-05-17` or `19900517`.
    #[default]
    YearFirst,
    /// `17/05/1990`, as in Australia; a year of four digits may still stand first.
    DayFirst,
    /// `05/17/1990`; the same.
    MonthFirst,
}

impl DateOrder {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::YearFirst, Self::DayFirst, Self::MonthFirst];

    /// The name used in column maps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::YearFirst => "ymd",
            Self::DayFirst => "dmy",
            Self::MonthFirst => "mdy",
        }
    }

    /// The order of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == name)
    }
}

const SECS_PER_DAY: u64 = 86_400;

impl Day {
    /// The day of these numbers, if there is one.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=last).contains(&day)).then_some(Self { year, month, day })
    }

    /// The day, in UTC, of a moment in seconds after the start of 1970.
    pub fn of_unix_secs(secs: u64) -> Self {
        // Days since 1 March of the year 0, in eras of 400 years; years begin in March, so that a leap day ends one.
        let days = (secs / SECS_PER_DAY).min(2_932_896) + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_based = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_based + 2) / 5 + 1;
        let month = if march_based < 10 { march_based + 3 } else { march_based - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self { year: year as u16, month: month as u8, day: day as u8 }
    }

    /// Seconds from the start of 1970 to the start of the day in UTC; `None` for earlier days.
    pub(super) fn unix_secs(self) -> Option<u64> {
        let year = u64::from(self.year) - u64::from(self.month <= 2);
        let (era, year_of_era) = (year / 400, year % 400);
        let march_based = (u64::from(self.month) + 9) % 12;
        let of_year = (153 * march_based + 2) / 5 + u64::from(self.day) - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        (era * 146_097 + of_era).checked_sub(719_468).map(|days| days * SECS_PER_DAY)
    }

    pub(super) fn year(self) -> u16 {
        self.year
    }

    pub(super) fn month(self) -> u8 {
        self.month
    }

    pub(super) fn day(self) -> u8 {
        self.day
    }
}

impl core::fmt::Display for Day {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A date in the order of the column map. A time of midnight behind it, as exports of databases have, is passed over.
pub(super) fn parse_day(text: &str, order: DateOrder) -> Result<Day, RefusalCode> {
    let text = without_midnight(text);
    let is_separator = |c: char| matches!(c, '-' | '/' | '.' | ' ');
    let fields: Vec<&str> = text.split(is_separator).collect();
    let (year, month, day) = match (&fields[..], order) {
        ([digits], DateOrder::YearFirst) if digits.len() == 8 && digits.is_ascii() => {
            (&digits[..4], &digits[4..6], &digits[6..])
        }
        ([year, month, day], _) if year.len() == 4 => (*year, *month, *day),
        ([day, month, year], DateOrder::DayFirst) | ([month, day, year], DateOrder::MonthFirst) if year.len() == 4 => {
            (*year, *month, *day)
        }
        ([_, _, year], DateOrder::YearFirst) if year.len() == 4 => return Err(RefusalCode::DateOrder),
        _ => return Err(RefusalCode::DateShape),
    };
    let number = |digits: &str| {
        let shaped = matches!(digits.len(), 1 | 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (year, month, day) = number(year)
        .zip(number(month))
        .zip(number(day))
        .map(|((year, month), day)| (year, month, day))
        .ok_or(RefusalCode::DateShape)?;
    let (month, day) = u8::try_from(month).ok().zip(u8::try_from(day).ok()).ok_or(RefusalCode::DateUnreal)?;
    Day::new(year, month, day).ok_or(RefusalCode::DateUnreal)
}

/// `1990-05-17T00:00:00.000Z` names a day as well as `1990-05-17` does.
fn without_midnight(text: &str) -> &str {
    let Some(at) = text.find('T').or_else(|| text.match_indices(' ').map(|(at, _)| at).find(|at| *at >= 8)) else {
        return text;
    };
    let time = text[at + 1..].trim_end_matches('Z');
    let midnight = time.starts_with("00:00") && time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
    if midnight { &text[..at] } else { text }
}

/// A moment, as seconds after the start of 1970, and whether its minute is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// To the second.
    Second(u64),
    /// An hour, named by its first second.
    Hour(u64),
}

/// RFC 3339 with its offset, the hour of a canonical text, or seconds or milliseconds since 1970.
pub(super) fn parse_moment(text: &str) -> Result<Moment, RefusalCode> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = || text.parse::<u64>().map_err(|_| RefusalCode::TimeShape);
        return match text.len() {
            10 => Ok(Moment::Second(number()?)),
            13 => Ok(Moment::Second(number()? / 1000)),
            _ => Err(RefusalCode::TimeShape),
        };
    }
    let date = text.get(..10).ok_or(RefusalCode::TimeShape)?;
    let date_shaped = date
        .bytes()
        .enumerate()
        .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let rest = text[10..].strip_prefix(['T', 't', ' ']).filter(|_| date_shaped).ok_or(RefusalCode::TimeShape)?;
    let start = parse_day(date, DateOrder::YearFirst)?.unix_secs().ok_or(RefusalCode::DateUnreal)?;
    let (time, offset) = split_offset(rest)?;
    let (clock, fraction) = time.split_once('.').map_or((time, None), |(clock, fraction)| (clock, Some(fraction)));
    if fraction.is_some_and(|digits| digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(RefusalCode::TimeShape);
    }
    let fields: Vec<u64> = clock.split(':').map(two_digits).collect::<Option<_>>().ok_or(RefusalCode::TimeShape)?;
    let (hour, minute, second) = match fields[..] {
        // Only a canonical text names an hour alone.
        [hour] if offset == 0 && fraction.is_none() => (hour, None, 0),
        [hour, minute] if fraction.is_none() => (hour, Some(minute), 0),
        [hour, minute, second] => (hour, Some(minute), second),
        _ => return Err(RefusalCode::TimeShape),
    };
    if hour > 23 || minute.is_some_and(|minute| minute > 59) || second > 60 {
        return Err(RefusalCode::TimeShape);
    }
    // A leap second belongs to the minute that it ends.
    let local = start + hour * 3600 + minute.unwrap_or(0) * 60 + second.min(59);
    let utc = local.checked_add_signed(-offset).ok_or(RefusalCode::DateUnreal)?;
    Ok(if minute.is_some() { Moment::Second(utc) } else { Moment::Hour(utc) })
}

/// The time of day and its offset from UTC in seconds: `Z`, `+10:00` or `+1000`.
fn split_offset(text: &str) -> Result<(&str, i64), RefusalCode> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Ok((time, 0));
    }
    let at = text.find(['+', '-']).ok_or(RefusalCode::TimeOffset)?;
    let (time, offset) = (&text[..at], &text[at + 1..]);
    let digits: String = offset.chars().filter(|c| *c != ':').collect();
    let shaped = digits.len() == 4 && digits.is_ascii() && matches!(offset.find(':'), None | Some(2));
    let (hours, minutes) = Some(&digits)
        .filter(|_| shaped)
        .and_then(|digits| two_digits(&digits[..2]).zip(two_digits(&digits[2..])))
        .ok_or(RefusalCode::TimeOffset)?;
    if hours > 14 || minutes > 59 {
        return Err(RefusalCode::TimeOffset);
    }
    let secs = (hours * 3600 + minutes * 60) as i64;
    Ok((time.trim_end(), if text[at..].starts_with('-') { -secs } else { secs }))
}

fn two_digits(text: &str) -> Option<u64> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_seconds_convert_both_ways() {
        for (secs, text) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_796_083_200, "2026-12-01"),
            (4_107_542_400, "2100-03-01"),
            (253_402_214_400, "9999-12-31"),
        ] {
            let day = Day::of_unix_secs(secs);
            assert_eq!(day.to_string(), text);
            assert_eq!(day.unix_secs(), Some(secs), "{text}");
        }
        for secs in (0..200_000).map(|day| day * SECS_PER_DAY) {
            assert_eq!(Day::of_unix_secs(secs).unix_secs(), Some(secs));
        }
        assert_eq!(Day::of_unix_secs(u64::MAX).to_string(), "9999-12-31");
        assert_eq!(Day::new(1969, 12, 31).and_then(Day::unix_secs), None);
    }

    #[test]
    fn dates_are_read_in_the_order_of_the_map_and_never_guessed() {
        use DateOrder::{DayFirst, MonthFirst, YearFirst};
        for (text, order, expect) in [
            ("1990-05-17", YearFirst, Ok("1990-05-17")),
            ("19900517", YearFirst, Ok("1990-05-17")),
            ("1990/5/7", YearFirst, Ok("1990-05-07")),
            ("1990-05-17T00:00:00.000Z", YearFirst, Ok("1990-05-17")),
            ("17/05/1990 00:00", DayFirst, Ok("1990-05-17")),
            ("17/05/1990", DayFirst, Ok("1990-05-17")),
            ("05/17/1990", MonthFirst, Ok("1990-05-17")),
            ("1990-05-17", DayFirst, Ok("1990-05-17")),
            ("17/05/1990", YearFirst, Err(RefusalCode::DateOrder)),
            ("17/05/1990", MonthFirst, Err(RefusalCode::DateUnreal)),
            ("17/05/90", DayFirst, Err(RefusalCode::DateShape)),
            ("17051990", DayFirst, Err(RefusalCode::DateShape)),
            ("1990-02-29", YearFirst, Err(RefusalCode::DateUnreal)),
            ("1990-05-17T08:30:00Z", YearFirst, Err(RefusalCode::DateShape)),
            ("33010", YearFirst, Err(RefusalCode::DateShape)),
            ("", YearFirst, Err(RefusalCode::DateShape)),
        ] {
            let got = parse_day(text, order).map(|day| day.to_string());
            assert_eq!(got, expect.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn moments_need_their_offset() {
        use Moment::{Hour, Second};
        for (text, expect) in [
            ("2026-12-01T00:00:00Z", Ok(Second(1_796_083_200))),
            ("2026-12-01 11:00:00+11:00", Ok(Second(1_796_083_200))),
            ("2026-12-01T11:00+1100", Ok(Second(1_796_083_200))),
            ("2026-11-30T19:00:00.123-05:00", Ok(Second(1_796_083_200))),
            ("1796083200", Ok(Second(1_796_083_200))),
            ("1796083200999", Ok(Second(1_796_083_200))),
            ("2026-12-01T00Z", Ok(Hour(1_796_083_200))),
            ("2026-12-01T00:00:00", Err(RefusalCode::TimeOffset)),
            ("2026-12-01T00:00:00+25:00", Err(RefusalCode::TimeOffset)),
            ("2026-12-01T24:00:00Z", Err(RefusalCode::TimeShape)),
            ("2026-02-30T00:00:00Z", Err(RefusalCode::DateUnreal)),
            ("1/12/2026 10:00Z", Err(RefusalCode::TimeShape)),
            ("2026-12-01", Err(RefusalCode::TimeShape)),
            ("12345", Err(RefusalCode::TimeShape)),
        ] {
            assert_eq!(parse_moment(text), expect, "{text}");
        }
    }
}
