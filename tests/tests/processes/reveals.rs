//! Rooms and reveals between a hub and banks as processes: holders write to each other, two of them show each other named fields, and one
//! declines. Every value is invented or from a reserved range.

use std::fs;

use serde_json::Value;

use crate::load;
use crate::nodes::{Group, Node};

const BANKS: usize = 5;

/// Number 111 is held by banks 0, 1 and 2; nothing else by three.
fn held(bank: usize) -> std::ops::Range<u32> {
    [100..112, 111..123, 95..112, 300..312, 400..412][bank].clone()
}

/// A second person, and a file with the passphrase of both.
fn with_ben(bank: &Node) -> String {
    let file = bank.text("passphrase");
    fs::write(bank.path("passphrase"), "correct horse battery staple\n").unwrap();
    bank.cwg(&["operator", "add", "Ben", "--operator-passphrase-file", &file]).ok();
    file
}

/// The round, answered, with rooms of short intervals.
fn answered(group: &Group) -> String {
    for (number, bank) in group.banks.iter().enumerate() {
        load(bank, held(number), number % 2 == 0).ok();
    }
    let call = ["round", "ceremony", "--pilot", "Payees", "--threshold", "3"];
    let holders = ["--holder", "Bank 0", "--holder", "Bank 1", "--holder", "Bank 2"];
    group.hub.cwg(&[&call[..], &holders].concat()).ok();
    group.hub.until(&["round", "keys"], |keys| keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()));
    let open = ["round", "open", "--pilot", "Payees", "--k", "3", "--items", "phone=64", "--evaluate", "12"];
    let steps = ["--claim", "4", "--upload", "12", "--stall", "4", "--beat", "1", "--answer", "6", "--turns", "1"];
    let rooms = ["--rooms", "40", "--interval", "2", "--posts", "2"];
    let opened = group.hub.cwg(&[&open[..], &steps, &rooms].concat()).ok();
    let (round, digest) = (opened["round"].as_str().unwrap(), opened["leakage"].as_str().unwrap());
    for bank in &group.banks {
        bank.until(&["round", "list"], |list| list["rounds"].as_array().is_some_and(|rounds| rounds.len() == 1));
        bank.cwg(&["round", "join", round, "--leakage", digest]).ok();
    }
    for (number, bank) in group.banks.iter().enumerate() {
        let end = bank.cwg(&["round", "status", round, "--wait"]).ok();
        assert_eq!((&end["state"], &end["items"]), (&"answered".into(), &u32::from(number < 3).into()), "{end}");
    }
    round.to_owned()
}

/// Who wrote this, as bank 0 sees it.
fn writer(rooms: &Value, says: &str) -> String {
    let post = rooms["posts"].as_array().unwrap().iter().find(|post| post["says"] == says).unwrap();
    post["writer"].as_str().unwrap().to_owned()
}

fn approve(bank: &Node, reveal: &str, person: &str, file: &str) -> Value {
    let shown = bank.cwg(&["reveal", "show", reveal]).ok();
    let leakage = shown["leakage"].as_str().unwrap();
    let by = ["--operator", person, "--operator-passphrase-file", file, "--leakage", leakage];
    bank.cwg(&[&["reveal", "approve", reveal][..], &by].concat()).ok()
}

/// The reveal that a bank was asked.
fn asked(bank: &Node) -> String {
    let is_asked = |list: &Value| list["reveals"].as_array().unwrap().iter().any(|line| line["state"] == "asked");
    let list = bank.until(&["reveal", "list"], is_asked);
    let line = list["reveals"].as_array().unwrap().iter().find(|line| line["state"] == "asked").unwrap();
    line["reveal"].as_str().unwrap().to_owned()
}

#[test]
fn holders_write_to_each_other_and_two_show_each_other_who_they_are() {
    let group = Group::start(BANKS);
    let files: Vec<String> = group.banks[..3].iter().map(with_ben).collect();
    let round = answered(&group);
    let [a, b, c, outsider] = [0, 1, 2, 3].map(|number| &group.banks[number]);

    let all_said = |rooms: &Value| rooms["posts"].as_array().unwrap().len() == 3;
    a.cwg(&["room", "post", &round, "1", "question", "in-use"]).ok();
    b.cwg(&["room", "post", &round, "1", "outcome", "useful"]).ok();
    c.cwg(&["room", "post", &round, "1", "outcome", "not-useful"]).ok();
    let rooms = a.until(&["room", "read", &round, "1"], all_said);
    for holder in [b, c] {
        assert_eq!(holder.until(&["room", "read", &round, "1"], all_said)["posts"], rooms["posts"]);
    }
    let nothing = outsider.cwg(&["room", "list", &round]).ok();
    assert_eq!((&nothing["rooms"], nothing["posts"].as_array().unwrap().len()), (&0.into(), 0));
    assert_eq!(outsider.cwg(&["room", "post", &round, "1", "outcome", "useful"]).refused(65)["code"], "unknown-room");

    // Bank 0 asks bank 1, and bank 2 asks bank 0.
    let request = |bank: &Node, to: &str, name: &str| {
        let fields = ["--name", name, "--contact", "a person, 555-0100", "--ask", "name,case"];
        let rest = ["--until", "20", "--reason", "an invented case"];
        let args = [&["reveal", "request", &round, "1", &to[..8]][..], &fields, &rest].concat();
        bank.cwg(&args).ok()["reveal"].as_str().unwrap().to_owned()
    };
    let reveal = request(a, &writer(&rooms, "outcome: useful"), "Bank Zero");
    let declined = request(c, &writer(&rooms, "question: in-use"), "Bank Two");
    let by = ["reveal", "approve", &reveal, "--operator", "Ann", "--operator-passphrase-file", &files[0]];
    assert_eq!(a.cwg(&by).refused(77)["code"], "no-consent");
    let other = "0".repeat(64);
    assert_eq!(a.cwg(&[&by[..], &["--leakage", &other]].concat()).refused(77)["code"], "consent-mismatch");
    assert_eq!(approve(a, &reveal, "Ann", &files[0])["state"], "approved-once");
    assert_eq!(a.cwg(&[&by[..], &["--yes"]].concat()).refused(77)["code"], "reveal-same-person");
    assert_eq!(
        approve(a, &reveal, "Ben", &files[0])["approved_by"],
        Value::from(["Ann", "Ben"].map(Value::from).to_vec())
    );
    for person in ["Ann", "Ben"] {
        approve(c, &declined, person, &files[2]);
    }

    assert_eq!(asked(b), reveal, "one number on both sides");
    let other_fields = b.cwg(&["reveal", "answer", &reveal, "--name", "Bank One"]).refused(64);
    assert_eq!(other_fields["code"], "reveal-other-fields");
    b.cwg(&["reveal", "answer", &reveal, "--name", "Bank One", "--case", "case 17"]).ok();
    for person in ["Ann", "Ben"] {
        approve(b, &reveal, person, &files[1]);
    }
    assert_eq!(asked(a), declined);
    assert_eq!(a.cwg(&["reveal", "decline", &declined]).ok()["state"], "declined");

    let is_released = |view: &Value| view["state"] == "released";
    let [of_a, of_b] = [a, b].map(|bank| bank.until(&["reveal", "show", &reveal], is_released)["received"].clone());
    assert_eq!((&of_a["member"], &of_a["fields"]["name"]), (&"Bank 1".into(), &"Bank One".into()));
    assert_eq!((&of_a["fields"]["case"], &of_a["fields"]["contact"]), (&"case 17".into(), &Value::Null));
    assert_eq!((&of_b["member"], &of_b["fields"]["name"]), (&"Bank 0".into(), &"Bank Zero".into()));
    assert_eq!((&of_b["fields"]["contact"], &of_b["fields"]["case"]), (&"a person, 555-0100".into(), &Value::Null));
    assert_eq!(of_a["receipt"], of_b["receipt"]);
    let is_declined = |view: &Value| view["state"] == "declined";
    let view = c.until(&["reveal", "show", &declined], is_declined);
    assert_eq!((&view["received"], &view["own"]), (&Value::Null, &Value::Null));

    assert_eq!(outsider.cwg(&["reveal", "list"]).ok()["reveals"].as_array().unwrap().len(), 0);
    for node in group.nodes() {
        assert_eq!(node.cwg(&["audit", "verify"]).ok()["sound"], true);
        let audit = node.cwg(&["audit", "show", "--limit", "1000"]).text;
        for value in ["Bank Zero", "Bank One", "555-0100", "case 17", "invented case"] {
            assert!(!audit.contains(value) && !node.holds(value.as_bytes()), "nothing lies in the clear: {value}");
        }
    }
    assert!(a.cwg(&["audit", "show", "--limit", "1000"]).text.contains("reveal-released"));
}
