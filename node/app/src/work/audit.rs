//! Showing and checking the audit. An entry becomes numbers, fingerprints, codes and counts; nothing else of a record
//! is ever shown.

use cwg_crypto::Digest;
use cwg_engine::record::{CountCharge, Entry, Record, RunPlan};
use cwg_engine::state::State;
use cwg_protocol::lighthouse::standing::Period;
use cwg_protocol::roster::SignedRoster;
use cwg_protocol::session::Place;

use super::{AUDIT_HINT, Records, head_text};
use crate::named::bytes_of;
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::{AuditEntryView, AuditVerifiedView, AuditView, Detail, View};

/// Entries of one answer at most.
pub(crate) const AUDIT_LIMIT_MAX: u32 = 1000;

/// Lists entries of the audit.
#[derive(Debug)]
pub struct AuditShowWork {
    from: u64,
    limit: u32,
}

/// Checks the audit.
#[derive(Debug)]
pub struct AuditVerifyWork {
    noted: Option<(u64, Digest)>,
}

impl AuditShowWork {
    pub(crate) fn new(from: u64, limit: u32) -> Result<Self, Problem> {
        if from == 0 || !(1..=AUDIT_LIMIT_MAX).contains(&limit) {
            return Err(Problem::new(
                Exit::Usage,
                "audit-range",
                format!("entries are counted from 1, and 1 to {AUDIT_LIMIT_MAX} are shown at a time"),
                "choose other values for --from and --limit",
            ));
        }
        Ok(Self { from, limit })
    }

    /// Reads the entries.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<View, Problem> {
        let mut entries = Vec::new();
        let mut next = None;
        for record in records.replay(self.from) {
            let (number, record) = record?;
            if entries.len() == self.limit as usize {
                next = Some(number);
                break;
            }
            entries.push(entry_view(state, number, &record));
        }
        Ok(View::Audit(AuditView { entries, next }))
    }
}

impl AuditVerifyWork {
    pub(crate) fn new(head: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = head else { return Ok(Self { noted: None }) };
        let refused = || {
            Problem::new(
                Exit::Usage,
                "head-refused",
                "a head is NUMBER:DIGEST with 64 hexadecimal digits",
                "copy it as cwg audit verify printed it",
            )
        };
        let (number, digest) = text.trim().split_once(':').ok_or_else(refused)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(refused)?;
        let digest = Digest::from_bytes(bytes_of("the digest of a head", digest).map_err(|_| refused())?);
        Ok(Self { noted: Some((number, digest)) })
    }

    /// Checks every entry, and that the noted head lies on the chain. Damage is an answer, not a problem.
    pub fn run(&self, records: &dyn Records) -> View {
        let damaged = |entries, what: String, hint: String| AuditVerifiedView {
            sound: false,
            entries,
            head: None,
            damage: Some(what),
            hint: Some(if hint.is_empty() { AUDIT_HINT.to_owned() } else { hint }),
        };
        let checked = match records.verify() {
            Ok(checked) => checked,
            Err(damage) => return View::AuditVerified(damaged(damage.sound, damage.what, damage.hint)),
        };
        let sound = AuditVerifiedView {
            sound: true,
            entries: checked.records,
            head: Some(head_text(checked.records, &checked.head)),
            damage: None,
            hint: None,
        };
        let Some((number, noted)) = self.noted else { return View::AuditVerified(sound) };
        let what = match records.digest_at(number) {
            Ok(Some(digest)) if digest == noted => return View::AuditVerified(sound),
            Ok(Some(_)) => format!("entry {number} is not the one whose head was noted: the log was replaced"),
            Ok(None) => format!("the log ends before entry {number}, whose head was noted: its end is lost"),
            Err(damage) => damage.what,
        };
        View::AuditVerified(AuditVerifiedView { head: sound.head, ..damaged(checked.records, what, String::new()) })
    }
}

fn entry_view(state: &State, number: u64, record: &Record) -> AuditEntryView {
    let details =
        details(state, &record.entry).into_iter().map(|(name, value)| Detail { name: name.to_owned(), value });
    AuditEntryView { number, at: shown(record.at), code: record.entry.code().to_owned(), details: details.collect() }
}

type Details = Vec<(&'static str, String)>;

fn details(state: &State, entry: &Entry) -> Details {
    match entry {
        Entry::Founded { kind, .. } => vec![("kind", crate::describe::kind_name(*kind).to_owned())],
        Entry::NetworkFounded { network, roster } => with_roster(state, vec![("network", network.to_string())], roster),
        Entry::Invited { id, expires, key, .. } => vec![
            ("invitation", hex::encode(id.0)),
            ("expires", shown(*expires)),
            ("transport fingerprint", key.to_string()),
        ],
        Entry::Admitted { id, roster } => with_roster(state, vec![("invitation", hex::encode(id.0))], roster),
        Entry::Joined { network, hub, roster } => {
            with_roster(state, vec![("network", network.to_string()), ("hub", hub.to_string())], roster)
        }
        Entry::RosterAdopted { roster } => with_roster(state, Vec::new(), roster),
        Entry::OperatorAdded { key, .. } => vec![("fingerprint", key.to_string())],
        Entry::CharterAdopted { charter } => {
            let known = state.pilots().iter().find(|(_, pilot)| pilot.charter.signed() == charter);
            known.map_or_else(Vec::new, |(id, pilot)| {
                vec![("pilot", id.to_string()), ("charter", pilot.charter.digest().to_string())]
            })
        }
        Entry::CharterSigned { pilot, charter, signature } => vec![
            ("pilot", pilot.to_string()),
            ("charter", charter.to_string()),
            ("member", signature.member.to_string()),
            ("person", signature.person_key.to_string()),
        ],
        // The digest of the set could confirm a guess of the whole set: it is not shown.
        Entry::Loaded(load) => vec![
            ("load", load.load.to_string()),
            ("rows", load.rows.to_string()),
            ("accepted", load.accepted.to_string()),
            ("repaired", load.repaired.to_string()),
            ("refused", load.refused.to_string()),
            ("items", load.items.to_string()),
        ],
        Entry::Purged { load } => vec![("load", load.to_string())],
        Entry::RunPlanned(plan) => plan_details(plan),
        Entry::RunStarted { run, leakage } => vec![("run", run.to_string()), ("leakage", leakage.to_string())],
        Entry::SessionCharged { plan, place, attempt, items, .. } => {
            let mut details = plan_details(plan);
            details.push(("place", if *place == Place::Proposer { "proposer" } else { "acceptor" }.to_owned()));
            details.push(("session", attempt.to_string()));
            details.push(("items padded", items.to_string()));
            details
        }
        Entry::SessionEnded { run, attempt, code } => {
            vec![("run", run.to_string()), ("session", attempt.to_string()), ("why", code.to_string())]
        }
        Entry::Matches { run, rows, .. } => vec![("run", run.to_string()), ("matches", rows.len().to_string())],
        Entry::RunSealed { run, receipt, matches } => {
            let mut details = vec![
                ("run", run.to_string()),
                ("session", receipt.session.to_string()),
                ("transcript", receipt.transcript.to_string()),
            ];
            details.extend(matches.map(|matches| ("matches", matches.to_string())));
            details
        }
        Entry::RunEnded { run, code } => vec![("run", run.to_string()), ("why", code.to_string())],
        Entry::Refused { peer, code } => {
            let mut details = vec![("why", code.to_string())];
            details.extend(peer.map(|peer| ("member", peer.to_string())));
            details
        }
        entry => lighthouse_details(state, entry),
    }
}

fn lighthouse_details(state: &State, entry: &Entry) -> Details {
    let release = |number: u32| ("release", number.to_string());
    match entry {
        Entry::ReleaseDrafted(draft) => vec![
            release(draft.body.number.0),
            ("clues", draft.body.content.clues.to_string()),
            ("withdrawn", draft.withdrawn.len().to_string()),
        ],
        Entry::ReleaseBuilt(built) => {
            vec![("release digest", built.digest().to_string()), ("person", built.builder().key.to_string())]
        }
        Entry::ReleaseApproved(approved) => vec![
            ("release digest", approved.built().digest().to_string()),
            ("person", approved.approver().key.to_string()),
        ],
        Entry::ReleasePublished(signed) | Entry::ReleaseAdopted { signed, .. } => {
            let known = state.lighthouse().releases().values().find(|known| known.signed == **signed);
            let number = known.map(|known| release(known.seen.number.0));
            number.into_iter().chain([("release digest", signed.digest().to_string())]).collect()
        }
        Entry::Recalled(signed) => {
            let recall = signed.recall();
            let (clue, why) = (recall.clue.to_string(), recall.reason.name().to_owned());
            vec![("number", recall.number.to_string()), ("clue", clue), ("why", why)]
        }
        Entry::MemberHas { member, release: has, recalls } => {
            let has = has.map(|number| release(number.0));
            [("member", member.to_string()), ("recalls", recalls.to_string())].into_iter().chain(has).collect()
        }
        Entry::TrendsReleased(trends) => vec![release(trends.release.0), ("month", trends.period.to_string())],
        // What a member released is between it and the hub: the audit of either names it.
        Entry::FigureReleased { member, period, .. } => {
            vec![("member", member.to_string()), ("month", period.to_string())]
        }
        Entry::MeanReleased(mean) => vec![("month", mean.period().to_string())],
        Entry::MeanAdopted { period, .. } => vec![("month", period.to_string())],
        Entry::BookRead { run, report } => vec![
            ("run", run.to_string()),
            ("rows", report.rows.to_string()),
            ("accepted", report.accepted.to_string()),
            ("repaired", report.repaired.to_string()),
            ("refused", report.refused.to_string()),
        ],
        _ => standing_details(entry),
    }
}

fn standing_details(entry: &Entry) -> Details {
    let of = |period: &Period| ("period", period.0.to_string());
    match entry {
        Entry::PeriodClosed { period } => vec![of(period)],
        Entry::EditionPublished { period, signed } | Entry::EditionAdopted { period, signed } => {
            vec![of(period), ("edition", signed.digest().to_string())]
        }
        Entry::EvaluationCharged { member, pilot, period, items } => vec![
            ("member", member.to_string()),
            ("pilot", pilot.to_string()),
            of(period),
            ("items padded", items.to_string()),
        ],
        Entry::EvaluationAsked { pilot, period, items } => {
            vec![("pilot", pilot.to_string()), of(period), ("items", items.to_string())]
        }
        Entry::Compared { run, period, matches } => {
            vec![("run", run.to_string()), of(period), ("matches", matches.to_string())]
        }
        Entry::TableGrown { period, rows } => vec![of(period), ("rows", rows.to_string())],
        _ => round_details(entry),
    }
}

/// Nothing of an item, a value or a key: counts, names and codes.
fn round_details(entry: &Entry) -> Details {
    let of = |round: &cwg_protocol::RunId| ("round", round.to_string());
    match entry {
        Entry::BoardShown(board) => vec![
            ("ceremony", board.ceremony.to_string()),
            ("phase", (board.phase as u8).to_string()),
            ("posts", board.posts.len().to_string()),
        ],
        Entry::KeyHeld { ceremony, share, .. } => {
            let holds = if share.is_some() { "yes" } else { "no" };
            vec![("ceremony", ceremony.to_string()), ("share", holds.to_owned())]
        }
        Entry::CeremonyEnded { ceremony, code } => {
            vec![("ceremony", ceremony.to_string()), ("why", code.to_string())]
        }
        Entry::RoundJoined { round, leakage, .. } => vec![of(round), ("leakage", leakage.to_string())],
        Entry::RoundBound { round, commitment, .. } => vec![of(round), ("commitment", commitment.to_string())],
        Entry::RoundCharged { pilot, charge } => vec![
            of(&charge.round),
            ("pilot", pilot.to_string()),
            ("member", charge.member.to_string()),
            ("elements", charge.elements.to_string()),
        ],
        Entry::TurnEnded { round, turn, ending } => {
            let faults = ending.faults.iter().map(|fault| ("fault", fault.to_string()));
            let uploads = ("uploads", ending.uploads.to_string());
            [of(round), ("turn", turn.to_string()), uploads].into_iter().chain(faults).collect()
        }
        Entry::RoundResult { round, turn, rooms } => {
            vec![of(round), ("turn", turn.to_string()), ("items", rooms.len().to_string())]
        }
        Entry::RoundEnded { round, code } => vec![of(round), ("why", code.to_string())],
        // How many posts a member wrote is its own.
        Entry::RoomUploaded { round, posts, .. } => vec![of(round), ("interval", posts.interval.to_string())],
        Entry::RoomPageShown { round, page, .. } => vec![of(round), ("interval", page.interval.to_string())],
        Entry::RevealStands { round, reveal, known } => {
            let mut details = vec![of(round), ("reveal", reveal.to_string())];
            details.extend(known.approved_by.iter().map(|person| ("approved by", person.to_string())));
            details.extend(known.fault.iter().map(|fault| ("fault", fault.to_string())));
            details
        }
        Entry::RevealErased { round, reveal } => vec![of(round), ("reveal", reveal.to_string())],
        Entry::RevealPageRead { round, interval } => vec![of(round), ("interval", interval.to_string())],
        Entry::RevealPageShown { round, page, .. } => vec![of(round), ("interval", page.interval.to_string())],
        Entry::RoundEvaluated { round, .. }
        | Entry::TurnOpened { round, .. }
        | Entry::RoomsCarried { round, .. }
        | Entry::RoomDrafted { round, .. }
        | Entry::RoomsClosed { round } => vec![of(round)],
        _ => count_details(entry),
    }
}

/// Nothing of an item: commitments, sizes of lists, charges, and what a round was counted as.
fn count_details(entry: &Entry) -> Details {
    let of = |count: &cwg_protocol::RunId| ("count", count.to_string());
    let charged = |charge: &CountCharge| {
        let epsilon = ("epsilon, thousandths", charge.noise.epsilon.number().to_string());
        [("month", charge.month.to_string()), ("terms", charge.terms.to_string()), epsilon]
    };
    match entry {
        Entry::CountJoined { count, leakage, list, .. } => vec![
            of(count),
            ("leakage", leakage.to_string()),
            ("items", list.items.to_string()),
            ("left out", list.left_out.to_string()),
            ("commitment", list.commitment.to_string()),
        ],
        Entry::CountCharged { count, charge, .. } | Entry::Counted { count, charge, .. } => {
            [of(count)].into_iter().chain(charged(charge)).collect()
        }
        Entry::CountTold { count, .. } => vec![of(count)],
        Entry::CountEnded { count, code } => vec![of(count), ("why", code.to_string())],
        Entry::RoundCounted { round, charge, figure } => {
            let told = [("round", round.to_string()), ("told", figure.to_string())];
            told.into_iter().chain(charged(charge)).collect()
        }
        _ => Vec::new(),
    }
}

fn plan_details(plan: &RunPlan) -> Details {
    vec![
        ("run", plan.run.to_string()),
        ("pilot", plan.pilot.to_string()),
        ("charter", plan.charter.to_string()),
        ("member", plan.peer.to_string()),
        ("learns", plan.learns.name().to_owned()),
        ("protocol", plan.protocol.0.to_string()),
        ("types", plan.selection.0.len().to_string()),
    ]
}

/// The epoch and the members of a roster that this node has had.
fn with_roster(state: &State, mut details: Details, roster: &SignedRoster) -> Details {
    let rosters = state.network().map_or(&[][..], |network| &network.rosters);
    if let Some(known) = rosters.iter().find(|known| known.signed() == roster) {
        details.push(("epoch", known.epoch().to_string()));
        details.push(("roster", known.digest().to_string()));
        details.push(("active", known.active().count().to_string()));
    }
    details
}
