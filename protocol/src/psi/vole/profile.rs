//! The sets of parameters: what the network runs, with labels and without, and what other programs are compared with.

use cwg_crypto::vole::Weight;

use crate::psi::{Model, ProtocolId};

/// Parameters that decide between speed and security.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub(super) id: ProtocolId,
    pub(super) name: &'static str,
    /// Against whom it holds: tags are those of that model.
    pub(super) model: Model,
    /// Trees of a batch, which is its noise weight t.
    pub(super) trees: usize,
    /// Terms of an output of the code.
    pub(super) weight: Weight,
    /// Whether the sender's items have labels.
    pub(super) labelled: bool,
}

/// Security against malicious sides. Noise of 144, of which a few positions may leak to a side that guesses at the risk of
/// being found out; the code with the larger distance.
pub(super) const MALICIOUS: Profile = Profile {
    id: ProtocolId(2),
    name: "vole",
    model: Model::Malicious,
    trees: 144,
    weight: Weight::CONSERVATIVE,
    labelled: false,
};

/// The same, and the receiver learns the labels of its matches.
pub(super) const LABELLED: Profile = Profile { id: ProtocolId(4), name: "vole-labelled", labelled: true, ..MALICIOUS };

/// For comparison with other programs, which measure themselves like this: sides that follow the protocol, noise of 128, the
/// fast code, tags no longer than the sizes ask for. The steps and their checks are the same.
pub(super) const SEMI_HONEST: Profile = Profile {
    id: ProtocolId(3),
    name: "vole-semi-honest",
    model: Model::SemiHonest,
    trees: 128,
    weight: Weight::FAST,
    labelled: false,
};

impl Profile {
    /// Bits of a tag. Against malicious sides all of a block: to find two items with one tag then takes 2^64 work. Otherwise
    /// false matches of the whole run stay below 2^-40.
    pub(super) fn tag_bits(self, receiver: u32, sender: u32) -> u32 {
        let log = |size: u32| size.next_power_of_two().ilog2();
        match self.model {
            Model::Malicious => 128,
            Model::SemiHonest => 40 + log(receiver) + log(sender),
        }
    }
}
