//! From requests to screens, over a real engine: what is shown, what is refused, and what never appears.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::path::Path;

use cwg_app::{Exit, Purge, Request, View, WhoLearns, sign_as_person};
use cwg_crypto::{Digest, Secret32, Signature, SigningKey};
use cwg_engine::io::IndicatorRow;
use cwg_engine::record::{Entry, LoadSummary, Match, RunPlan};
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};
use cwg_protocol::psi::LabelLen;
use cwg_protocol::session::{Learns, OwnSet, Place, Receipt, Seal, Terms};
use cwg_protocol::{Epoch, Item, LoadId, NodeKey, SessionId};
use serde_json::Value;

mod network;
use network::{NETWORK, NOW, Node, node_key};

const MEMBERS: [&str; 5] = ["Bank A", "Bank B", "Bank C", "Bank D", "Bank E"];
const MARKERS: [&str; 2] = ["marker-canonical", "marker-reference"];

fn json(view: &View) -> Value {
    let value = serde_json::to_value(view).unwrap();
    assert_eq!(&serde_json::from_value::<View>(value.clone()).unwrap(), view, "a view survives its JSON");
    for table in view.screen().tables {
        assert!(table.rows.iter().all(|row| row.len() == table.headers.len()), "{}", table.title);
    }
    value
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

fn code(answered: Result<View, cwg_app::Problem>) -> (String, Exit) {
    let problem = answered.unwrap_err();
    assert!(!problem.hint.is_empty() && !problem.problem.ends_with('.'));
    (problem.code, problem.exit)
}

fn person() -> SigningKey {
    SigningKey::from_secret(&Secret32::new([77; 32]))
}

fn samples(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(file)
}

/// Registers a person and signs the pilot.
fn sign(node: &mut Node) -> View {
    let key = hex::encode(person().verifying_key().as_bytes());
    node.ask(Request::OperatorAdd { name: "Ona Sample".to_owned(), key }).unwrap();
    let shown = json(&node.ask(Request::PilotShow { pilot: "Remittance corridor, first look".to_owned() }).unwrap());
    assert_eq!(shown["awaits_us"], true);
    let signature = sign_as_person(text(&shown, "charter"), text(&shown, "sign_for"), &person()).unwrap();
    let request = Request::PilotSign {
        pilot: text(&shown, "pilot")[..6].to_owned(),
        person: "Ona Sample".to_owned(),
        charter: text(&shown, "charter").to_owned(),
        signature,
    };
    node.ask(request).unwrap()
}

/// Bank A with a live pilot.
fn bank_a() -> Node {
    let mut hub = Node::hub_with(&MEMBERS);
    let charter = cwg_app::files::read_charter(&samples("charter.toml")).unwrap();
    hub.ask(Request::PilotNew { charter }).unwrap();
    let written = hub.records.last().unwrap().entry.clone();
    let signed = (2..=5).map(|number| {
        let mut member = Node::member(number, &MEMBERS).with([written.clone()]);
        sign(&mut member);
        member.records.last().unwrap().entry.clone()
    });
    let others: Vec<Entry> = signed.collect();
    let mut node = Node::member(1, &MEMBERS).with(core::iter::once(written).chain(others));
    let view = json(&sign(&mut node));
    assert_eq!((&view["live"], &view["awaits_us"]), (&true.into(), &false.into()));
    node
}

fn plan_request() -> Request {
    Request::RunPlan {
        pilot: "Remittance corridor, first look".to_owned(),
        with: "Bank B".to_owned(),
        learns: WhoLearns::Us,
        types: vec!["phone".to_owned(), "email".to_owned()],
        roles: Vec::new(),
        protocol: None,
    }
}

fn load(node: &mut Node) -> Value {
    let request = Request::IndicatorsLoad { path: samples("bank-a.csv"), map: samples("bank-a.map.toml") };
    json(&node.ask(request).unwrap())
}

#[test]
fn a_member_signs_loads_plans_and_is_told_what_it_reveals() {
    let mut node = bank_a();
    let early = json(&node.ask(plan_request()).unwrap());
    assert!(early["obstacles"][0].as_str().unwrap().contains("our set has at most 0 items"));
    let report = load(&mut node);
    assert_eq!(text(&report, "load"), "abababababababab");
    let keys: u64 = report["keys"].as_array().unwrap().iter().map(|line| line["keys"].as_u64().unwrap()).sum();
    assert_eq!(report["items"].as_u64().unwrap() + report["duplicates"].as_u64().unwrap(), keys);
    let plan = json(&node.ask(plan_request()).unwrap());
    assert_eq!(plan["obstacles"], Value::Array(Vec::new()));
    assert_eq!((text(&plan, "learns"), text(&plan, "with")), ("us", "Bank B"));
    let learns_matches = |side: &str| plan[side].to_string().contains("which of its own items");
    assert!(learns_matches("we_learn") && !learns_matches("they_learn"), "only the side that learns gets matches");
    assert!(plan["they_learn"].to_string().contains("set size"), "and the other side the size");
    assert!(plan["leakage"]["not_protected"][0].as_str().unwrap().starts_with("guessing"));
    let drawn = serde_json::to_string(&node.ask(Request::RunList).unwrap().screen()).unwrap();
    assert!(drawn.contains("Bank B") && drawn.contains("planned"));
    let start = |leakage: &str| Request::RunStart { run: text(&plan, "run").to_owned(), leakage: leakage.to_owned() };
    assert_eq!(code(node.ask(start(&"0".repeat(64)))), ("consent-mismatch".to_owned(), Exit::Refused));
    assert_eq!(code(node.ask(start("12"))), ("not-hex".to_owned(), Exit::Usage));
    let consent = text(&plan["leakage"], "digest").to_owned();
    assert_eq!(code(node.ask(start(&consent))), ("offline".to_owned(), Exit::TryAgain));
}

#[test]
fn whoever_asks_for_a_pilot_that_is_not_there_is_told_what_names_one() {
    let mut node = bank_a();
    for name in ["Remittance", "cor", "", "ünknown"] {
        let problem = node.ask(Request::PilotShow { pilot: name.to_owned() }).unwrap_err();
        assert_eq!((&*problem.code, problem.exit), ("unknown-pilot", Exit::BadInput), "{name}");
        let hint =
            "give a pilot's whole name, or at least 4 hexadecimal digits of its number; cwg pilot list shows both";
        assert_eq!(problem.hint, hint);
    }
    let listed = json(&node.ask(Request::PilotList).unwrap())["pilots"][0].clone();
    for name in [text(&listed, "name"), &text(&listed, "pilot")[..4]] {
        assert_eq!(json(&node.ask(Request::PilotShow { pilot: name.to_owned() }).unwrap())["pilot"], listed["pilot"]);
    }
}

#[test]
fn wrong_requests_are_refused_before_the_engine_sees_them() {
    let mut node = bank_a();
    let mut refused = |change: fn(&mut Request), expected: &str| {
        let mut request = plan_request();
        change(&mut request);
        assert_eq!(code(node.ask(request)).0, expected);
    };
    refused(
        |request| {
            if let Request::RunPlan { pilot, .. } = request {
                *pilot = "none".into()
            }
        },
        "unknown-pilot",
    );
    refused(
        |request| {
            if let Request::RunPlan { pilot, .. } = request {
                *pilot = "ffff".into()
            }
        },
        "unknown-pilot",
    );
    refused(
        |request| {
            if let Request::RunPlan { with, .. } = request {
                *with = "Bank F".into()
            }
        },
        "unknown-member",
    );
    refused(
        |request| {
            if let Request::RunPlan { with, .. } = request {
                *with = "Bank A".into()
            }
        },
        "not-allowed",
    );
    refused(
        |request| {
            if let Request::RunPlan { types, .. } = request {
                *types = vec!["fax".into()]
            }
        },
        "unknown-type",
    );
    refused(
        |request| {
            if let Request::RunPlan { types, .. } = request {
                *types = vec!["iban".into()]
            }
        },
        "not-allowed",
    );
    refused(
        |request| {
            if let Request::RunPlan { roles, .. } = request {
                *roles = vec!["owner".into()]
            }
        },
        "unknown-role",
    );
    refused(
        |request| {
            if let Request::RunPlan { types, roles, .. } = request {
                (*types, *roles) = (vec!["abn".into()], vec!["holder".into()]);
            }
        },
        "not-allowed",
    );
    refused(
        |request| {
            if let Request::RunPlan { learns, .. } = request {
                *learns = WhoLearns::Them
            }
        },
        "not-allowed",
    );
    refused(
        |request| {
            if let Request::RunPlan { protocol, .. } = request {
                *protocol = Some("x".into())
            }
        },
        "unknown-protocol",
    );
    for (request, expected) in [
        (Request::HubInit { name: "Hub".into(), listen: "h.example:1".into() }, "already-founded"),
        (Request::HubInit { name: "Hub".into(), listen: String::new() }, "address-refused"),
        (Request::HubInit { name: " ".into(), listen: "h.example:1".into() }, "name-refused"),
        (Request::MemberInit { name: "x".into(), listen: "nowhere".into() }, "address-refused"),
        (Request::Invite { name: "D".into(), valid_secs: 600 }, "not-hub"),
        (Request::RosterRevoke { member: "Bank B".into() }, "not-hub"),
        (Request::Join { invitation: "hello".into() }, "not-an-invitation"),
        (Request::Join { invitation: "cwg-invite-1-aaaa".into() }, "invitation-damaged"),
        (Request::OperatorAdd { name: "P".into(), key: "12".into() }, "not-hex"),
        (Request::OperatorAdd { name: "P".into(), key: "ff".repeat(32) }, "key-invalid"),
        (Request::IndicatorsPurge { which: Purge::Load("abab".into()) }, "unknown-load"),
        (Request::RunStatus { run: "ab".into() }, "run-name"),
        (Request::RunAwait { run: "abcd".into() }, "unknown-run"),
        (Request::MatchShow { id: "abcd".into() }, "unknown-match"),
        (Request::MatchList { run: None, kind: None, after: None, limit: 0, withdrawn: false }, "match-limit"),
        (Request::AuditShow { from: 0, limit: 10 }, "audit-range"),
        (Request::AuditVerify { head: Some("7".into()) }, "head-refused"),
        (Request::IndicatorsLoad { path: "/nowhere.csv".into(), map: "/nowhere.toml".into() }, "file-not-found"),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(code(node.ask(request)).0, expected, "{shown}");
    }
    let mut hub = Node::hub_with(&MEMBERS);
    let request = Request::IndicatorsLoad { path: samples("bank-a.csv"), map: samples("bank-a.map.toml") };
    assert_eq!(code(hub.ask(request)).0, "not-member");
}

#[test]
fn a_hub_invites_and_revokes() {
    let mut hub = Node::hub_with(&MEMBERS);
    let invitation = json(&hub.ask(Request::Invite { name: "Bank F".into(), valid_secs: 86_400 }).unwrap());
    assert!(text(&invitation, "text").starts_with("cwg-invite-1-"));
    assert_eq!(text(&invitation, "expires"), "2026-06-02T00:00:00Z");
    let roster = json(&hub.ask(Request::RosterShow).unwrap());
    assert_eq!(roster["invitations"][0]["name"], "Bank F");
    assert!(!roster.to_string().contains(text(&invitation, "text")), "the secret is shown once");
    let fingerprint = roster["nodes"][2]["fingerprint"].as_str().unwrap().to_owned();
    let revoked = json(&hub.ask(Request::RosterRevoke { member: fingerprint }).unwrap());
    assert_eq!((&revoked["nodes"][2]["name"], &revoked["nodes"][2]["status"]), (&"Bank B".into(), &"revoked".into()));
    assert_eq!(code(hub.ask(Request::RosterRevoke { member: "Bank B".into() })).0, "already-revoked");
}

fn row(number: u32) -> IndicatorRow {
    IndicatorRow {
        item: Item([number as u8; 32]),
        kind: if number.is_multiple_of(2) { IndicatorKind::Phone } else { IndicatorKind::Email },
        roles: Roles::only(Role::Holder),
        strength: Strength::B,
        canonical: format!("{}-{number:04}", MARKERS[0]),
        references: vec![format!("{}-{number:04}", MARKERS[1])],
        rows: 1,
    }
}

/// Matches of a pair run.
fn paired(rows: &[IndicatorRow]) -> Vec<Match> {
    rows.iter().map(|row| Match { row: row.clone(), label: Vec::new() }).collect()
}

/// Bank A after a sealed run with 700 matches in two records.
fn bank_a_with_matches() -> (Node, String) {
    let mut node = bank_a();
    let planned = json(&node.ask(plan_request()).unwrap());
    let run = text(&planned, "run").to_owned();
    let plan: RunPlan = node.state().runs().values().next().unwrap().plan.clone();
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
        acceptor: NodeKey(node_key(2).verifying_key()),
        learns: Learns::Proposer,
        protocol: plan.protocol,
        leakage: none,
        ruleset: none,
        selection: Vec::new().try_into().unwrap(),
        release: None,
        proposer_set: set,
        acceptor_set: OwnSet { padded: 2048, ..set },
        proposer_nonce: [0; 32],
        acceptor_nonce: [0; 32],
    };
    let seal = Seal(Signature::from_bytes([1; 64]));
    let receipt = Receipt { terms, session: SessionId([6; 32]), transcript: none, proposer: seal, acceptor: seal };
    let rows: Vec<IndicatorRow> = (0..700).map(row).collect();
    let summary = LoadSummary {
        load: LoadId([0xcd; 8]),
        digest: Digest::from_bytes([0xee; 32]),
        rows: 1,
        accepted: 1,
        repaired: 0,
        refused: 0,
        items: 1,
        kinds: Vec::new(),
    };
    let node = node.with([
        Entry::Loaded(summary),
        Entry::RunStarted { run: plan.run, leakage: none },
        Entry::SessionCharged { plan: plan.clone(), place: Place::Proposer, attempt: 1, items: 1024, salt: [0xaa; 32] },
        Entry::Matches { run: plan.run, first: 0, rows: paired(&rows[..512]) },
        Entry::Matches { run: plan.run, first: 512, rows: paired(&rows[512..]) },
        Entry::RunSealed { run: plan.run, receipt: Box::new(receipt), matches: Some(700) },
        Entry::Refused { peer: Some(plan.peer), code: "bad-hello".into() },
    ]);
    (node, run)
}

#[test]
fn matches_are_listed_masked_page_by_page_and_shown_one_at_a_time() {
    let (mut node, run) = bank_a_with_matches();
    let list = |node: &mut Node, kind: Option<&str>, after: Option<String>, limit| {
        json(
            &node
                .ask(Request::MatchList { run: None, kind: kind.map(str::to_owned), after, limit, withdrawn: false })
                .unwrap(),
        )
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut after = None;
    loop {
        let page = list(&mut node, None, after, 300);
        assert!(!page.to_string().contains(MARKERS[0]) && !page.to_string().contains(MARKERS[1]));
        let lines = page["matches"].as_array().unwrap();
        seen.extend(lines.iter().map(|line| text(line, "match").to_owned()));
        assert!(lines.iter().all(|line| line["references"] == 1 && line["run"] == run.as_str()));
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 700, "each match stands on one page");
    assert_eq!(list(&mut node, Some("email"), None, 1000)["matches"].as_array().unwrap().len(), 350);
    assert_eq!(list(&mut node, Some("btc"), None, 1000)["matches"].as_array().unwrap().len(), 0);
    let second_record = list(&mut node, None, None, 1000)["matches"][600]["match"].as_str().unwrap().to_owned();
    let shown = json(&node.ask(Request::MatchShow { id: second_record[..12].to_owned() }).unwrap());
    assert_eq!((text(&shown, "canonical"), text(&shown, "with")), ("marker-canonical-0600", "Bank B"));
    assert_eq!(shown["references"][0], "marker-reference-0600");
    assert!(text(&shown, "fact").contains("not an accusation") && text(&shown, "purpose").starts_with("Find payees"));
    assert_eq!(text(&shown, "delete_after"), "2026-08-30T00:00:00Z");
}

#[test]
fn matches_of_an_earlier_seal_do_not_count() {
    let (node, _) = bank_a_with_matches();
    let (run, sealed) = node
        .records
        .iter()
        .find_map(|record| match &record.entry {
            Entry::RunSealed { run, receipt, .. } => Some((*run, receipt.clone())),
            _ => None,
        })
        .unwrap();
    let mut node = node.with([
        Entry::Matches { run, first: 0, rows: paired(&(900..903).map(row).collect::<Vec<_>>()) },
        Entry::RunSealed { run, receipt: sealed, matches: Some(3) },
    ]);
    let list = json(
        &node.ask(Request::MatchList { run: None, kind: None, after: None, limit: 1000, withdrawn: false }).unwrap(),
    );
    let lines = list["matches"].as_array().unwrap();
    assert_eq!(lines.len(), 3);
    let shown = json(&node.ask(Request::MatchShow { id: text(&lines[2], "match").to_owned() }).unwrap());
    assert_eq!(text(&shown, "canonical"), "marker-canonical-0902");
}

#[test]
fn no_identifier_secret_or_set_digest_is_in_the_audit() {
    let (mut node, run) = bank_a_with_matches();
    let mut all = String::new();
    let mut from = 1;
    loop {
        let view = node.ask(Request::AuditShow { from, limit: 3 }).unwrap();
        let page = json(&view);
        all.push_str(&page.to_string());
        all.push_str(&serde_json::to_string(&view.screen()).unwrap());
        match page["next"].as_u64() {
            Some(next) => from = next,
            None => break,
        }
    }
    for known in ["matches-stored", "run-sealed", "operator-added", run.as_str(), "512"] {
        assert!(all.contains(known), "the audit tells {known}");
    }
    let mut secrets: Vec<String> = MARKERS.map(str::to_owned).to_vec();
    // Keys of the node, the salt, the digest of the set; the person's name.
    secrets.extend([[3u8; 32], [4; 32], [0xaa; 32], [0xee; 32]].map(hex::encode));
    secrets.push("Ona Sample".to_owned());
    for secret in &secrets {
        assert!(!all.contains(secret.as_str()), "{secret} is in the audit");
    }
}

#[test]
fn the_audit_is_checked_against_a_noted_head() {
    let (mut node, _) = bank_a_with_matches();
    let sound = json(&node.ask(Request::AuditVerify { head: None }).unwrap());
    let head = text(&sound, "head").to_owned();
    node.ask(Request::OperatorAdd { name: "Two".into(), key: hex::encode(node_key(9).verifying_key().as_bytes()) })
        .unwrap();
    let later = node.ask(Request::AuditVerify { head: Some(head.clone()) }).unwrap();
    assert_eq!(later.exit(), Exit::Ok, "an older head lies on the chain");
    let (number, digest) = head.split_once(':').unwrap();
    for (head, part) in
        [(format!("{number}:{}", "0".repeat(64)), "was replaced"), (format!("9999:{digest}"), "its end is lost")]
    {
        let view = node.ask(Request::AuditVerify { head: Some(head) }).unwrap();
        let answered = json(&view);
        assert_eq!((view.exit(), &answered["sound"]), (Exit::No, &false.into()));
        assert!(text(&answered, "damage").contains(part), "{answered}");
    }
}

#[test]
fn status_runs_loads_and_doctor_tell_how_things_stand() {
    let (mut node, run) = bank_a_with_matches();
    let status = json(&node.ask(Request::Status).unwrap());
    assert_eq!((text(&status, "kind"), text(&status, "name")), ("member", "Bank A"));
    assert_eq!((&status["sizes"]["matches"], &status["roster_epoch"]), (&700.into(), &1.into()));
    assert_eq!(status["peers"].as_array().unwrap().len(), 5);
    let shown = json(&node.ask(Request::RunStatus { run }).unwrap());
    assert_eq!((&shown["matches"], &shown["own_items_padded"]), (&700.into(), &1024.into()));
    assert_eq!((text(&shown, "phase"), &shown["other_items_padded"]), ("sealed", &2048.into()));
    let doctor = node.ask(Request::Doctor).unwrap();
    json(&doctor);
    assert_eq!(doctor.exit(), Exit::Ok);
    let loads = json(&node.ask(Request::IndicatorsStats).unwrap());
    assert_eq!(text(&loads["loads"][0], "loaded"), "2026-06-01T00:00:00Z");
    let kept = json(&node.ask(Request::IndicatorsPurge { which: Purge::OlderThanDays(0) }).unwrap());
    assert_eq!(kept["loads"].as_array().unwrap().len(), 1, "loaded now is not older than now");
    let gone = json(&node.ask(Request::IndicatorsPurge { which: Purge::Load("cdcd".into()) }).unwrap());
    assert_eq!((&gone["loads"], &gone["deleted"][0]), (&Value::Array(Vec::new()), &"cdcdcdcdcdcdcdcd".into()));
    json(&node.ask(Request::PilotList).unwrap());
    json(&node.ask(Request::OperatorList).unwrap());
}

#[test]
fn old_loads_are_purged_by_age_and_a_run_without_result_says_why() {
    let summary = |number: u8| LoadSummary {
        load: LoadId([number; 8]),
        digest: Digest::from_bytes([0; 32]),
        rows: 1,
        accepted: 1,
        repaired: 0,
        refused: 0,
        items: 1,
        kinds: Vec::new(),
    };
    let mut node = bank_a();
    node.ask(plan_request()).unwrap();
    let run = *node.state().runs().keys().next().unwrap();
    let ended = Entry::RunEnded { run, code: "peer-unreachable".into() };
    let mut node = node.with([Entry::Loaded(summary(1)), Entry::Loaded(summary(2)), ended]);
    for record in &mut node.records {
        if matches!(&record.entry, Entry::Loaded(load) if load.load == LoadId([1; 8])) {
            record.at.0 = NOW.0 - 40 * 86_400;
        }
    }
    let left = json(&node.ask(Request::IndicatorsPurge { which: Purge::OlderThanDays(30) }).unwrap());
    assert_eq!(left["deleted"], serde_json::json!(["0101010101010101"]));
    assert_eq!(left["loads"].as_array().unwrap().len(), 1);
    let view = node.ask(Request::RunAwait { run: run.to_string() }).unwrap();
    assert_eq!(view.exit(), Exit::No);
    let shown = json(&view);
    assert_eq!((&shown["end"]["code"], text(&shown, "phase")), (&"peer-unreachable".into(), "ended"));
    assert!(text(&shown["end"], "hint").contains("cwg status"));
}
