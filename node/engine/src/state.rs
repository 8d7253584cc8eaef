//! What a node knows: the fold of its records, and nothing else. Replaying the journal gives it back exactly.

use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::{Digest, Secret32, SigningKey};
use cwg_protocol::charter::{Charter, LiveCharter, MemberSignature, NotLive};
use cwg_protocol::invitation::InvitationId;
use cwg_protocol::roster::{Address, Entry as Node, Name, Roster, SignedRoster};
use cwg_protocol::session::{Place, Receipt};
use cwg_protocol::{LoadId, NetworkId, NodeKey, OperatorKey, PilotId, RunId, TransportKey, UnixTime};

use crate::counts::state::Counts;
use crate::lighthouse::state::Lighthouse;
use crate::limits::BUDGET_PERIOD_SECS;
use crate::record::{BookReport, Code, Entry, LoadSummary, NodeKind, Record, RunPlan};
use crate::rounds::state::{Known, Rounds};
use crate::standing::state::Standing;

/// Everything a node knows.
#[derive(Default)]
pub struct State {
    own: Option<Own>,
    network: Option<Network>,
    invitations: BTreeMap<InvitationId, OpenInvitation>,
    used: BTreeMap<InvitationId, OpenInvitation>,
    operators: BTreeMap<Name, OperatorKey>,
    charters: BTreeMap<PilotId, Pilot>,
    loads: BTreeMap<LoadId, LoadSummary>,
    runs: BTreeMap<RunId, Run>,
    charges: Vec<Charge>,
    /// Sessions of this epoch that ended by a peer's fault.
    faults: BTreeMap<NodeKey, u32>,
    lighthouse: Lighthouse,
    standing: Standing,
    rounds: Rounds,
    counts: Counts,
    records: u64,
}

/// This node itself.
pub struct Own {
    /// Hub or member.
    pub kind: NodeKind,
    /// The name it was founded with.
    pub name: Name,
    /// Where it listens.
    pub address: Address,
    /// What it signs with.
    pub signing: SigningKey,
    /// What it proves in a handshake.
    pub transport: SigningKey,
    transport_secret: Secret32,
}

impl Own {
    /// Its identity.
    pub fn node(&self) -> NodeKey {
        NodeKey(self.signing.verifying_key())
    }

    /// Its transport key.
    pub fn transport_key(&self) -> TransportKey {
        TransportKey(self.transport.verifying_key())
    }

    /// The secret of the transport key, for the transport driver.
    pub fn transport_secret(&self) -> &Secret32 {
        &self.transport_secret
    }
}

/// The network this node is in.
pub struct Network {
    /// Its number.
    pub id: NetworkId,
    /// The hub's pinned key.
    pub hub: NodeKey,
    /// Every roster this node has had, oldest first; never empty.
    pub rosters: Vec<Roster>,
}

impl Network {
    /// The roster in force.
    pub fn roster(&self) -> &Roster {
        self.rosters.last().expect("a network starts with a roster")
    }
}

/// An invitation nobody has used.
pub struct OpenInvitation {
    /// For whom.
    pub name: Name,
    /// Until when.
    pub expires: UnixTime,
    /// The key it lets in.
    pub key: TransportKey,
}

/// A pilot's charter and who has signed it.
pub struct Pilot {
    /// The charter of its latest version.
    pub charter: Charter,
    /// Signatures by member.
    pub signatures: BTreeMap<NodeKey, MemberSignature>,
}

impl Pilot {
    /// Whether sessions may start now.
    ///
    /// # Errors
    /// The reason why not.
    pub fn live(&self, now: UnixTime) -> Result<LiveCharter<'_>, NotLive> {
        self.charter.live(|member| self.signatures.contains_key(&member), now)
    }
}

/// A run and where it stands.
pub struct Run {
    /// What it is to be.
    pub plan: RunPlan,
    /// Which side this node is.
    pub place: Place,
    /// Where it stands.
    pub phase: RunPhase,
    /// Sessions charged for it so far.
    pub attempts: u32,
    /// When it last changed.
    pub changed: UnixTime,
    /// What was kept of it.
    pub receipt: Option<Box<Receipt>>,
    /// What became of the rows of this member's book, when it was read last.
    pub book: Option<Box<BookReport>>,
}

impl Run {
    /// Whether it has its result.
    pub fn has_result(&self) -> bool {
        matches!(self.phase, RunPhase::Sealed(_))
    }
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// Nothing of it was sent.
    Planned,
    /// It was started, or accepted.
    Running,
    /// It has its result: so many matches, if this side was to learn.
    Sealed(Option<u32>),
    /// It ended without.
    Ended(Code),
}

impl RunPhase {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Sealed(_) => "sealed",
            Self::Ended(_) => "ended",
        }
    }
}

struct Charge {
    at: UnixTime,
    pilot: PilotId,
    peer: NodeKey,
}

/// A record that does not fit those before it: the journal is not this program's, or its signatures are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {number} ({code}) does not fit those before it")]
pub struct Misfit {
    /// Its number, from 0.
    pub number: u64,
    /// What it says happened.
    pub code: &'static str,
}

impl State {
    /// The state after these records.
    ///
    /// # Errors
    /// If one does not fit.
    pub fn replay(records: impl IntoIterator<Item = Record>) -> Result<Self, Misfit> {
        let mut state = Self::default();
        for record in records {
            state.apply(&record)?;
        }
        Ok(state)
    }

    /// Adds one record.
    ///
    /// # Errors
    /// If it does not fit; the state is then of no use.
    pub fn apply(&mut self, record: &Record) -> Result<(), Misfit> {
        let misfit = Misfit { number: self.records, code: record.entry.code() };
        self.fold(record).ok_or(misfit)?;
        self.records += 1;
        Ok(())
    }

    fn fold(&mut self, record: &Record) -> Option<()> {
        match &record.entry {
            Entry::Founded { kind, name, address, node, transport } => {
                let secret = Secret32::new(transport.0);
                self.own = Some(Own {
                    kind: *kind,
                    name: name.clone(),
                    address: address.clone(),
                    signing: SigningKey::from_secret(&Secret32::new(node.0)),
                    transport: SigningKey::from_secret(&secret),
                    transport_secret: secret,
                });
            }
            Entry::NetworkFounded { network, roster } => {
                let hub = self.own.as_ref()?.node();
                self.enter(*network, hub, roster)?;
            }
            Entry::Joined { network, hub, roster } => self.enter(*network, *hub, roster)?,
            Entry::Invited { id, name, expires, key } => {
                self.invitations.insert(*id, OpenInvitation { name: name.clone(), expires: *expires, key: *key });
            }
            Entry::Admitted { id, roster } => {
                let used = self.invitations.remove(id)?;
                self.used.insert(*id, used);
                self.adopt(roster)?;
            }
            Entry::RosterAdopted { roster } => self.adopt(roster)?,
            Entry::OperatorAdded { name, key } => {
                self.operators.insert(name.clone(), *key);
            }
            Entry::CharterAdopted { charter } => {
                let network = self.network.as_ref()?;
                let charter = Charter::verify(charter.clone(), network.id, network.hub).ok()?;
                self.charters.insert(charter.body().pilot, Pilot { charter, signatures: BTreeMap::new() });
            }
            Entry::CharterSigned { pilot, signature, .. } => {
                let pilot = self.charters.get_mut(pilot)?;
                pilot.charter.check_signature(signature).ok()?;
                pilot.signatures.insert(signature.member, signature.clone());
            }
            Entry::Loaded(summary) => {
                self.loads.insert(summary.load, summary.clone());
            }
            Entry::Purged { load } => {
                self.loads.remove(load)?;
            }
            Entry::Matches { .. } | Entry::Refused { .. } => {}
            Entry::RunPlanned(_)
            | Entry::RunStarted { .. }
            | Entry::SessionCharged { .. }
            | Entry::SessionEnded { .. }
            | Entry::RunSealed { .. }
            | Entry::BookRead { .. }
            | Entry::Compared { .. }
            | Entry::RunEnded { .. } => self.fold_run(record)?,
            Entry::CeremonyCalled { .. }
            | Entry::BoardShown(_)
            | Entry::KeyHeld { .. }
            | Entry::CeremonyEnded { .. }
            | Entry::RoundOpened { .. }
            | Entry::RoundOffered(_)
            | Entry::RoundJoined { .. }
            | Entry::RoundBound { .. }
            | Entry::RoundCharged { .. }
            | Entry::RoundEvaluated { .. }
            | Entry::TurnOpened { .. }
            | Entry::TurnEnded { .. }
            | Entry::RoundResult { .. }
            | Entry::RoundEnded { .. }
            | Entry::RoomsCarried { .. }
            | Entry::RoomDrafted { .. }
            | Entry::RoomUploaded { .. }
            | Entry::RoomPageShown { .. }
            | Entry::RoomsClosed { .. }
            | Entry::RevealStands { .. }
            | Entry::RevealPageRead { .. }
            | Entry::RevealPageShown { .. }
            | Entry::RevealErased { .. } => {
                let known = Known { network: self.network.as_ref()?, pilots: &self.charters };
                self.rounds.fold(record, known)?;
            }
            Entry::RoundCounted { charge, .. } => {
                let known = Known { network: self.network.as_ref()?, pilots: &self.charters };
                self.rounds.fold(record, known)?;
                self.counts.enter(charge);
            }
            Entry::CountOpened { .. }
            | Entry::CountOffered(_)
            | Entry::CountJoined { .. }
            | Entry::CountCharged { .. }
            | Entry::Counted { .. }
            | Entry::CountTold { .. }
            | Entry::CountEnded { .. } => {
                let known = Known { network: self.network.as_ref()?, pilots: &self.charters };
                self.counts.fold(record, known)?;
            }
            Entry::PeriodOpened { .. }
            | Entry::PeriodPinned { .. }
            | Entry::PeriodClosed { .. }
            | Entry::EditionPublished { .. }
            | Entry::EditionAdopted { .. }
            | Entry::EvaluationCharged { .. }
            | Entry::EvaluationAsked { .. }
            | Entry::TableGrown { .. } => {
                let network = self.network.as_ref()?;
                self.standing.fold(&record.entry, network.id, network.hub)?;
            }
            _ => {
                let network = self.network.as_ref()?;
                self.lighthouse.fold(record, network.id, network.hub)?;
            }
        }
        Some(())
    }

    fn fold_run(&mut self, record: &Record) -> Option<()> {
        let run = match &record.entry {
            Entry::RunPlanned(plan) => self.run_of(plan, Place::Proposer),
            Entry::RunStarted { run, .. } => {
                let run = self.runs.get_mut(run)?;
                run.phase = RunPhase::Running;
                run
            }
            Entry::SessionCharged { plan, place, attempt, .. } => {
                self.charges.push(Charge { at: record.at, pilot: plan.pilot, peer: plan.peer });
                let run = self.run_of(plan, *place);
                run.attempts = *attempt;
                // A result stands, even while the peer, which may have lost its own, has the run repeated.
                if !matches!(run.phase, RunPhase::Sealed(_)) {
                    run.phase = RunPhase::Running;
                }
                run
            }
            Entry::SessionEnded { run, attempt, code } => {
                let run = self.runs.get_mut(run)?;
                // An earlier session may end after a later one has begun or was sealed.
                let latest = run.phase == RunPhase::Running && run.attempts == *attempt;
                if run.place == Place::Acceptor && latest {
                    run.phase = RunPhase::Ended(code.clone());
                }
                if is_fault(code) {
                    *self.faults.entry(run.plan.peer).or_default() += 1;
                }
                run
            }
            Entry::RunSealed { run, receipt, matches } => {
                let run = self.runs.get_mut(run)?;
                run.phase = RunPhase::Sealed(*matches);
                run.receipt = Some(receipt.clone());
                run
            }
            Entry::Compared { run, matches, .. } => {
                let run = self.runs.get_mut(run)?;
                run.phase = RunPhase::Sealed(Some(*matches));
                run
            }
            Entry::BookRead { run, report } => {
                let run = self.runs.get_mut(run)?;
                run.book = Some(report.clone());
                run
            }
            Entry::RunEnded { run, code } => {
                let run = self.runs.get_mut(run)?;
                // A result stands, whatever becomes of a repetition.
                if !matches!(run.phase, RunPhase::Sealed(_)) {
                    run.phase = RunPhase::Ended(code.clone());
                }
                run
            }
            _ => return None,
        };
        run.changed = record.at;
        Some(())
    }

    fn run_of(&mut self, plan: &RunPlan, place: Place) -> &mut Run {
        self.runs.entry(plan.run).or_insert_with(|| Run {
            plan: plan.clone(),
            place,
            phase: RunPhase::Planned,
            attempts: 0,
            changed: UnixTime(0),
            receipt: None,
            book: None,
        })
    }

    fn enter(&mut self, id: NetworkId, hub: NodeKey, roster: &SignedRoster) -> Option<()> {
        let roster = Roster::verify(roster.clone(), id, hub).ok()?;
        self.network = Some(Network { id, hub, rosters: vec![roster] });
        Some(())
    }

    fn adopt(&mut self, roster: &SignedRoster) -> Option<()> {
        let network = self.network.as_mut()?;
        let roster = Roster::verify(roster.clone(), network.id, network.hub).ok()?;
        roster.follows(network.rosters.last()).ok()?;
        network.rosters.push(roster);
        self.faults.clear();
        Some(())
    }

    /// This node, once it is founded.
    pub fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    /// This node's key, once it is founded.
    pub(crate) fn own_key(&self) -> Option<NodeKey> {
        self.own.as_ref().map(Own::node)
    }

    /// The key of the network's hub, once this node is in a network.
    pub fn hub(&self) -> Option<NodeKey> {
        self.network.as_ref().map(|network| network.hub)
    }

    /// The network, once this node is in one.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// Open invitations.
    pub fn invitations(&self) -> &BTreeMap<InvitationId, OpenInvitation> {
        &self.invitations
    }

    /// Invitations that were used. Until it expires, one still lets in the node that used it, because the answer may
    /// have been lost on its way; nobody else can make anything of it.
    pub fn used_invitations(&self) -> &BTreeMap<InvitationId, OpenInvitation> {
        &self.used
    }

    /// The invitation of this number whose key this is and which has not expired, used or not.
    pub(crate) fn invitation(&self, id: InvitationId, key: TransportKey, now: UnixTime) -> Option<&OpenInvitation> {
        let known = self.invitations.get(&id).or_else(|| self.used.get(&id));
        known.filter(|invitation| invitation.key == key && invitation.expires > now)
    }

    /// Keys of invitations that have not expired, used ones included.
    pub(crate) fn invited_keys(&self, now: UnixTime) -> impl Iterator<Item = TransportKey> {
        let known = self.invitations.values().chain(self.used.values());
        known.filter(move |invitation| invitation.expires > now).map(|invitation| invitation.key)
    }

    /// Named persons of this node.
    pub fn operators(&self) -> &BTreeMap<Name, OperatorKey> {
        &self.operators
    }

    /// Pilots.
    pub fn pilots(&self) -> &BTreeMap<PilotId, Pilot> {
        &self.charters
    }

    /// Loads in use.
    pub fn loads(&self) -> &BTreeMap<LoadId, LoadSummary> {
        &self.loads
    }

    /// Runs.
    pub fn runs(&self) -> &BTreeMap<RunId, Run> {
        &self.runs
    }

    /// What it knows of Lighthouse.
    pub fn lighthouse(&self) -> &Lighthouse {
        &self.lighthouse
    }

    /// What it knows of the standing comparison.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What it knows of shared keys and rounds.
    pub fn rounds(&self) -> &Rounds {
        &self.rounds
    }

    /// What it knows of counts.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The roster entry of an active node.
    pub fn active(&self, node: NodeKey) -> Option<&Node> {
        self.network.as_ref()?.roster().active_by_node(node)
    }

    /// Sessions charged in a pilot with a peer in the last period.
    pub fn charged(&self, pilot: PilotId, peer: NodeKey, now: UnixTime) -> usize {
        let since = now.0.saturating_sub(BUDGET_PERIOD_SECS);
        self.charges.iter().filter(|charge| charge.pilot == pilot && charge.peer == peer && charge.at.0 > since).count()
    }

    /// Sessions with a peer that ended by its fault, in this epoch. Each may have tested a guess about this node's secrets.
    pub fn faults(&self, peer: NodeKey) -> u32 {
        self.faults.get(&peer).copied().unwrap_or(0)
    }

    /// The keys with whose holders a handshake may be completed: active nodes but this one, and invitations until they
    /// expire.
    pub fn allowed(&self, now: UnixTime) -> BTreeSet<TransportKey> {
        let own = self.own.as_ref().map(Own::transport_key);
        let nodes = self.network.iter().flat_map(|network| network.roster().active()).map(|node| node.transport);
        nodes.filter(|key| Some(*key) != own).chain(self.invited_keys(now)).collect()
    }

    /// Digest of the roster in force.
    pub fn roster_digest(&self) -> Option<Digest> {
        Some(self.network.as_ref()?.roster().digest())
    }
}

/// Whether the end of a session tells of a fault of the peer that this node found.
fn is_fault(code: &Code) -> bool {
    !BLAMELESS.contains(&code.0.as_ref()) && !code.0.starts_with("declined-")
}

/// Ends that a session may come to between two honest sides.
const BLAMELESS: &[&str] = &[
    "aborted-by-peer",
    "book-changed",
    "book-unread",
    "labels-unfit",
    "node-restarted",
    "peer-lost",
    "session-stalled",
    "set-damaged",
    "set-unencoded",
    "shard-overfull",
    "superseded",
    "tags-unfit",
];

#[cfg(test)]
mod tests {
    use cwg_protocol::psi::GivenUp;
    use cwg_protocol::wire::DeclineCode;

    use super::*;

    #[test]
    fn chance_and_a_polite_no_are_no_fault_and_a_violation_is() {
        let chance = GivenUp::ALL.map(GivenUp::code);
        for code in chance.into_iter().chain([DeclineCode::Set.code(), DeclineCode::Busy.code()]) {
            assert!(!is_fault(&code.into()), "{code}");
        }
        for code in [cwg_protocol::Violation::BadExtension.code(), cwg_protocol::Violation::TagsOutOfOrder.code()] {
            assert!(is_fault(&code.into()), "{code}");
        }
    }
}
