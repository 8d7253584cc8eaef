//! Clues: one identifier that a source has seen in an exploitation, with all that the source says of it
//! (`docs/spec/lighthouse.md` §1). A clue is a lead, never a proof.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::day::{Day, Period};
use super::draft::{ClueDraft, DraftError, Fault, Field, decay_form, form, pseudonym_form};
use super::grade::{Confidence, Decay, Grade};
use super::guard::{Forbidden, forbidden_text, forbidden_value};
use super::id::ClueId;
use super::limits::{CELL_LEN_MAX, EXPIRY_MAX_DAYS, LINKS_MAX, PSEUDONYM_DIGITS_MAX, PSEUDONYM_LEN_MAX, RADIUS_MAX_KM};
use super::place::{Area, BadPlace, Country, Place, PlaceFields, Postcode3, Sa3, State};
use super::platform::ListedPlatform;
use super::vocabulary::{
    Caveat, Caveats, ClueRole, Minor, PlaceBasis, Precision, Relation, Review, SourceKind, Stage, Status, Subject,
    Typology,
};
use crate::indicator::{
    CANONICAL_LEN_MAX, Canonical, ColumnKind, IndicatorKind, KEYS_MAX, Key, PartRefusal, RepairCodes, Rules, Strength,
    canonicalize, canonicalize_parts,
};
use crate::wire::{BoundedText, BoundedVec};
use crate::{Item, NetworkId, UnixTime};

/// A clue whose fields were checked one by one and against each other.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ClueFields", into = "ClueFields")]
pub struct Clue(ClueFields);

/// What a clue says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClueFields {
    /// Its name.
    pub id: ClueId,
    /// Its canonical forms: the primary one, then its aliases.
    pub keys: BoundedVec<ClueKey, KEYS_MAX>,
    /// What the holder does.
    pub role: ClueRole,
    /// What the holder is.
    pub subject: Subject,
    /// Whether the holder is under 18.
    pub minor: Minor,
    /// The pattern of exploitation.
    pub typology: Typology,
    /// The stage of the offence.
    pub stage: Stage,
    /// Where on the internet it was seen.
    pub platform: Option<ListedPlatform>,
    /// When it was seen.
    pub observed: Observed,
    /// Where it was seen.
    pub place: Option<Place>,
    /// Who says so.
    pub source: Source,
    /// How far the source is trusted.
    pub grade: Grade,
    /// How far the source trusts itself.
    pub confidence: Confidence,
    /// Who looked at it.
    pub review: Review,
    /// Other clues that it belongs with, strictly ascending by relation and name.
    pub links: BoundedVec<Link, LINKS_MAX>,
    /// The restrictions that the source puts on it.
    pub caveats: Caveats,
    /// The last day on which it may be used.
    pub expires: Day,
    /// How it ages until then.
    pub decay: Decay,
    /// Whether the hub stands by it.
    pub status: Status,
}

/// One canonical form of a clue's identifier.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClueKey {
    /// The kind of the form.
    pub kind: IndicatorKind,
    /// How much a match on it says by itself.
    pub strength: Strength,
    /// The form.
    pub text: BoundedText<CANONICAL_LEN_MAX>,
}

/// When a clue was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The first day on which it may have been seen.
    pub first: Day,
    /// The last day on which it may have been seen.
    pub last: Day,
    /// How many times.
    pub count: u32,
    /// How exactly the days are known.
    pub precision: Precision,
}

/// Who a clue is from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// A name that the hub gave it. For a member it is drawn anew for every release, so that nobody follows one.
    pub pseudonym: Pseudonym,
    /// What kind of organisation it is.
    pub kind: SourceKind,
}

/// The name that a hub gives to a source: small letters, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pseudonym(String);

/// A text that is no pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pseudonym is 3 to {PSEUDONYM_LEN_MAX} small letters, digits and dashes and begins with a letter")]
pub struct BadPseudonym;

/// Another clue, and how this one belongs with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// How.
    pub relation: Relation,
    /// Which.
    pub to: ClueId,
}

/// Whether a canonical form is an identifier or is made of a person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyNature {
    /// An identifier: an account, a number, an address, a handle.
    Identifier,
    /// A name, with or without a date of birth: many people share one.
    PersonalName,
}

/// Why fields make no clue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClue {
    /// No key, an empty one, or one twice.
    #[error("a clue has keys, each of them once")]
    Keys,
    /// Days out of order, or seen zero times.
    #[error("a clue is first seen, then last seen, at least once")]
    Observed,
    /// A day of expiry before the last observation or too long after it.
    #[error("a clue expires within {EXPIRY_MAX_DAYS} days after it was last seen")]
    Expires,
    /// Links out of order, repeated, or to the clue itself.
    #[error("links are sorted, stand once, and lead to other clues")]
    Links,
}

impl Clue {
    /// The clue of a row whose identifier stands in one column.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn from_draft(draft: &ClueDraft, rules: &Rules, now: UnixTime) -> Result<Self, DraftError> {
        Self::from_value(draft, rules, now).map(|(clue, _)| clue)
    }

    /// [`Clue::from_draft`], and what was changed to bring the identifier into canonical form.
    ///
    /// # Errors
    /// As [`Clue::from_draft`].
    pub fn from_value(draft: &ClueDraft, rules: &Rules, now: UnixTime) -> Result<(Self, RepairCodes), DraftError> {
        let kind = kind_of(draft)?;
        let raw = draft.required(Field::Value)?;
        // Before anything reads the value: media is told by its first letters, whatever it would be refused for.
        if let Some(forbidden) = forbidden_text(raw) {
            return Err(Field::Value.fault(Fault::Forbidden(forbidden)));
        }
        let refused = |refusal| Field::Value.fault(Fault::Identifier(refusal));
        let canonical = canonicalize(kind, raw.as_bytes(), rules).map_err(refused)?;
        Self::guarded(draft, kind, &[raw], &canonical, now)
    }

    /// The clue of a row whose identifier stands in parts: one text for each of [`ColumnKind::parts`], empty where there is
    /// none. What was changed comes with it.
    ///
    /// # Errors
    /// The first field that is wrong; a part counts as the value.
    pub fn from_parts(
        draft: &ClueDraft,
        parts: &[&str],
        rules: &Rules,
        now: UnixTime,
    ) -> Result<(Self, RepairCodes), DraftError> {
        let kind = kind_of(draft)?;
        if let Some(forbidden) = parts.iter().find_map(|part| forbidden_text(part)) {
            return Err(Field::Value.fault(Fault::Forbidden(forbidden)));
        }
        if parts.iter().any(|part| part.len() > CELL_LEN_MAX) {
            return Err(Field::Value.fault(Fault::TooLong));
        }
        let cells: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let refused = |refusal: PartRefusal| Field::Value.fault(Fault::Identifier(refusal.code));
        let canonical = canonicalize_parts(kind, &cells, rules).map_err(refused)?;
        Self::guarded(draft, kind, parts, &canonical, now)
    }

    fn guarded(
        draft: &ClueDraft,
        kind: ColumnKind,
        raw: &[&str],
        canonical: &Canonical,
        now: UnixTime,
    ) -> Result<(Self, RepairCodes), DraftError> {
        if let Some(forbidden) = raw.iter().find_map(|raw| forbidden_value(kind, raw, canonical)) {
            return Err(Field::Value.fault(Fault::Forbidden(forbidden)));
        }
        let nature = KeyNature::of(canonical);
        Self::from_canonical(draft, canonical, nature, now).map(|clue| (clue, canonical.repairs))
    }

    /// The clue of a row whose identifier was brought into canonical form already, for kinds that take several columns.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn from_canonical(
        draft: &ClueDraft,
        canonical: &Canonical,
        nature: KeyNature,
        now: UnixTime,
    ) -> Result<Self, DraftError> {
        let fields = ClueFields {
            id: draft.required(Field::Id)?.parse().map_err(|_| Field::Id.fault(Fault::Form(form::ID)))?,
            keys: keys_of(canonical)?,
            role: word(draft, Field::Role, ClueRole::from_name, ClueRole::NAMES)?.unwrap_or(ClueRole::Unknown),
            subject: word(draft, Field::Subject, Subject::from_name, Subject::NAMES)?.unwrap_or(Subject::Unknown),
            minor: word(draft, Field::Minor, Minor::from_name, Minor::NAMES)?.unwrap_or(Minor::Unknown),
            typology: required_word(draft, Field::Typology, Typology::from_name, Typology::NAMES)?,
            stage: word(draft, Field::Stage, Stage::from_name, Stage::NAMES)?.unwrap_or(Stage::Unknown),
            platform: parsed(draft, Field::Platform, ListedPlatform::from_name, Fault::Form(form::PLATFORM))?,
            observed: observed_of(draft, Day::of(now))?,
            place: place_of(draft)?,
            source: Source {
                pseudonym: draft
                    .required(Field::Source)?
                    .parse()
                    .map_err(|BadPseudonym| Field::Source.fault(pseudonym_form()))?,
                kind: required_word(draft, Field::SourceKind, SourceKind::from_name, SourceKind::NAMES)?,
            },
            grade: Grade::parse(draft.required(Field::Grade)?)
                .map_err(|_| Field::Grade.fault(Fault::Form(form::GRADE)))?,
            confidence: confidence_of(draft)?,
            review: word(draft, Field::Review, Review::from_name, Review::NAMES)?.unwrap_or(Review::Unreviewed),
            links: links_of(draft)?,
            caveats: caveats_of(draft)?,
            expires: period(draft, Field::Expires)?.ok_or(Field::Expires.fault(Fault::Missing))?.last,
            decay: parsed(draft, Field::Decay, Decay::parse, decay_form())?.unwrap_or(Decay::Linear),
            status: word(draft, Field::Status, Status::from_name, Status::NAMES)?.unwrap_or(Status::Active),
        };
        if nature == KeyNature::PersonalName && (fields.subject == Subject::Victim || fields.minor == Minor::Yes) {
            return Err(Field::Value.fault(Fault::Forbidden(Forbidden::VictimName)));
        }
        Self::new(fields).map_err(|bad| bad_field(bad, draft))
    }

    /// The clue that these fields make.
    ///
    /// # Errors
    /// If they break a rule of `docs/spec/lighthouse.md` §1. That texts are canonical is the promise of whoever signs the
    /// release; it is not checked again here.
    pub fn new(fields: ClueFields) -> Result<Self, BadClue> {
        let repeated = |place: usize, key: &ClueKey| {
            fields.keys[..place].iter().any(|earlier| earlier.kind == key.kind && earlier.text == key.text)
        };
        let bad_key = |(place, key): (usize, &ClueKey)| key.text.is_empty() || repeated(place, key);
        if fields.keys.is_empty() || fields.keys.iter().enumerate().any(bad_key) {
            return Err(BadClue::Keys);
        }
        if fields.observed.first > fields.observed.last || fields.observed.count == 0 {
            return Err(BadClue::Observed);
        }
        if fields.expires < fields.observed.last || fields.observed.last.days_to(fields.expires) > EXPIRY_MAX_DAYS {
            return Err(BadClue::Expires);
        }
        if !fields.links.is_sorted_by(|a, b| a < b) || fields.links.iter().any(|link| link.to == fields.id) {
            return Err(BadClue::Links);
        }
        Ok(Self(fields))
    }

    /// Its name.
    pub const fn id(&self) -> ClueId {
        self.0.id
    }

    /// What it says.
    pub const fn fields(&self) -> &ClueFields {
        &self.0
    }

    /// The kind of the identifier itself.
    pub fn kind(&self) -> IndicatorKind {
        self.0.keys.first().expect("checked when it was made").kind
    }

    /// The items under which it can be matched, each with its strength: one for each key, and none unless it is active.
    /// What was recalled is never matched again.
    pub fn items(&self, network: NetworkId) -> impl Iterator<Item = (Item, Strength)> {
        let keys = if self.0.status == Status::Active { &self.0.keys[..] } else { &[] };
        keys.iter().map(move |key| (Item::of(network, key.kind, &key.text), key.strength))
    }
}

impl KeyNature {
    /// What the keys of an identifier are: one that is made of a name is enough.
    pub fn of(canonical: &Canonical) -> Self {
        let is_name = |key: &Key| match key.kind {
            IndicatorKind::Person => true,
            // A payee is `CC:CITY:NAME`, or `CC:+PHONE`.
            IndicatorKind::Payee => key.text.split(':').count() > 2,
            _ => false,
        };
        if canonical.keys.iter().any(is_name) { Self::PersonalName } else { Self::Identifier }
    }
}

impl TryFrom<ClueFields> for Clue {
    type Error = BadClue;

    fn try_from(fields: ClueFields) -> Result<Self, BadClue> {
        Self::new(fields)
    }
}

impl From<Clue> for ClueFields {
    fn from(clue: Clue) -> Self {
        clue.0
    }
}

/// An identifier is never printed.
impl fmt::Debug for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clue({}, {})", self.id(), self.kind())
    }
}

/// An identifier is never printed.
impl fmt::Debug for ClueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClueKey({}, {})", self.kind, self.strength)
    }
}

impl FromStr for Pseudonym {
    type Err = BadPseudonym;

    fn from_str(text: &str) -> Result<Self, BadPseudonym> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        let good = (3..=PSEUDONYM_LEN_MAX).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(plain)
            && digits <= PSEUDONYM_DIGITS_MAX;
        if good { Ok(Self(text.to_owned())) } else { Err(BadPseudonym) }
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = BadPseudonym;

    fn try_from(text: String) -> Result<Self, BadPseudonym> {
        text.parse()
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.0
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names of the kinds that stand in one column.
const KIND_NAMES: &[&str] = &{
    let mut names = [""; ColumnKind::ALL.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = ColumnKind::ALL[place].name();
        place += 1;
    }
    names
};

fn kind_of(draft: &ClueDraft) -> Result<ColumnKind, DraftError> {
    let kind = draft.required(Field::Kind)?;
    ColumnKind::from_name(kind).ok_or(Field::Kind.fault(Fault::NotOneOf(KIND_NAMES)))
}

fn keys_of(canonical: &Canonical) -> Result<BoundedVec<ClueKey, KEYS_MAX>, DraftError> {
    let keys = canonical.keys.iter().map(|key| {
        let text = key.text.clone().try_into().map_err(|_| Field::Value.fault(Fault::TooLong))?;
        Ok(ClueKey { kind: key.kind, strength: key.strength, text })
    });
    let keys: Vec<ClueKey> = keys.collect::<Result<_, DraftError>>()?;
    keys.try_into().map_err(|_| Field::Value.fault(Fault::TooMany))
}

fn word<T>(
    draft: &ClueDraft,
    field: Field,
    from_name: impl Fn(&str) -> Option<T>,
    names: &'static [&'static str],
) -> Result<Option<T>, DraftError> {
    parsed(draft, field, from_name, Fault::NotOneOf(names))
}

fn required_word<T>(
    draft: &ClueDraft,
    field: Field,
    from_name: impl Fn(&str) -> Option<T>,
    names: &'static [&'static str],
) -> Result<T, DraftError> {
    word(draft, field, from_name, names)?.ok_or(field.fault(Fault::Missing))
}

fn parsed<T>(
    draft: &ClueDraft,
    field: Field,
    parse: impl Fn(&str) -> Option<T>,
    fault: Fault,
) -> Result<Option<T>, DraftError> {
    draft.cell(field).map(|text| parse(text).ok_or(field.fault(fault))).transpose()
}

fn number(draft: &ClueDraft, field: Field, least: u32, most: u32) -> Result<Option<u32>, DraftError> {
    let in_range = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && (least..=most).contains(number))
    };
    parsed(draft, field, in_range, Fault::Number { least, most })
}

fn period(draft: &ClueDraft, field: Field) -> Result<Option<Period>, DraftError> {
    parsed(draft, field, Period::parse, Fault::Date)
}

fn observed_of(draft: &ClueDraft, today: Day) -> Result<Observed, DraftError> {
    let first = period(draft, Field::FirstSeen)?.ok_or(Field::FirstSeen.fault(Fault::Missing))?;
    let last = period(draft, Field::LastSeen)?;
    let (last, last_field) = last.map_or((first, Field::FirstSeen), |last| (last, Field::LastSeen));
    // A source east of Greenwich may be a day ahead.
    let tomorrow = today.plus(1);
    for (period, field) in [(first, Field::FirstSeen), (last, last_field)] {
        if period.first > tomorrow {
            return Err(field.fault(Fault::Future));
        }
    }
    if last.last < first.first {
        return Err(Field::LastSeen.fault(Fault::Before(Field::FirstSeen)));
    }
    Ok(Observed {
        first: first.first,
        // What is seen in a month or year that still lasts was seen by today.
        last: last.last.min(tomorrow.max(last.first)),
        count: number(draft, Field::Count, 1, u32::MAX)?.unwrap_or(1),
        precision: first.precision.max(last.precision),
    })
}

fn place_of(draft: &ClueDraft) -> Result<Option<Place>, DraftError> {
    let local = [Field::State, Field::Sa3, Field::Postcode3, Field::PlaceBasis, Field::RadiusKm];
    let country = |text: &str| Country::parse(text).ok();
    let Some(country) = parsed(draft, Field::Country, country, Fault::Form(form::COUNTRY))? else {
        let stray = local.into_iter().find(|field| draft.cell(*field).is_some());
        return stray.map_or(Ok(None), |field| Err(field.fault(Fault::Needs(Field::Country))));
    };
    let state = word(draft, Field::State, State::from_name, State::NAMES)?;
    let sa3 = parsed(draft, Field::Sa3, |text| Sa3::parse(text).ok(), Fault::Form(form::SA3))?;
    let postcode = parsed(draft, Field::Postcode3, |text| Postcode3::parse(text).ok(), Fault::Form(form::POSTCODE3))?;
    let area = match (sa3, postcode) {
        (Some(_), Some(_)) => return Err(Field::Postcode3.fault(Fault::Contradicts(Field::Sa3))),
        (sa3, postcode) => sa3.map(Area::Sa3).or(postcode.map(Area::Postcode3)),
    };
    let basis = word(draft, Field::PlaceBasis, PlaceBasis::from_name, PlaceBasis::NAMES)?;
    let radius_km = number(draft, Field::RadiusKm, 1, u32::from(RADIUS_MAX_KM))?.unwrap_or(0);
    let local = if state.is_some() {
        Field::State
    } else if sa3.is_some() {
        Field::Sa3
    } else {
        Field::Postcode3
    };
    let place = Place::new(PlaceFields {
        country,
        state,
        area,
        basis: basis.ok_or(Field::PlaceBasis.fault(Fault::Missing))?,
        radius_km: u16::try_from(radius_km).expect("within its range"),
    });
    place.map(Some).map_err(|bad| match bad {
        BadPlace::NotInAustralia => local.fault(Fault::Contradicts(Field::Country)),
        BadPlace::OtherState => Field::Sa3.fault(Fault::Contradicts(Field::State)),
        BadPlace::Radius => Field::RadiusKm.fault(Fault::Number { least: 1, most: u32::from(RADIUS_MAX_KM) }),
    })
}

fn confidence_of(draft: &ClueDraft) -> Result<Confidence, DraftError> {
    let percent = number(draft, Field::Confidence, 0, u32::from(Confidence::MAX))?;
    let percent = percent.ok_or(Field::Confidence.fault(Fault::Missing))?;
    let percent = u8::try_from(percent).expect("within its range");
    Ok(Confidence::try_from(percent).expect("within its range"))
}

fn links_of(draft: &ClueDraft) -> Result<BoundedVec<Link, LINKS_MAX>, DraftError> {
    let Some(text) = draft.cell(Field::Links) else { return Ok(BoundedVec::default()) };
    let links = text.split(',').map(|link| {
        let (relation, to) = link.trim().split_once(':')?;
        Some(Link { relation: Relation::from_name(relation)?, to: to.parse().ok()? })
    });
    let links: Option<Vec<Link>> = links.collect();
    let mut links = links.ok_or(Field::Links.fault(Fault::Form(form::LINKS)))?;
    links.sort_unstable();
    if links.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Field::Links.fault(Fault::Repeated));
    }
    links.try_into().map_err(|_| Field::Links.fault(Fault::TooMany))
}

/// A source that says nothing of caveats has not been asked: `none` must be written, and viewing must be permitted.
fn caveats_of(draft: &ClueDraft) -> Result<Caveats, DraftError> {
    let text = draft.required(Field::Caveats)?;
    let mut caveats = Caveats::NONE;
    if text != "none" {
        for name in text.split(',') {
            let caveat = Caveat::from_name(name.trim()).ok_or(Field::Caveats.fault(Fault::NotOneOf(Caveat::NAMES)))?;
            if caveats.has(caveat) {
                return Err(Field::Caveats.fault(Fault::Repeated));
            }
            caveats = caveats.with(caveat);
        }
    }
    match draft.cell(Field::View) {
        None | Some("no") => Ok(caveats.with(Caveat::MatchOnly)),
        Some("yes") if caveats.has(Caveat::MatchOnly) => Err(Field::View.fault(Fault::Contradicts(Field::Caveats))),
        Some("yes") => Ok(caveats),
        Some(_) => Err(Field::View.fault(Fault::NotOneOf(&["yes", "no"]))),
    }
}

/// The field to which a rule about several belongs.
fn bad_field(bad: BadClue, draft: &ClueDraft) -> DraftError {
    let last = if draft.cell(Field::LastSeen).is_some() { Field::LastSeen } else { Field::FirstSeen };
    match bad {
        BadClue::Keys => Field::Value.fault(Fault::Missing),
        BadClue::Observed => Field::LastSeen.fault(Fault::Before(Field::FirstSeen)),
        BadClue::Links => Field::Links.fault(Fault::Itself),
        BadClue::Expires => {
            let expires = draft.cell(Field::Expires).and_then(Period::parse).map(|period| period.last);
            let seen = draft.cell(last).and_then(Period::parse).map(|period| period.last);
            let early = expires < seen;
            Field::Expires.fault(if early { Fault::Before(last) } else { Fault::TooLate })
        }
    }
}

#[cfg(test)]
mod tests;
