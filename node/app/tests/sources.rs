//! Sources from outside: each format, each refusal, and what stands twice. Every value is invented or from a reserved range.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs::File;
use std::io::{Seek as _, Write as _};

use cwg_app::lighthouse::{ClueSink, Gathered, SourceMap, Taken, read_source};
use cwg_app::view::SourceReportView;
use cwg_app::{Exit, Problem};
use cwg_crypto::Secret32;
use cwg_protocol::lighthouse::{Caveat, Clue, ClueIdKey, Contradiction, Status};
use cwg_protocol::{NetworkId, UnixTime};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime(1_800_000_000);
const NETWORK: NetworkId = NetworkId([7; 16]);

const REST: &str = "expires_after_days = 365\nregion = \"AU\"\n[source]\npseudonym = \"hotline-north\"\nkind = \"hotline\"\n[defaults]\ntypology = \"sextortion\"\ngrade = \"B2\"\nconfidence = \"70\"\ncaveats = \"no-sole-basis\"\n";

fn map(head: &str, rest: &str) -> SourceMap {
    SourceMap::parse(&format!("{head}\nseries = \"north\"\n{REST}{rest}"), "map.toml").unwrap()
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn read_into(map: &SourceMap, bytes: &[u8], sink: &mut dyn ClueSink) -> Result<SourceReportView, Problem> {
    read_source(map, file(bytes), "source", &ClueIdKey::new(Secret32::new([3; 32])), NOW, sink)
}

/// The report, and the keys of the clues in no order but their names'.
fn gather(map: &SourceMap, bytes: &[u8]) -> Result<(SourceReportView, Vec<Clue>), Problem> {
    let mut gathered = Gathered::default();
    let report = read_into(map, bytes, &mut gathered)?;
    Ok((report, gathered.into_clues().map(Iterator::collect).unwrap_or_default()))
}

fn places(report: &SourceReportView) -> Vec<String> {
    let one =
        |at: &cwg_app::view::RefusedPlace| format!("{} {} {}", at.place, at.field.as_deref().unwrap_or("-"), at.code);
    report.refused_at.iter().map(one).collect()
}

fn keys(clues: &[Clue]) -> Vec<String> {
    let mut keys: Vec<String> = clues.iter().map(|clue| clue.fields().keys[0].text.to_string()).collect();
    keys.sort();
    keys
}

const CSV_MAP: &str = "[columns]\nType = \"kind\"\nMobile = \"value\"\nSeen = \"first-seen\"\n";

#[test]
fn csv_rows_become_clues_and_each_refusal_names_its_row() {
    let map = map("format = \"csv\"\nreference = \"Ref\"\nignore = [\"Desk\"]", CSV_MAP);
    let rows = "Ref,Type,Mobile,Seen,Desk,caveats\n\
        a,phone,+61491570156,2026-05-01,1,\n\
        b,phone,0491 570 157,2026-05-01T10:00:00Z,1,no-law-enforcement\n\
        c,phone,1300 975 707,2026-05-01,1,\n\
        d,phone,+61491570158,2036-05-01,1,\n\
        e,pan,4999990000000015,2026-05-01,1,\n\
        f,phone,+61491570159,2026-05-01\n\
        g,phone,+61491570159,,1,\n\
        ,phone,+61491570159,2026-05-01,1,\n\
        i,phone,+61491570159,2026-05-01,1,be-nice\n\
        j,phone,data:image/png;base64,2026-05-01,1,\n";
    let (report, clues) = gather(&map, rows.as_bytes()).unwrap();
    assert_eq!((report.records, report.accepted, report.repaired, report.refused), (10, 1, 1, 8));
    assert_eq!(
        places(&report),
        [
            "row 3, line 4 value phone-shared-cost",
            "row 4, line 5 first-seen clue-future",
            "row 5, line 6 - cards-not-allowed",
            "row 6, line 7 - column-count",
            "row 7, line 8 first-seen clue-missing",
            "row 8, line 9 id clue-missing",
            "row 9, line 10 caveats clue-not-one-of",
            "row 10, line 11 value forbidden-media",
        ]
    );
    assert_eq!(keys(&clues), ["+61491570156", "+61491570157"]);
    let second = clues.iter().find(|clue| &*clue.fields().keys[0].text == "+61491570157").unwrap();
    let caveats = second.fields().caveats;
    assert!(caveats.has(Caveat::NoLawEnforcement) && caveats.has(Caveat::NoSoleBasis), "a row adds to its source's");
    assert_eq!(second.fields().expires.to_string(), "2027-05-01");
    let shown = format!("{report:?}") + &serde_json::to_string(&report).unwrap();
    assert!(!shown.contains("4915") && !shown.contains("49999"), "no value in a report");
}

#[test]
fn a_column_that_must_not_enter_refuses_the_file_even_if_it_is_ignored() {
    let map = map("format = \"csv\"\nreference = \"Ref\"\nignore = [\"Desk\"]", CSV_MAP);
    for (column, code) in [
        ("TFN", "forbidden-tax-file-number"),
        ("Medicare No", "forbidden-health-number"),
        ("ImageHash", "forbidden-content-hash"),
        ("photo", "forbidden-media"),
        ("attachment_1", "forbidden-column"),
        ("Chat Log", "forbidden-conversation"),
        ("victim_name", "forbidden-victim-name"),
        ("notes", "forbidden-free-text"),
        ("profile url", "forbidden-full-address"),
        ("surprise", "column-unknown"),
        ("source", "source-in-column"),
    ] {
        let problem = gather(&map, format!("Ref,Type,Mobile,Seen,{column}\n").as_bytes()).unwrap_err();
        assert_eq!((problem.code.as_str(), problem.exit), (code, Exit::BadInput), "{column}");
        assert!(!problem.problem.contains("surprise"));
        let line = json!({"Ref": "a", column: "x"}).to_string();
        let jsonl = SourceMap::parse(
            &format!("format = \"jsonl\"\nseries = \"north\"\nreference = \"Ref\"\n{REST}"),
            "map.toml",
        );
        assert_eq!(gather(&jsonl.unwrap(), line.as_bytes()).unwrap_err().code, code, "{column}");
    }
    assert_eq!(gather(&map, b"Ref,Type,Mobile\n").unwrap_err().code, "column-missing");
}

#[test]
fn json_lines_and_parts_are_read() {
    let map = map(
        "format = \"jsonl\"\nreference = \"ref\"",
        "kind = \"au-account\"\n[columns]\nseen = \"first-seen\"\n[parts]\nbsb = \"bsb\"\naccount = \"acct\"\n",
    );
    let lines = "{\"ref\": 1, \"bsb\": \"062-000\", \"acct\": 12345678, \"seen\": \"2026-05\"}\n\
        {\"ref\": 2, \"bsb\": \"62000\", \"acct\": \"12345678\", \"seen\": \"2026-05\"}\n\
        {\"ref\": 3, \"bsb\": [], \"acct\": \"12345678\", \"seen\": \"2026-05\"}\n\
        nonsense\n";
    let (report, clues) = gather(&map, lines.as_bytes()).unwrap();
    assert_eq!(keys(&clues), ["062000:12345678"]);
    assert_eq!(
        places(&report),
        ["row 2, line 2 value bsb-five-digits", "row 3, line 3 - cell-not-text", "row 4, line 4 - json-shape"]
    );
}

#[test]
fn maps_are_refused_by_the_name_of_a_key() {
    let good = format!("format = \"csv\"\nseries = \"north\"\n{REST}");
    assert!(SourceMap::parse(&good, "m").is_ok());
    for (text, part) in [
        (good.replace("region", "regoin"), "regoin"),
        (good.replace("hotline-north", "0412345678"), "source.pseudonym"),
        (good.replace("kind = \"hotline\"", "kind = \"rumour\""), "source.kind"),
        (good.replace("csv", "stix").replace("series = \"north\"\n", ""), "series"),
        (format!("{good}nonsense = \"x\"\n"), "defaults.nonsense"),
        (format!("{good}value = \"x\"\n"), "defaults.value"),
        (format!("{good}source = \"x\"\n"), "defaults.source"),
        (format!("{good}[columns]\ntfn = \"value\"\n"), "columns.\"tfn\""),
        (format!("{good}[columns]\na = \"value\"\nb = \"value\"\n"), "second column"),
        (format!("{good}[parts]\nbsb = \"b\"\n"), "parts"),
        (format!("{good}kind = \"au-account\"\n[parts]\nbsb = \"b\"\n"), "account"),
        (format!("{good}[statements]\nx = \"none\"\n"), "statements"),
        (good.replace("no-sole-basis", "be-nice"), "defaults.caveats"),
    ] {
        let problem = SourceMap::parse(&text, "m").unwrap_err();
        assert!(problem.code == "source-map" && problem.problem.contains(part), "{part}: {}", problem.problem);
    }
}

fn stix_map() -> SourceMap {
    map("format = \"stix\"\nallow_cards = true", "[statements]\n\"Chatham House Rule\" = \"no-onward\"\n")
}

fn bundle(objects: Vec<Value>) -> Vec<u8> {
    json!({"type": "bundle", "id": "bundle--1", "objects": objects}).to_string().into_bytes()
}

/// An object that was observed at one time, and the observed data.
fn observed(at: usize, mut object: Value) -> Vec<Value> {
    let id = format!("{}--{at}", object["type"].as_str().unwrap());
    object["id"] = json!(id);
    let seen = json!({"type": "observed-data", "id": format!("observed-data--{at}"), "number_observed": 3,
        "first_observed": "2026-05-01T10:05:00Z", "last_observed": "2026-05-01T10:25:00Z", "object_refs": [id]});
    vec![object, seen]
}

#[test]
fn stix_observables_of_every_listed_type_become_clues() {
    let cases = [
        (json!({"type": "email-addr", "value": "someone@example.com"}), "someone@example.com"),
        (json!({"type": "domain-name", "value": "pay.example.com"}), "pay.example.com"),
        (json!({"type": "ipv4-addr", "value": "198.41.0.4"}), "198.41.0.4@2026-05-01T10Z"),
        (json!({"type": "ipv6-addr", "value": "2001:500:2d::d"}), "2001:500:2d::d@2026-05-01T10Z"),
        (json!({"type": "user-account", "account_type": "telegram", "account_login": "SomeOne"}), "telegram:someone"),
        (json!({"type": "user-account", "account_type": "twitter", "account_login": "SomeOne"}), "x:someone"),
        (json!({"type": "phone-number", "number": "+61491570156"}), "+61491570156"),
        (json!({"type": "bank-card", "number": "4999 9900 0000 0015"}), "4999990000000015"),
        (json!({"type": "bank-account", "iban": "GB82 WEST 1234 5698 7654 32"}), "GB82WEST12345698765432"),
        (
            json!({"type": "bank-account", "country": "AU", "bank_code": "062-000", "account_number": "12345678"}),
            "062000:12345678",
        ),
        (
            json!({"type": "cryptocurrency-wallet", "address": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"}),
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        ),
    ];
    let objects: Vec<Value> =
        cases.iter().enumerate().flat_map(|(at, (object, _))| observed(at, object.clone())).collect();
    let (report, clues) = gather(&stix_map(), &bundle(objects.clone())).unwrap();
    assert_eq!(places(&report), Vec::<String>::new());
    let mut expect: Vec<String> = cases.iter().map(|(_, key)| (*key).to_owned()).collect();
    expect.sort();
    assert_eq!(keys(&clues), expect);
    assert!(clues.iter().all(|clue| clue.fields().observed.count == 3));
    let (_, again) = gather(&stix_map(), &bundle(objects)).unwrap();
    assert_eq!(clues, again, "the same ids each time");
}

fn indicator(change: Value) -> Value {
    let mut object = json!({"type": "indicator", "id": "indicator--1", "pattern_type": "stix",
        "pattern": "[email-addr:value = 'someone@example.com']", "valid_from": "2026-05-01T00:00:00Z"});
    object.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    object
}

#[test]
fn markings_and_days_of_stix_become_caveats_and_expiry() {
    let statement = json!({"type": "marking-definition", "id": "marking-definition--1", "definition_type": "statement",
        "definition": {"statement": "Chatham House Rule"}});
    let own = json!({"type": "marking-definition", "id": "marking-definition--2", "definition_type": "statement",
        "definition": {"statement": "cwg-caveats: no-law-enforcement"}});
    let marked = indicator(json!({"confidence": 55, "valid_until": "2026-12-01T00:00:00Z", "revoked": true,
        "labels": ["cwg:role=\"payee\"", "other"], "object_marking_refs": ["marking-definition--1", "marking-definition--2"]}));
    let (_, clues) = gather(&stix_map(), &bundle(vec![statement, own, marked])).unwrap();
    let fields = clues[0].fields();
    assert!([Caveat::NoOnward, Caveat::NoLawEnforcement, Caveat::NoSoleBasis].iter().all(|c| fields.caveats.has(*c)));
    assert_eq!((fields.status, fields.expires.to_string()), (Status::Recalled, "2026-12-01".to_owned()));
    assert_eq!((fields.role.name(), u8::from(fields.confidence)), ("payee", 55));
}

#[test]
fn an_indicator_based_on_observed_data_takes_its_days() {
    let mut objects = observed(1, json!({"type": "email-addr", "value": "someone@example.com"}));
    objects.push(indicator(json!({})));
    objects.push(json!({"type": "relationship", "id": "relationship--1", "relationship_type": "based-on",
        "source_ref": "indicator--1", "target_ref": "observed-data--1"}));
    let (report, clues) = gather(&stix_map(), &bundle(objects)).unwrap();
    assert_eq!((report.records, clues.len()), (1, 1));
    assert_eq!(clues[0].fields().observed.count, 3);
}

#[test]
fn what_stix_says_and_a_clue_cannot_is_refused_where_it_stands() {
    let cases = [
        (indicator(json!({"pattern": "[file:hashes.MD5 = 'x']"})), ".pattern[0] - forbidden-content-hash"),
        (indicator(json!({"pattern": "[url:value = 'x']"})), ".pattern[0] - forbidden-full-address"),
        (indicator(json!({"pattern": "[email-addr:value LIKE '%']"})), ".pattern - pattern-not-read"),
        (indicator(json!({"pattern_type": "yara"})), ".pattern - pattern-not-read"),
        (indicator(json!({"pattern": "[ipv4-addr:value = '198.41.0.4']"})), ".pattern[0] - ip-without-time"),
        (indicator(json!({"pattern": "[bank-account:account_number = '1']"})), ".pattern[0] - account-without-bank"),
        (
            indicator(json!({"pattern": "[cryptocurrency-wallet:value = '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy']"})),
            ".pattern[0] - currency-unclear",
        ),
        (indicator(json!({"object_marking_refs": ["marking-definition--9"]})), ".pattern - marking-unknown"),
        (
            indicator(json!({"object_marking_refs": ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]})),
            ".pattern - marking-not-for-members",
        ),
        (indicator(json!({"granular_markings": []})), ".pattern - marking-granular"),
        (json!({"type": "note", "id": "note--1"}), " - forbidden-free-text"),
        (json!({"type": "malware", "id": "malware--1"}), " - object-not-read"),
        (json!({"type": "email-addr", "id": "email-addr--1", "value": "a@example.com"}), " - object-not-observed"),
        (
            json!({"type": "observed-data", "id": "observed-data--1", "object_refs": ["email-addr--9"]}),
            ".object_refs[0] - object-missing",
        ),
    ];
    for (object, expect) in cases {
        let (report, clues) = gather(&stix_map(), &bundle(vec![object])).unwrap();
        assert_eq!((places(&report), clues.len()), (vec![format!("objects[0]{expect}")], 0));
        assert_eq!(report.exit(), Exit::BadInput, "nothing was taken");
    }
    let media = gather(&stix_map(), &bundle(vec![json!({"type": "artifact", "id": "artifact--1"})])).unwrap_err();
    assert_eq!(media.code, "forbidden-media");
}

fn event(attributes: Vec<Value>, objects: Vec<Value>) -> Vec<u8> {
    let numbered = |list: Vec<Value>| -> Vec<Value> {
        let with_uuid = |(at, mut value): (usize, Value)| {
            value["uuid"] = json!(format!("0000-{at}-{}", value["name"]));
            value
        };
        list.into_iter().enumerate().map(with_uuid).collect()
    };
    json!({"Event": {"date": "2026-05-01", "Orgc": {"name": "someone"}, "Tag": [{"name": "tlp:amber"}],
        "Attribute": numbered(attributes), "Object": numbered(objects)}})
    .to_string()
    .into_bytes()
}

fn object(name: &str, attributes: &[(&str, &str, &str)]) -> Value {
    let one = |(relation, kind, value): &(&str, &str, &str)| json!({"object_relation": relation, "type": kind, "value": value});
    json!({"name": name, "Attribute": attributes.iter().map(one).collect::<Vec<_>>()})
}

#[test]
fn misp_attributes_and_objects_become_clues() {
    let attributes = vec![
        json!({"type": "phone-number", "value": "+61491570156", "comment": "never read"}),
        json!({"type": "email-src", "value": "someone@example.com"}),
        json!({"type": "ip-dst", "value": "198.41.0.4", "first_seen": "2026-05-01T10:05:00+00:00"}),
        json!({"type": "btc", "value": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "deleted": true}),
    ];
    let objects = vec![
        object("bank-account", &[("iban", "iban", "GB82WEST12345698765432")]),
        object(
            "bank-account",
            &[
                ("institution-code", "text", "062-000"),
                ("account", "bank-account-nr", "12345678"),
                ("currency-code", "text", "AUD"),
            ],
        ),
        object(
            "coin-address",
            &[("symbol", "text", "ETH"), ("address-crypto", "text", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")],
        ),
        object("phone", &[("msisdn", "text", "+61491570157"), ("text", "text", "never read")]),
        object("user-account", &[("account-type", "text", "kik"), ("username", "text", "SomeOne")]),
        object(
            "person",
            &[
                ("first-name", "first-name", "Mary"),
                ("last-name", "last-name", "Citizen"),
                ("date-of-birth", "date-of-birth", "1980-02-03"),
                ("role", "text", "Suspect"),
            ],
        ),
    ];
    let (report, clues) = gather(&map("format = \"misp\"", ""), &event(attributes, objects)).unwrap();
    assert_eq!(places(&report), Vec::<String>::new());
    assert_eq!(clues.len(), 10);
    assert!(clues.iter().all(|clue| clue.fields().caveats.has(Caveat::NoOnward)), "the tag of the event holds for all");
    assert_eq!(clues.iter().filter(|clue| clue.fields().status == Status::Recalled).count(), 1);
}

#[test]
fn what_misp_says_and_a_clue_cannot_is_refused_where_it_stands() {
    let victim = [
        ("first-name", "text", "Mary"),
        ("last-name", "text", "Citizen"),
        ("date-of-birth", "text", "1980-02-03"),
        ("role", "text", "Victim"),
    ];
    let attributes = [
        (json!({"type": "url", "value": "x"}), "- forbidden-full-address"),
        (json!({"type": "sha256", "value": "x"}), "- forbidden-content-hash"),
        (json!({"type": "comment", "value": "x"}), "- forbidden-free-text"),
        (json!({"type": "cc-number", "value": "4999990000000015"}), "- cards-not-allowed"),
        (json!({"type": "ip-src", "value": "198.41.0.4"}), "- ip-without-time"),
        (json!({"type": "yara", "value": "x"}), "- type-not-read"),
        (json!({"type": "phone-number", "value": "+61491570156", "distribution": "0"}), "- marking-not-for-members"),
        (
            json!({"type": "phone-number", "value": "+61491570156", "Tag": [{"name": "tlp:red"}]}),
            "- marking-not-for-members",
        ),
    ];
    for (attribute, expect) in attributes {
        let (report, _) = gather(&map("format = \"misp\"", ""), &event(vec![attribute], vec![])).unwrap();
        assert_eq!(places(&report), [format!("Event.Attribute[0] {expect}")]);
    }
    let (report, _) = gather(&map("format = \"misp\"", ""), &event(vec![], vec![object("person", &victim)])).unwrap();
    assert_eq!(places(&report), ["Event.Object[0] value forbidden-victim-name"]);
    let media = event(vec![json!({"type": "attachment", "value": "x", "data": "AAAA"})], vec![]);
    assert_eq!(gather(&map("format = \"misp\"", ""), &media).unwrap_err().code, "forbidden-media");
}

#[test]
fn what_stands_twice_is_settled_or_refused_and_contradictions_are_found() {
    let map = map("format = \"csv\"\nreference = \"Ref\"", CSV_MAP);
    let head = "Ref,Type,Mobile,Seen,subject,status\n";
    let row = |name, subject, status| format!("{name},phone,+61491570156,2026-05-01,{subject},{status}\n");
    let mut gathered = Gathered::default();
    let rows = [
        head.to_owned(),
        row("a", "suspect", ""),
        row("a", "suspect", ""),
        row("a", "suspect", "recalled"),
        row("b", "victim", ""),
        row("c", "mule", ""),
    ];
    let report = read_into(&map, rows.concat().as_bytes(), &mut gathered).unwrap();
    assert_eq!((report.repeated, report.settled, report.two_under_one_name, gathered.len()), (1, 1, 0, 3));
    let found = gathered.contradictions(NETWORK);
    assert_eq!((found.items, found.first[0].len()), (1, 3));
    let mut kinds: Vec<Contradiction> = found.by_kind.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_by_key(|kind| kind.code());
    assert_eq!(kinds, [Contradiction::RecalledBeside, Contradiction::Subject]);
    let report = read_into(&map, [head.to_owned(), row("b", "mule", "")].concat().as_bytes(), &mut gathered).unwrap();
    assert_eq!((report.two_under_one_name, report.exit()), (1, Exit::BadInput));
    assert_eq!(gathered.into_clues().err().unwrap().code, "two-under-one-name");
}

#[test]
fn the_samples_are_read_with_the_faults_planted_in_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/sources");
    for (map, file, taken, refused) in [
        ("hotline.map.toml", "hotline.csv", 3, vec!["row 4, line 5 value phone-shared-cost"]),
        ("bundle.map.toml", "bundle.json", 2, vec!["objects[2].pattern[0] - forbidden-full-address"]),
        ("event.map.toml", "event.json", 2, vec!["Event.Attribute[1] - forbidden-free-text"]),
    ] {
        let map = cwg_app::files::read_source_map(&folder.join(map)).unwrap();
        let (report, clues) = gather(&map, &std::fs::read(folder.join(file)).unwrap()).unwrap();
        assert_eq!(
            (places(&report), clues.len(), report.exit()),
            (refused.iter().map(|p| (*p).to_owned()).collect(), taken, Exit::Ok)
        );
    }
}

/// Counts clues and keeps none.
struct Census(u64);

impl ClueSink for Census {
    fn push(&mut self, _: Clue) -> Result<Taken, Problem> {
        self.0 += 1;
        Ok(Taken::New)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_break_a_source(bytes in prop::collection::vec(any::<u8>(), 0..300), format in prop::sample::select(vec!["csv", "jsonl", "parquet", "stix", "misp"])) {
        let map = map(&format!("format = \"{format}\""), "");
        let _ = read_into(&map, &bytes, &mut Census(0)).map_err(|problem| assert!(!problem.hint.is_empty()));
    }

    #[test]
    fn no_text_breaks_a_pattern_or_a_marking(text in "\\PC{0,60}|\\[[a-z:='\\\\ \\]\\[]{0,40}") {
        let change = json!({"pattern": &text, "labels": [&text], "valid_from": &text, "confidence": &text});
        let _ = gather(&stix_map(), &bundle(vec![indicator(change)]));
        let record = json!({"type": "phone-number", "value": &text, "first_seen": &text, "Tag": [{"name": &text}]});
        let _ = gather(&map("format = \"misp\"", ""), &event(vec![record], vec![object(&text, &[(&text, &text, &text)])]));
    }
}
