//! Roster and invitations.

use serde::{Deserialize, Serialize};

use super::Screen;

/// A fresh invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// The name the member will have.
    pub name: String,
    /// When it ends.
    pub expires: String,
    /// Its number, as the audit names it.
    pub invitation: String,
    /// The text to hand over. A secret until it is used.
    pub text: String,
}

/// The roster in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterView {
    /// The network's number.
    pub network: String,
    /// The roster's number.
    pub epoch: u64,
    /// When it was signed.
    pub issued: String,
    /// When it ends.
    pub valid_until: String,
    /// The hub, then the members in the order they joined.
    pub nodes: Vec<MemberLine>,
    /// Hub only: invitations nobody has used.
    pub invitations: Vec<InvitationLine>,
}

/// One node of the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLine {
    /// Its name.
    pub name: String,
    /// `hub` or `member`.
    pub kind: String,
    /// `active` or `revoked`.
    pub status: String,
    /// Whether it is this node.
    pub own: bool,
    /// Host and port; empty if it only dials.
    pub address: String,
    /// Fingerprint of its signing key.
    pub fingerprint: String,
    /// Fingerprint of its transport key.
    pub transport_fingerprint: String,
    /// The epoch of its last change.
    pub since_epoch: u64,
}

/// An invitation nobody has used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationLine {
    /// Its number.
    pub invitation: String,
    /// For whom.
    pub name: String,
    /// When it ends.
    pub expires: String,
    /// Whether it has ended.
    pub expired: bool,
}

impl InvitationView {
    pub(crate) fn screen(&self) -> Screen {
        Screen::new(format!("Invitation for {}", self.name))
            .field("number", &self.invitation)
            .field("expires", &self.expires)
            .field("text", &self.text)
            .note("Hand the text to the member over a channel you trust: whoever has it can join in the member's place")
            .note("The member runs cwg member join with it; then compare the fingerprints of cwg roster show by telephone")
    }
}

impl RosterView {
    pub(crate) fn screen(&self) -> Screen {
        let nodes = self.nodes.iter().map(|node| {
            let own = if node.own { " (this node)" } else { "" };
            [
                format!("{}{own}", node.name),
                node.kind.clone(),
                node.status.clone(),
                node.address.clone(),
                node.fingerprint.clone(),
            ]
        });
        let screen = Screen::new("Roster")
            .field("network", &self.network)
            .field("epoch", self.epoch)
            .field("issued", &self.issued)
            .field("valid until", &self.valid_until)
            .table("", ["name", "kind", "status", "address", "fingerprint"], nodes);
        if self.invitations.is_empty() {
            return screen;
        }
        let open = self.invitations.iter().map(|line| {
            let state = if line.expired { "expired" } else { "open" };
            [line.name.clone(), line.invitation.clone(), line.expires.clone(), state.to_owned()]
        });
        screen.table("Invitations", ["for", "number", "expires", "state"], open)
    }
}
