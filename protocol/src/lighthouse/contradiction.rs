//! Clues that contradict each other: found when a release is built, reported to whoever approves it, and read the safer way
//! (`docs/spec/lighthouse.md` §3).

use super::clue::Clue;
use super::id::ClueId;
use super::label::LabelClue;
use super::vocabulary::{Caveats, Minor, Status, Subject};

/// What contradicts what. Its place is its bit in [`Contradictions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Contradiction {
    /// One clue of an item says suspect, another victim or mule, or one victim and another mule. Read as victim, then mule.
    Subject = 0,
    /// One says that the person is a minor, another that the person is not. Read as a minor.
    Minor = 1,
    /// A clue of the item was recalled while another still stands. Both are true to their sources; the recalled one is
    /// never matched, and whoever approves looks at the other.
    RecalledBeside = 2,
}

impl Contradiction {
    /// Every kind, in the order of its bit.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Minor, Self::RecalledBeside];

    /// The stable name used in reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Subject => "contradiction-subject",
            Self::Minor => "contradiction-minor",
            Self::RecalledBeside => "contradiction-recalled-beside",
        }
    }
}

/// A set of contradictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contradictions(u8);

impl Contradictions {
    /// None.
    pub const NONE: Self = Self(0);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, contradiction: Contradiction) -> Self {
        Self(self.0 | 1 << contradiction as u8)
    }

    /// Whether one is in it.
    pub const fn has(self, contradiction: Contradiction) -> bool {
        self.0 & (1 << contradiction as u8) != 0
    }

    /// Whether it has all that another has.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of these bits, if each stands for one.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits >> Contradiction::ALL.len() == 0 { Some(Self(bits)) } else { None }
    }
}

/// How all clues of one item together are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The safest subject.
    pub subject: Subject,
    /// The safest answer.
    pub minor: Minor,
    /// The caveats of all.
    pub caveats: Caveats,
    /// Where they contradict each other.
    pub contradictions: Contradictions,
}

impl Reading {
    /// How clues of one item are read, as far as their labels say.
    pub fn of<'a>(clues: impl IntoIterator<Item = &'a LabelClue>) -> Self {
        clues.into_iter().fold(Self::default(), |reading, clue| reading.and(clue.subject, clue.minor, clue.caveats))
    }

    fn and(self, subject: Subject, minor: Minor, caveats: Caveats) -> Self {
        let mut contradictions = self.contradictions;
        let said = |subject: Subject| subject != Subject::Unknown;
        if said(self.subject) && said(subject) && self.subject != subject {
            contradictions = contradictions.with(Contradiction::Subject);
        }
        if self.minor != Minor::Unknown && minor != Minor::Unknown && self.minor != minor {
            contradictions = contradictions.with(Contradiction::Minor);
        }
        Self {
            subject: self.subject.safer(subject),
            minor: self.minor.safer(minor),
            caveats: self.caveats.union(caveats),
            contradictions,
        }
    }

    /// This reading and that of another item of the same person. Contradictions are those within one item: that two items
    /// of a person say different things is for people to judge.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        Self {
            subject: self.subject.safer(other.subject),
            minor: self.minor.safer(other.minor),
            caveats: self.caveats.union(other.caveats),
            contradictions: Contradictions(self.contradictions.0 | other.contradictions.0),
        }
    }

    /// Whether this reading is at least as careful as another.
    pub fn covers(&self, other: &Self) -> bool {
        self.subject.safer(other.subject) == self.subject
            && self.minor.safer(other.minor) == self.minor
            && self.caveats.covers(other.caveats)
            && self.contradictions.covers(other.contradictions)
    }
}

/// How all clues of one item are read, of whatever status. What was recalled or superseded says nothing any more, except
/// that it was recalled.
pub fn read<'a>(clues: impl IntoIterator<Item = &'a Clue>) -> Reading {
    let (mut reading, mut active, mut recalled) = (Reading::default(), false, false);
    for fields in clues.into_iter().map(Clue::fields) {
        match fields.status {
            Status::Active => {
                active = true;
                reading = reading.and(fields.subject, fields.minor, fields.caveats);
            }
            Status::Recalled => recalled = true,
            Status::Superseded => {}
        }
    }
    if active && recalled {
        reading.contradictions = reading.contradictions.with(Contradiction::RecalledBeside);
    }
    reading
}

/// Two different clues under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two different clues have the name {0}: give one of them a new name, or supersede it")]
pub struct TwoUnderOneName(pub ClueId);

/// Which of two rows under one name stands: the one that withdraws, if they differ in nothing else.
///
/// # Errors
/// If they differ in more, or have different names. A build is refused then: nobody could say which of the two was signed.
pub fn settle(first: Clue, second: Clue) -> Result<Clue, TwoUnderOneName> {
    let name = second.id();
    let caution = |status: Status| match status {
        Status::Active => 0,
        Status::Superseded => 1,
        Status::Recalled => 2,
    };
    let (kept, other) = if caution(second.fields().status) > caution(first.fields().status) {
        (second, first)
    } else {
        (first, second)
    };
    let mut alike = other.fields().clone();
    alike.status = kept.fields().status;
    if alike == *kept.fields() { Ok(kept) } else { Err(TwoUnderOneName(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lighthouse::Field;
    use crate::lighthouse::samples::clue_with;

    fn reading(rows: &[&[(Field, &str)]]) -> Reading {
        let clues: Vec<Clue> = rows.iter().zip(1..).map(|(changes, number)| clue_with(number, changes)).collect();
        let forward = read(&clues);
        assert_eq!(forward, read(clues.iter().rev()), "the order of clues does not matter");
        forward
    }

    #[test]
    fn a_victim_wins_over_a_suspect_and_a_minor_over_an_adult() {
        let check = |rows: &[&[(Field, &str)]], subject, minor, contradictions: &[Contradiction]| {
            let set = contradictions.iter().fold(Contradictions::NONE, |set, one| set.with(*one));
            let reading = reading(rows);
            assert_eq!((reading.subject, reading.minor, reading.contradictions), (subject, minor, set), "{rows:?}");
        };
        let (suspect, victim, mule) =
            ((Field::Subject, "suspect"), (Field::Subject, "victim"), (Field::Subject, "mule"));
        let (adult, minor) = ((Field::Minor, "no"), (Field::Minor, "yes"));
        let recalled = (Field::Status, "recalled");
        check(&[&[suspect], &[victim]], Subject::Victim, Minor::Unknown, &[Contradiction::Subject]);
        check(&[&[suspect], &[mule], &[]], Subject::Mule, Minor::Unknown, &[Contradiction::Subject]);
        check(&[&[suspect], &[suspect], &[]], Subject::Suspect, Minor::Unknown, &[]);
        check(&[&[adult], &[minor], &[]], Subject::Unknown, Minor::Yes, &[Contradiction::Minor]);
        check(&[&[suspect, minor], &[suspect]], Subject::Suspect, Minor::Yes, &[]);
        check(&[&[suspect], &[victim, recalled]], Subject::Suspect, Minor::Unknown, &[Contradiction::RecalledBeside]);
        check(&[&[victim, recalled]], Subject::Unknown, Minor::Unknown, &[]);
        check(&[&[suspect], &[victim, (Field::Status, "superseded")]], Subject::Suspect, Minor::Unknown, &[]);
    }

    #[test]
    fn caveats_of_all_clues_hold_for_the_item() {
        let reading = reading(&[&[(Field::Caveats, "no-onward")], &[(Field::Caveats, "no-sole-basis")]]);
        assert_eq!(reading.caveats.iter().count(), 3, "and match-only, which nobody lifted");
    }

    #[test]
    fn one_name_is_one_clue() {
        let clue = |changes: &[(Field, &str)]| clue_with(1, changes);
        let recalled = || clue(&[(Field::Status, "recalled")]);
        let superseded = || clue(&[(Field::Status, "superseded")]);
        assert_eq!(settle(clue(&[]), clue(&[])), Ok(clue(&[])));
        assert_eq!(settle(clue(&[]), recalled()), Ok(recalled()));
        assert_eq!(settle(recalled(), clue(&[])), Ok(recalled()));
        assert_eq!(settle(recalled(), superseded()), Ok(recalled()));
        let refused = Err(TwoUnderOneName(clue(&[]).id()));
        assert_eq!(settle(clue(&[]), clue(&[(Field::Confidence, "1")])), refused);
        assert_eq!(settle(recalled(), clue(&[(Field::Confidence, "1")])), refused);
        assert!(settle(clue(&[]), clue_with(2, &[])).is_err());
    }
}
