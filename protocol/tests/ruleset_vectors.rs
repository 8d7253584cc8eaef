//! The golden vectors of ruleset 2, written by `vectors/ruleset-2.py` and `vectors/ruleset-2-kinds.py` from hand-made cases and
//! independent libraries.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use cwg_protocol::indicator::{
    Canonical, ColumnKind, DateOrder, Day, DeviceKind, IndicatorKind, Platform, RefusalCode, Region, RepairShortBsb,
    Rules, canonicalize, canonicalize_parts,
};
use serde_json::{Value, json};

const VECTORS: [&str; 2] = [include_str!("../vectors/ruleset-2.json"), include_str!("../vectors/ruleset-2-kinds.json")];

#[test]
fn every_golden_vector_holds() {
    let vectors: Vec<Value> =
        VECTORS.iter().flat_map(|text| serde_json::from_str::<Vec<Value>>(text).unwrap()).collect();
    assert!(vectors.len() >= 700);
    let wrong: Vec<String> = vectors.iter().filter_map(|vector| check(vector).err()).collect();
    assert!(wrong.is_empty(), "{} of {} vectors fail:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn every_kind_of_column_and_nearly_every_refusal_has_a_vector() {
    let text = VECTORS.concat();
    for kind in ColumnKind::ALL {
        assert!(text.contains(&format!("{{\"kind\": \"{kind}\", \"")), "{kind}");
    }
    for kind in IndicatorKind::ALL {
        assert!(
            text.contains(&format!("[{{\"kind\": \"{kind}\"")) || text.contains(&format!(", {{\"kind\": \"{kind}\"")),
            "{kind}"
        );
    }
    let bare: Vec<_> =
        RefusalCode::ALL.iter().filter(|code| !text.contains(&format!("\"refused\": \"{}\"", code.code()))).collect();
    assert!(bare.is_empty(), "refusals without a vector: {bare:?}");
}

#[test]
fn phone_numbers_of_every_region_agree_with_an_independent_library() {
    let vectors: Vec<(String, Option<String>, String)> =
        serde_json::from_str(include_str!("../vectors/ruleset-2-phones.json")).unwrap();
    assert!(vectors.len() > 4000);
    for (input, region, expect) in vectors {
        let default_region = region.map(|code| Region::from_code(&code).unwrap());
        let found = canonicalize(ColumnKind::Phone, input.as_bytes(), &Rules { default_region, ..Rules::default() });
        let found = found.map_or_else(|refusal| refusal.code().to_owned(), |found| found.primary().text.clone());
        assert_eq!(found, expect, "{input}");
    }
}

fn check(vector: &Value) -> Result<(), String> {
    let text = |field: &str| vector[field].as_str();
    let kind = ColumnKind::from_name(text("kind").unwrap()).unwrap();
    let rules = Rules {
        default_region: text("region").map(|code| Region::from_code(code).unwrap()),
        repair_short_bsb: match vector["repair_short_bsb"].as_bool() {
            Some(true) => RepairShortBsb::RestoreZero,
            _ => RepairShortBsb::Refuse,
        },
        platform: text("platform").map(|name| Platform::from_name(name).unwrap()),
        device: text("device").map(|name| DeviceKind::from_name(name).unwrap()),
        date_order: text("date_order").map_or(DateOrder::default(), |name| DateOrder::from_name(name).unwrap()),
        today: Day::new(2026, 11, 25),
    };
    let parts = vector.get("parts").and_then(Value::as_object);
    let result = match parts {
        Some(stated) => {
            let cell = |name: &str| stated.get(name).map_or("", |cell| cell.as_str().unwrap()).as_bytes();
            assert!(stated.keys().all(|name| kind.parts().iter().any(|part| part.name == name)), "{vector}");
            let cells: Vec<&[u8]> = kind.parts().iter().map(|part| cell(part.name)).collect();
            canonicalize_parts(kind, &cells, &rules).map_err(|refusal| {
                let blamed = kind.parts()[refusal.part].name;
                assert_eq!(vector["expect"]["part"].as_str().unwrap_or(blamed), blamed, "{vector}");
                refusal.code
            })
        }
        None => {
            let raw = match text("input_hex") {
                Some(digits) => hex::decode(digits).unwrap(),
                None => text("input").unwrap().as_bytes().to_vec(),
            };
            canonicalize(kind, &raw, &rules)
        }
    };
    let mut expect = vector["expect"].clone();
    // Which part is to blame was compared above.
    expect.as_object_mut().unwrap().remove("part");
    sort_repairs(&mut expect);
    let mut got = match &result {
        Ok(canonical) => shown(canonical),
        Err(refusal) => json!({ "refused": refusal.code() }),
    };
    sort_repairs(&mut got);
    if got == expect { Ok(()) } else { Err(format!("{vector}\n  gave {got}")) }
}

fn shown(canonical: &Canonical) -> Value {
    let keys: Vec<Value> = canonical
        .keys
        .iter()
        .map(|key| json!({ "kind": key.kind.name(), "text": key.text, "strength": key.strength.to_string() }))
        .collect();
    let repairs: Vec<&str> = canonical.repairs.iter().map(|code| code.code()).collect();
    let mut shown = json!({ "keys": keys, "repairs": repairs });
    if let Some(extension) = &canonical.extension {
        shown["extension"] = json!(extension);
    }
    shown
}

fn sort_repairs(expect: &mut Value) {
    if let Some(repairs) = expect.get_mut("repairs").and_then(Value::as_array_mut) {
        repairs.sort_by_key(|code| code.as_str().unwrap().to_owned());
    }
}
