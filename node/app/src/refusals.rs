//! A remedy for each refusal of the engine, and for each code with which a run can end.

use cwg_engine::command::Refusal;
use cwg_protocol::charter::{CharterError, NotLive};
use cwg_protocol::count::{CountRefusal, LedgerRefusal};
use cwg_protocol::invitation::BadInvitation;
use cwg_protocol::lighthouse::{DisclosureError, ReleaseError};
use cwg_protocol::reveal::RevealRefusal;
use cwg_protocol::roster::RosterError;
use cwg_protocol::wire::EvaluateCode;

use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::EndReason;

pub(crate) fn bad_invitation(error: &BadInvitation) -> Problem {
    let code = match error {
        BadInvitation::NotOne => "not-an-invitation",
        BadInvitation::Damaged => "invitation-damaged",
    };
    Problem::new(Exit::BadInput, code, error.to_string(), "copy the whole text again as the coordinator sent it")
}

/// The problem for a refusal: its sentence and a remedy.
pub fn problem(refusal: &Refusal) -> Problem {
    let (exit, hint) = remedy(refusal);
    let text = match refusal {
        Refusal::InvitationExpired(at) => format!("the invitation expired at {}", shown(*at)),
        other => other.to_string(),
    };
    Problem::new(exit, refusal.code(), text, hint)
}

fn remedy(refusal: &Refusal) -> (Exit, &'static str) {
    match refusal {
        Refusal::AlreadyFounded => {
            (Exit::CannotCreate, "name another directory with --dir, or use the node that is there")
        }
        Refusal::NotFounded => (Exit::Configuration, "run cwg hub init or cwg member init in this directory first"),
        Refusal::NotHub => (Exit::Refused, "ask the hub's coordinator to do it"),
        Refusal::NotMember => (Exit::Refused, "run it in the directory of a member, not of the hub"),
        Refusal::AlreadyJoined => (Exit::Refused, "for another network, run cwg member init in a fresh directory"),
        Refusal::NotJoined => (Exit::Configuration, "join with cwg member join INVITATION"),
        Refusal::Offline => (Exit::TryAgain, "start cwg serve in this directory, then try again"),
        Refusal::UnderWay => (Exit::TryAgain, "wait for the first to end"),
        Refusal::UnknownMember => (Exit::BadInput, "cwg roster show lists the members; a revoked one takes no part"),
        Refusal::AlreadyRevoked => (Exit::Refused, "nothing is to be done; cwg roster show tells since when"),
        Refusal::NameTaken => {
            (Exit::Refused, "choose another name; an open invitation holds its name until it expires")
        }
        Refusal::EmptyName => (Exit::Usage, "give a name of 1 to 128 bytes"),
        Refusal::InvitationLife => (Exit::Usage, "choose a time from one minute to thirty days"),
        Refusal::NetworkFull => (Exit::Refused, "revoke a member that has left, or wait until open invitations expire"),
        Refusal::InvitationExpired(_) => {
            (Exit::Refused, "ask the hub's coordinator for a new invitation; check this machine's clock")
        }
        Refusal::JoinRefused(code) => (Exit::Refused, join_refused(&code.0)),
        Refusal::JoinFailed(code) => (Exit::Unavailable, join_failed(&code.0)),
        Refusal::Roster(error) => roster(error),
        Refusal::Charter(error) => charter(error),
        Refusal::NotLive(why) => match why {
            NotLive::Unsigned { .. } => (Exit::TryAgain, "cwg pilot show tells who has yet to sign"),
            NotLive::NotOpen => (Exit::TryAgain, "cwg pilot show tells when it opens"),
            NotLive::Closed => (Exit::Refused, "ask the coordinator for a new charter"),
        },
        Refusal::UnknownPilot => (Exit::BadInput, "cwg pilot list shows the pilots that name this member"),
        Refusal::CharterChanged => (Exit::Refused, "read the charter again with cwg pilot show, and sign or plan anew"),
        Refusal::AlreadySigned => (Exit::Refused, "nothing is to be done; cwg pilot show tells who signed"),
        Refusal::UnknownOperator => (Exit::Refused, "register the person's key with cwg operator add"),
        Refusal::UnknownLoad => (Exit::BadInput, "cwg indicators stats lists the loads in use"),
        Refusal::UnknownRun => (Exit::BadInput, "cwg run list shows the runs"),
        Refusal::RunState("planned") => (Exit::Refused, "start it first with cwg run start"),
        Refusal::RunState(_) => (Exit::Refused, "plan another run; cwg run status tells how this one stands"),
        Refusal::NotAllowed(_) => {
            (Exit::Refused, "cwg pilot show lists what the charter allows; a change needs a new charter")
        }
        Refusal::Consent => (Exit::Refused, "read cwg run plan again and consent to the leakage digest it shows"),
        Refusal::Budget => (Exit::TryAgain, "try again when 24 hours have passed since the first of those sessions"),
        Refusal::Release(error) => release(error),
        Refusal::NoRelease => {
            (Exit::TryAgain, "connect to the hub, which sends its release; cwg lighthouse show tells what is here")
        }
        Refusal::ReleaseOutdated => (Exit::Refused, "plan the run again: it is then over the newest release"),
        Refusal::NoDraft => (Exit::Refused, "make one with cwg lighthouse build"),
        Refusal::DraftState("unsigned") => {
            (Exit::Refused, "build it again and sign it; cwg lighthouse show draft tells more")
        }
        Refusal::DraftState("built") => (Exit::Refused, "a second person approves it with cwg lighthouse approve"),
        Refusal::DraftState(_) => (Exit::Refused, "publish it with cwg lighthouse publish, or drop it"),
        Refusal::DraftChanged => {
            (Exit::Refused, "read it again with cwg lighthouse show draft, and sign what it shows")
        }
        Refusal::DraftOutdated(_) => (Exit::Refused, "build the draft again from the current release"),
        Refusal::RecallReason => (Exit::Usage, "give recalled or superseded as the reason"),
        Refusal::TooManyRecalls => (Exit::Refused, "recall fewer at once, or publish a release without them"),
        Refusal::Disclosure(error) => match error {
            DisclosureError::PeriodReleased { .. } => {
                (Exit::TryAgain, "wait for the next month: more figures in one month could single someone out")
            }
            _ => (Exit::Refused, "release them from the current release with cwg lighthouse trends"),
        },
        Refusal::Period(_) => (Exit::Usage, "give 30 to 90 days and an allowance of 1 to 67108864 items"),
        Refusal::PeriodsOpen => (Exit::TryAgain, "wait until one has ended; cwg lighthouse standing tells when"),
        Refusal::UnknownPeriod => (Exit::TryAgain, "cwg lighthouse standing shows the open periods"),
        Refusal::PeriodInUse => (Exit::Refused, "have a file evaluated in the later period first"),
        Refusal::Edition(_) => {
            (Exit::Refused, "cwg lighthouse standing shows the chain; publish the current release again")
        }
        Refusal::BatchLen => (Exit::Usage, "ask for fewer items at once"),
        Refusal::HubUnreachable => (Exit::Unavailable, "check that the hub runs; what was evaluated before is kept"),
        Refusal::NotEvaluated { code, .. } => match code {
            EvaluateCode::Allowance => {
                (Exit::Refused, "ask the hub's coordinator for a larger allowance in the next period")
            }
            EvaluateCode::NotAllowed => {
                (Exit::Refused, "the charter must be live at the hub too; cwg pilot show tells")
            }
            EvaluateCode::Busy => (Exit::TryAgain, "wait for the other evaluation to end"),
            _ => (Exit::TryAgain, "cwg lighthouse standing shows the open periods"),
        },
        Refusal::HubFault(_) => {
            (Exit::Refused, "nothing of the answer was used; tell the hub's coordinator, cwg audit show has the code")
        }
        Refusal::Ceremony(_) => (
            Exit::Usage,
            "name 2 to 15 members of the charter, a threshold of 2 to as many, and phases of a second or more",
        ),
        Refusal::Terms(_) => {
            (Exit::Usage, "compare the round's file with the charter; cwg pilot show has its kinds and budget")
        }
        Refusal::NoSharedKey => (Exit::Refused, "call one first with cwg round ceremony"),
        Refusal::UnknownRound => (Exit::BadInput, "cwg round list shows the rounds"),
        Refusal::Post(_) => (Exit::Refused, "cwg room list shows the rooms and when they close"),
        Refusal::Reveal(error) => reveal(*error),
        Refusal::UnknownReveal => (Exit::BadInput, "cwg reveal list shows the reveals"),
        Refusal::RevealReason => (Exit::Usage, "give --reason; it stays at home"),
        Refusal::CountTerms(_) => {
            (Exit::Usage, "compare what was asked for with the charter; cwg pilot show has its types and budget")
        }
        Refusal::Count(CountRefusal::TooMany { .. }) => {
            (Exit::Refused, "ask the hub's coordinator for a count with room for more items, or with fewer types")
        }
        Refusal::Count(CountRefusal::TooFew { .. }) => (Exit::Refused, "load more indicators of its types"),
        Refusal::Count(CountRefusal::NotOpen | CountRefusal::NotNamed) => {
            (Exit::Refused, "cwg count show tells its banks and until when it is open")
        }
        Refusal::Ledger(LedgerRefusal::Full) => (Exit::Refused, "release nothing more; report this with cwg doctor"),
        Refusal::Ledger(_) => (Exit::TryAgain, "cwg count ledger tells what was released; wait for the next month"),
        Refusal::UnknownCount => (Exit::BadInput, "cwg count list shows the counts"),
        Refusal::CountState(_) => (Exit::Refused, "cwg count show tells where the count stands"),
        Refusal::SetDamaged => (Exit::Io, "run cwg doctor, then load the file again"),
        Refusal::RoundState(_) => (Exit::Refused, "cwg round show tells where the round stands"),
        Refusal::FigureReleased => (Exit::Refused, "one figure is released for each month that is over, and it stands"),
        // The list is open for the engine's sake; a test holds the two equal.
        _ => (Exit::Internal, "report this with the output of cwg doctor"),
    }
}

/// The problem for a release, or a file of one, that is not good.
pub(crate) fn release_problem(error: &ReleaseError) -> Problem {
    let (exit, hint) = release(error);
    Problem::new(exit, error.code(), error.to_string(), hint)
}

fn release(error: &ReleaseError) -> (Exit, &'static str) {
    match error {
        ReleaseError::SamePerson => {
            (Exit::Refused, "ask a second person of the hub, with a key and a name of their own")
        }
        ReleaseError::Expired(_) => (Exit::Refused, "build the release again with a later end"),
        ReleaseError::Future(_) => (Exit::TryAgain, "check the clock of this machine"),
        ReleaseError::Ruleset { .. } | ReleaseError::ClientTooOld(_) => {
            (Exit::Configuration, "use the version of this program that the release names")
        }
        ReleaseError::Rule(_) | ReleaseError::Terms(_) => {
            (Exit::BadInput, "mend the sources and build the release again")
        }
        _ => (Exit::Refused, "do not use it, and tell the hub's coordinator by another channel"),
    }
}

fn reveal(error: RevealRefusal) -> (Exit, &'static str) {
    match error {
        RevealRefusal::Stage => (Exit::Refused, "cwg reveal show tells how far it is, and whether its rooms are open"),
        RevealRefusal::OtherCharter => (Exit::Refused, "reveals need the charter of their round; hold another round"),
        RevealRefusal::NoClause => {
            (Exit::Refused, "the charter of the round has no clause that allows reveals; a change needs a new charter")
        }
        RevealRefusal::NotNamed => (Exit::Refused, "cwg round show lists who takes part"),
        RevealRefusal::Fields(_) => (Exit::Usage, "give --name, --contact or --case, and not an empty one"),
        RevealRefusal::OtherFields => {
            (Exit::Usage, "give exactly the fields that cwg reveal show lists, or decline with cwg reveal decline")
        }
        RevealRefusal::ThisMember => (Exit::Usage, "cwg room read shows the others who write"),
        RevealRefusal::Expiry => (Exit::Usage, "give --until as one or more intervals before the rooms close"),
        RevealRefusal::NotApprover => (Exit::Refused, "register the person with cwg operator add"),
        RevealRefusal::SamePerson => (Exit::Refused, "ask a second person, with a key of their own"),
        RevealRefusal::BadApproval => (Exit::Refused, "read it again with cwg reveal show, and approve what it shows"),
        RevealRefusal::BadKey => (Exit::Refused, "the other side's program is at fault; decline"),
        // The list is open for the protocol's sake; a test holds the two equal.
        _ => (Exit::Internal, "report this with the output of cwg doctor"),
    }
}

fn join_refused(code: &str) -> &'static str {
    match code {
        "invitation-unknown" => {
            "ask the hub's coordinator for a new invitation: this one was used, withdrawn or is another hub's"
        }
        "network-full" => "the network has its fifteen members; ask the hub's coordinator",
        "key-taken" => "run cwg member init in a fresh directory: these keys, or this name, are on the roster already",
        "protocol-version" => "install the version of cwg that the hub runs",
        _ => "ask the hub's coordinator to look at the hub's audit",
    }
}

fn join_failed(code: &str) -> &'static str {
    match code {
        "address-unresolved" => "the hub's host name does not resolve here: check the DNS of this machine",
        "handshake-refused" => "ask the hub's coordinator whether the invitation was used or has expired",
        _ => "check that the hub is running and that UDP to its port passes the firewall",
    }
}

fn roster(error: &RosterError) -> (Exit, &'static str) {
    match error {
        RosterError::Malformed | RosterError::Rule(_) => {
            (Exit::Refused, "ask the hub's coordinator to look at the hub: its roster cannot be used")
        }
        RosterError::WrongSigner | RosterError::OtherNetwork => {
            (Exit::Refused, "ask the hub's coordinator by telephone; do not go on before the fingerprints agree")
        }
        RosterError::Rollback { .. } | RosterError::Fork(_) => {
            (Exit::Refused, "keep this node's directory and call the other members: the hub shows different rosters")
        }
        RosterError::Gap { .. } => (Exit::TryAgain, "connect to the hub, which sends the rosters in between"),
        RosterError::Expired(_) => {
            (Exit::TryAgain, "connect to the hub, which signs a new roster; check this machine's clock")
        }
        RosterError::Future(_) => (Exit::Configuration, "set this machine's clock, or ask the hub to set its own"),
        _ => (Exit::Internal, "report this with the output of cwg doctor"),
    }
}

fn charter(error: &CharterError) -> (Exit, &'static str) {
    match error {
        CharterError::Rule(_) => (Exit::BadInput, "correct the charter file and write the pilot again"),
        CharterError::BadMemberSignature => {
            (Exit::Refused, "sign with the key that cwg operator list shows for this person, after cwg pilot show")
        }
        CharterError::Malformed => (Exit::Refused, "ask the coordinator to write the pilot again"),
        CharterError::WrongSigner | CharterError::OtherNetwork => {
            (Exit::Refused, "ask the coordinator by telephone where this charter comes from")
        }
        _ => (Exit::Internal, "report this with the output of cwg doctor"),
    }
}

/// Why a run ended, for people. Codes are the engine's, the wire's and the protocol's.
pub(crate) fn end_reason(code: &str) -> EndReason {
    let other = ("the other side broke the protocol, or one of the two programs has a defect", VIOLATION_HINT);
    explained(code, ENDS, other)
}

/// What a code means by a table of codes, problems and hints, or something else if it has none.
pub(crate) fn explained(code: &str, ends: &[(&str, &str, &str)], other: (&str, &str)) -> EndReason {
    let known = ends.iter().find(|(known, ..)| *known == code);
    let (problem, hint) = known.map_or(other, |(_, problem, hint)| (*problem, *hint));
    EndReason { code: code.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() }
}

const VIOLATION_HINT: &str = "nothing was released; tell the other member's operator the code, and keep both audits";

const LABEL_HINT: &str = "nothing of the run was kept; tell the hub's coordinator, and wait for a new release";

const ENDS: &[(&str, &str, &str)] = &[
    (
        "set-too-small",
        "our set is smaller than a side that learns must bring",
        "load more indicators, or plan a run in which only they learn",
    ),
    (
        "set-too-large",
        "our set is larger than the charter or the protocol allows",
        "plan the run with fewer indicator types, or ask for a larger allowance",
    ),
    ("set-empty", "our set holds nothing that fits the plan", "load indicators of the planned types and roles"),
    ("set-damaged", "a set file is damaged or missing", "run cwg doctor, then load the file again"),
    ("charter-unknown", "the run's charter is not known here", "connect to the hub, which sends it again"),
    (
        "peer-unreachable",
        "the other member could not be reached",
        "check with cwg status, ask its operator, then plan the run again",
    ),
    (
        "handshake-refused",
        "the other member's node does not let us in",
        "compare cwg roster show on both sides: one of us may be revoked, or not yet on the other's roster",
    ),
    (
        "not-on-roster",
        "one of the two nodes does not have the other on its roster",
        "compare cwg roster show on both sides: one of us may be revoked, or not yet on the other's roster",
    ),
    (
        "peer-not-on-roster",
        "the other member is not, or no longer, on the roster",
        "ask the hub's coordinator; cwg roster show tells since when",
    ),
    ("protocol-version", "the two nodes speak different versions", "install the same version of cwg on both sides"),
    (
        "clock-skew",
        "the clocks of the two nodes differ by more than ten minutes",
        "set both clocks by NTP, then plan the run again",
    ),
    ("charter-not-live", "the charter is over, or a signature is missing", "cwg pilot show tells which"),
    (
        "charter-changed",
        "the charter was replaced after the run was planned",
        "read it with cwg pilot show, have it signed, and plan the run again",
    ),
    (
        "budget-used-up",
        "the allowance of sessions with this member is used up",
        "plan the run again when 24 hours have passed since the first of those sessions",
    ),
    (
        "faults-used-up",
        "the other member broke the protocol in three sessions of this epoch",
        "look into it with the other member and the hub's coordinator; the hub's next roster allows sessions again",
    ),
    (
        "peer-lost",
        "the connection to the other member was lost again and again",
        "check the network between the two, then plan the run again",
    ),
    (
        "shard-overfull",
        "the set fell apart too unevenly, as happens to less than one session in 2^40",
        "plan the run again: every session deals it anew",
    ),
    (
        "set-unencoded",
        "the set could not be encoded under any of several seeds, as happens to less than one session in 2^74",
        "plan the run again; if it happens twice, two indicators of the set have one digest: report it",
    ),
    (
        "tags-unfit",
        "the tags did not fit their length, as happens to less than one session in 2^40",
        "plan the run again: every session has new tags",
    ),
    ("session-stalled", "the other member stopped answering", "ask its operator, then plan the run again"),
    ("node-restarted", "this node was restarted during the run", "the other member's node takes it up again by itself"),
    ("aborted-by-peer", "the other member's node gave the session up", "its audit tells why; then plan the run again"),
    (
        "declined-roster",
        "the two nodes have different rosters",
        "wait until both are connected to the hub, then plan the run again",
    ),
    (
        "declined-charter",
        "the charter is not live at the other member",
        "wait until it has every signature, then plan the run again",
    ),
    (
        "declined-not-allowed",
        "the other member's charter does not allow this run",
        "compare cwg pilot show on both sides",
    ),
    (
        "other-ruleset",
        "the two nodes use different rules for canonical forms",
        "install the same version of cwg on both sides",
    ),
    (
        "declined-ruleset",
        "the two nodes use different rules for canonical forms",
        "install the same version of cwg on both sides",
    ),
    (
        "declined-leakage",
        "the two nodes declare different leakage for this protocol",
        "install the same version of cwg on both sides",
    ),
    ("declined-budget", "the other member's allowance of sessions is used up for today", "plan the run again tomorrow"),
    ("declined-size", "our set does not have a size that the charter allows", "cwg run plan shows the allowed sizes"),
    ("declined-busy", "the other member is busy with other sessions", "plan the run again later"),
    (
        "declined-set",
        "the other member holds nothing, too little or too much that fits the plan",
        "ask its operator what it has loaded, or plan other types",
    ),
    ("declined-repeated", "this run was proposed before", "plan a new run"),
    (
        "declined-release",
        "the hub has another current release than this node",
        "wait until the newer release is here (cwg lighthouse show), then plan the run again",
    ),
    (
        "release-outdated",
        "a newer release came after the run was planned",
        "plan the run again: it is then over the newest release",
    ),
    (
        "release-expired",
        "the release has expired",
        "ask the hub's coordinator for a new release, then plan the run again",
    ),
    (
        "book-unread",
        "the file of our own identifiers could not be read",
        "cwg indicators check with the same file and map tells why",
    ),
    (
        "book-changed",
        "the file of our own identifiers was changed while the run was under way",
        "compare a file that nothing writes any more: make a copy, then plan the run again",
    ),
    ("label-wrong-class", "the hub's labels are longer or shorter than the release says", LABEL_HINT),
    ("label-malformed", "a label of the hub holds what no label may hold", LABEL_HINT),
    ("label-not-canonical", "a label of the hub is not written as labels are", LABEL_HINT),
    ("label-source-unlisted", "a label of the hub names a source that the release does not list", LABEL_HINT),
    ("terms-differ", "the two sides did not agree on the same terms", VIOLATION_HINT),
    ("bad-proof", "the other side could not prove that it used one key", VIOLATION_HINT),
    ("bad-seal", "the other side signed another transcript", VIOLATION_HINT),
];

#[cfg(test)]
mod tests {
    use cwg_protocol::count::CountTermsError;
    use cwg_protocol::round::TermsError;
    use cwg_protocol::round::ceremony::CeremonyError;

    use super::*;
    use cwg_engine::record::Code;
    use cwg_protocol::lighthouse::ReleaseNumber;
    use cwg_protocol::{Epoch, UnixTime};

    fn every_refusal() -> Vec<Refusal> {
        let code = || Code::from("invitation-unknown");
        let mut all = vec![
            Refusal::AlreadyFounded,
            Refusal::NotFounded,
            Refusal::NotHub,
            Refusal::NotMember,
            Refusal::AlreadyJoined,
            Refusal::NotJoined,
            Refusal::Offline,
            Refusal::UnderWay,
            Refusal::UnknownMember,
            Refusal::AlreadyRevoked,
            Refusal::NameTaken,
            Refusal::EmptyName,
            Refusal::InvitationLife,
            Refusal::NetworkFull,
            Refusal::InvitationExpired(UnixTime(1_796_083_200)),
            Refusal::UnknownPilot,
            Refusal::CharterChanged,
            Refusal::AlreadySigned,
            Refusal::UnknownOperator,
            Refusal::UnknownLoad,
            Refusal::UnknownRun,
            Refusal::Ceremony(CeremonyError::Malformed),
            Refusal::Terms(TermsError::Malformed),
            Refusal::NoSharedKey,
            Refusal::UnknownRound,
            Refusal::RoundState("ended"),
            Refusal::CountTerms(CountTermsError::Malformed),
            Refusal::UnknownCount,
            Refusal::CountState("ended"),
            Refusal::SetDamaged,
            Refusal::Post("there is no such room here"),
            Refusal::UnknownReveal,
            Refusal::RevealReason,
            Refusal::RunState("planned"),
            Refusal::RunState("sealed"),
            Refusal::NotAllowed("pair runs"),
            Refusal::Consent,
            Refusal::Budget,
            Refusal::NoRelease,
            Refusal::ReleaseOutdated,
            Refusal::NoDraft,
            Refusal::DraftChanged,
            Refusal::DraftOutdated("x"),
            Refusal::RecallReason,
            Refusal::TooManyRecalls,
            Refusal::FigureReleased,
            Refusal::Period(cwg_protocol::lighthouse::standing::PeriodError::Rule("x")),
            Refusal::PeriodsOpen,
            Refusal::UnknownPeriod,
            Refusal::PeriodInUse,
            Refusal::Edition(cwg_protocol::lighthouse::standing::EditionError::WrongRoot),
            Refusal::BatchLen,
            Refusal::HubUnreachable,
            Refusal::HubFault(code()),
            Refusal::JoinFailed("address-unresolved".into()),
            Refusal::JoinFailed("connection-lost".into()),
            Refusal::JoinRefused(code()),
        ];
        let (have, got) = (Epoch(2), Epoch(1));
        all.extend(
            [
                RosterError::Malformed,
                RosterError::WrongSigner,
                RosterError::OtherNetwork,
                RosterError::Rule("x"),
                RosterError::Rollback { have, got },
                RosterError::Fork(have),
                RosterError::Gap { have, got },
                RosterError::Expired(have),
                RosterError::Future(have),
            ]
            .map(Refusal::Roster),
        );
        all.extend(
            [
                CharterError::Malformed,
                CharterError::WrongSigner,
                CharterError::OtherNetwork,
                CharterError::Rule("x"),
                CharterError::BadMemberSignature,
            ]
            .map(Refusal::Charter),
        );
        all.extend(
            [NotLive::Unsigned { missing: 1, members: 2 }, NotLive::NotOpen, NotLive::Closed].map(Refusal::NotLive),
        );
        let number = ReleaseNumber(1);
        all.extend(
            [
                ReleaseError::Malformed,
                ReleaseError::WrongSigner,
                ReleaseError::SamePerson,
                ReleaseError::Expired(number),
                ReleaseError::Future(number),
                ReleaseError::Ruleset { release: 1, node: 2 },
                ReleaseError::Rule("x"),
                ReleaseError::Terms("x"),
            ]
            .map(Refusal::Release),
        );
        let counts = [
            CountRefusal::NotNamed,
            CountRefusal::NotOpen,
            CountRefusal::TooMany { own: 3, room: 2 },
            CountRefusal::TooFew { own: 1, least: 2 },
        ];
        all.extend(counts.map(Refusal::Count));
        let ledgers = [
            LedgerRefusal::Released,
            LedgerRefusal::Epsilon { asked: 500, left: 0 },
            LedgerRefusal::Delta,
            LedgerRefusal::Full,
        ];
        all.extend(ledgers.map(Refusal::Ledger));
        let codes = [EvaluateCode::Period, EvaluateCode::NotAllowed, EvaluateCode::Allowance, EvaluateCode::Busy];
        all.extend(codes.map(|code| Refusal::NotEvaluated { code, left: 7 }));
        all.extend([DisclosureError::OtherNetwork, DisclosureError::Malformed].map(Refusal::Disclosure));
        all.extend(["unsigned", "built", "approved"].map(Refusal::DraftState));
        all.extend(
            [
                RevealRefusal::Stage,
                RevealRefusal::OtherCharter,
                RevealRefusal::NoClause,
                RevealRefusal::NotNamed,
                RevealRefusal::Fields(cwg_protocol::reveal::BadFields),
                RevealRefusal::OtherFields,
                RevealRefusal::ThisMember,
                RevealRefusal::Expiry,
                RevealRefusal::NotApprover,
                RevealRefusal::SamePerson,
                RevealRefusal::BadApproval,
                RevealRefusal::BadKey,
            ]
            .map(Refusal::Reveal),
        );
        all
    }

    /// The variants of an enum in the text of its source.
    fn variants<'a>(source: &'a str, name: &str) -> Vec<&'a str> {
        let start = source.find(&format!("pub enum {name} {{")).unwrap();
        let body = &source[start..start + source[start..].find("\n}").unwrap()];
        body.lines()
            .filter(|line| line.starts_with("    ") && line[4..].starts_with(|c: char| c.is_ascii_uppercase()))
            .map(|line| line.trim().split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap())
            .collect()
    }

    #[test]
    fn every_refusal_has_a_sentence_and_a_remedy() {
        for refusal in every_refusal() {
            let problem = problem(&refusal);
            assert_ne!(problem.exit, Exit::Internal, "{refusal:?} has no remedy of its own");
            assert!(!problem.problem.is_empty() && !problem.problem.ends_with('.'), "{problem:?}");
            assert!(problem.hint.len() > 10 && !problem.hint.ends_with('.'), "{problem:?}");
            assert_eq!(problem.code, refusal.code());
            assert!(!matches!(problem.exit, Exit::Ok | Exit::No));
        }
    }

    #[test]
    fn no_refusal_of_the_engine_is_missing_here() {
        let engine = include_str!("../../engine/src/command.rs");
        let roster = include_str!("../../../protocol/src/roster.rs");
        let charter = include_str!("../../../protocol/src/charter.rs");
        let tested: Vec<String> = every_refusal().iter().map(|refusal| format!("{refusal:?}")).collect();
        let (refusals, rosters, charters) =
            (variants(engine, "Refusal"), variants(roster, "RosterError"), variants(charter, "CharterError"));
        let reveals = variants(include_str!("../../../protocol/src/reveal/refusal.rs"), "RevealRefusal");
        assert!(refusals.len() >= 30 && rosters.len() >= 9 && charters.len() >= 5, "the scan found the enums");
        assert!(reveals.len() >= 12, "the scan found the enum");
        for (outer, names) in [("", refusals), ("Roster(", rosters), ("Charter(", charters), ("Reveal(", reveals)] {
            for name in names {
                let found = tested.iter().filter_map(|text| text.strip_prefix(outer)).any(|text| {
                    text.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
                });
                assert!(found, "{outer}{name} is not in the list above");
            }
        }
    }

    #[test]
    fn every_end_of_a_run_that_the_engine_names_is_explained() {
        let sessions = include_str!("../../engine/src/sessions.rs");
        let mut named = 0;
        for part in sessions.split("self.end_run(active.plan.run, \"").skip(1) {
            let code = part.split('"').next().unwrap();
            assert!(ENDS.iter().any(|(known, ..)| *known == code), "{code}");
            named += 1;
        }
        let wire = include_str!("../../../protocol/src/wire/message.rs");
        for part in wire.split("=> \"declined-").skip(1) {
            let code = format!("declined-{}", part.split('"').next().unwrap());
            assert!(ENDS.iter().any(|(known, ..)| *known == code), "{code}");
            named += 1;
        }
        assert!(named >= 12, "the scan found {named} codes");
        assert!(end_reason("something-new").hint.contains("code"));
    }
}
