//! Three invented banks whose files have known values in common, each in several notations, and known faults.
//!
//! The truth is written down as it is planted, from the rules as people read them: nothing here asks the code under
//! test. Phone numbers come from a block with numbers kept for fiction, company numbers from one that is not given
//! out, BSBs are public, all else is made up.

use std::collections::BTreeSet;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

/// The files by name.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    let people = people();
    let (a, b, c) = (bank_a(&people), bank_b(&people), bank_c(&people));
    let banks = json!({ "bank-a": a.truth(), "bank-b": b.truth(), "bank-c": c.truth() });
    let pairs = json!({
        "bank-a bank-b": common(&people, Bank::A, Bank::B),
        "bank-a bank-c": common(&people, Bank::A, Bank::C),
        "bank-b bank-c": common(&people, Bank::B, Bank::C),
    });
    let truth = json!({ "banks": banks, "common": pairs });
    let mut truth = serde_json::to_vec_pretty(&truth).expect("plain values");
    truth.push(b'\n');
    vec![("bank-a.csv", a.bytes), ("bank-b.csv", b.bytes), ("bank-c.csv", c.bytes), ("truth.json", truth)]
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bank {
    A,
    B,
    C,
}

/// Someone whose identifiers stand in one or more banks.
struct Person {
    number: usize,
    banks: Vec<Bank>,
    given: &'static str,
    family: &'static str,
}

impl Person {
    /// Nine digits after the country code.
    fn phone(&self) -> String {
        format!("4915{:05}", 70_000 + self.number * 13)
    }

    fn bsb(&self) -> &'static str {
        BSBS[self.number % BSBS.len()]
    }

    fn account(&self) -> String {
        (1_204_567 + self.number * 7919).to_string()
    }

    fn has_mailbox(&self) -> bool {
        self.number.is_multiple_of(3)
    }

    fn local(&self) -> String {
        format!("{}.{}{}", self.given.to_lowercase(), self.family.to_lowercase(), self.number)
    }

    /// With a check digit by the weights 8 to 1.
    fn acn(&self) -> String {
        let body = format!("999{:05}", 10_000 + self.number * 37);
        let sum: u32 = (1..=8).rev().zip(body.bytes()).map(|(weight, digit)| weight * u32::from(digit - b'0')).sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    }

    /// The company number behind the two digits that make the weighted sum a multiple of 89.
    fn abn(&self) -> String {
        let acn = self.acn();
        let weighed: u32 = [3, 5, 7, 9, 11, 13, 15, 17, 19]
            .iter()
            .zip(acn.bytes())
            .map(|(weight, digit)| weight * u32::from(digit - b'0'))
            .sum();
        let check = (11..=99).find(|check| ((check / 10 - 1) * 10 + check % 10 + weighed).is_multiple_of(89));
        format!("{}{acn}", check.expect("the two digits reach every remainder"))
    }

    fn hash(&self) -> [u8; 20] {
        Sha256::digest(format!("wallet {}", self.number))[..20].try_into().expect("a digest has 32 bytes")
    }

    fn btc_legacy(&self) -> String {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&self.hash());
        bs58::encode(bytes).with_check().into_string()
    }

    fn btc_witness(&self) -> String {
        bech32::segwit::encode_v0(bech32::hrp::BC, &self.hash()).expect("20 bytes are a program")
    }

    fn evm(&self) -> String {
        format!("0x{}", hex::encode(self.hash()))
    }

    /// EIP-55.
    fn evm_mixed(&self) -> String {
        let lower = hex::encode(self.hash());
        let digest = hex::encode(Keccak256::digest(&lower));
        let mixed =
            lower.chars().zip(digest.bytes()).map(|(c, by)| if by >= b'8' { c.to_ascii_uppercase() } else { c });
        format!("0x{}", mixed.collect::<String>())
    }

    fn handle(&self) -> String {
        format!("{}_{}{}", self.given.to_lowercase(), self.family.to_lowercase(), self.number)
    }

    /// What two banks that both hold this person have in common, given what each writes down.
    fn common(&self, one: Bank, other: Bank) -> Vec<(&'static str, String)> {
        let both_wallets = one != Bank::A && other != Bank::A;
        let mut common = vec![
            ("phone", format!("+61{}", self.phone())),
            ("au-account", format!("{}:{}", self.bsb(), self.account())),
        ];
        if self.has_mailbox() {
            // Each bank writes another spelling: the strict addresses differ.
            common.push(("mailbox", format!("{}@gmail.com", self.local().replace('.', ""))));
        } else {
            common.push(("email", format!("{}@example.org", self.local())));
        }
        if !both_wallets && other == Bank::B && self.number.is_multiple_of(4) {
            common.push(("abn", self.abn()));
            common.push(("acn", self.acn()));
        }
        if both_wallets {
            // One bank has the legacy address, the other the witness address of the same key.
            common.push(("hash160", hex::encode(self.hash())));
            common.push(("evm", self.evm()));
            common.push(("handle", format!("telegram:{}", self.handle())));
        }
        common
    }
}

fn people() -> Vec<Person> {
    use Bank::{A, B, C};
    let groups: [(&[Bank], usize); 7] =
        [(&[A, B], 14), (&[A, C], 11), (&[B, C], 9), (&[A, B, C], 6), (&[A], 95), (&[B], 6), (&[C], 105)];
    let mut people = Vec::new();
    for (banks, count) in groups {
        for _ in 0..count {
            let number = people.len();
            people.push(Person {
                number,
                banks: banks.to_vec(),
                given: GIVEN[number % GIVEN.len()],
                family: FAMILY[number * 7 % FAMILY.len()],
            });
        }
    }
    people
}

fn common(people: &[Person], one: Bank, other: Bank) -> serde_json::Value {
    let mut found: BTreeSet<(&str, String)> = people
        .iter()
        .filter(|person| person.banks.contains(&one) && person.banks.contains(&other))
        .flat_map(|person| person.common(one, other))
        .collect();
    if (one, other) == (Bank::A, Bank::B) {
        // An account whose BSB was merged: one bank has the old one, the other its successor.
        found.insert(("au-account", format!("{}:{MERGED_ACCOUNT}", MERGED_BSB.1)));
    }
    found.into_iter().map(|(kind, canonical)| json!({ "type": kind, "canonical": canonical })).collect()
}

/// A file while it is written, and what is wrong in it on purpose.
#[derive(Default)]
struct Sheet {
    bytes: Vec<u8>,
    rows: usize,
    rows_refused: usize,
    rows_partly: usize,
    refused: Vec<serde_json::Value>,
}

impl Sheet {
    fn line(&mut self, line: &str) {
        self.raw(line.as_bytes());
    }

    fn raw(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
    }

    fn row(&mut self, line: &str) {
        self.rows += 1;
        self.line(line);
    }

    /// A row of which nothing is taken.
    fn wrong(&mut self, line: &[u8], column: Option<&str>, code: &str) {
        self.rows_refused += 1;
        self.note(line, column, code);
    }

    /// A row of which the rest is taken.
    fn half_wrong(&mut self, line: &[u8], column: Option<&str>, code: &str) {
        self.rows_partly += 1;
        self.note(line, column, code);
    }

    fn note(&mut self, line: &[u8], column: Option<&str>, code: &str) {
        self.rows += 1;
        let at = 1 + self.bytes.iter().filter(|byte| **byte == b'\n').count();
        self.refused.push(json!({ "row": self.rows, "line": at, "column": column, "code": code }));
        self.raw(line);
    }

    fn truth(&self) -> serde_json::Value {
        json!({
            "rows": self.rows,
            "rows_refused": self.rows_refused,
            "rows_partly": self.rows_partly,
            "refused": self.refused,
        })
    }
}

/// Customers, one a row.
fn bank_a(people: &[Person]) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.line("customer_no,name,mobile,email,payid,bsb,account_no,abn");
    for person in people.iter().filter(|person| person.banks.contains(&Bank::A)) {
        let (number, phone) = (person.number, person.phone());
        // Some have their number as PayID only.
        let (mobile, payid) = match number % 4 {
            0 => (format!("0{} {} {}", &phone[..3], &phone[3..6], &phone[6..]), String::new()),
            1 => (format!("+61 (0){phone}"), String::new()),
            2 => (String::new(), format!("+61-{phone}")),
            _ => (format!("61{phone}"), format!("+61-{phone}")),
        };
        let email = if person.has_mailbox() {
            format!("{}.{}{number}@Gmail.com", person.given, person.family)
        } else {
            format!("{}@Example.ORG", person.local())
        };
        let bsb = format!("{}-{}", &person.bsb()[..3], &person.bsb()[3..]);
        let abn = if number.is_multiple_of(4) { spaced(&person.abn(), &[2, 3, 3, 3]) } else { String::new() };
        sheet.row(&format!(
            "A{:05},{} {},{mobile},{email},{payid},{bsb},00{},{abn}",
            10_000 + number,
            person.given,
            person.family,
            person.account()
        ));
        match number {
            20 => sheet.half_wrong(b"A90001,Kim Short,0491578957,,,62000,1234567,", Some("bsb"), "bsb-five-digits"),
            40 => sheet.half_wrong(b"A90002,Ada Sum,0491578148,,,,,51 824 753 557", Some("abn"), "checksum"),
            60 => sheet.wrong(b"A90003,No Body,,unknown,,,,", Some("email"), "placeholder"),
            80 => sheet.wrong(b"A90004,Em Pty,,,,,,", None, "row-empty"),
            100 => sheet.half_wrong(
                b"A90005,Shop Line,1300 975 707,shop@example.net,,,,",
                Some("mobile"),
                "phone-shared-cost",
            ),
            110 => sheet.wrong(b"A90006,L\xe9on Latin,,l\xe9on@example.net,,,,", Some("email"), "not-utf8"),
            120 => sheet.wrong(b"A90007,Comma, Extra,0491578888,,,,,", None, "column-count"),
            _ => {}
        }
    }
    sheet.row(&format!("A80001,Merged Branch,,,,{},{MERGED_ACCOUNT},", MERGED_BSB.0));
    sheet
}

/// A list in which each row says what it holds.
fn bank_b(people: &[Person]) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.line("reference;type;role;value");
    for person in people.iter().filter(|person| person.banks.contains(&Bank::B)) {
        let (number, phone) = (person.number, person.phone());
        let reference = format!("B-{:04}", number + 1);
        let role = if number.is_multiple_of(2) { "counterparty" } else { "holder" };
        let mut row = |kind: &str, value: &str| sheet.row(&format!("{reference};{kind};{role};{value}"));
        row("phone", &format!("0011 61 {}", spaced(&phone, &[3, 3, 3])));
        row("au-account", &format!("BSB {} Acc {}", person.bsb(), person.account()));
        if person.has_mailbox() {
            row("email", &format!("{}+shop@gmail.com", person.local().replace('.', "")));
        } else {
            row("payid", &format!("{}@example.org", person.local().to_uppercase()));
        }
        if number.is_multiple_of(4) {
            row("abn", &person.abn());
        }
        if person.banks.contains(&Bank::C) || person.banks.len() == 1 {
            row("btc", &format!("bitcoin:{}?label=x", person.btc_legacy()));
            row("evm", &person.evm_mixed());
            row("handle", &format!("Telegram:@{}", person.handle()));
        }
    }
    sheet.row(&format!("B-7000;au-account;holder;{} {MERGED_ACCOUNT}", MERGED_BSB.1));
    sheet.row("B-7001;iban;counterparty;GB82 WEST 1234 5698 7654 32");
    sheet.row("B-7002;device;counterparty;IMEI:49-015420-323751-8");
    sheet.wrong(b"B-9001;iban;counterparty;GB82WEST12345698765431", Some("value"), "checksum");
    sheet.wrong(b"B-9002;device;counterparty;imei:490154203237519", Some("value"), "checksum");
    sheet.wrong(b"B-9003;evm;counterparty;0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", Some("value"), "checksum");
    sheet.wrong(b"B-9004;fax;holder;0491570006", Some("type"), "type-unknown");
    sheet.wrong(b"B-9005;phone;owner;0491570006", Some("role"), "role-unknown");
    sheet.wrong(b"B-9006;phone;;0491570006", Some("role"), "role-unknown");
    sheet.wrong(b"B-9007;email;holder;", Some("value"), "empty");
    sheet.wrong(b"B-9008;btc;holder;1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", Some("value"), "checksum");
    sheet.wrong(b"B-9009;au-account;holder;62000 1234567", Some("value"), "bsb-five-digits");
    sheet
}

/// Payees, one a row, without header; a name may run over two lines.
fn bank_c(people: &[Person]) -> Sheet {
    let mut sheet = Sheet::default();
    for person in people.iter().filter(|person| person.banks.contains(&Bank::C)) {
        let (number, phone) = (person.number, person.phone());
        let name = match number % 9 {
            0 => format!("\"{} {}\nTrading\"", person.given, person.family),
            1 => format!("\"{}, {}\"", person.family, person.given),
            _ => format!("{} {}", person.given, person.family),
        };
        // A spreadsheet dropped leading zeros of some.
        let bsb = person.bsb().strip_prefix('0').filter(|_| number.is_multiple_of(5)).unwrap_or(person.bsb());
        let email = if person.has_mailbox() {
            format!("{}@googlemail.com", person.local().replace('.', ""))
        } else {
            format!("mailto:{}@example.org", person.local())
        };
        let handle = match number % 3 {
            0 => format!("@{}", person.handle().to_uppercase()),
            1 => format!("https://t.me/{}", person.handle()),
            _ => person.handle(),
        };
        let evm = if number.is_multiple_of(2) { person.evm() } else { person.evm_mixed() };
        sheet.row(&format!(
            "C/{number},{name},{bsb}:{},+61 {},{email},{},{evm},{handle}",
            person.account(),
            spaced(&phone, &[3, 3, 3]),
            person.btc_witness().to_uppercase(),
        ));
        match number {
            30 => sheet.half_wrong(
                b"C/9001,Wrong Sum,062000:7654321,,,,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD,",
                Some("7"),
                "checksum",
            ),
            35 => sheet.wrong(b"C/9002,Not There,,n/a,,,,", Some("4"), "placeholder"),
            39 => sheet.wrong(b"C/9003,Letters,062000:12X4567,,,,,", Some("3"), "account-not-digits"),
            150 => {
                sheet.wrong(b"C/9004,Zero,,,,,0x0000000000000000000000000000000000000000,", Some("7"), "zero-address")
            }
            170 => sheet.wrong(b"C/9005,Toll Free,,1800 000 123,,,,", Some("4"), "phone-toll-free"),
            _ => {}
        }
    }
    sheet
}

fn spaced(digits: &str, groups: &[usize]) -> String {
    let mut rest = digits;
    let mut parts = Vec::new();
    for len in groups {
        let (part, after) = rest.split_at(*len);
        parts.push(part);
        rest = after;
    }
    parts.join(" ")
}

/// Old, new: a merger of the public directory.
const MERGED_BSB: (&str, &str) = ("012006", "012055");
const MERGED_ACCOUNT: &str = "4455667";
const BSBS: [&str; 4] = ["062000", "083004", "732001", "033000"];
const GIVEN: [&str; 12] =
    ["Aroha", "Bram", "Chidi", "Daria", "Eamon", "Farah", "Goran", "Hana", "Ines", "Jarrah", "Kavi", "Lena"];
const FAMILY: [&str; 11] =
    ["Abara", "Brandt", "Corran", "Dlamini", "Eklund", "Farrow", "Gallo", "Hirata", "Ibsen", "Jonker", "Kumarasamy"];
