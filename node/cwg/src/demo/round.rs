//! The demo's round: five banks find which payees three of them have, holders of one write to each other unnamed, and two of them show
//! each other who they are.

use std::collections::{BTreeMap, BTreeSet};

use cwg_app::view::{PostLine, ReceivedView, RevealFields, RevealView, RoomsView};
use cwg_app::{Problem, Request, RevealRequest, RoundRequest, RoundTerms, TypeItems, View};
use serde::Serialize;

use super::held::{self, WITHIN};
use super::network::{Bank, Network, PERSON, unexpected, until};

/// Payees, and which banks have them.
const PAYEES: &str = include_str!("payees.json");
const MAP: &str = include_str!("payees.toml");

/// Banks that must have a payee.
const HOLDERS: u8 = 3;
/// The payee in whose room something is said: Bank A, Bank B and Bank C have it.
const SPOKEN_OF: &str = "ZZ:paypal:payee-01@example.org";

/// What came of the round, its rooms and the reveal.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) members: Vec<Line>,
    pub(super) room: Room,
    pub(super) reveal: Reveal,
}

/// What the round came to at one bank.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) member: String,
    pub(super) payees: usize,
    pub(super) found: usize,
    pub(super) planted: usize,
    pub(super) true_to_plan: bool,
}

/// What was said of one payee.
#[derive(Debug, Serialize)]
pub(super) struct Room {
    /// As each of its three holders reads it, by writers.
    pub(super) said: Vec<(String, String)>,
    pub(super) holders_read_alike: bool,
    /// Posts that a bank without the payee reads.
    pub(super) read_by_others: usize,
}

/// What two of them showed each other.
#[derive(Debug, Serialize)]
pub(super) struct Reveal {
    pub(super) to_requester: Option<String>,
    pub(super) to_asked: Option<String>,
    pub(super) true_to_plan: bool,
}

impl Report {
    pub(super) fn is_true_to_plan(&self) -> bool {
        let room = self.room.holders_read_alike && self.room.read_by_others == 0;
        self.members.iter().all(|line| line.true_to_plan) && room && self.reveal.true_to_plan
    }
}

/// Holds the round and what follows it.
pub(super) fn run(network: &mut Network, talk: impl Fn(&str)) -> Result<Report, Problem> {
    let payees: BTreeMap<String, BTreeSet<String>> =
        serde_json::from_str(PAYEES).map_err(|_| unexpected("the planted payees"))?;
    load(network, &payees)?;
    talk("five banks load whom their customers pay; all five make a key, of which it takes three to use it");
    held::make_key(network, 5, 3)?;
    let round = answered(network, &talk)?;
    let members = network.banks().iter().map(|bank| line(bank, &round, &payees)).collect::<Result<_, _>>()?;
    talk("holders of one payee write to each other, unnamed, among as many posts of everyone that say nothing");
    let room = speak(network, &round)?;
    talk("one of them asks another to show who it is; two persons of each side approve the very words");
    let reveal = reveal(network, &round, &room)?;
    Ok(Report { members, room, reveal })
}

fn load(network: &Network, payees: &BTreeMap<String, BTreeSet<String>>) -> Result<(), Problem> {
    let map = network.write("payees.map.toml", MAP.as_bytes())?;
    for bank in network.banks() {
        let own = payees.iter().filter(|(_, banks)| banks.contains(&bank.name));
        let file: String = own.fold("payee\n".to_owned(), |file, (payee, _)| file + payee + "\n");
        let path = network.write(&format!("{}.payees.csv", bank.slug()), file.as_bytes())?;
        bank.ask(&Request::IndicatorsLoad { path: path.into(), map: map.clone().into() })?;
    }
    Ok(())
}

/// A round with a result. On a busy machine time may not be enough: then it is held again with twice as much.
fn answered(network: &Network, talk: &impl Fn(&str)) -> Result<String, Problem> {
    for times in [1, 2, 4] {
        talk(&format!("a round: what {HOLDERS} of them have is shown to its holders, and to nobody whose it is"));
        let terms = terms(network.banks()[0].pilot(), times);
        let ends = held::hold(network, terms)?;
        let round = ends[0].round.clone();
        if ends.iter().all(|end| end.end.is_none()) {
            return Ok(round);
        }
        until(WITHIN, "the end of the round", || Ok(held::at_hub(network, &round)?.end.is_some()))?;
    }
    Err(unexpected("a round in time"))
}

fn terms(pilot: &str, times: u32) -> RoundTerms {
    RoundTerms {
        pilot: pilot.to_owned(),
        threshold: HOLDERS,
        types: vec![TypeItems { kind: "ewallet".to_owned(), items: 64 }],
        uploads: 5,
        evaluate_secs: 6 * u64::from(times),
        claim_secs: 3 * times,
        upload_secs: 6 * times,
        stall_secs: 3 * times,
        beat_secs: 1,
        answer_secs: 4 * times,
        turns: 1,
        count: false,
        rooms: 60,
        interval_secs: 2,
        posts: 2,
        free_text: false,
    }
}

fn line(bank: &Bank, round: &str, payees: &BTreeMap<String, BTreeSet<String>>) -> Result<Line, Problem> {
    let own = payees.iter().filter(|(_, banks)| banks.contains(&bank.name));
    let expected: BTreeSet<&String> =
        own.clone().filter(|(_, banks)| banks.len() >= HOLDERS.into()).map(|(payee, _)| payee).collect();
    let matches = bank.matches(round)?;
    let found: BTreeSet<&String> = matches.iter().map(|found| &found.canonical).collect();
    Ok(Line {
        member: bank.name.clone(),
        payees: own.count(),
        found: found.len(),
        planted: expected.len(),
        true_to_plan: found == expected,
    })
}

/// One asks, another answers, and everyone reads what there is to read.
fn speak(network: &Network, round: &str) -> Result<Room, Problem> {
    let [first, second, third, other, _] = network.banks() else { return Err(unexpected("five banks")) };
    post(first, round, &["question", "in-use"], None)?;
    until(WITHIN, "a question", || Ok(!said(second, round)?.is_empty()))?;
    let question = said(second, round)?.into_iter().next().ok_or_else(|| unexpected("a question"))?;
    post(second, round, &["sighting", "2026-01-05", "2026-03-20", "many", "payee"], Some(question.post))?;
    for bank in [first, second, third] {
        until(WITHIN, "an answer", || Ok(said(bank, round)?.len() == 2))?;
    }
    let posts = said(first, round)?;
    let alike = [second, third].into_iter().map(|bank| Ok(said(bank, round)? == posts));
    let holders_read_alike = alike.collect::<Result<Vec<bool>, Problem>>()?.into_iter().all(|same| same);
    let read_by_others = rooms_of(other, round, None)?.posts.len();
    let said = posts.into_iter().map(|post| (post.writer, post.says)).collect();
    Ok(Room { said, holders_read_alike, read_by_others })
}

fn room(bank: &Bank, round: &str) -> Result<u32, Problem> {
    let matches = bank.matches(round)?;
    let spoken_of = matches.iter().find(|found| found.canonical == SPOKEN_OF);
    spoken_of.and_then(|found| found.room).ok_or_else(|| unexpected("a room"))
}

fn post(bank: &Bank, round: &str, says: &[&str], answers: Option<String>) -> Result<(), Problem> {
    let says = says.iter().map(|word| (*word).to_owned()).collect();
    let (round, room) = (round.to_owned(), room(bank, round)?);
    let post = RoundRequest::Post { round, room, says, caveats: Vec::new(), answers, text: None };
    bank.ask(&Request::Round { ask: post }).map(|_| ())
}

/// What a bank reads of the payee, whatever number its room has there.
fn said(bank: &Bank, round: &str) -> Result<Vec<PostLine>, Problem> {
    let posts = rooms_of(bank, round, Some(room(bank, round)?))?.posts;
    Ok(posts.into_iter().map(|post| PostLine { room: 0, ..post }).collect())
}

fn rooms_of(bank: &Bank, round: &str, room: Option<u32>) -> Result<RoomsView, Problem> {
    match bank.ask(&Request::Round { ask: RoundRequest::Rooms { round: round.to_owned(), room } })? {
        View::Rooms(view) => Ok(view),
        _ => Err(unexpected("rooms")),
    }
}

/// The one who asked wants to know who answered.
fn reveal(network: &mut Network, round: &str, said: &Room) -> Result<Reveal, Problem> {
    for bank in &mut network.banks_mut()[..2] {
        bank.register(SECOND_PERSON)?;
    }
    let [first, second, ..] = network.banks() else { return Err(unexpected("five banks")) };
    let (writer, _) = said.said.last().ok_or_else(|| unexpected("an answer"))?;
    let shows = |name: &str, contact: Option<&str>| RevealFields {
        name: Some(name.to_owned()),
        contact: contact.map(str::to_owned),
        case: None,
    };
    let asked = reveal_of(ask(
        first,
        RevealRequest::Request {
            round: round.to_owned(),
            room: room(first, round)?,
            writer: writer.clone(),
            show: shows(&first.name, Some("Demo Person, 555-0100")),
            ask: vec!["name".to_owned()],
            until: "20".to_owned(),
            reason: "an invented case".to_owned(),
        },
    )?)?;
    let number = asked.reveal;
    approve(first, &number)?;
    let has_come = || match ask(second, RevealRequest::List { round: None })? {
        View::Reveals(list) => Ok(list.reveals.iter().any(|line| line.reveal == number)),
        _ => Err(unexpected("reveals")),
    };
    until(WITHIN, "a request", has_come)?;
    ask(second, RevealRequest::Answer { reveal: number.clone(), show: shows(&second.name, None) })?;
    approve(second, &number)?;
    let received = |bank: &Bank| -> Result<ReceivedView, Problem> {
        until(WITHIN, "what the other side shows", || Ok(shown(bank, &number)?.received.is_some()))?;
        shown(bank, &number)?.received.ok_or_else(|| unexpected("what the other side shows"))
    };
    let (to_first, to_second) = (received(first)?, received(second)?);
    let true_to_plan = to_first.fields == shows(&second.name, None)
        && to_second.fields == shows(&first.name, Some("Demo Person, 555-0100"))
        && to_first.receipt == to_second.receipt;
    Ok(Reveal { to_requester: to_first.fields.name, to_asked: to_second.fields.name, true_to_plan })
}

/// Two persons sign the words that are written down.
fn approve(bank: &Bank, reveal: &str) -> Result<(), Problem> {
    for person in [PERSON, SECOND_PERSON] {
        let view = shown(bank, reveal)?;
        let statement = view.to_be_approved.ok_or_else(|| unexpected("something to approve"))?;
        let approval = cwg_app::approve_reveal(&statement, bank.key_of(person)?)?;
        let (reveal, person) = (reveal.to_owned(), person.to_owned());
        ask(bank, RevealRequest::Approve { reveal, person, approval })?;
    }
    Ok(())
}

fn shown(bank: &Bank, reveal: &str) -> Result<RevealView, Problem> {
    reveal_of(ask(bank, RevealRequest::Show { reveal: reveal.to_owned() })?)
}

fn ask(bank: &Bank, ask: RevealRequest) -> Result<View, Problem> {
    bank.ask(&Request::Reveal { ask })
}

fn reveal_of(view: View) -> Result<RevealView, Problem> {
    match view {
        View::Reveal(view) => Ok(*view),
        _ => Err(unexpected("a reveal")),
    }
}

const SECOND_PERSON: &str = "Second Person";
