//! A key of the oblivious function that several hold together: any t of n evaluate it, fewer learn nothing of it.
//!
//! * [`Ceremony`] makes a new key, or hands an existing one to the same or other holders: distributed key generation by
//!   Feldman's verifiable sharing (FOCS 1987), with pledges before any dealing is seen, proofs of possession, and complaints
//!   that anyone can check. A refresh is a handover to the same holders; it leaves the key as it is and makes all old shares
//!   useless beside new ones.
//! * [`combine`] joins t partial evaluations, each proven against the public key of its share, to the outputs of RFC 9497
//!   under the key that nobody has (2HashDH with a shared key: TOPPSS, 2017/363).
//!
//! ```
//! use cwg_crypto::threshold::{Ceremony, Dealer, Index, Partial, Receiver, combine, input, settle};
//! use cwg_crypto::voprf::{Blinding, evaluate};
//! use cwg_crypto::{Digest, Seed};
//!
//! let ceremony = Ceremony::new_key(Digest::from_bytes([0; 32]), 3, 2)?;
//! let holders = ceremony.receivers().collect::<Vec<_>>();
//! let seed = |holder: Index, part: &str| Seed::new([holder.number(); 32]).fork(part, 0);
//!
//! // First flight: a key to receive shares with, and a pledge. Second: dealings. Third: complaints, here none.
//! let receivers = holders.iter().map(|at| Receiver::new(&ceremony, *at, seed(*at, "receive"))).collect::<Result<Vec<_>, _>>()?;
//! let dealers = holders.iter().map(|at| Dealer::new(&ceremony, *at, seed(*at, "deal"))).collect::<Result<Vec<_>, _>>()?;
//! let keys = receivers.iter().map(Receiver::key).collect::<Vec<_>>();
//! let pledges = dealers.iter().map(Dealer::pledge).collect::<Vec<_>>();
//! let dealings = dealers.into_iter().map(|dealer| dealer.deal(&ceremony, &keys)).collect::<Result<Vec<_>, _>>()?;
//! let settled = settle(&ceremony, &keys, &pledges, &dealings, &[])?;
//! let shares = receivers.into_iter().map(|r| r.finish(&ceremony, &settled, &dealings)).collect::<Result<Vec<_>, _>>()?;
//!
//! // Any two evaluate.
//! let inputs = [input(&settled.key.group(), &[7; 32])];
//! let blinding = Blinding::of(&inputs, Seed::new([9; 32]))?;
//! let answers = shares[1..].iter().map(|share| evaluate(&share.evaluation_key(), blinding.blinded(), seed(share.index(), "prove")));
//! let answers = answers.collect::<Result<Vec<_>, _>>()?;
//! let partials: Vec<_> = shares[1..]
//!     .iter()
//!     .zip(&answers)
//!     .map(|(share, (evaluated, proof))| Partial { index: share.index(), evaluated, proof })
//!     .collect();
//! let outputs = combine(blinding, &inputs, &partials, &settled.key).map_err(|(error, _)| error)?;
//! # assert_eq!(outputs.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately left out: who the holders are, how messages reach all of them alike (compare [`Settled::transcript`] under
//! signatures before a share is used), how a share is sealed at rest, and threads: batches are independent.

mod ceremony;
mod dealing;
mod index;
mod oprf;
mod polynomial;
mod settle;
mod share;
mod sigma;

#[cfg(test)]
mod tests;

pub use ceremony::{BadCeremony, Ceremony};
pub use dealing::{BadDealing, DealError, Dealer, Dealing, Pledge};
pub use index::{BadIndex, HOLDERS_MAX, Index};
pub use oprf::{CombineError, Partial, combine, input};
pub use settle::{Complaint, Fault, FinishError, Receiver, ReceiverKey, SettleError, Settled, settle};
pub use share::{BadShare, BadSharedKey, Share, SharedKey};
