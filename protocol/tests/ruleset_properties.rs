//! What holds for every value: no panic, bounded output, idempotence, and one key for all notations of a value.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use cwg_protocol::indicator::{
    CANONICAL_LEN_MAX, ColumnKind, DeviceKind, IndicatorKind, KEYS_MAX, Key, Platform, RefusalCode, Region,
    RepairShortBsb, Rules, canonicalize, canonicalize_account,
};
use proptest::prelude::*;

fn check_rules() -> Vec<Rules> {
    let open = Rules {
        default_region: Some(Region::AU),
        repair_short_bsb: RepairShortBsb::RestoreZero,
        platform: Platform::from_name("telegram"),
        device: Some(DeviceKind::Imei),
    };
    vec![Rules::default(), open]
}

/// The kind of column that holds canonical forms of a kind, if any declares it.
fn column_of(kind: IndicatorKind) -> Option<ColumnKind> {
    match kind {
        // A mailbox is an address in its own right; a hash and an organisation identifier have no column.
        IndicatorKind::Mailbox => Some(ColumnKind::Email),
        IndicatorKind::OrgId => Some(ColumnKind::PayId),
        kind => ColumnKind::from_name(kind.name()),
    }
}

/// Every key of a value, given back to the ruleset, stays as it is without a repair.
fn check_idempotent(kind: ColumnKind, raw: &[u8], rules: &Rules) {
    let Ok(canonical) = canonicalize(kind, raw, rules) else { return };
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
    }
    if canonical.repairs.is_empty() && canonical.primary().kind != IndicatorKind::OrgId {
        assert_eq!(canonical.primary().text.as_bytes(), raw, "{kind}: changed without a repair");
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
    ]
}

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
        let two = canonicalize_account(bsb.as_bytes(), account.as_bytes(), &Rules::default());
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
    fn different_accounts_never_meet(a in "06[0-9]{4}:[1-9][0-9]{3,8}", b in "06[0-9]{4}:[1-9][0-9]{3,8}") {
        if let (Ok(one), Ok(two)) = (primary(ColumnKind::AuAccount, &a), primary(ColumnKind::AuAccount, &b)) {
            prop_assert_eq!(one == two, a == b);
        }
    }
}

fn primary(kind: ColumnKind, text: &str) -> Result<Key, RefusalCode> {
    canonicalize(kind, text.as_bytes(), &Rules::default()).map(|canonical| canonical.primary().clone())
}
