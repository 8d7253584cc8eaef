//! Releases from the hub's command line to a member's: built, approved, published, taken back, compared, counted, written and
//! checked. Every value is invented or from a reserved range.

use std::fs;

use serde_json::Value;

use crate::nodes::{Answer, Group, Node};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node/app/samples/sources");

/// The hub's persons, each with a key of their own.
pub(crate) fn add_persons(hub: &Node) {
    fs::write(hub.path("passphrase"), "correct horse battery staple\n").unwrap();
    for person in ["Ann", "Ben"] {
        hub.cwg(&["operator", "add", person, "--operator-passphrase-file", &hub.text("passphrase")]).ok();
    }
}

fn as_person(hub: &Node, person: &str, args: &[&str]) -> Answer {
    let file = hub.text("passphrase");
    let rest = ["--operator", person, "--operator-passphrase-file", &file];
    hub.cwg(&[&["lighthouse"], args, &rest].concat())
}

pub(crate) fn build(hub: &Node, sources: &[(&str, &str)]) -> Answer {
    let mut args = vec!["build", "--note", "from three desks"];
    sources.iter().for_each(|(file, map)| args.extend(["--source", file, map]));
    as_person(hub, "Ann", &args)
}

/// Approves as the second person and publishes.
pub(crate) fn publish(hub: &Node) -> Value {
    as_person(hub, "Ben", &["approve", "--yes"]).ok();
    hub.cwg(&["lighthouse", "publish"]).ok()
}

/// A clue as a line of a source of its own ids.
pub(crate) fn row(number: u8, kind_and_value: &str, rest: &str) -> String {
    format!("01ARZ3NDEKTSV4RRFFQ69G{number:04},{kind_and_value},2026-05-01,{rest}\n")
}

const MAP: &str = "format = \"csv\"\nexpires_after_days = 3000\n[source]\npseudonym = \"desk-east\"\nkind = \"ngo\"\n\
                   [defaults]\ntypology = \"sextortion\"\ngrade = \"B2\"\nconfidence = \"70\"\ncaveats = \"none\"\n";

/// A source of these rows.
pub(crate) fn desk(hub: &Node, rows: &[String]) -> (String, String) {
    fs::write(hub.path("desk.csv"), format!("id,kind,value,first-seen,subject,status\n{}", rows.concat())).unwrap();
    fs::write(hub.path("desk.toml"), MAP).unwrap();
    (hub.text("desk.csv"), hub.text("desk.toml"))
}

#[test]
fn two_releases_and_a_recall_reach_a_member_and_the_hub_sees_it() {
    let group = Group::start(1);
    let (hub, bank) = (&group.hub, &group.banks[0]);
    add_persons(hub);
    let sample = |name: &str| format!("{SAMPLES}/{name}");
    let files = [("hotline.csv", "hotline"), ("bundle.json", "bundle"), ("event.json", "event")]
        .map(|(file, map)| (sample(file), sample(&format!("{map}.map.toml"))));
    let sources = files.each_ref().map(|(file, map)| (file.as_str(), map.as_str()));

    let build_view = build(hub, &sources).ok();
    assert_eq!((&build_view["release"]["stage"], &build_view["release"]["clues"]), (&"built".into(), &5.into()));
    let refused: Vec<&str> = build_view["reports"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|report| report["refused_at"].as_array().unwrap())
        .map(|place| place["code"].as_str().unwrap())
        .collect();
    assert_eq!(refused, ["phone-shared-cost", "forbidden-full-address", "forbidden-free-text"]);
    assert_eq!(as_person(hub, "Ben", &["approve"]).refused(77)["code"], "no-consent");
    assert_eq!(as_person(hub, "Ann", &["approve", "--yes"]).refused(77)["code"], "release-same-person");
    assert_eq!(hub.cwg(&["lighthouse", "publish"]).refused(77)["code"], "draft-state");
    assert_eq!(bank.cwg(&["lighthouse", "publish"]).refused(77)["code"], "not-hub");
    assert_eq!(bank.cwg(&["lighthouse", "show"]).refused(77)["code"], "no-release");
    let first = publish(hub);
    assert_eq!((&first["number"], &first["stage"]), (&1.into(), &"published".into()));
    let seen = bank.until(&["lighthouse", "show"], |release| release["number"] == 1);
    assert_eq!(
        (&seen["stage"], &seen["digest"], &seen["builder"]),
        (&"adopted".into(), &first["digest"], &first["builder"])
    );
    hub.until(&["lighthouse", "show"], |release| release["members"][0]["release"] == 1);

    // Two more clues, of which one is taken back before the next release, and says so to the member at once.
    let rows = [row(1, "phone,+61491570110", ","), row(2, "phone,+61491570111", ",")];
    let (file, map) = desk(hub, &rows);
    build(hub, &[(&file, &map)]).ok();
    assert_eq!(publish(hub)["clues"], 7);
    let clue = format!("01ARZ3NDEKTSV4RRFFQ69G{:04}", 1);
    assert_eq!(hub.cwg(&["lighthouse", "recall", "nonsense"]).refused(64)["code"], "clue-name");
    assert_eq!(hub.cwg(&["lighthouse", "recall", &clue]).ok()["new"], 1);
    let known = bank.until(&["lighthouse", "recalls"], |recalls| recalls["all"] == 1);
    assert_eq!(
        (&known["recalls"][0]["clue"], &known["recalls"][0]["reason"]),
        (&clue.as_str().into(), &"recalled".into())
    );
    hub.until(&["lighthouse", "recalls"], |recalls| recalls["members"][0]["recalls"] == 1);

    // Its source still has it: it is not taken again.
    let again = build(hub, &[(&file, &map)]).ok();
    assert_eq!((&again["withdrawn_before_first"][0], &again["recalled"]), (&clue.as_str().into(), &1.into()));
    let diff = hub.cwg(&["lighthouse", "diff"]).ok();
    assert_eq!((&diff["from"], &diff["to"], &diff["kinds"][0]["withdrawn"]), (&2.into(), &3.into(), &1.into()));
    let third = publish(hub);
    assert_eq!((&third["clues"], &third["withdrawals"], &third["base"]), (&6.into(), &1.into(), &2.into()));
    let whole = hub.cwg(&["lighthouse", "diff", "1", "3"]).ok();
    assert_eq!((&whole["kinds"][0]["added"], &whole["kinds"][0]["withdrawn"]), (&1.into(), &1.into()));
    bank.until(&["lighthouse", "show"], |release| release["number"] == 3);
    assert_eq!(bank.cwg(&["lighthouse", "diff"]).refused(77)["code"], "not-hub");

    let trends = ["lighthouse", "trends", "--release", "--csv", &hub.text("trends.csv"), "--svg", &hub.text("svg")];
    assert_eq!(hub.cwg(&trends).ok()["release"], 3);
    assert_eq!(hub.cwg(&["lighthouse", "trends", "--release"]).refused(75)["code"], "not-disclosed");
    assert!(fs::read_to_string(hub.path("trends.csv")).unwrap().starts_with("table,row,column,clues\r\n"));
    assert_eq!(fs::read_dir(hub.path("svg")).unwrap().count(), 6);
    bank.until(&["lighthouse", "trends"], |trends| trends["release"] == 3);

    for node in group.nodes() {
        assert_eq!(node.cwg(&["audit", "verify"]).ok()["sound"], true);
        for marker in ["491570156", "491570110", "someone@example.com"] {
            assert!(!node.holds(marker.as_bytes()), "nothing of a node lies in the clear: {marker}");
        }
    }
}

#[test]
fn bad_sources_and_bad_files_of_releases_are_refused_by_name_and_change_nothing() {
    let group = Group::start(1);
    let (hub, bank) = (&group.hub, &group.banks[0]);
    add_persons(hub);
    assert_eq!(build(hub, &[]).refused(65)["code"], "empty-release");
    let phone = |number: u8| row(number, &format!("phone,+614915701{:02}", 10 + number), ",");
    let (file, map) = desk(hub, &["1,phone,nonsense,2026-05-01,,\n".to_owned()]);
    assert_eq!(build(hub, &[(&file, &map)]).refused(65)["code"], "nothing-taken");
    desk(hub, &[phone(1), phone(1).replace(",,", ",suspect,")]);
    assert_eq!(build(hub, &[(&file, &map)]).refused(65)["code"], "two-under-one-name");
    assert_eq!(hub.cwg(&["lighthouse", "check", "--source", &file, &map]).code, 65, "a check tells where");
    fs::write(hub.path("desk.csv"), "id,kind,value,first-seen,medicare\n").unwrap();
    assert_eq!(build(hub, &[(&file, &map)]).refused(65)["code"], "forbidden-health-number");
    assert_eq!(hub.cwg(&["lighthouse", "show", "draft"]).refused(77)["code"], "no-draft");

    // One clue: allowed, and the view says what its size tells.
    desk(hub, &[phone(1)]);
    let one = build(hub, &[(&file, &map)]).ok();
    assert!(one["release"]["notes"][0].as_str().unwrap().contains("one clue"));
    let contents = || fs::read_dir(hub.dir.join("releases")).unwrap().count();
    assert_eq!(contents(), 2);
    hub.cwg(&["lighthouse", "drop"]).ok();
    hub.until(&["lighthouse", "list"], |_| contents() == 0);

    // Two clues of one identifier that contradict each other: reported, and built; a row with forbidden content is left out.
    let media = row(4, "handle,data:image/png;base64xxxx", ",");
    let victim = row(3, "phone,+61491570112", "victim,");
    desk(hub, &[phone(1), row(2, "phone,+61491570112", "suspect,"), victim, media]);
    let built = build(hub, &[(&file, &map)]).ok();
    assert_eq!(built["reports"][0]["refused_at"][0]["code"], "forbidden-media");
    assert_eq!((&built["release"]["contradictions"], &built["release"]["clues"]), (&1.into(), &3.into()));
    assert_eq!(built["contradicting"][0].as_array().unwrap().len(), 2);
    publish(hub);
    bank.until(&["lighthouse", "show"], |release| release["number"] == 1);

    let path = hub.path("release.lhr");
    let written = hub.cwg(&["lighthouse", "export", "--out", &path.display().to_string()]).ok();
    let verify = |bytes: &[u8]| {
        fs::write(bank.path("release.lhr"), bytes).unwrap();
        bank.cwg(&["lighthouse", "verify", &bank.text("release.lhr")])
    };
    let bytes = fs::read(&path).unwrap();
    assert_eq!(verify(&bytes).ok()["root"], written["root"]);
    let head = 4 + u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    let changed = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        changed
    };
    for (what, bad, exit, code) in [
        ("a broken signature", changed(head - 1), 77, "release-wrong-signer"),
        ("another record", changed(bytes.len() - 3), 77, "release-wrong-root"),
        (
            "a record left out",
            [&bytes[..head], &bytes[head + 4 + record_len(&bytes, head)..]].concat(),
            65,
            "release-truncated",
        ),
        ("a truncated download", bytes[..bytes.len() - 20].to_vec(), 65, "release-truncated"),
        ("nothing", Vec::new(), 65, "release-truncated"),
        ("something else", b"0123456789".to_vec(), 77, "release-malformed"),
    ] {
        let refused = verify(&bad).refused(exit);
        assert_eq!(refused["code"], code, "{what}: {refused}");
    }
    build(hub, &[]).ok();
    publish(hub);
    bank.until(&["lighthouse", "show"], |release| release["number"] == 2);
    assert_eq!(verify(&bytes).refused(77)["code"], "release-rollback", "an older number");
}

fn record_len(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}
