//! From a record that a format found to a clue: defaults, caveats, names and days, the same for all formats.

use cwg_protocol::UnixTime;
use cwg_protocol::indicator::{ColumnKind, RepairCodes};
use cwg_protocol::lighthouse::{Caveat, Clue, ClueDraft, ClueIdKey, Day, Field};
use jiff::civil::Date;

use super::found::{Found, FoundValue, Refusal};
use super::source_map::{SourceMap, caveats_of};

/// Makes the clues of one source.
pub(super) struct Assembler<'a> {
    pub(super) map: &'a SourceMap,
    pub(super) names: &'a ClueIdKey,
    pub(super) now: UnixTime,
}

/// A clue, and what was changed for it.
pub(super) struct Assembled {
    pub(super) clue: Clue,
    pub(super) repairs: RepairCodes,
    /// A time of day was cut off a date.
    pub(super) time_cut: bool,
}

impl Assembler<'_> {
    pub(super) fn clue(&self, found: &Found) -> Result<Assembled, Refusal> {
        let mut draft = ClueDraft::new();
        draft.set(Field::Source, self.map.pseudonym())?;
        draft.set(Field::SourceKind, self.map.source_kind())?;
        for (field, text) in &self.map.defaults {
            draft.set(*field, text)?;
        }
        let mut time_cut = false;
        for (field, text) in &found.cells {
            let text = match field {
                Field::FirstSeen | Field::LastSeen | Field::Expires => {
                    let day = without_time(text);
                    time_cut |= day.len() != text.len();
                    day
                }
                _ => text,
            };
            if !text.trim().is_empty() {
                draft.set(*field, text)?;
            }
        }
        self.set_caveats(&mut draft, found)?;
        self.set_id(&mut draft, found)?;
        self.set_expiry(&mut draft)?;
        let (clue, repairs) = match &found.value {
            FoundValue::InCells => {
                self.allow(draft.cell(Field::Kind).and_then(ColumnKind::from_name))?;
                Clue::from_value(&draft, &self.map.rules, self.now)?
            }
            FoundValue::One(kind, text) => {
                self.allow(Some(*kind))?;
                draft.set(Field::Kind, kind.name())?;
                draft.set(Field::Value, text)?;
                Clue::from_value(&draft, &self.map.rules, self.now)?
            }
            FoundValue::Parts(kind, parts) => {
                self.allow(Some(*kind))?;
                draft.set(Field::Kind, kind.name())?;
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                Clue::from_parts(&draft, &parts, &self.map.rules, self.now)?
            }
        };
        Ok(Assembled { clue, repairs, time_cut })
    }

    /// Cards are taken only from a source of which the hub decided so.
    fn allow(&self, kind: Option<ColumnKind>) -> Result<(), Refusal> {
        if kind == Some(ColumnKind::Pan) && !self.map.allows_cards() {
            return Err(Refusal::new(
                "cards-not-allowed",
                "the record is the number of a payment card",
                "leave it out, or set allow_cards = true if the hub may hold cards of this source",
            ));
        }
        Ok(())
    }

    /// Those of the map and of the record: no record lifts what holds for its source.
    fn set_caveats(&self, draft: &mut ClueDraft, found: &Found) -> Result<(), Refusal> {
        let default = self.map.defaults.iter().find(|(field, _)| *field == Field::Caveats).map(|(_, text)| text);
        let own = found.cells.iter().find(|(field, text)| *field == Field::Caveats && !text.trim().is_empty());
        let (Some(default), own) = (default.and_then(|text| caveats_of(text)), own.map(|(_, text)| caveats_of(text)))
        else {
            // Without a default, what the record says stands alone, and is checked where it is read.
            return match &found.caveats {
                Some(caveats) => Ok(draft.set(Field::Caveats, &listed(caveats))?),
                None => Ok(()),
            };
        };
        // A word that is no caveat stays in the draft, which refuses it.
        let Some(own) = own.unwrap_or(Some(Vec::new())) else { return Ok(()) };
        let mut all = default;
        for caveat in own.into_iter().chain(found.caveats.iter().flatten().copied()) {
            if !all.contains(&caveat) {
                all.push(caveat);
            }
        }
        Ok(draft.set(Field::Caveats, &listed(&all))?)
    }

    fn set_id(&self, draft: &mut ClueDraft, found: &Found) -> Result<(), Refusal> {
        if draft.cell(Field::Id).is_none()
            && let (Some((reference, part)), Some(series)) = (&found.reference, self.map.series())
        {
            draft.set(Field::Id, &self.names.name(series, reference, *part).to_string())?;
        }
        Ok(())
    }

    fn set_expiry(&self, draft: &mut ClueDraft) -> Result<(), Refusal> {
        let Some(days) = self.map.expires_after_days().filter(|_| draft.cell(Field::Expires).is_none()) else {
            return Ok(());
        };
        let seen = draft.cell(Field::LastSeen).or(draft.cell(Field::FirstSeen)).and_then(last_day);
        let Some(seen) = seen else { return Ok(()) };
        // A month that still lasts was seen by today.
        let seen = seen.min(Day::of(self.now).plus(1));
        Ok(draft.set(Field::Expires, &seen.plus(days).to_string())?)
    }
}

fn listed(caveats: &[Caveat]) -> String {
    if caveats.is_empty() {
        return "none".into();
    }
    caveats.iter().map(|caveat| caveat.name()).collect::<Vec<_>>().join(",")
}

/// The day of a time as RFC 3339 writes it; any other text as it is.
fn without_time(text: &str) -> &str {
    match text.as_bytes().get(10) {
        Some(b'T' | b't' | b' ') if text.is_char_boundary(10) && text[..10].parse::<Date>().is_ok() => &text[..10],
        _ => text,
    }
}

/// The last day of a date, a month or a year.
fn last_day(text: &str) -> Option<Day> {
    let date = match text.len() {
        4 => format!("{text}-12-31").parse::<Date>().ok()?,
        7 => format!("{text}-01").parse::<Date>().ok()?.last_of_month(),
        _ => text.parse::<Date>().ok()?,
    };
    let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    u16::try_from(days).ok().map(Day::from_number)
}
