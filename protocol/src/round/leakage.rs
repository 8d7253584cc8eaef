//! What a round reveals, as a value: shown before a person consents, and named by its digest (`docs/spec/round-messages.md` §6).

use cwg_crypto::{Digest, Domain, digest};

/// One thing that someone learns, or that nobody is protected against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoundFact {
    /// The output for k = 2.
    HeldByAnother,
    /// The output for k >= 3.
    HeldByEnough,
    /// What the bits of an answer say of how many hold an item.
    RoughlyHowMany,
    /// Who takes part.
    WhoTakesPart,
    /// Which slots have a common tag.
    SlotsOfTags,
    /// Which slots agree.
    SlotsOfBins,
    /// The coordinator's band.
    Band,
    /// Who was late, and the sizes that are the same for all.
    WhoIsLate,
    /// Hub and relay together.
    HubAndRelay,
    /// Keyholders with the hub.
    HubAndKeyholders,
    /// k - 1 holders together.
    HoldersTogether,
    /// Lists are not proven.
    FalseInputs,
    /// Recorded uploads.
    NotPostQuantum,
}

impl RoundFact {
    /// The sentence a person reads.
    pub const fn text(self) -> &'static str {
        match self {
            Self::HeldByAnother => "which of its own items at least one other member holds, and not who",
            Self::HeldByEnough => "which of its own items at least as many members hold as the terms say, and not who",
            Self::RoughlyHowMany => {
                "of these, for whoever looks at the bits of its answer, roughly how many hold each; this software does not read that off"
            }
            Self::WhoTakesPart => "who takes part, and when",
            Self::SlotsOfTags => {
                "for each item that two hold, which numbered slots have it; not whose they are, and not the item"
            }
            Self::SlotsOfBins => {
                "for each item that enough hold, which numbered slots have it; not whose they are, not the item, and nothing of others"
            }
            Self::Band => "how many uploads were complete, and how many items were found, as a power of ten",
            Self::WhoIsLate => {
                "who sends and who is late; what it carries has the same sizes for everyone and says nothing"
            }
            Self::HubAndRelay => {
                "hub and relay together: which member holds what others hold too; that they do not work together is an assumption, for every \
                 relay of the terms"
            }
            Self::HubAndKeyholders => {
                "as many keyholders as it takes to evaluate, together with the hub: any identifier they guess, tested against all lists"
            }
            Self::HoldersTogether => {
                "members together who are one fewer than the threshold and hold an item: whether one more does"
            }
            Self::FalseInputs => {
                "false lists: nothing proves that an item comes from a member's records, so allowances bound what may be asked for"
            }
            Self::NotPostQuantum => {
                "later quantum attack: someone who recorded what the relay carried and breaks X25519 reads uploads, which are \
                 pseudorandom to whoever has not the shared key"
            }
        }
    }
}

/// The declared leakage of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundLeakage {
    /// What a member that takes part learns.
    pub member: &'static [RoundFact],
    /// What the hub learns.
    pub hub: &'static [RoundFact],
    /// What the relay learns.
    pub relay: &'static [RoundFact],
    /// What a keyholder learns.
    pub keyholder: &'static [RoundFact],
    /// What nobody is protected against.
    pub not_protected: &'static [RoundFact],
}

const NOT_PROTECTED: &[RoundFact] = &[
    RoundFact::HubAndRelay,
    RoundFact::HubAndKeyholders,
    RoundFact::HoldersTogether,
    RoundFact::FalseInputs,
    RoundFact::NotPostQuantum,
];

const OF_TWO: RoundLeakage = RoundLeakage {
    member: &[RoundFact::HeldByAnother],
    hub: &[RoundFact::WhoTakesPart, RoundFact::SlotsOfTags, RoundFact::Band],
    relay: &[RoundFact::WhoTakesPart, RoundFact::WhoIsLate],
    keyholder: &[RoundFact::WhoTakesPart],
    not_protected: NOT_PROTECTED,
};

const OF_MORE: RoundLeakage = RoundLeakage {
    member: &[RoundFact::HeldByEnough, RoundFact::RoughlyHowMany],
    hub: &[RoundFact::WhoTakesPart, RoundFact::SlotsOfBins, RoundFact::Band],
    ..OF_TWO
};

impl RoundLeakage {
    /// Of a round with this threshold.
    pub const fn of(threshold: u8) -> Self {
        if threshold == 2 { OF_TWO } else { OF_MORE }
    }

    /// The digest that consent names.
    pub fn digest(&self) -> Digest {
        let mut text = String::new();
        for (who, facts) in self.lists() {
            text.push_str(who);
            for fact in facts {
                text.push('\n');
                text.push_str(fact.text());
            }
            text.push('\0');
        }
        digest(Domain::Leakage, &[text.as_bytes(), b"round"])
    }

    /// Every list with the name of who learns it.
    pub fn lists(&self) -> [(&'static str, &'static [RoundFact]); 5] {
        [
            ("member", self.member),
            ("hub", self.hub),
            ("relay", self.relay),
            ("keyholder", self.keyholder),
            ("not protected", self.not_protected),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_to_one_threshold_is_no_consent_to_the_other() {
        assert_ne!(RoundLeakage::of(2).digest(), RoundLeakage::of(3).digest());
        assert_eq!(RoundLeakage::of(3).digest(), RoundLeakage::of(15).digest());
    }
}
