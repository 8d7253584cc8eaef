//! Indicators: identifiers in canonical form, with type, role and strength (`docs/spec/ruleset-2.md`).

mod account;
mod business;
mod canonical;
mod checksum;
mod clean;
mod column;
mod country;
mod day;
mod device;
mod domain;
mod email;
mod ewallet;
mod forbidden;
mod foreign;
mod handle;
mod iban;
mod ip_time;
mod kind;
mod numbering;
mod pan;
mod parts;
mod payee;
mod payid;
mod person;
mod phone;
mod refusal;
mod repair;
mod ruleset;
mod tables;
mod wallet;

pub use canonical::{Canonical, KEYS_MAX, Key, canonicalize, canonicalize_parts};
pub use clean::{CANONICAL_LEN_MAX, INPUT_LEN_MAX};
pub use column::{ColumnKind, DeviceKind, Region, RepairShortBsb, Rules};
pub use day::{DateOrder, Day};
pub use forbidden::Forbidden;
pub use kind::{IndicatorKind, Role, Roles, Strength};
pub use parts::{Need, Part, PartRefusal};
pub use refusal::RefusalCode;
pub use repair::{RepairCode, RepairCodes};
pub use ruleset::{RULESET_ID, ruleset_hash};
pub use tables::Platform;

use cwg_crypto::{Domain, derive_public};
use serde::{Deserialize, Serialize};

use crate::NetworkId;

/// The fixed-length digest of an indicator's canonical form that enters a PSI.
///
/// It hides nothing: whoever can guess the identifier can compute its item. It never leaves a node in the clear.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Item(pub [u8; 32]);

impl Item {
    /// The half that enters block-wise protocols: a digest of its own, of 128 bits.
    pub(crate) fn block(&self) -> cwg_crypto::Block {
        cwg_crypto::Block::from_bytes(*self.0.first_chunk().expect("an item has 32 bytes"))
    }
}

impl Item {
    /// The item of a canonical form: BLAKE3 in its key-derivation mode over network, kind and length-prefixed text.
    ///
    /// The role is left out, so a member's `counterparty` meets another's `holder`.
    pub fn of(network: NetworkId, kind: IndicatorKind, canonical: &str) -> Self {
        let kind = (kind as u16).to_le_bytes();
        Self(*derive_public(Domain::Item, &[&network.0, &kind, canonical.as_bytes()]).as_bytes())
    }

    /// The item of a line of a plain file, compared byte for byte (`cwg psi`).
    pub fn of_line(line: &[u8]) -> Self {
        Self(*derive_public(Domain::PlainItem, &[line]).as_bytes())
    }
}

/// An item names a customer to anyone who can guess: it is never printed.
impl core::fmt::Debug for Item {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Item(..)")
    }
}
