//! Charters: writing, offering, signing; and the persons who sign.

use cwg_crypto::{Digest, Signature};
use cwg_protocol::charter::{Body, Charter, MemberSignature};
use cwg_protocol::roster::Name;
use cwg_protocol::wire::limits::CHARTERS_MAX;
use cwg_protocol::wire::{CharterOffer, Message};
use cwg_protocol::{NodeKey, OperatorKey, PilotId};

use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::io::{CloseCode, ConnId};
use crate::record::Entry;

impl Engine {
    pub(crate) fn add_operator(&mut self, name: Name, key: OperatorKey) -> Result<Reply, Refusal> {
        self.own()?;
        if name.trim().is_empty() {
            return Err(Refusal::EmptyName);
        }
        if self.state.operators().contains_key(&name) {
            return Err(Refusal::NameTaken);
        }
        self.commit(Entry::OperatorAdded { name, key });
        Ok(Reply::Done)
    }

    /// Hub: writes the charter of a new pilot.
    pub(crate) fn write_charter(&mut self, mut body: Body) -> Result<Reply, Refusal> {
        self.hub()?;
        let network = self.state.network().ok_or(Refusal::NotJoined)?;
        if self.state.pilots().len() >= CHARTERS_MAX {
            return Err(Refusal::NetworkFull);
        }
        let members = network.roster();
        if body.members.iter().any(|member| members.active_by_node(*member).is_none() || *member == network.hub) {
            return Err(Refusal::UnknownMember);
        }
        body.network = network.id;
        body.version = 1;
        body.pilot = PilotId(self.random("pilot"));
        let charter = Charter::sign(body, &self.hub()?.signing)?;
        let pilot = charter.body().pilot;
        self.commit(Entry::CharterAdopted { charter: charter.signed().clone() });
        self.offer_to_all(pilot);
        Ok(Reply::CharterWritten(pilot))
    }

    /// Member: signs a charter with a person's signature and the node's.
    pub(crate) fn sign_charter(
        &mut self,
        pilot: PilotId,
        shown: Digest,
        person: Name,
        signature: Signature,
    ) -> Result<Reply, Refusal> {
        let own = self.member()?;
        let node = own.node();
        let person_key = *self.state.operators().get(&person).ok_or(Refusal::UnknownOperator)?;
        let known = self.state.pilots().get(&pilot).ok_or(Refusal::UnknownPilot)?;
        if known.charter.digest() != shown {
            return Err(Refusal::CharterChanged);
        }
        if known.signatures.contains_key(&node) {
            return Err(Refusal::AlreadySigned);
        }
        let signature = MemberSignature::complete(shown, node, person, person_key, signature, &own.signing);
        known.charter.check_signature(&signature)?;
        self.commit(Entry::CharterSigned { pilot, charter: shown, signature });
        self.offer_to_all(pilot);
        Ok(Reply::Done)
    }

    /// A charter came, or signatures to one.
    pub(crate) fn on_charter_offer(&mut self, id: ConnId, from: NodeKey, offer: CharterOffer) {
        let Some(network) = self.state.network() else { return };
        let (hub, own) = (network.hub, self.state.own().map(crate::state::Own::node));
        let charter = match Charter::verify(offer.charter.clone(), network.id, hub) {
            Ok(charter) => charter,
            Err(_) => return self.refuse(id, CloseCode::Violation, "charter-refused"),
        };
        let pilot = charter.body().pilot;
        // Only a peer that is named in a charter, or the hub, has any business with it, and only if we are named too.
        let concerns_us = self.is_hub() || own.is_some_and(|node| charter.names(node));
        if !concerns_us || !(from == hub || charter.names(from)) {
            return self.refuse(id, CloseCode::Violation, "charter-not-ours");
        }
        let known = self.state.pilots().get(&pilot).map(|known| known.charter.digest());
        match known {
            None if from == hub && self.state.pilots().len() < CHARTERS_MAX => {
                self.commit(Entry::CharterAdopted { charter: offer.charter });
            }
            Some(digest) if digest == charter.digest() => {}
            _ => return,
        }
        let mut news = false;
        for signature in offer.signatures.into_inner() {
            let known = self.state.pilots().get(&pilot).expect("adopted above");
            if known.signatures.contains_key(&signature.member) {
                continue;
            }
            if charter.check_signature(&signature).is_err() {
                return self.refuse(id, CloseCode::Violation, "bad-signature");
            }
            self.commit(Entry::CharterSigned { pilot, charter: charter.digest(), signature });
            news = true;
        }
        if news && self.is_hub() {
            self.offer_to_all(pilot);
        }
    }

    /// Tells a peer what it may not know yet: the hub all charters that name it, a member its own signatures.
    pub(crate) fn offer_charters(&mut self, id: ConnId, node: NodeKey) {
        let pilots: Vec<PilotId> = self.state.pilots().keys().copied().collect();
        for pilot in pilots {
            self.offer(id, node, pilot);
        }
    }

    fn offer(&mut self, id: ConnId, node: NodeKey, pilot: PilotId) {
        let (Some(network), Some(known)) = (self.state.network(), self.state.pilots().get(&pilot)) else { return };
        let hub = network.hub;
        // Members speak of charters with the hub alone; it brings them together.
        if !(node == hub || (self.is_hub() && known.charter.names(node))) {
            return;
        }
        let signatures: Vec<MemberSignature> = known.signatures.values().cloned().collect();
        let offer = CharterOffer {
            charter: known.charter.signed().clone(),
            signatures: signatures.try_into().expect("one of each of at most fifteen members"),
        };
        self.send(id, &Message::CharterOffer(offer));
    }

    fn offer_to_all(&mut self, pilot: PilotId) {
        for (id, node) in self.peers() {
            self.offer(id, node, pilot);
        }
    }
}
