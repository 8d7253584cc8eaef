//! Times as people read and write them: RFC 3339, UTC.

use cwg_protocol::UnixTime;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// RFC 3339 with `Z`, to the second. Times beyond the year 9999 stay at its end.
pub(crate) fn shown(at: UnixTime) -> String {
    let secs = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_second(secs).unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Which end of a day a bare date means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DayEnd {
    /// Its first second.
    First,
    /// Its last second.
    Last,
}

/// Reads a date (UTC) or a date-time with its offset.
pub(crate) fn parse(text: &str, end: DayEnd) -> Option<UnixTime> {
    let secs = if let Ok(at) = text.parse::<Timestamp>() {
        at.as_second()
    } else {
        // A date alone; anything longer that is no instant has no offset, and would be guessed.
        let date = Some(text).filter(|text| text.len() == "2026-01-31".len())?.parse::<Date>().ok()?;
        let first = date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().as_second();
        match end {
            DayEnd::First => first,
            DayEnd::Last => first + 86_399,
        }
    };
    u64::try_from(secs).ok().map(UnixTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_instants_are_read_and_anything_ambiguous_is_not() {
        for (text, first, last) in [
            ("2026-12-01", Some(1_796_083_200), Some(1_796_169_599)),
            ("2026-12-01T00:00:00Z", Some(1_796_083_200), Some(1_796_083_200)),
            ("2026-12-01T11:00:00+11:00", Some(1_796_083_200), Some(1_796_083_200)),
            ("2026-12-01T00:00:00", None, None),
            ("2026-13-01", None, None),
            ("2026-02-30", None, None),
            ("1.12.2026", None, None),
            ("1960-01-01", None, None),
            ("", None, None),
        ] {
            assert_eq!(parse(text, DayEnd::First), first.map(UnixTime), "{text}");
            assert_eq!(parse(text, DayEnd::Last), last.map(UnixTime), "{text}");
        }
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(shown(UnixTime(0)), "1970-01-01T00:00:00Z");
        assert_eq!(shown(UnixTime(1_796_083_200)), "2026-12-01T00:00:00Z");
        assert!(shown(UnixTime(u64::MAX)).starts_with("9999-12-"));
    }
}
