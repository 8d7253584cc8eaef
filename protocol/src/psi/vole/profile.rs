//! The two sets of parameters: what the network runs, and what other programs are compared with.

use cwg_crypto::vole::Weight;

/// Parameters that decide between speed and security.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Trees of a batch, which is its noise weight t.
    pub(super) trees: usize,
    /// Terms of an output of the code.
    pub(super) weight: Weight,
    /// Whether every step is checked and tags are those of the malicious protocol.
    pub(super) checked: bool,
}

/// Security against malicious sides. Noise of 144, of which a few positions may leak to a side that guesses at the risk of
/// being found out; the code with the larger distance.
pub(super) const MALICIOUS: Profile = Profile { trees: 144, weight: Weight::CONSERVATIVE, checked: true };

/// For comparison with other programs, which measure themselves like this: sides that follow the protocol, noise of 128, the
/// fast code, tags no longer than the sizes ask for.
pub(super) const SEMI_HONEST: Profile = Profile { trees: 128, weight: Weight::FAST, checked: false };

impl Profile {
    /// Bits of a tag. Against malicious sides all of a block: to find two items with one tag then takes 2^64 work. Otherwise
    /// false matches of the whole run stay below 2^-40.
    pub(super) fn tag_bits(self, receiver: u32, sender: u32) -> u32 {
        let log = |size: u32| size.next_power_of_two().ilog2();
        if self.checked { 128 } else { 40 + log(receiver) + log(sender) }
    }
}
