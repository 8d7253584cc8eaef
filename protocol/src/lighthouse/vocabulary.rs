//! The closed word lists of a clue. Names stand in files and on screen, numbers in records and labels: only ever append.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A number that stands for no word of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{number} stands for no {list}")]
pub struct UnknownWord {
    /// The list.
    pub list: &'static str,
    /// The number.
    pub number: u8,
}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $list:ident { $($(#[$word_doc:meta])* $word:ident = $number:literal $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u8", into = "u8")]
        #[repr(u8)]
        pub enum $list {
            $($(#[$word_doc])* $word = $number,)*
        }

        impl $list {
            /// Every word, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];
            /// The names of all words.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name used in files and on screen.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$word => $name,)*
                }
            }

            /// The word of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.name() == name)
            }

            /// The number used in records and labels.
            pub const fn number(self) -> u8 {
                self as u8
            }
        }

        impl TryFrom<u8> for $list {
            type Error = UnknownWord;

            fn try_from(number: u8) -> Result<Self, UnknownWord> {
                let word = Self::ALL.iter().copied().find(|word| word.number() == number);
                word.ok_or(UnknownWord { list: stringify!($list), number })
            }
        }

        impl From<$list> for u8 {
            fn from(word: $list) -> u8 {
                word.number()
            }
        }

        impl fmt::Display for $list {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use vocabulary;

vocabulary! {
    /// What the holder of the identifier does in what the source describes.
    ClueRole {
        /// The source does not say.
        Unknown = 0 "unknown",
        /// Pays.
        Payer = 1 "payer",
        /// Is paid.
        Payee = 2 "payee",
        /// Arranges for others.
        Facilitator = 3 "facilitator",
        /// Runs a site.
        SiteOperator = 4 "site-operator",
        /// An account on a platform, no more being known.
        PlatformAccount = 5 "platform-account",
    }
}

vocabulary! {
    /// What the person behind the identifier is. Wrong here, an investigation harms a victim: the safer reading wins.
    Subject {
        /// The source does not say.
        Unknown = 0 "unknown",
        /// Suspected of an offence.
        Suspect = 1 "suspect",
        /// Harmed by one.
        Victim = 2 "victim",
        /// Whose account is used by others, often under duress.
        Mule = 3 "mule",
    }
}

vocabulary! {
    /// Whether the person is under 18.
    Minor {
        /// The source does not say.
        Unknown = 0 "unknown",
        /// Is not.
        No = 1 "no",
        /// Is, or may be.
        Yes = 2 "yes",
    }
}

vocabulary! {
    /// The pattern of exploitation.
    Typology {
        /// None of the others.
        Other = 0 "other",
        /// Abuse to order, paid for while it is transmitted.
        Livestream = 1 "livestream",
        /// Extortion with sexual images.
        Sextortion = 2 "sextortion",
        /// A site that sells access or material.
        CommercialSite = 3 "commercial-site",
        /// A standing payment for access.
        Subscription = 4 "subscription",
        /// Travel to offend.
        Travel = 5 "travel",
        /// Trafficking.
        Trafficking = 6 "trafficking",
    }
}

vocabulary! {
    /// The stage of the offence.
    Stage {
        /// The source does not say.
        Unknown = 0 "unknown",
        /// Access to material.
        Access = 1 "access",
        /// Possession.
        Possession = 2 "possession",
        /// Distribution.
        Distribution = 3 "distribution",
        /// Production.
        Production = 4 "production",
        /// Payment.
        Payment = 5 "payment",
    }
}

vocabulary! {
    /// Who looked at the clue before the source gave it.
    Review {
        /// Nobody.
        Unreviewed = 0 "unreviewed",
        /// A program.
        Automated = 1 "automated",
        /// A person.
        Human = 2 "human",
    }
}

vocabulary! {
    /// Whether the hub stands by a clue.
    Status {
        /// It does.
        Active = 0 "active",
        /// The clue was wrong.
        Recalled = 1 "recalled",
        /// Another clue says it better.
        Superseded = 2 "superseded",
    }
}

vocabulary! {
    /// What kind of organisation a source is. Which one is never said.
    SourceKind {
        /// A hotline that takes reports.
        Hotline = 0 "hotline",
        /// A platform that found it on itself.
        Platform = 1 "platform",
        /// Derived from the work of a law enforcement agency.
        LawEnforcement = 2 "law-enforcement",
        /// A charity.
        Ngo = 3 "ngo",
        /// Openly published.
        Open = 4 "open",
        /// A member of this network.
        Member = 5 "member",
    }
}

vocabulary! {
    /// How two clues belong together.
    Relation {
        /// Two identifiers of one account.
        SameAccount = 0 "same-account",
        /// This one paid the other.
        Paid = 1 "paid",
        /// This one's holder controls the other.
        Controls = 2 "controls",
        /// Seen together.
        CoOccurs = 3 "co-occurs",
    }
}

vocabulary! {
    /// How a place is known.
    PlaceBasis {
        /// From an IP address.
        Ip = 0 "ip",
        /// The person said so.
        Stated = 1 "stated",
        /// From a billing address.
        Billing = 2 "billing",
    }
}

vocabulary! {
    /// How exactly a day is known.
    Precision {
        /// To the day.
        Day = 0 "day",
        /// To the month.
        Month = 1 "month",
        /// To the year.
        Year = 2 "year",
    }
}

vocabulary! {
    /// What kind of place on the internet a platform is.
    PlatformCategory {
        /// A social network.
        Social = 0 "social",
        /// Messages between people.
        Messaging = 1 "messaging",
        /// Games and their chats.
        Gaming = 2 "gaming",
        /// Holds files for others.
        FileHost = 3 "file-host",
        /// Pornography and live cameras.
        Adult = 4 "adult",
        /// Dating.
        Dating = 5 "dating",
        /// Sends money abroad.
        Remittance = 6 "remittance",
        /// Trades virtual currencies.
        Exchange = 7 "exchange",
        /// A forum or a board.
        Forum = 8 "forum",
        /// A hidden service.
        Onion = 9 "onion",
        /// Wallets, tags and payment links.
        Payment = 10 "payment",
    }
}

vocabulary! {
    /// Why a clue is in no release any more.
    WithdrawalReason {
        /// It was wrong: whoever acted on it looks again.
        Recalled = 0 "recalled",
        /// Another clue says it better.
        Superseded = 1 "superseded",
        /// Its day has passed.
        Expired = 2 "expired",
    }
}

vocabulary! {
    /// A restriction that a source puts on a clue. Its number is its bit.
    Caveat {
        /// Not to be given to law enforcement.
        NoLawEnforcement = 0 "no-law-enforcement",
        /// Not to be passed on by who learns it.
        NoOnward = 1 "no-onward",
        /// Never the only ground for a step against a person.
        NoSoleBasis = 2 "no-sole-basis",
        /// To be compared only, never shown in the clear. Holds unless the source permits viewing.
        MatchOnly = 3 "match-only",
    }
}

/// A set of caveats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Caveats(u8);

impl Caveats {
    /// No caveat.
    pub const NONE: Self = Self(0);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, caveat: Caveat) -> Self {
        Self(self.0 | 1 << caveat as u8)
    }

    /// This set and another.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a caveat is in it.
    pub const fn has(self, caveat: Caveat) -> bool {
        self.0 & (1 << caveat as u8) != 0
    }

    /// Whether it has all that another has.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Its caveats, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Caveat> {
        Caveat::ALL.iter().copied().filter(move |caveat| self.has(*caveat))
    }
}

impl TryFrom<u8> for Caveats {
    type Error = UnknownWord;

    fn try_from(bits: u8) -> Result<Self, UnknownWord> {
        if bits >> Caveat::ALL.len() == 0 { Ok(Self(bits)) } else { Err(UnknownWord { list: "Caveat", number: bits }) }
    }
}

impl From<Caveats> for u8 {
    fn from(caveats: Caveats) -> Self {
        caveats.0
    }
}

/// The source does not say.
impl Default for Subject {
    fn default() -> Self {
        Self::Unknown
    }
}

/// The source does not say.
impl Default for Minor {
    fn default() -> Self {
        Self::Unknown
    }
}

impl Subject {
    /// The safer of two readings: a victim before a mule, a mule before a suspect, anything before nothing.
    #[must_use]
    pub const fn safer(self, other: Self) -> Self {
        if other.caution() > self.caution() { other } else { self }
    }

    const fn caution(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Suspect => 1,
            Self::Mule => 2,
            Self::Victim => 3,
        }
    }
}

impl Minor {
    /// The safer of two readings: yes before no, anything before nothing.
    #[must_use]
    pub const fn safer(self, other: Self) -> Self {
        if other as u8 > self as u8 { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn every_word_is_found_by_its_name_and_its_number_and_by_nothing_else() {
        macro_rules! check {
            ($($list:ident)*) => {
                $(
                    for (place, word) in $list::ALL.iter().enumerate() {
                        assert_eq!($list::from_name(word.name()), Some(*word));
                        assert_eq!($list::NAMES[place], word.name());
                        assert_eq!(decode::<$list>(&encode(word), 1), Ok(*word));
                        assert_eq!(encode(word), [word.number()]);
                    }
                    let last = $list::ALL.last().unwrap().number();
                    assert_eq!(usize::from(last) + 1, $list::ALL.len(), "numbers have no gap");
                    assert!((last + 1..=u8::MAX).all(|number| $list::try_from(number).is_err()));
                    assert_eq!($list::from_name("no such word"), None);
                )*
            };
        }
        check!(ClueRole Subject Minor Typology Stage Review Status SourceKind Relation PlaceBasis Precision);
        check!(PlatformCategory WithdrawalReason Caveat);
    }

    #[test]
    fn a_set_of_caveats_has_no_bit_without_a_caveat() {
        for bits in 0..=u8::MAX {
            assert_eq!(Caveats::try_from(bits).is_ok(), bits < 16, "{bits}");
        }
        let set = Caveats::NONE.with(Caveat::NoOnward).with(Caveat::MatchOnly);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Caveat::NoOnward, Caveat::MatchOnly]);
        assert!(set.covers(Caveats::NONE.with(Caveat::NoOnward)) && !Caveats::NONE.covers(set));
    }

    #[test]
    fn the_safer_reading_wins_from_either_side() {
        let check = |a: Subject, b: Subject, safer: Subject| {
            assert_eq!((a.safer(b), b.safer(a)), (safer, safer));
        };
        check(Subject::Suspect, Subject::Victim, Subject::Victim);
        check(Subject::Mule, Subject::Victim, Subject::Victim);
        check(Subject::Suspect, Subject::Mule, Subject::Mule);
        check(Subject::Unknown, Subject::Suspect, Subject::Suspect);
        assert_eq!(Minor::No.safer(Minor::Yes), Minor::Yes);
        assert_eq!(Minor::Yes.safer(Minor::No), Minor::Yes);
        assert_eq!(Minor::Unknown.safer(Minor::No), Minor::No);
    }
}
