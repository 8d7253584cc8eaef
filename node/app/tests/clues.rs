//! Matches of lighthouse runs on screen: what is planned, in which order they are read, what a case may open on, what was taken back.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use cwg_app::{Exit, LighthouseRequest, Request, View, sign_as_person};
use cwg_crypto::{Digest, Secret32, Signature, SigningKey};
use cwg_engine::client_version;
use cwg_engine::io::IndicatorRow;
use cwg_engine::record::{BookReport, Entry, Match};
use cwg_protocol::indicator::{IndicatorKind, RULESET_ID, Role, Roles, Rules, Strength, ruleset_hash};
use cwg_protocol::lighthouse::{
    BuiltRelease, Clue, ClueDraft, ClueId, Day, DeltaBase, Field, Label, LabelClass, Purpose, Recall, ReleaseBody,
    ReleaseNumber, SignedRecall, Source, SourceKind, SourceTerms, Tally, WatermarkKey, WithdrawalReason,
};
use cwg_protocol::psi::{LabelLen, lighthouse_protocol};
use cwg_protocol::session::{OwnSet, Place, Receipt, Seal, Terms};
use cwg_protocol::wire::BoundedVec;
use cwg_protocol::{Epoch, Item, NodeKey, RunId, SessionId, UnixTime};
use serde_json::Value;

mod network;
use network::{NETWORK, NOW, Node, name, node_key};

const MEMBERS: [&str; 5] = ["Bank A", "Bank B", "Bank C", "Bank D", "Bank E"];
const CLASS: LabelClass = LabelClass::B256;
const SOURCES: [(&str, SourceKind); 2] =
    [("hotline-north", SourceKind::Hotline), ("platform-west", SourceKind::Platform)];

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

fn json(view: &View) -> Value {
    let value = serde_json::to_value(view).unwrap();
    assert_eq!(&serde_json::from_value::<View>(value.clone()).unwrap(), view, "a view survives its JSON");
    for table in view.screen().tables {
        assert!(table.rows.iter().all(|row| row.len() == table.headers.len()), "{}", table.title);
    }
    value
}

fn samples(file: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(file)
}

/// A release of the hub, and the entry under which a member has it.
fn release(number: u32) -> Entry {
    let terms = SOURCES.map(|(pseudonym, kind)| SourceTerms {
        source: Source { pseudonym: pseudonym.parse().unwrap(), kind },
        caveats: Default::default(),
        kinds: BoundedVec::default(),
        clues: 0,
    });
    let content = Tally::new().finish();
    let body = ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(number),
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        created: UnixTime(NOW.0 - 86_400),
        valid_until: NOW.plus_secs(30 * 86_400),
        client_min: client_version(),
        sources: terms.to_vec().try_into().unwrap(),
        base: (number > 1).then(|| DeltaBase { number: ReleaseNumber(number - 1), root: content.root }),
        content,
        class: CLASS,
        contradictions: 0,
        changes: BoundedVec::default(),
    };
    let built = BuiltRelease::build(&body, name("ann"), &key(70)).unwrap();
    let signed = built.approve(name("ben"), &key(71)).unwrap().publish(&node_key(0)).unwrap();
    let marks = WatermarkKey::new(Secret32::new([8; 32]));
    let mark = marks.mark(NETWORK, ReleaseNumber(number), NodeKey(node_key(1).verifying_key()));
    Entry::ReleaseAdopted { signed: Box::new(signed), mark }
}

/// Bank A under a charter with lighthouse runs, and with the first release.
fn bank_a(place: &std::path::Path) -> Node {
    let charter = std::fs::read_to_string(samples("charter.toml")).unwrap();
    let path = place.join("charter.toml");
    std::fs::write(&path, charter.replace("runs = [\"pair\",", "runs = [\"pair\", \"lighthouse\",")).unwrap();
    let mut hub = Node::hub_with(&MEMBERS);
    hub.ask(Request::PilotNew { charter: cwg_app::files::read_charter(&path).unwrap() }).unwrap();
    let written = hub.records.last().unwrap().entry.clone();
    let sign = |mut node: Node| {
        let person = key(77);
        let public = hex::encode(person.verifying_key().as_bytes());
        node.ask(Request::OperatorAdd { name: "Ona Sample".into(), key: public }).unwrap();
        let shown = json(&node.ask(Request::PilotShow { pilot: PILOT.to_owned() }).unwrap());
        let of = |field: &str| shown[field].as_str().unwrap().to_owned();
        let signature = sign_as_person(&of("charter"), &of("sign_for"), &person).unwrap();
        let person = "Ona Sample".to_owned();
        node.ask(Request::PilotSign { pilot: of("pilot"), person, charter: of("charter"), signature }).unwrap();
        node
    };
    let others: Vec<Entry> = (2..=5)
        .map(|number| {
            sign(Node::member(number, &MEMBERS).with([written.clone()])).records.last().unwrap().entry.clone()
        })
        .collect();
    sign(Node::member(1, &MEMBERS).with([written, release(1)].into_iter().chain(others)))
}

const PILOT: &str = "Remittance corridor, first look";

fn plan_request() -> Request {
    Request::LighthousePlan {
        pilot: PILOT.to_owned(),
        book: samples("bank-a.csv"),
        map: samples("bank-a.map.toml"),
        types: Vec::new(),
        roles: Vec::new(),
    }
}

fn clue_id(number: u8) -> ClueId {
    ClueId::from_bytes([number; 16])
}

/// A clue about an invented phone number.
fn clue(number: u8, changes: &[(Field, &str)]) -> Clue {
    let (id, phone) = (clue_id(number).to_string(), format!("+61412345{number:03}"));
    let cells = [
        (Field::Id, id.as_str()),
        (Field::Kind, "phone"),
        (Field::Value, phone.as_str()),
        (Field::Role, "payee"),
        (Field::Typology, "livestream"),
        (Field::Platform, "telegram"),
        (Field::FirstSeen, "2026-05-01"),
        (Field::Source, "hotline-north"),
        (Field::SourceKind, "hotline"),
        (Field::Grade, "B2"),
        (Field::Confidence, "80"),
        (Field::Caveats, "none"),
        (Field::View, "yes"),
        (Field::Expires, "2027-05-01"),
    ];
    let cells = cells.into_iter().chain(changes.iter().copied());
    let draft = cells.fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).unwrap());
    Clue::from_draft(&draft, &Rules::default(), NOW).unwrap()
}

/// A match of a key with clues of these numbers, held under some references.
fn found(kind: IndicatorKind, canonical: &str, strength: Strength, clues: &[Clue], references: &[&str]) -> Match {
    let all: Vec<(&Clue, Strength, u8)> = clues.iter().map(|clue| (clue, strength, 0)).collect();
    let row = IndicatorRow {
        item: Item::of(NETWORK, kind, canonical),
        kind,
        roles: Roles::only(Role::Counterparty),
        strength,
        canonical: canonical.to_owned(),
        references: references.iter().map(|text| (*text).to_owned()).collect(),
        rows: references.len() as u32,
    };
    Match { row, label: Label::merge(&all, CLASS).unwrap().encode(CLASS).unwrap() }
}

/// A node after a sealed lighthouse run with these matches.
fn with_matches(place: &std::path::Path, matches: Vec<Match>) -> (Node, RunId) {
    let mut node = bank_a(place);
    node.ask(plan_request()).unwrap();
    let plan = node.state().runs().values().next().unwrap().plan.clone();
    let none = Digest::from_bytes([0; 32]);
    let set = OwnSet { padded: 1024, commitment: none, label_len: LabelLen::NONE };
    let terms = Terms {
        network: NETWORK,
        epoch: Epoch(1),
        roster: none,
        pilot: plan.pilot,
        charter: plan.charter,
        run: plan.run,
        attempt: 1,
        proposer: NodeKey(node_key(1).verifying_key()),
        acceptor: plan.peer,
        learns: plan.learns,
        protocol: plan.protocol,
        leakage: none,
        ruleset: none,
        selection: Vec::new().try_into().unwrap(),
        release: Some(plan.lighthouse.as_ref().unwrap().release.digest),
        proposer_set: set,
        acceptor_set: set,
        proposer_nonce: [0; 32],
        acceptor_nonce: [0; 32],
    };
    let seal = Seal(Signature::from_bytes([1; 64]));
    let receipt = Receipt { terms, session: SessionId([6; 32]), transcript: none, proposer: seal, acceptor: seal };
    let count = matches.len() as u32;
    let report = BookReport {
        rows: 100,
        accepted: 98,
        repaired: 1,
        refused: 1,
        refusals: vec![("phone-invalid".into(), 1)],
        first: vec![(17, "phone-invalid".into())],
    };
    let run = plan.run;
    let node = node.with([
        Entry::RunStarted { run, leakage: none },
        Entry::BookRead { run, report: Box::new(report) },
        Entry::SessionCharged { plan, place: Place::Proposer, attempt: 1, items: 1024, salt: [0xaa; 32] },
        Entry::Matches { run, first: 0, rows: matches },
        Entry::RunSealed { run, receipt: Box::new(receipt), matches: Some(count) },
    ]);
    (node, run)
}

fn list(node: &mut Node, withdrawn: bool, after: Option<String>, limit: u32) -> Value {
    json(&node.ask(Request::MatchList { run: None, kind: None, after, limit, withdrawn }).unwrap())
}

fn lines(list: &Value) -> Vec<(String, String)> {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap_or("-").to_owned();
    list["matches"].as_array().unwrap().iter().map(|line| (text(line, "type"), text(line, "band"))).collect()
}

fn show(node: &mut Node, kind: &str, withdrawn: bool) -> (Value, View) {
    let listed = list(node, withdrawn, None, 1000);
    let line = listed["matches"].as_array().unwrap().iter().find(|line| line["type"] == kind).unwrap();
    let view = node.ask(Request::MatchShow { id: line["match"].as_str().unwrap().to_owned() }).unwrap();
    (json(&view), view)
}

fn recalled(numbers: &[u8]) -> Vec<Entry> {
    let recall = |(number, clue): (u32, &u8)| {
        let recall = Recall { number, clue: clue_id(*clue), reason: WithdrawalReason::Recalled, at: NOW };
        Entry::Recalled(SignedRecall::sign(recall, NETWORK, &node_key(0)))
    };
    (1..).zip(numbers).map(recall).collect()
}

#[test]
fn a_plan_says_what_is_compared_with_what_and_what_that_reveals() {
    let place = tempfile::tempdir().unwrap();
    let mut node = bank_a(place.path());
    let view = node.ask(plan_request()).unwrap();
    let plan = json(&view);
    assert_eq!((&plan["kind"], &plan["with"], &plan["learns"]), (&"lighthouse".into(), &"Hub".into(), &"us".into()));
    assert_eq!((&plan["release"], &plan["own_set"]["items_at_most"]), (&1.into(), &Value::Null));
    assert!(plan["book"]["file"].as_str().unwrap().ends_with("bank-a.csv"));
    assert_eq!(plan["leakage"]["protocol"], "vole-labelled");
    assert_eq!(plan["leakage"]["digest"], lighthouse_protocol().leakage().digest().to_string());
    assert!(plan["we_learn"].to_string().contains("label") && !plan["they_learn"].to_string().contains("own items"));
    assert_eq!(plan["obstacles"], Value::Array(Vec::new()));
    let drawn = serde_json::to_string(&view.screen()).unwrap();
    assert!(drawn.contains("bank-a.csv") && drawn.contains("known when the file is read"));
    // The file is looked at before anybody consents.
    let with = |book: &str, map: &str| Request::LighthousePlan {
        pilot: PILOT.to_owned(),
        book: samples(book),
        map: samples(map),
        types: Vec::new(),
        roles: Vec::new(),
    };
    for (request, code) in [
        (with("nowhere.csv", "bank-a.map.toml"), "file-not-found"),
        (with("truth.json", "bank-a.map.toml"), "column-map"),
        (with("bank-a.csv", "charter.toml"), "column-map"),
    ] {
        assert_eq!(node.ask(request).unwrap_err().code, code);
    }
    let mut newer = node.with([release(2)]);
    let run = newer.state().runs().keys().next().unwrap().to_string();
    let leakage = plan["leakage"]["digest"].as_str().unwrap().to_owned();
    let problem = newer.ask(Request::RunStart { run, leakage }).unwrap_err();
    assert_eq!((problem.code.as_str(), problem.exit), ("release-outdated", Exit::Refused));
}

#[test]
fn a_run_shows_what_became_of_the_rows_of_its_book() {
    let place = tempfile::tempdir().unwrap();
    let (mut node, run) = with_matches(place.path(), Vec::new());
    let view = node.ask(Request::RunStatus { run: run.to_string() }).unwrap();
    let shown = json(&view);
    assert_eq!((&shown["book"]["rows"], &shown["book"]["refused"]), (&100.into(), &1.into()));
    assert_eq!(shown["book"]["first_refused"][0]["line"], 17);
    assert!(serde_json::to_string(&view.screen()).unwrap().contains("98 accepted, 1 repaired, 1 refused"));
}

/// Four customers: a wallet that is strong by itself, a person's name, a phone number shared by many, and one with two keys.
fn matches() -> Vec<Match> {
    let person = clue(2, &[(Field::Grade, "A1"), (Field::Confidence, "100")]);
    let shared: Vec<String> = (0..10).map(|number| format!("shared {number}")).collect();
    let shared: Vec<&str> = shared.iter().map(String::as_str).collect();
    vec![
        found(IndicatorKind::Phone, "+61412345003", Strength::B, &[clue(3, &[(Field::Grade, "C3")])], &shared),
        found(IndicatorKind::Person, "P1:DOE JO", Strength::A, &[person], &["customer 2"]),
        found(IndicatorKind::Btc, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Strength::A, &[clue(1, &[])], &["customer 1"]),
        found(IndicatorKind::Email, "ann@example.org", Strength::B, &[clue(4, &[])], &["customer 4"]),
        found(IndicatorKind::AuAccount, "012345:123456", Strength::B, &[clue(5, &[])], &["customer 4"]),
    ]
}

#[test]
fn matches_are_read_by_urgency_and_two_keys_of_one_customer_count_together() {
    let place = tempfile::tempdir().unwrap();
    let (mut node, _) = with_matches(place.path(), matches());
    let all = list(&mut node, false, None, 100);
    let of = |kind: &str, band: &str| (kind.to_owned(), band.to_owned());
    assert_eq!(
        lines(&all),
        [of("person", "high"), of("btc", "high"), of("email", "high"), of("au-account", "high"), of("phone", "low")]
    );
    // A name weighs as much as its clue says, and opens nothing.
    let may_open: Vec<bool> = all["matches"].as_array().unwrap().iter().map(|line| line["may_open"] == true).collect();
    assert_eq!(may_open, [false, true, true, true, false]);
    assert!(all["matches"].as_array().unwrap().iter().all(|line| line["release"] == 1));
    // Page by page, each once, in the same order.
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = list(&mut node, false, after, 2);
        paged.extend(lines(&page));
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, lines(&all));
    assert!(lines(&list(&mut node, true, None, 100)).is_empty());
}

#[test]
fn a_match_shows_its_clues_its_customers_and_why_a_case_may_or_may_not_open() {
    let place = tempfile::tempdir().unwrap();
    let (mut node, _) = with_matches(place.path(), matches());
    let (email, view) = show(&mut node, "email", false);
    let said = &email["lighthouse"];
    assert_eq!((&said["release"], &said["caveats"]), (&1.into(), &Value::Array(Vec::new())));
    let clue = &said["clues"][0];
    assert_eq!(clue["clue"], clue_id(4).to_string());
    for (field, value) in [
        ("grade", "B2"),
        ("typology", "livestream"),
        ("platform", "telegram"),
        ("role", "payee"),
        ("source", "hotline-north"),
        ("source_kind", "hotline"),
        ("first_seen", "2026-05-01"),
        ("expires", "2027-05-01"),
    ] {
        assert_eq!(clue[field], value);
    }
    let customer = &said["customers"][0];
    assert_eq!((&customer["reference"], &customer["independent_keys"]), (&"customer 4".into(), &2.into()));
    assert_eq!((&customer["may_open"], &customer["code"]), (&true.into(), &"opening-two-keys".into()));
    assert_eq!(customer["keys"].as_array().unwrap().len(), 2);
    let parts: Vec<&str> =
        customer["keys"][0]["parts"].as_array().unwrap().iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["strength", "grade", "recency", "role fit", "rarity"]);
    let drawn = serde_json::to_string(&view.screen()).unwrap();
    assert!(drawn.contains("a case may open") && drawn.contains("a lead, never a proof"));
    assert!(!drawn.contains("012345:123456"), "of the customer's other keys the value is masked");
    let (person, _) = show(&mut node, "person", false);
    let customer = &person["lighthouse"]["customers"][0];
    assert_eq!((&customer["may_open"], &customer["code"]), (&false.into(), &"opening-names-only".into()));
    let (phone, _) = show(&mut node, "phone", false);
    let customers = phone["lighthouse"]["customers"].as_array().unwrap();
    assert_eq!(customers.len(), 10);
    assert_eq!(customers[0]["keys"][0]["parts"][4]["permille"], 250, "ten customers share it");
}

#[test]
fn caveats_stand_first_and_bind_what_opens() {
    let place = tempfile::tempdir().unwrap();
    let sole = clue(1, &[(Field::Caveats, "no-sole-basis,no-law-enforcement")]);
    let wallet = found(IndicatorKind::Btc, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Strength::A, &[sole], &["customer 1"]);
    let (mut node, _) = with_matches(place.path(), vec![wallet]);
    let (shown, view) = show(&mut node, "btc", false);
    let caveats = shown["lighthouse"]["caveats"].as_array().unwrap();
    assert_eq!(caveats.len(), 2);
    assert_eq!(shown["lighthouse"]["customers"][0]["code"], "opening-sole-basis");
    let screen = view.screen();
    assert_eq!(screen.tables[0].title, "Caveats");
}

#[test]
fn what_was_recalled_leaves_the_list_and_counts_no_more_where_others_stand() {
    let place = tempfile::tempdir().unwrap();
    let both = found(
        IndicatorKind::Phone,
        "+61412345003",
        Strength::B,
        &[clue(3, &[]), clue(6, &[(Field::Grade, "A1")])],
        &["customer 3"],
    );
    let mut all = matches();
    all[0] = both;
    let (node, _) = with_matches(place.path(), all);
    let mut node = node.with(recalled(&[1, 3]));
    let listed: Vec<String> = lines(&list(&mut node, false, None, 100)).into_iter().map(|(kind, _)| kind).collect();
    assert!(!listed.contains(&"btc".to_owned()) && listed.contains(&"phone".to_owned()), "{listed:?}");
    let withdrawn = list(&mut node, true, None, 100);
    assert_eq!(lines(&withdrawn), [("btc".to_owned(), "-".to_owned())]);
    assert_eq!(withdrawn["matches"][0]["recalled"][0]["clue"], clue_id(1).to_string());
    assert_eq!(withdrawn["matches"][0]["recalled"][0]["reason"], "recalled");
    let (phone, _) = show(&mut node, "phone", false);
    let clues = phone["lighthouse"]["clues"].as_array().unwrap();
    assert_eq!((clues.len(), &clues[0]["clue"]), (1, &clue_id(6).to_string().into()));
    assert_eq!(phone["lighthouse"]["recalled"][0]["clue"], clue_id(3).to_string());
    // One of two keys of a customer was taken back: the other stands alone.
    let mut node = node.with(recalled(&[1, 3, 5]).split_off(2));
    let (email, _) = show(&mut node, "email", false);
    assert_eq!(email["lighthouse"]["customers"][0]["code"], "opening-one-key");
    let (wallet, view) = show(&mut node, "btc", true);
    assert!(wallet["lighthouse"]["customers"].as_array().unwrap().is_empty());
    assert!(serde_json::to_string(&view.screen()).unwrap().contains("it counts no more"));
}

#[test]
fn the_figure_of_a_month_counts_each_value_that_met_a_clue_once() {
    let place = tempfile::tempdir().unwrap();
    let mut twice = matches();
    twice.push(twice[0].clone());
    let (mut node, _) = with_matches(place.path(), twice);
    let month = Day::of(NOW).month().to_string();
    let figure = |node: &mut Node, month: &str| {
        let ask = LighthouseRequest::ReleaseFigure { month: month.to_owned() };
        node.ask(Request::Lighthouse { ask }).map(|view| json(&view)["released"].clone())
    };
    assert_eq!(figure(&mut node, &month).unwrap_err().code, "figure-released", "the month is not over");
    node.now = NOW.plus_secs(32 * 86_400);
    let released = figure(&mut node, &month).unwrap();
    assert_eq!((&released[0]["month"], &released[0]["own"]), (&month.as_str().into(), &5.into()));
    let later = Day::of(node.now).month().less(2).to_string();
    assert_eq!(figure(&mut node, &later).unwrap()[0]["own"], 0, "no run had its result then");
}
