//! What holds for every value: no panic, bounded output, idempotence, and one key for all notations of a value.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use cwg_protocol::indicator::{
    CANONICAL_LEN_MAX, Canonical, ColumnKind, DateOrder, Day, DeviceKind, IndicatorKind, KEYS_MAX, Key, Platform,
    RefusalCode, Region, RepairShortBsb, Rules, canonicalize, canonicalize_parts,
};
use proptest::prelude::*;

fn check_rules() -> Vec<Rules> {
    let open = Rules {
        default_region: Some(Region::AU),
        repair_short_bsb: RepairShortBsb::RestoreZero,
        platform: Platform::from_name("telegram"),
        device: Some(DeviceKind::Imei),
        date_order: DateOrder::DayFirst,
        today: Day::new(2026, 11, 25),
    };
    vec![Rules::default(), open]
}

/// The kind of column that holds canonical forms of a kind, if any declares it.
fn column_of(kind: IndicatorKind) -> Option<ColumnKind> {
    match kind {
        // A mailbox is an address in its own right; a hash and an organisation identifier have no column.
        IndicatorKind::Mailbox => Some(ColumnKind::Email),
        IndicatorKind::OrgId => Some(ColumnKind::PayId),
        IndicatorKind::HandleRaw => Some(ColumnKind::Handle),
        // A person is several columns; a test below holds its names idempotent.
        IndicatorKind::Person => None,
        kind => ColumnKind::from_name(kind.name()),
    }
}

/// Every key of a value, given back to the ruleset, stays as it is without a repair.
fn check_idempotent(kind: ColumnKind, raw: &[u8], rules: &Rules) {
    let Ok(canonical) = canonicalize(kind, raw, rules) else { return };
    check_keys(kind, raw, &canonical, rules);
    // A primary key in parts has no one text to compare with.
    if canonical.repairs.is_empty() && canonical.primary().kind != IndicatorKind::OrgId {
        assert_eq!(canonical.primary().text.as_bytes(), raw, "{kind}: changed without a repair");
    }
}

fn check_keys(kind: ColumnKind, raw: &[u8], canonical: &Canonical, rules: &Rules) {
    assert!((1..=KEYS_MAX).contains(&canonical.keys.len()));
    for key in &canonical.keys {
        assert!(key.text.len() <= CANONICAL_LEN_MAX);
        let Some(column) = column_of(key.kind) else { continue };
        let again = canonicalize(
            column,
            key.text.as_bytes(),
            &Rules { repair_short_bsb: rules.repair_short_bsb, ..Rules::default() },
        );
        let again =
            again.unwrap_or_else(|refusal| panic!("{kind}: {raw:?} gave {:?}, then {}", key.text, refusal.code()));
        assert_eq!(again.primary().text, key.text, "{kind}: {raw:?}");
        assert!(again.repairs.is_empty(), "{kind}: {raw:?} gave {:?}, then repairs {:?}", key.text, again.repairs);
        if key.kind != IndicatorKind::Mailbox {
            assert_eq!(again.primary().kind, key.kind, "{kind}: {raw:?}");
        }
    }
}

/// The same of an identifier in several columns.
fn check_parts(kind: ColumnKind, cells: &[String]) {
    let cells: Vec<&[u8]> = cells.iter().map(String::as_bytes).collect();
    for rules in check_rules() {
        match canonicalize_parts(kind, &cells, &rules) {
            Ok(canonical) => check_keys(kind, &cells.concat(), &canonical, &rules),
            Err(refusal) => assert!(refusal.part < kind.parts().len().max(1), "{kind}"),
        }
    }
}

fn check_all_kinds(raw: &[u8]) {
    for kind in ColumnKind::ALL {
        for rules in check_rules() {
            check_idempotent(kind, raw, &rules);
        }
    }
}

/// Texts that look like identifiers, with the signs that decide about them.
fn lookalikes() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9 +()./:-]{1,24}",
        r"\+[0-9]{6,16}",
        "0[0-9]{8,10}",
        "(06|01|03|63|80)[0-9][- ]?[0-9]{3}[: -]{1,2}[0-9]{1,11}",
        "(BSB|bsb:?) ?[0-9-]{5,7} ?(Acc|a/c no\\.?|account) ?[0-9 ]{1,12}",
        "[A-Za-z0-9._+\"\\\\ -]{1,12}@(gmail|GMAIL|googlemail|example|hotmail)\\.(com|com\\.au|de)\\.?",
        "\\PC{1,8}@\\PC{1,6}\\.(com|de|中国)",
        "(telegram|TG|discord|x|reddit|steam|any|youtube|skype|cashapp):[@$u/]{0,2}\\PC{1,16}",
        "(telegram|discord|steam|facebook|roblox):(id:)?[0-9]{1,20}",
        "(https?://)?(www\\.)?(t\\.me|instagram\\.com|x\\.com|cash\\.app|youtube\\.com/channel)/[@$]?[A-Za-z0-9_./?=-]{1,16}",
        "(hxxps?|https?)?(://)?[a-zA-Zäßéσς-]{1,10}(\\.|\\[\\.\\]|\\(dot\\)|。)(com|COM|de|onion|中国)/?",
        "(imei|IMEI|imsi|mac|MAC|adid|idfa)?:? ?[0-9a-fA-F:. -]{12,38}",
        "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "(0x|0X)?[0-9a-f]{40}",
        "41[0-9a-fA-F]{40}",
        "(bitcoin:)?[13T][1-9A-HJ-NP-Za-km-z]{25,34}",
        "(bc1|BC1)[02-9ac-hj-np-z]{20,60}",
        "[A-Z]{2}[0-9]{2} ?[A-Z0-9 ]{10,30}",
        "(4|5[1-5]|3[47]|6011|62)[0-9 -]{11,20}",
        "(PH|ph|DEU|NZ):([A-Z]{6}[A-Z1-9]{2}|bank=[A-Za-z .&]{2,20}):[0-9A-Z -]{3,20}",
        "(PH|ZZ|KE):(gcash|maya|PayPal|mpesa|coins-ph):(09[0-9]{9}|joan@example\\.com|[a-z0-9._-]{3,12})",
        "(litecoin:|dogecoin:)?[LM3DA9][1-9A-HJ-NP-Za-km-z]{32,33}",
        "(bitcoincash:)?[qp][02-9ac-hj-np-z]{41}",
        "[48][1-9A-HJ-NP-Za-km-z]{94}",
        "[rX][1-9A-HJ-NP-Za-km-z]{24,46}(#[0-9]{1,10})?",
        "[GM][A-Z2-7]{55}(#\\PC{1,10})?",
        "[1-9A-HJ-NP-Za-km-z]{43,44}",
        "(0|-1):[0-9a-f]{64}(#\\PC{1,10})?",
        "[1-9][0-9]{0,2}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(:[0-9]{1,5})?@20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9](:[0-5][0-9])?(Z|\\+10:00)",
        "\\[?2[0-9a-f]{3}:[0-9a-f:]{2,20}(\\]:[0-9]{1,5}|/64)?@2026-01-31T09(:30:00)?Z",
        "(PH|PHL|th):[A-Za-zñÑ .-]{2,16}:[A-Za-zñé., -]{2,24}",
        "PH:(\\+63|0)9[0-9]{9}",
    ]
}

/// Names of people in several scripts, with titles, particles and signs.
const NAMES: &str = "(Dr |Ma\\. ?|de la |O')?[A-Za-zÀ-ÿŁłøßΑ-ωА-я王小明 김がア'-]{1,14}( Jr\\.?)?";

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
        check_all_kinds(&raw);
    }

    #[test]
    fn text_of_any_script_is_idempotent(text in "\\PC{0,40}") {
        check_all_kinds(text.as_bytes());
    }

    #[test]
    fn marks_and_invisible_characters_are_idempotent(
        text in "[a-zA-Z0-9@.:\u{300}-\u{36F}\u{200B}-\u{200F}\u{AD}ßſİıΣσς\u{FF21}-\u{FF5A}\u{1100}-\u{11FF} ]{1,24}"
    ) {
        check_all_kinds(text.as_bytes());
        check_all_kinds(format!("telegram:{text}").as_bytes());
        check_all_kinds(format!("{text}@example.com").as_bytes());
    }

    #[test]
    fn lookalike_texts_are_idempotent(text in lookalikes()) {
        check_all_kinds(text.as_bytes());
    }

    #[test]
    fn two_columns_meet_one(bsb in "(06|01|03)[0-9]{4}", account in "[0-9]{1,10}") {
        let one = canonicalize(ColumnKind::AuAccount, format!("{bsb}:{account}").as_bytes(), &Rules::default());
        let two = canonicalize_parts(ColumnKind::AuAccount, &[bsb.as_bytes(), account.as_bytes()], &Rules::default());
        let two = two.map_err(|refusal| refusal.code);
        prop_assert!(one == two || (account.bytes().all(|digit| digit == b'0') && one.is_err() && two.is_err()));
    }

    #[test]
    fn notations_of_a_mobile_meet(number in "4[0-3][0-9]{7}") {
        let rules = Rules { default_region: Some(Region::AU), ..Rules::default() };
        let (a, b, c) = (&number[..3], &number[3..6], &number[6..]);
        let forms = [
            format!("+61{number}"), format!("0{a} {b} {c}"), format!("+61 (0){a} {b} {c}"), format!("61{number}"),
            number.clone(), format!("0011 61 {number}"), format!("+61-{a}-{b}-{c}"), format!("(0{a}) {b}{c}"),
        ];
        let keys: Vec<_> = forms.iter().map(|form| canonicalize(ColumnKind::Phone, form.as_bytes(), &rules)).collect();
        let payid = canonicalize(ColumnKind::PayId, format!("+61-{number}").as_bytes(), &Rules::default());
        let texts: Vec<_> = keys.iter().chain([&payid]).map(|found| found.as_ref().map(|found| found.primary().text.clone())).collect();
        prop_assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    }

    #[test]
    fn notations_of_an_account_meet(bsb in "06[0-9]{4}", account in "[1-9][0-9]{4,8}") {
        let forms = [
            format!("{bsb}:{account}"), format!("{}-{} {account}", &bsb[..3], &bsb[3..]), format!("{bsb} 0{account}"),
            format!("BSB {bsb} Acc {account}"), format!("BSB: {} {} Account No: {account}", &bsb[..3], &bsb[3..]),
        ];
        let keys: Vec<_> = forms.iter().map(|form| primary(ColumnKind::AuAccount, form)).collect();
        prop_assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[test]
    fn legacy_and_witness_addresses_of_a_key_meet(hash in any::<[u8; 20]>()) {
        let legacy = bs58::encode(hash).with_check_version(0).into_string();
        let witness = bech32::segwit::encode_v0(bech32::hrp::BC, &hash).unwrap();
        let one = canonicalize(ColumnKind::Btc, legacy.as_bytes(), &Rules::default()).unwrap();
        let two = canonicalize(ColumnKind::Btc, witness.as_bytes(), &Rules::default()).unwrap();
        prop_assert_eq!(&one.keys[1], &two.keys[1]);
        prop_assert_ne!(&one.keys[0], &two.keys[0]);
    }

    #[test]
    fn parts_of_any_text_are_idempotent(cells in proptest::collection::vec("\\PC{0,20}", 4)) {
        for kind in ColumnKind::ALL.into_iter().filter(|kind| !kind.parts().is_empty()) {
            check_parts(kind, &cells[..kind.parts().len()]);
        }
    }

    #[test]
    fn parts_that_look_right_are_idempotent(
        given in NAMES, family in NAMES, date in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]", phone in "(\\+63|0)9[0-9]{9}",
        sex in "[129MFx]?", country in "(PH|phl|TH|NZ)", id in "[1-9][0-9]{6,18}", time in "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]",
    ) {
        let cells = |cells: &[&String]| cells.iter().map(|cell| (*cell).clone()).collect::<Vec<_>>();
        check_parts(ColumnKind::Person, &cells(&[&given, &family, &date, &sex]));
        check_parts(ColumnKind::Payee, &cells(&[&country, &family, &format!("{given} {family}"), &phone]));
        check_parts(ColumnKind::ForeignAccount, &cells(&[&country, &"bopiphmm".into(), &family, &id]));
        check_parts(ColumnKind::Ewallet, &cells(&[&country, &"gcash".into(), &phone]));
        check_parts(ColumnKind::Handle, &cells(&[&"telegram".into(), &given, &id]));
        check_parts(ColumnKind::IpTime, &cells(&[&"2a01:4f8::1".into(), &format!("{date} {time}+08:00"), &"40000".into()]));
    }

    #[test]
    fn a_person_s_names_are_a_fixed_point(given in NAMES, family in NAMES) {
        let p1 = |given: &str, family: &str| {
            let cells = [given.as_bytes(), family.as_bytes(), b"1990-05-17", b""];
            canonicalize_parts(ColumnKind::Person, &cells, &Rules::default()).ok().map(|found| found.primary().text.clone())
        };
        if let Some(text) = p1(&given, &family).filter(|text| text.starts_with("P1:")) {
            let names = text.split(':').nth(1).unwrap();
            let (first, rest) = names.split_once(' ').unwrap_or((names, names));
            // Particles that were guarded by being alone may go now; letters never change.
            if let Some(again) = p1(first, rest) {
                prop_assert!(again.bytes().all(|byte| text.as_bytes().contains(&byte)), "{text} gave {again}");
            }
            prop_assert!(names.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' '));
        }
    }

    #[test]
    fn no_two_kinds_have_an_item_in_common(text in lookalikes()) {
        let mut seen = std::collections::HashMap::new();
        for kind in ColumnKind::ALL {
            let Ok(found) = canonicalize(kind, text.as_bytes(), &Rules::default()) else { continue };
            for key in &found.keys {
                let item = cwg_protocol::indicator::Item::of(cwg_protocol::NetworkId([7; 16]), key.kind, &key.text);
                let other = seen.insert(item, (key.kind, key.text.clone()));
                prop_assert!(other.is_none_or(|other| other == (key.kind, key.text.clone())));
            }
        }
    }

    #[test]
    fn different_accounts_never_meet(a in "06[0-9]{4}:[1-9][0-9]{3,8}", b in "06[0-9]{4}:[1-9][0-9]{3,8}") {
        if let (Ok(one), Ok(two)) = (primary(ColumnKind::AuAccount, &a), primary(ColumnKind::AuAccount, &b)) {
            prop_assert_eq!(one == two, a == b);
        }
    }
}

fn primary(kind: ColumnKind, text: &str) -> Result<Key, RefusalCode> {
    canonicalize(kind, text.as_bytes(), &Rules::default()).map(|canonical| canonical.primary().clone())
}
