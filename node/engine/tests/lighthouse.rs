//! A hub that publishes and takes back, and members that hear of it: in memory, over a wire that a test can cut or change.

mod founding;
mod wiring;

use cwg_crypto::Digest;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{CloseCode, Effect};
use cwg_engine::record::{ContentId, Entry, ReleaseDraft};
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, ClueId, Counts, Day, DeltaBase, DisclosureError, Figure, Purpose, ReleaseBody,
    ReleaseError, ReleaseNumber, Trends, WithdrawalReason,
};
use cwg_protocol::wire::Message;
use cwg_protocol::{NetworkId, UnixTime};
use founding::{DAY_SECS, Group, NETWORK, WALL, node, node_key, person, signed, text};
use wiring::{Nodes, Wired, passing};

const HUB: usize = 0;
const MEMBERS: usize = 5;

/// The hub, number 0, and its members.
struct Network {
    nodes: Nodes,
}

wiring::of_nodes!(Network);

impl Wired for Network {
    /// Nobody dials: a test connects.
    fn carry_out(&mut self, _: usize, effect: Effect) {
        assert!(matches!(effect, Effect::Dial(_)), "{effect:?}");
    }
}

impl Network {
    fn new() -> Self {
        let members: Vec<usize> = (1..=MEMBERS).collect();
        let group = Group { hub: HUB, members: &members };
        Self { nodes: Nodes::new((0..=MEMBERS).map(|number| group.journal(number, None)).collect()) }
    }

    fn connect(&mut self, member: usize) {
        self.link(member, HUB);
        self.pump();
    }

    fn known(&self, number: usize) -> Option<ReleaseNumber> {
        self.engines[number].state().lighthouse().current().map(|current| current.seen.number)
    }

    fn draft(&mut self, body: &ReleaseBody, withdrawn: &[u8]) -> Result<Reply, Refusal> {
        self.command(HUB, Command::DraftRelease(Box::new(draft(body, withdrawn))))
    }

    /// Drafts, signs, approves and publishes the next release.
    fn publish(&mut self, withdrawn: &[u8]) -> ReleaseNumber {
        let draft = draft(&self.next_release(HUB), withdrawn);
        self.publish_release(HUB, draft)
    }

    fn recall(&mut self, clues: &[u8]) -> Result<Reply, Refusal> {
        let clues = clues.iter().map(|byte| clue(*byte)).collect();
        self.command(HUB, Command::Recall { clues, reason: WithdrawalReason::Recalled })
    }
}

fn draft(body: &ReleaseBody, withdrawn: &[u8]) -> ReleaseDraft {
    let withdrawn = withdrawn.iter().map(|byte| (clue(*byte), WithdrawalReason::Superseded)).collect();
    ReleaseDraft { body: body.clone(), content: ContentId([1; 8]), withdrawn }
}

fn clue(byte: u8) -> ClueId {
    ClueId::from_bytes([byte; 16])
}

#[test]
fn a_release_needs_two_registered_persons_in_their_order_and_reaches_every_member() {
    let mut network = Network::new();
    network.connect(1);
    let body = network.next_release(HUB);
    assert_eq!(network.command(HUB, Command::PublishRelease).unwrap_err(), Refusal::NoDraft);
    network.draft(&body, &[]).unwrap();
    assert_eq!(network.command(HUB, Command::PublishRelease).unwrap_err(), Refusal::DraftState("unsigned"));
    let (built, approved) = signed(&body);
    let sign = |built: BuiltRelease| Command::SignDraft(Box::new(built));
    let approve = |approved: ApprovedRelease| Command::ApproveDraft(Box::new(approved));
    assert_eq!(network.command(HUB, approve(approved.clone())).unwrap_err(), Refusal::DraftState("unsigned"));
    // Nobody who is not registered, nobody under another's name, nothing but the draft.
    for (name, who) in [("eve", "eve"), ("ann", "eve"), ("ben", "ann")] {
        let forged = BuiltRelease::build(&body, text(name), &person(who)).unwrap();
        assert_eq!(network.command(HUB, sign(forged)).unwrap_err(), Refusal::UnknownOperator);
    }
    let other = ReleaseBody { contradictions: 0, valid_until: body.valid_until.plus_secs(1), ..body.clone() };
    assert_eq!(network.command(HUB, sign(signed(&other).0)).unwrap_err(), Refusal::DraftChanged);
    network.command(HUB, sign(built.clone())).unwrap();
    assert_eq!(network.command(HUB, sign(built)).unwrap_err(), Refusal::DraftState("built"));
    assert_eq!(network.command(HUB, Command::PublishRelease).unwrap_err(), Refusal::DraftState("built"));
    assert_eq!(network.command(HUB, approve(signed(&other).1)).unwrap_err(), Refusal::DraftChanged);
    network.command(HUB, approve(approved)).unwrap();
    let Ok(Reply::Published(number)) = network.command(HUB, Command::PublishRelease) else { panic!() };
    assert_eq!(number, ReleaseNumber(1));
    // Who is there has it at once, who comes later when it comes; each has a mark of its own.
    assert_eq!((network.known(1), network.known(2)), (Some(number), None));
    network.connect(2);
    assert_eq!(network.known(2), Some(number));
    let mark = |member: usize| network.engines[member].state().lighthouse().current().unwrap().mark.unwrap();
    assert_ne!(mark(1), mark(2));
    let keys = network.engines[HUB].state().lighthouse().keys().unwrap().marks();
    assert_eq!(keys.trace(&mark(2), NETWORK, number, (1..=MEMBERS).map(node)), Some(node(2)));
    // The hub knows who has it, and all of it is there after a start.
    network.restart(HUB);
    let has = |network: &Network, member| {
        network.engines[HUB].state().lighthouse().members().get(&node(member)).and_then(|has| has.release)
    };
    assert_eq!([1, 2, 3].map(|member| has(&network, member)), [Some(number), Some(number), None]);
    network.connect(1);
    assert!(network.closed.is_empty());
}

#[test]
fn a_draft_that_does_not_follow_the_current_release_is_refused() {
    let mut network = Network::new();
    network.publish(&[]);
    let good = network.next_release(HUB);
    let wrong: [(&str, ReleaseBody); 7] = [
        ("number", ReleaseBody { number: ReleaseNumber(3), ..good.clone() }),
        ("number", ReleaseBody { number: ReleaseNumber(1), base: None, ..good.clone() }),
        ("base", ReleaseBody { base: None, ..good.clone() }),
        ("base", {
            let base = DeltaBase { root: Digest::from_bytes([1; 32]), ..good.base.unwrap() };
            ReleaseBody { base: Some(base), ..good.clone() }
        }),
        ("network", ReleaseBody { network: NetworkId([1; 16]), ..good.clone() }),
        ("purpose", ReleaseBody { purpose: Purpose::Drill, ..good.clone() }),
        ("expired", ReleaseBody { valid_until: UnixTime(WALL - 1), created: UnixTime(WALL - 2), ..good.clone() }),
    ];
    for (what, body) in wrong {
        assert!(matches!(network.draft(&body, &[]), Err(Refusal::DraftOutdated(_))), "{what}");
    }
    network.draft(&good, &[]).unwrap();
    network.command(HUB, Command::DropDraft).unwrap();
    assert_eq!(network.command(HUB, Command::DropDraft).unwrap_err(), Refusal::NoDraft);
    // A member publishes nothing.
    assert_eq!(network.command(1, Command::PublishRelease).unwrap_err(), Refusal::NotHub);
}

#[test]
fn a_recall_reaches_all_who_are_there_and_all_who_come_and_the_hub_sees_who_confirmed() {
    let mut network = Network::new();
    network.connect(1);
    assert!(matches!(network.recall(&[3, 3, 5]), Ok(Reply::Recalled(2))));
    assert!(matches!(network.recall(&[5, 6]), Ok(Reply::Recalled(1))), "what was recalled before counts once");
    let expired = Command::Recall { clues: vec![clue(1)], reason: WithdrawalReason::Expired };
    assert_eq!(network.command(HUB, expired).unwrap_err(), Refusal::RecallReason);
    // A withdrawal in a release is a recall too; what was recalled before is not drafted again.
    let body = network.next_release(HUB);
    assert!(matches!(network.draft(&body, &[5]), Err(Refusal::DraftOutdated(_))));
    network.publish(&[8]);
    let recalled = |network: &Network, member: usize| {
        let state = network.engines[member].state();
        let clues = state.lighthouse().recalled().keys().map(|clue| clue.as_bytes()[0]);
        clues.collect::<Vec<_>>()
    };
    let confirmed = |network: &Network, member| {
        network.engines[HUB].state().lighthouse().members().get(&node(member)).map(|has| has.recalls)
    };
    assert_eq!(recalled(&network, 1), [3, 5, 6, 8]);
    network.connect(2);
    assert_eq!(recalled(&network, 2), [3, 5, 6, 8]);
    assert_eq!([1, 2, 3].map(|member| confirmed(&network, member)), [Some(4), Some(4), None]);
    network.restart(1);
    assert_eq!(recalled(&network, 1), [3, 5, 6, 8]);
}

#[test]
fn more_recalls_than_a_message_holds_come_one_message_after_the_other_and_a_lost_one_comes_again() {
    let mut network = Network::new();
    let clues: Vec<ClueId> = (0..1000_u128).map(|number| ClueId::from_bytes(number.to_be_bytes())).collect();
    let command = Command::Recall { clues: clues.clone(), reason: WithdrawalReason::Recalled };
    assert!(matches!(network.command(HUB, command), Ok(Reply::Recalled(1000))));
    let mut messages = 0;
    network.wire = Box::new(move |_, _, message| {
        messages += usize::from(matches!(message, Message::Recalls(_)));
        (!matches!(message, Message::Recalls(_)) || messages != 3).then_some(message)
    });
    network.connect(1);
    let count = |network: &Network| network.engines[1].state().lighthouse().recalled().len();
    assert_eq!(count(&network), 512);
    network.connect(1);
    assert_eq!(count(&network), 1000);
    assert_eq!(network.engines[HUB].state().lighthouse().members()[&node(1)].recalls, 1000);
}

/// What a lying hub sends in place of the truth ends the connection by a name, and changes nothing.
#[test]
fn a_member_refuses_what_its_hub_did_not_sign_or_takes_back() {
    type Lie = fn(Message) -> Message;
    let lies: [(&str, Lie); 3] = [
        ("release-wrong-signer", |message| match message {
            Message::ReleaseOffer(mut offer) => {
                let mut network = Network::new();
                let body = ReleaseBody { contradictions: 0, ..network.next_release(HUB) };
                network.now.wall = UnixTime(WALL);
                let (_, approved) = signed(&body);
                offer.release = approved.publish(&node_key(99)).unwrap();
                Message::ReleaseOffer(offer)
            }
            other => other,
        }),
        ("recall-out-of-order", |message| match message {
            Message::Recalls(mut recalls) => {
                let last = recalls.recalls.last().copied();
                recalls.recalls = last.into_iter().collect::<Vec<_>>().try_into().unwrap();
                Message::Recalls(recalls)
            }
            other => other,
        }),
        ("trends-malformed", |message| match message {
            Message::TrendsOffer(mut offer) => {
                let cut = offer.trends[..offer.trends.len() - 1].to_vec();
                offer.trends = cut.try_into().unwrap();
                Message::TrendsOffer(offer)
            }
            other => other,
        }),
    ];
    for (code, lie) in lies {
        let mut network = Network::new();
        network.publish(&[]);
        network.recall(&[1, 2]).unwrap();
        let trends = Trends::of(&Counts::new(&network.engines[HUB].state().lighthouse().current().unwrap().body), None);
        network.command(HUB, Command::ReleaseTrends(Box::new(trends.unwrap()))).unwrap();
        network.wire = Box::new(move |_, _, message| Some(lie(message)));
        network.connect(1);
        assert_eq!(network.closed, [(1, CloseCode::Violation)], "{code}");
        assert_eq!(network.refused(1), [code]);
        network.wire = passing(|_, _, _| true);
        network.connect(1);
        assert_eq!(network.known(1), Some(ReleaseNumber(1)), "{code}: the truth is taken afterwards");
    }
}

#[test]
fn an_older_release_is_a_rollback_and_an_expired_one_is_only_not_taken() {
    let mut network = Network::new();
    network.publish(&[]);
    let first = network.engines[HUB].state().lighthouse().current().unwrap().signed.clone();
    network.publish(&[]);
    network.connect(1);
    assert_eq!(network.known(1), Some(ReleaseNumber(2)));
    let old = first.clone();
    network.wire = Box::new(move |_, _, message| match message {
        Message::ReleaseOffer(mut offer) => {
            offer.release = old.clone();
            Some(Message::ReleaseOffer(offer))
        }
        other => Some(other),
    });
    network.publish(&[]);
    assert_eq!(network.closed, [(1, CloseCode::Violation)]);
    assert_eq!(network.known(1), Some(ReleaseNumber(2)));
    let last = |network: &Network, number: usize| match &network.journals[number].last().unwrap().entry {
        Entry::Refused { code, .. } => code.0.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(last(&network, 1), ReleaseError::Rollback { seen: ReleaseNumber(2), got: ReleaseNumber(1) }.code());
    // A member that comes back after two months is offered what has expired: named, and the connection stands.
    network.now.wall = UnixTime(WALL + 60 * DAY_SECS);
    network.closed.clear();
    network.wire = passing(|_, _, _| true);
    network.connect(2);
    assert_eq!((network.known(2), last(&network, 2)), (None, "release-expired".to_owned()));
    assert!(network.closed.is_empty());
}

#[test]
fn a_member_cannot_speak_as_the_hub() {
    let mut network = Network::new();
    network.publish(&[]);
    network.connect(1);
    let release = network.engines[HUB].state().lighthouse().current().unwrap().signed.clone();
    let mark = network.engines[1].state().lighthouse().current().unwrap().mark.unwrap();
    network.wire = Box::new(move |from, _, message| match message {
        Message::LighthouseHas(_) if from != HUB => {
            let offer = cwg_protocol::wire::ReleaseOffer { release: release.clone(), mark };
            Some(Message::ReleaseOffer(offer))
        }
        other => Some(other),
    });
    network.connect(2);
    assert_eq!(network.closed, [(HUB, CloseCode::Violation)]);
}

#[test]
fn trends_are_released_once_a_month_and_reach_members_once() {
    let mut network = Network::new();
    network.connect(1);
    network.publish(&[]);
    let trends = |network: &Network, before: Option<&Trends>| {
        let body = &network.engines[HUB].state().lighthouse().current().unwrap().body;
        Trends::of(&Counts::new(body), before).unwrap()
    };
    let first = trends(&network, None);
    network.command(HUB, Command::ReleaseTrends(Box::new(first.clone()))).unwrap();
    assert_eq!(network.engines[1].state().lighthouse().trends(), Some(&first));
    let again = network.command(HUB, Command::ReleaseTrends(Box::new(first.clone()))).unwrap_err();
    assert_eq!(again, Refusal::Disclosure(DisclosureError::PeriodReleased { released: first.period }));
    network.now.wall = UnixTime(WALL + 32 * DAY_SECS);
    let outdated = Trends { period: Day::of(network.now.wall).month(), release: ReleaseNumber(9), ..first.clone() };
    let refused = network.command(HUB, Command::ReleaseTrends(Box::new(outdated))).unwrap_err();
    assert!(matches!(refused, Refusal::DraftOutdated(_)));
    network.publish(&[]);
    let second = trends(&network, Some(&first));
    network.command(HUB, Command::ReleaseTrends(Box::new(second.clone()))).unwrap();
    network.connect(2);
    for member in [1, 2] {
        assert_eq!(network.engines[member].state().lighthouse().trends(), Some(&second));
        network.restart(member);
        assert_eq!(network.engines[member].state().lighthouse().trends(), Some(&second));
    }
}

#[test]
fn the_mean_of_a_month_needs_five_members_and_a_member_releases_one_figure() {
    let mut network = Network::new();
    let period = Day::of(UnixTime(WALL)).month().less(1);
    let release = |matches| Command::ReleaseFigure { period, matches };
    let this_month = Command::ReleaseFigure { period: Day::of(UnixTime(WALL)).month(), matches: 1 };
    assert_eq!(network.command(1, this_month).unwrap_err(), Refusal::FigureReleased);
    // Without a connection it is kept, and sent when there is one.
    network.command(1, release(100)).unwrap();
    assert_eq!(network.command(1, release(7)).unwrap_err(), Refusal::FigureReleased);
    for member in 1..MEMBERS {
        network.connect(member);
        if member > 1 {
            network.command(member, release(90)).unwrap();
        }
    }
    let figures = |network: &Network| network.engines[HUB].state().lighthouse().figures()[&period].len();
    assert_eq!(figures(&network), 4);
    network.connect(MEMBERS);
    network.command(MEMBERS, release(110)).unwrap();
    assert_eq!(figures(&network), 5);
    network.command(HUB, Command::ReleaseMean { period }).unwrap();
    for member in 1..=MEMBERS {
        assert_eq!(
            network.engines[member].state().lighthouse().mean(),
            Some((period, Figure::Shown(100))),
            "480 among five, rounded"
        );
    }
    let again = network.command(HUB, Command::ReleaseMean { period }).unwrap_err();
    assert!(matches!(again, Refusal::Disclosure(DisclosureError::PeriodReleased { .. })));
}
