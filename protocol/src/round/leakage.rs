//! What a round reveals, to whom, as a value: shown before consent, bound into the terms (`docs/spec/round-messages.md` §6).

use cwg_crypto::Digest;

use crate::leakage::digest_of;

/// Who learns something in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Learner {
    /// A member that holds an item which enough members hold.
    Holder,
    /// The hub, as collector.
    Hub,
    /// The hub together with a member.
    HubAndMember,
    /// The member that carries uploads.
    Relay,
    /// The hub together with the relay.
    HubAndRelay,
    /// A keyholder.
    Keyholder,
    /// As many keyholders as evaluate, with the hub.
    KeyholdersAndHub,
    /// The person who opened the round.
    Coordinator,
    /// What nobody is protected against.
    NotProtected,
}

impl Learner {
    /// The words for it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Holder => "a holder",
            Self::Hub => "the hub",
            Self::HubAndMember => "the hub with a member",
            Self::Relay => "the relay",
            Self::HubAndRelay => "the hub with the relay",
            Self::Keyholder => "a keyholder",
            Self::KeyholdersAndHub => "enough keyholders with the hub",
            Self::Coordinator => "the coordinator",
            Self::NotProtected => "not protected",
        }
    }
}

/// A round's declared leakage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundLeakage {
    threshold: u8,
}

/// Under which the rest holds.
const ASSUMPTION: &str = "hub and relay do not work together; fewer keyholders than evaluate are corrupt; gap \
                          Diffie-Hellman in ristretto255 and random oracles; members' inputs are their own word";

impl RoundLeakage {
    /// Of a round in which this many must hold an item.
    pub const fn of(threshold: u8) -> Self {
        Self { threshold }
    }

    /// Under which assumption it holds.
    pub const fn assumption(&self) -> &'static str {
        ASSUMPTION
    }

    /// Each sentence a person reads, with whom it is about.
    pub fn sentences(&self) -> Vec<(Learner, &'static str)> {
        let by_tables = self.threshold > 2;
        let mut all = vec![
            (
                Learner::Holder,
                "of each of its own items, whether at least as many members hold it as the terms say, itself \
                included; never which",
            ),
            (Learner::Holder, "what other holders of the item say in its room, under names of that room alone"),
        ];
        if by_tables {
            all.push((
                Learner::Holder,
                "from the bits of its answer, if it keeps them, roughly how many hold an item that enough \
                hold; this software does not",
            ));
            all.push((
                Learner::Hub,
                "for each bin in which enough slots agree, which slots; nothing of items that fewer hold",
            ));
        } else {
            all.push((
                Learner::Hub,
                "for each tag that two slots or more have in common, which slots; nothing of other items",
            ));
        }
        all.extend([
            (Learner::Hub, "who takes part and asks for a ticket, and which channel ends when someone goes away"),
            (
                Learner::HubAndMember,
                "which slots hold that member's items, where enough do; and of anything that the member has \
                had evaluated, whether a slot has it",
            ),
            (Learner::Relay, "who takes part, and who is late; all it carries is sealed and of one size"),
            (
                Learner::HubAndRelay,
                "whose each slot is: which member holds what others hold too, though not what it is; and with a \
                holder of an item, who wrote what in its room",
            ),
            (Learner::Keyholder, "who takes part; not what is evaluated, nor how many items anyone has"),
            (Learner::KeyholdersAndHub, "of any item that they can guess, which slots have it"),
            (
                Learner::Coordinator,
                "how many uploads were complete, and in which band the number of found items lies or, with noise and \
                in tens, about what it is; never both",
            ),
            (
                Learner::NotProtected,
                "guessing: a member that brings an identifier it merely guessed learns whether enough others \
                hold it; allowances and audit bound this",
            ),
            (
                Learner::NotProtected,
                "false inputs: nothing proves that a member's items come from its records, or that it brings \
                all of them",
            ),
            (
                Learner::NotProtected,
                "a hub that leaves members out or holds rounds again with others learns from the difference \
                how much they had in common with the rest",
            ),
            (Learner::NotProtected, "a hub that answers wrongly or not at all"),
            (
                Learner::NotProtected,
                "later quantum attack: someone who recorded the links and breaks their keys and that of the \
                function can test guesses against all slots",
            ),
        ]);
        all
    }

    /// The digest that consent and terms name.
    pub fn digest(&self) -> Digest {
        let sentences = self.sentences().into_iter().map(|(learner, sentence)| (learner.text(), sentence));
        digest_of("round", sentences, self.assumption())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_holders_and_more_have_other_sentences_and_so_another_digest() {
        let digests = [2, 3, 15].map(|threshold| RoundLeakage::of(threshold).digest());
        assert_ne!(digests[0], digests[1]);
        assert_eq!(digests[1], digests[2]);
        for threshold in [2, 3] {
            let sentences = RoundLeakage::of(threshold).sentences();
            assert!(sentences.iter().all(|(_, sentence)| !sentence.ends_with('.') && !sentence.contains('\0')));
            assert!(sentences.iter().any(|(learner, _)| *learner == Learner::NotProtected));
        }
    }
}
