//! What a run reveals, as a value: shown before consent, bound into the terms, printed on the receipt.

use cwg_crypto::{Digest, Domain, digest};

/// One thing that someone learns, or that nobody is protected against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The output.
    OwnMatches,
    /// What the other side says about the output.
    MatchLabels,
    /// The other side's padded size.
    PaddedSize,
    /// That the run took place, and when.
    RunHappened,
    /// What a decline says of the acceptor's set.
    DeclinedSet,
    /// Its endpoints, and how many bytes went each way.
    Traffic,
    /// Guessing: whoever brings an identifier to a run learns whether the other side holds it.
    Guessing,
    /// A receiver that cheats may test more items than it declared.
    InflatedSet,
    /// What a cheating side learns from not being found out.
    SelectiveFailure,
    /// What a sender learns from labels that it spoils.
    SpoiltLabels,
    /// Nothing binds an input to real records.
    FalseInputs,
    /// A side can stop after it has its output and before the other has.
    Fairness,
    /// A recorded session opens to a quantum computer that also breaks the channel.
    NotPostQuantum,
}

impl Fact {
    /// The sentence a person reads.
    pub fn text(self) -> &'static str {
        match self {
            Self::OwnMatches => "which of its own items the other side also holds",
            Self::MatchLabels => "for each of these the label that the other side attached to it, and of no other item",
            Self::PaddedSize => "the other side's set size, rounded up to the public grid",
            Self::RunHappened => "that a run took place, with whom and when",
            Self::DeclinedSet => {
                "when it proposed and is declined for the other side's set: that the other side holds nothing, too \
                 little or too much of the selected types, not which of these"
            }
            Self::Traffic => "the two addresses, the time and the number of bytes (a function of the padded sizes)",
            Self::Guessing => {
                "guessing: a member that puts an identifier it merely guessed into its set learns whether the other \
                 side holds it; a phone number is one of about 10^9, so only budgets, commitments and audit bound this"
            }
            Self::InflatedSet => {
                "a larger set: a receiver that cheats may test more items than it declared, up to 1.4 times as many in sets above \
                 4096, 1.5 times at 1024, five times at 16; a charter's budget has to allow for that"
            }
            Self::SelectiveFailure => {
                "selective failure: a side that cheats may guess a few bits of the other's randomness, at the risk of ending \
                 the session, and learns whether it was right; parameters leave room for it, and sessions are budgeted"
            }
            Self::SpoiltLabels => {
                "spoilt labels: a sender that cheats may spoil the labels of items it chooses, and learns from the end of the \
                 session whether the receiver holds at least one of them; the receiver is told, and its budget bounds the tries"
            }
            Self::FalseInputs => "false inputs: nothing proves that a side's items come from its records",
            Self::Fairness => "fairness: in a two-way run a side can stop once it has its own output",
            Self::NotPostQuantum => {
                "later quantum attack: someone who recorded the session and breaks both the channel and the group can \
                 test guesses against the sender's tags"
            }
        }
    }
}

/// Against whom a protocol's promise holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// Sides that follow the protocol and analyse what they saw.
    SemiHonest,
    /// Sides that send anything at all; a detected fault ends the session without output.
    Malicious,
}

impl Model {
    /// The word for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::SemiHonest => "semi-honest",
            Self::Malicious => "malicious",
        }
    }
}

/// A protocol's declared leakage and claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leakage {
    /// What the receiver learns.
    pub receiver: &'static [Fact],
    /// What the sender learns.
    pub sender: &'static [Fact],
    /// What someone who watches the network learns.
    pub observer: &'static [Fact],
    /// What nobody is protected against.
    pub not_protected: &'static [Fact],
    /// Against whom the rest holds.
    pub model: Model,
    /// Under which assumption.
    pub assumption: &'static str,
}

impl Leakage {
    /// The digest that consent and terms name.
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
        digest(Domain::Leakage, &[text.as_bytes(), self.model.text().as_bytes(), self.assumption.as_bytes()])
    }

    /// Every list with the name of who learns it.
    pub fn lists(&self) -> [(&'static str, &'static [Fact]); 4] {
        [
            ("receiver", self.receiver),
            ("sender", self.sender),
            ("observer", self.observer),
            ("not protected", self.not_protected),
        ]
    }
}
