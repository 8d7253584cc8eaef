//! Labels: what a bank learns of an item that it matched (`docs/spec/lighthouse.md` §4). One label says what all clues of
//! the item say, without their identifiers, and fills its size class to the last byte.

mod layout;

use super::clue::{Clue, Link, Observed};
use super::contradiction::{Contradiction, Reading, read};
use super::day::Day;
use super::grade::{Confidence, Decay, Grade};
use super::id::ClueId;
use super::limits::{LABEL_CLUES_MAX, LINKS_MAX};
use super::place::Place;
use super::platform::ListedPlatform;
use super::vocabulary::{Caveats, ClueRole, Minor, Review, Stage, Status, Subject, Typology};
use crate::indicator::Strength;
use crate::wire::BoundedVec;

pub use layout::{ENTRY_LEN, HEAD_LEN, LINK_LEN};

/// The size of every label of a release: labels of one release differ in what they say, never in length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u16", into = "u16")]
#[repr(u16)]
pub enum LabelClass {
    /// How many clues, and how they are read together; none of them is shown.
    B32 = 32,
    /// One clue.
    B64 = 64,
    /// Two clues, or one with four links.
    B128 = 128,
    /// Five clues.
    B256 = 256,
    /// Eleven clues, or any one with all its links.
    B512 = 512,
}

/// A number of bytes that is no class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("labels have 32, 64, 128, 256 or 512 bytes")]
pub struct NoClass;

impl LabelClass {
    /// Every class, ascending.
    pub const ALL: [Self; 5] = [Self::B32, Self::B64, Self::B128, Self::B256, Self::B512];

    /// The smallest class that holds `len` bytes.
    pub fn for_len(len: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.len() >= len)
    }

    /// Bytes of a label.
    #[expect(clippy::len_without_is_empty, reason = "no class is empty")]
    pub const fn len(self) -> usize {
        self as usize
    }
}

impl TryFrom<u16> for LabelClass {
    type Error = NoClass;

    fn try_from(len: u16) -> Result<Self, NoClass> {
        Self::ALL.into_iter().find(|class| *class as u16 == len).ok_or(NoClass)
    }
}

impl From<LabelClass> for u16 {
    fn from(class: LabelClass) -> Self {
        class as Self
    }
}

/// What a matched item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// How all clues of the item are read together, those not shown included.
    pub reading: Reading,
    /// The clues that the class has room for, the weightiest first.
    pub clues: Vec<LabelClue>,
    /// How many more there are; the largest number stands for that many or more.
    pub more: u16,
}

/// One clue in a label: all but its identifier and its status, which is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelClue {
    /// Its name.
    pub id: ClueId,
    /// Strength of the form under which it is matched.
    pub strength: Strength,
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
    /// The place of its source in the release's list of sources.
    pub source: u8,
    /// How far the source is trusted.
    pub grade: Grade,
    /// How far the source trusts itself.
    pub confidence: Confidence,
    /// Who looked at it.
    pub review: Review,
    /// Other clues that it belongs with.
    pub links: BoundedVec<Link, LINKS_MAX>,
    /// Whether the class had no room for some of its links.
    pub links_left_out: LinksLeftOut,
    /// The restrictions that the source puts on it.
    pub caveats: Caveats,
    /// The last day on which it may be used.
    pub expires: Day,
    /// How it ages until then.
    pub decay: Decay,
}

/// Whether links of a clue are missing from its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinksLeftOut {
    /// All are there.
    None,
    /// There was no room for some.
    Some,
}

/// Why bytes are not a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Not as long as the labels of this release.
    #[error("a label of {len} bytes where this release has labels of {expected}")]
    WrongClass {
        /// Its length.
        len: usize,
        /// That of the class.
        expected: usize,
    },
    /// A byte or bit that stands for nothing.
    #[error("a label's {0} stands for nothing")]
    Malformed(&'static str),
    /// Bytes that another label's canonical encoding would say otherwise.
    #[error("a label is not in its canonical form: {0}")]
    NotCanonical(&'static str),
}

impl LabelError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongClass { .. } => "label-wrong-class",
            Self::Malformed(_) => "label-malformed",
            Self::NotCanonical(_) => "label-not-canonical",
        }
    }
}

impl LabelClue {
    /// What a label says of a clue. `source` is the place of its source in the release.
    pub fn of(clue: &Clue, strength: Strength, source: u8) -> Self {
        let fields = clue.fields();
        Self {
            id: fields.id,
            strength,
            role: fields.role,
            subject: fields.subject,
            minor: fields.minor,
            typology: fields.typology,
            stage: fields.stage,
            platform: fields.platform,
            observed: fields.observed,
            place: fields.place,
            source,
            grade: fields.grade,
            confidence: fields.confidence,
            review: fields.review,
            links: fields.links.clone(),
            links_left_out: LinksLeftOut::None,
            caveats: fields.caveats,
            expires: fields.expires,
            decay: fields.decay,
        }
    }

    /// Bytes that it takes in a label.
    pub fn encoded_len(&self) -> usize {
        ENTRY_LEN + self.links.len() * LINK_LEN
    }

    /// Smaller comes first: victims, then minors, so that they are shown however small the class; then what is trusted more
    /// and was seen later.
    fn rank(&self) -> impl Ord + use<> {
        (
            self.subject != Subject::Victim,
            self.minor != Minor::Yes,
            self.grade.reliability(),
            self.grade.credibility(),
            core::cmp::Reverse(self.observed.last),
            self.id,
        )
    }

    /// Without the links that do not fit in so many bytes.
    fn within(mut self, len: usize) -> Option<Self> {
        let room = len.checked_sub(ENTRY_LEN)? / LINK_LEN;
        if self.links.len() > room {
            let mut links = self.links.into_inner();
            links.truncate(room);
            self.links = links.try_into().expect("shorter than it was");
            self.links_left_out = LinksLeftOut::Some;
        }
        Some(self)
    }
}

impl Label {
    /// The label of an item. `clues` are all clues of the item, of whatever status, each with the strength of the form that
    /// is the item and the place of its source. `None` if none of them is active: such an item is not matched.
    pub fn merge(clues: &[(&Clue, Strength, u8)], class: LabelClass) -> Option<Self> {
        let reading = read(clues.iter().map(|(clue, ..)| *clue));
        let active = clues.iter().filter(|(clue, ..)| clue.fields().status == Status::Active);
        let mut all: Vec<LabelClue> =
            active.map(|(clue, strength, source)| LabelClue::of(clue, *strength, *source)).collect();
        all.sort_by_key(LabelClue::rank);
        // Two forms of one clue can be one item: then the stronger form stands.
        all.dedup_by(|later, earlier| {
            let same = later.id == earlier.id;
            if same {
                earlier.strength = earlier.strength.min(later.strength);
            }
            same
        });
        let total = all.len();
        if total == 0 {
            return None;
        }
        let mut shown: Vec<LabelClue> = Vec::new();
        let mut room = class.len() - HEAD_LEN;
        for clue in all {
            // The first is shown with as many links as there is room for, all others whole or not at all.
            let fits = clue.encoded_len() <= room;
            let Some(clue) = (if fits || !shown.is_empty() { Some(clue) } else { clue.within(room) }) else { break };
            if clue.encoded_len() > room || shown.len() == LABEL_CLUES_MAX {
                break;
            }
            room -= clue.encoded_len();
            shown.push(clue);
        }
        let more = u16::try_from(total - shown.len()).unwrap_or(u16::MAX);
        Some(Self { reading, clues: shown, more })
    }

    /// The label's bytes, filled up with zeros to its class.
    ///
    /// # Errors
    /// If it does not fit, or breaks a rule that [`Label::decode`] checks.
    pub fn encode(&self, class: LabelClass) -> Result<Vec<u8>, LabelError> {
        self.check()?;
        let mut bytes = layout::encode(self);
        if bytes.len() > class.len() {
            return Err(LabelError::WrongClass { len: bytes.len(), expected: class.len() });
        }
        bytes.resize(class.len(), 0);
        Ok(bytes)
    }

    /// The label of these bytes. Only what [`Label::encode`] writes is taken.
    ///
    /// # Errors
    /// If they have another length than the class, or are not a label's canonical encoding.
    pub fn decode(bytes: &[u8], class: LabelClass) -> Result<Self, LabelError> {
        if bytes.len() != class.len() {
            return Err(LabelError::WrongClass { len: bytes.len(), expected: class.len() });
        }
        let (label, padding) = layout::decode(bytes)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(LabelError::NotCanonical("padding"));
        }
        label.check()?;
        Ok(label)
    }

    /// The rules between its parts.
    fn check(&self) -> Result<(), LabelError> {
        if self.clues.len() > LABEL_CLUES_MAX || (self.clues.is_empty() && self.more == 0) {
            return Err(LabelError::Malformed("number of clues"));
        }
        if !self.clues.is_sorted_by(|a, b| a.rank() < b.rank()) {
            return Err(LabelError::NotCanonical("order of clues"));
        }
        for clue in &self.clues {
            if !clue.links.is_sorted_by(|a, b| a < b) || clue.links.iter().any(|link| link.to == clue.id) {
                return Err(LabelError::NotCanonical("order of links"));
            }
            let days = clue.observed.first <= clue.observed.last && clue.observed.last <= clue.expires;
            if !days || clue.observed.count == 0 {
                return Err(LabelError::Malformed("observation"));
            }
        }
        // The shown clues are never read less carefully than they say themselves.
        let shown = Reading::of(&self.clues);
        if !self.reading.covers(&shown) {
            return Err(LabelError::NotCanonical("reading"));
        }
        // Where all are shown there is nothing else to read, but that another clue was recalled.
        let recalled = shown.contradictions.with(Contradiction::RecalledBeside);
        let said = Reading { contradictions: recalled, ..shown };
        if self.more == 0 && !said.covers(&self.reading) {
            return Err(LabelError::NotCanonical("reading"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
