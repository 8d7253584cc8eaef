//! Private set intersection protocols behind one trait: a new protocol is one file here and one line in [`PROTOCOLS`].
//!
//! A protocol is two [`Party`] machines. A party gets messages and finished jobs and answers with a [`Step`]: messages
//! to send, jobs to run, and at the end its [`Outcome`]. It knows nothing of peers, sessions, sockets or threads.

mod compare;
pub mod ideal;
mod label;
mod leakage;
mod shard;
mod sort;
mod step;
pub mod vole;
pub mod voprf;

use cwg_crypto::Seed;
use serde::{Deserialize, Serialize};

pub use label::{BadLabelLen, LabelLen, Labels, Loaded};
pub use leakage::{Fact, Leakage, Model};
pub(crate) use shard::Order;
pub use shard::{Shard, Splitter};
pub(crate) use sort::sort_uniform_lists;
pub use sort::{Uniform, sort_uniform};
pub use step::{GivenUp, Job, JobId, JobOutput, Outcome, Step};

use crate::violation::Violation;
use crate::wire::limits::{ITEMS_MIN_PADDED, VOPRF_ITEMS_DEFAULT};

/// The number of a protocol on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProtocolId(pub u16);

/// Which PSI role a party plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PsiRole {
    /// Learns which of its own items the sender also holds.
    Receiver,
    /// Holds the key and learns the declared leakage only.
    Sender,
}

/// The agreed, padded sizes of both sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSizes {
    /// Items of the receiver, dummies included.
    pub receiver: u32,
    /// Items of the sender, dummies included.
    pub sender: u32,
    /// Bytes of each label of the sender, for a protocol that carries labels.
    pub label_len: LabelLen,
}

/// What one execution takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Bytes from receiver to sender.
    pub bytes_to_sender: u64,
    /// Bytes from sender to receiver.
    pub bytes_to_receiver: u64,
    /// Changes of direction.
    pub flights: u32,
    /// Multiplications in the group, both sides.
    pub group_operations: u64,
}

/// What binds one execution to its session, so that no message of it means anything in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The session, or whatever digest both sides agreed on beforehand.
    pub session: [u8; 32],
    /// Number of the execution inside the session.
    pub lane: u8,
}

/// A protocol.
pub trait PsiProtocol: Sync {
    /// Its number on the wire.
    fn id(&self) -> ProtocolId;
    /// Its name on the command line.
    fn name(&self) -> &'static str;
    /// What it reveals, under which assumption, and what it does not protect.
    fn leakage(&self) -> Leakage;
    /// What an execution costs.
    fn cost(&self, sizes: SetSizes) -> Cost;
    /// Whether the receiver also learns what the sender says about its matches.
    fn carries_labels(&self) -> bool {
        false
    }
    /// Whether members may run it with each other in a pair run: only what stands against malicious sides and compares sets
    /// alone.
    fn for_members(&self) -> bool {
        self.leakage().model == Model::Malicious && !self.carries_labels()
    }
    /// Whether a member may run it with the hub's release: it stands against malicious sides and carries labels.
    fn for_lighthouse(&self) -> bool {
        self.leakage().model == Model::Malicious && self.carries_labels()
    }
    /// Largest padded size of either set.
    fn items_max(&self) -> u32;
    /// Opens one side of an execution.
    fn open(&self, role: PsiRole, binding: Binding, sizes: SetSizes, seed: Seed) -> Box<dyn Party>;
}

/// One side of one execution.
pub trait Party: Send {
    /// The first step.
    fn start(&mut self) -> Step;

    /// The step after a shard of the own set, which it asked for, is here. The items of all shards together are at most as
    /// many as this side's padded size. Labels are the sender's to bring, where the protocol carries them.
    fn on_loaded(&mut self, shard: Shard, loaded: Loaded) -> Step;

    /// The step after a message of the other side.
    ///
    /// # Errors
    /// If the message is not what the protocol allows now. The execution is over.
    fn on_message(&mut self, body: &[u8]) -> Result<Step, Violation>;

    /// The step after a job of this side was run.
    ///
    /// # Errors
    /// If the job found that the other side broke the protocol. The execution is over.
    fn on_computed(&mut self, job: JobId, output: JobOutput) -> Result<Step, Violation>;
}

/// Every protocol. Members may run those of which [`PsiProtocol::for_members`] says so, a member and the hub those of which
/// [`PsiProtocol::for_lighthouse`] does.
pub static PROTOCOLS: &[&dyn PsiProtocol] =
    &[&voprf::Voprf, &vole::Vole::MALICIOUS, &vole::Vole::SEMI_HONEST, &vole::Vole::LABELLED];

/// The protocol of that number.
pub fn protocol(id: ProtocolId) -> Option<&'static dyn PsiProtocol> {
    PROTOCOLS.iter().copied().find(|protocol| protocol.id() == id)
}

/// The protocol of that name.
pub fn protocol_named(name: &str) -> Option<&'static dyn PsiProtocol> {
    PROTOCOLS.iter().copied().find(|protocol| protocol.name() == name)
}

/// The protocol for an own set of so many items where nobody chose one: small sets move the fewest bytes with `voprf`, all
/// others take the least time with `vole`.
pub fn default_protocol(items: u64) -> &'static dyn PsiProtocol {
    if items <= u64::from(VOPRF_ITEMS_DEFAULT) { &voprf::Voprf } else { &vole::Vole::MALICIOUS }
}

/// The protocol of a lighthouse run in bulk.
pub fn lighthouse_protocol() -> &'static dyn PsiProtocol {
    &vole::Vole::LABELLED
}

/// The size that is shown for a set of `len` items: the next of 1, 1.25, 1.5 and 1.75 times a power of two, at least 16.
///
/// # Panics
/// Never for sets that fit a `u32` with a quarter to spare; longer ones saturate.
pub fn padded_size(len: usize) -> u32 {
    let len = u32::try_from(len).unwrap_or(u32::MAX).max(ITEMS_MIN_PADDED);
    let quarter = 1 << (len.ilog2() - 2);
    let rest = len % quarter;
    if rest == 0 { len } else { len.saturating_add(quarter - rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_to_quarters_of_powers_of_two() {
        for (len, padded) in [
            (0, 16),
            (1, 16),
            (16, 16),
            (17, 20),
            (20, 20),
            (21, 24),
            (31, 32),
            (33, 40),
            (1000, 1024),
            (1024, 1024),
            (1025, 1280),
            (100_000, 114_688),
            (131_072, 131_072),
        ] {
            assert_eq!(padded_size(len), padded, "{len}");
        }
        let mut last = 0;
        for len in 0..5000 {
            let padded = padded_size(len);
            assert!(padded as usize >= len && padded >= last);
            assert!(len < 16 || (padded as usize) * 4 <= len * 5 + 4, "{len} grows by over a quarter to {padded}");
            last = padded;
        }
    }

    #[test]
    fn members_run_what_stands_against_malicious_sides_and_small_sets_by_voprf() {
        let barred: Vec<&str> =
            PROTOCOLS.iter().filter(|known| !known.for_members()).map(|known| known.name()).collect();
        assert_eq!(barred, ["vole-semi-honest", "vole-labelled"]);
        for (items, name) in [(0, "voprf"), (4096, "voprf"), (4097, "vole"), (100_000_000, "vole")] {
            assert_eq!(default_protocol(items).name(), name, "{items}");
            assert!(default_protocol(items).for_members());
        }
        let lighthouse: Vec<&str> =
            PROTOCOLS.iter().filter(|known| known.for_lighthouse()).map(|known| known.name()).collect();
        assert_eq!(lighthouse, [lighthouse_protocol().name()]);
    }

    #[test]
    fn every_protocol_is_found_by_number_and_name() {
        for known in PROTOCOLS {
            assert_eq!(protocol(known.id()).map(PsiProtocol::name), Some(known.name()));
            assert_eq!(protocol_named(known.name()).map(PsiProtocol::id), Some(known.id()));
        }
        assert!(protocol(ProtocolId(u16::MAX)).is_none());
    }
}
