//! The closed word lists of posts. Nothing in them says or implies whether anyone reported anything, or was asked to: only
//! ever append.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::lighthouse::vocabulary::{UnknownWord, vocabulary};

vocabulary! {
    /// What a holder asks the others.
    Question {
        /// Whether they have seen the item in use lately.
        InUse = 0 "in-use",
        /// Whether it pays or is paid.
        Role = 1 "role",
        /// Which pattern they see.
        Typology = 2 "typology",
        /// Since when.
        Since = 3 "since",
        /// How often.
        Frequency = 4 "frequency",
        /// Whether what is said of it may be about another person.
        RightPerson = 5 "right-person",
    }
}

vocabulary! {
    /// How often an item was seen in the days that a sighting names.
    Frequency {
        /// Once.
        Once = 0 "once",
        /// Up to nine times.
        Few = 1 "few",
        /// Ten times and more.
        Many = 2 "many",
    }
}

vocabulary! {
    /// What came of a match, as far as it may be told: of use to whoever contributed it, and blind to whether anything was
    /// reported.
    Outcome {
        /// It helped.
        Useful = 0 "useful",
        /// It did not.
        NotUseful = 1 "not-useful",
        /// The value was wrong.
        WrongValue = 2 "wrong-value",
        /// It was known before.
        AlreadyKnown = 3 "already-known",
        /// It was said before.
        Duplicate = 4 "duplicate",
        /// The person behind it is a victim, not an offender.
        VictimNotOffender = 5 "victim-not-offender",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_says_whether_anyone_reported() {
        let words = [Question::NAMES, Frequency::NAMES, Outcome::NAMES].concat();
        for word in words {
            for told in
                ["report", "smr", "suspicio", "notice", "austrac", "police", "law", "filed", "case", "exit", "freeze"]
            {
                assert!(!word.contains(told), "{word}");
            }
        }
    }

    #[test]
    fn numbers_and_names_lead_to_their_word() {
        for word in Outcome::ALL {
            assert_eq!((Outcome::from_name(word.name()), Outcome::try_from(word.number())), (Some(*word), Ok(*word)));
        }
        assert!(Outcome::try_from(6).is_err() && Question::try_from(6).is_err() && Frequency::try_from(3).is_err());
    }
}
