//! Invitations: one-time, expiring, and the place where trust in a hub starts (`docs/spec/joining.md`).
//!
//! The text a coordinator hands to a new member pins the hub's keys and carries a secret. From the secret both sides
//! derive one transport key: the joining node proves it in its first handshake, so a hub completes handshakes with
//! members and invited nodes and with nobody else.

use core::fmt;

use cwg_crypto::{Domain, Secret32, SigningKey, derive, digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::roster::{Address, Name};
use crate::wire::{decode_canonical, encode};
use crate::{NetworkId, NodeKey, TransportKey, UnixTime};

/// The number of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InvitationId(pub [u8; 8]);

/// What the text of an invitation says.
#[derive(Serialize, Deserialize)]
pub struct Invitation {
    /// Its number.
    pub id: InvitationId,
    /// The network.
    pub network: NetworkId,
    /// The hub's signing key, from now on pinned.
    pub hub: NodeKey,
    /// The hub's transport key.
    pub hub_transport: TransportKey,
    /// Where the hub listens.
    pub hub_address: Address,
    /// The name under which the member will stand on the roster.
    pub name: Name,
    /// After this it is worth nothing.
    pub expires: UnixTime,
    secret: [u8; 32],
}

/// Why a text is not an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInvitation {
    /// No `cwg-invite-1-` in front, or letters that cannot be.
    #[error("this is not an invitation: it starts with `{PREFIX}` and goes on with letters and digits")]
    NotOne,
    /// The checksum is wrong.
    #[error("the invitation is cut short or mistyped")]
    Damaged,
}

const PREFIX: &str = "cwg-invite-1-";
const LEN_MAX: usize = 1024;
const CHECK_LEN: usize = 4;

impl Invitation {
    /// An invitation with a fresh secret.
    #[expect(clippy::too_many_arguments, reason = "each field is named by its type")]
    pub fn new(
        id: InvitationId,
        network: NetworkId,
        hub: NodeKey,
        hub_transport: TransportKey,
        hub_address: Address,
        name: Name,
        expires: UnixTime,
        secret: [u8; 32],
    ) -> Self {
        Self { id, network, hub, hub_transport, hub_address, name, expires, secret }
    }

    /// The secret of the transport key that the joining node proves.
    pub fn transport_secret(&self) -> Secret32 {
        derive(Domain::InvitationTransport, &Secret32::new(self.secret), &[&self.id.0])
    }

    /// The public half, which the hub keeps instead of the secret.
    pub fn transport_key(&self) -> TransportKey {
        TransportKey(SigningKey::from_secret(&self.transport_secret()).verifying_key())
    }

    /// The text to hand over. Whoever has it can join in the member's place: it is a secret until it is used.
    pub fn to_text(&self) -> String {
        let mut bytes = encode(self);
        let check = digest(Domain::InvitationCheck, &[&bytes]);
        bytes.extend_from_slice(&check.as_bytes()[..CHECK_LEN]);
        let text = format!("{PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
        bytes.zeroize();
        text
    }

    /// Reads the text of an invitation; white space and line breaks inside it do not matter.
    ///
    /// # Errors
    /// If it is not one, or was damaged on the way.
    pub fn from_text(text: &str) -> Result<Self, BadInvitation> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = text.strip_prefix(PREFIX).ok_or(BadInvitation::NotOne)?;
        if text.len() > 2 * LEN_MAX {
            return Err(BadInvitation::NotOne);
        }
        let bytes = data_encoding::BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| BadInvitation::Damaged)?;
        let (bytes, check) = bytes.split_last_chunk::<CHECK_LEN>().ok_or(BadInvitation::Damaged)?;
        if digest(Domain::InvitationCheck, &[bytes]).as_bytes()[..CHECK_LEN] != check[..] {
            return Err(BadInvitation::Damaged);
        }
        decode_canonical(bytes, LEN_MAX).map_err(|_| BadInvitation::Damaged)
    }
}

impl Drop for Invitation {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({:?}, ..)", self.id)
    }
}
