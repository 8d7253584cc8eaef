//! `docs/spec/` says what the program does: tables against constants, vectors against encoders and decoders.

use std::path::{Path, PathBuf};

use cwg_crypto::Domain;
use cwg_protocol::count::CountMessage;
use cwg_protocol::invitation::Invitation;
use cwg_protocol::lighthouse::{
    self, Caveat, ClueRole, Field, Forbidden, Label, Minor, PlaceBasis, PlatformCategory, Precision, Relation, Review,
    SourceKind, Stage, Status, Subject, Typology, WithdrawalReason,
};
use cwg_protocol::reveal::RevealMessage;
use cwg_protocol::round::RoundMessage;
use cwg_protocol::wire::{Message, PsiFrame, WireError, limits};
use cwg_protocol::{Violation, wire};
use cwg_tests::vectors;

fn spec() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(spec().join(name)).unwrap_or_else(|error| panic!("docs/spec/{name}: {error}"))
}

/// The rows of a page's tables whose first cell is in backquotes: all cells, without backquotes.
fn rows(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', "")).collect()).collect()
}

#[test]
fn the_page_of_domains_has_the_table_of_the_code_and_nothing_else() {
    let said: Vec<(String, String)> =
        rows(&page("domains.md")).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let real: Vec<(String, String)> =
        Domain::ALL.iter().map(|domain| (format!("{domain:?}"), domain.text().to_owned())).collect();
    assert_eq!(said, real);
}

#[test]
fn the_page_of_the_wire_has_every_kind_with_its_limit() {
    let said: Vec<(String, String, String)> = rows(&page("wire.md"))
        .into_iter()
        .filter(|row| row[0].starts_with("0x"))
        .map(|row| (row[0].clone(), row[1].clone(), row[2].clone()))
        .collect();
    let mut real: Vec<(String, String, String)> = Message::KINDS
        .iter()
        .chain(PsiFrame::KINDS)
        .chain(RoundMessage::KINDS)
        .chain(RevealMessage::KINDS)
        .chain(CountMessage::KINDS)
        .map(|(name, kind, len_max)| (format!("0x{kind:02x}"), (*name).to_owned(), len_max.to_string()))
        .collect();
    real.sort();
    assert_eq!(said, real);
}

#[test]
fn the_pages_name_the_limits_of_the_code() {
    for (file, name, value) in [
        ("wire.md", "FRAME_LEN_MAX", limits::FRAME_LEN_MAX as u64),
        ("wire.md", "NAME_LEN_MAX", limits::NAME_LEN_MAX as u64),
        ("wire.md", "TEXT_LEN_MAX", limits::TEXT_LEN_MAX as u64),
        ("wire.md", "ENDPOINT_LEN_MAX", limits::ENDPOINT_LEN_MAX as u64),
        ("wire.md", "SELECTION_MAX", limits::SELECTION_MAX as u64),
        ("wire.md", "ROSTER_CHAIN_MAX", limits::ROSTER_CHAIN_MAX as u64),
        ("wire.md", "PROTOCOL_VERSION", u64::from(limits::PROTOCOL_VERSION)),
        ("roster.md", "MEMBERS_MAX", limits::MEMBERS_MAX as u64),
        ("roster.md", "ENTRIES_MAX", cwg_protocol::roster::ENTRIES_MAX as u64),
        ("roster.md", "ROSTER_LEN_MAX", limits::ROSTER_LEN_MAX as u64),
        ("charter.md", "CHARTER_LEN_MAX", limits::CHARTER_LEN_MAX as u64),
        ("charter.md", "CHARTERS_MAX", limits::CHARTERS_MAX as u64),
        ("charter.md", "ITEMS_MIN_FLOOR", u64::from(cwg_protocol::charter::ITEMS_MIN_FLOOR)),
        ("session.md", "SESSIONS_PER_PEER_MAX", limits::SESSIONS_PER_PEER_MAX as u64),
        ("vole.md", "VOLE_ITEMS_MAX", u64::from(limits::VOLE_ITEMS_MAX)),
        ("vole.md", "VOLE_SHARD_ITEMS", u64::from(limits::VOLE_SHARD_ITEMS)),
        ("vole.md", "VOLE_SHARDS_UNDER_WAY", u64::from(limits::VOLE_SHARDS_UNDER_WAY)),
        ("vole.md", "VOLE_LEAVES_MAX", limits::VOLE_LEAVES_MAX as u64),
        ("vole.md", "VOLE_LEAVES_MIN", limits::VOLE_LEAVES_MIN as u64),
        ("vole.md", "VOLE_WINDOW", u64::from(limits::VOLE_WINDOW)),
        ("vole.md", "VOLE_BLOCKS_PER_FRAME", limits::VOLE_BLOCKS_PER_FRAME as u64),
        ("vole.md", "VOLE_TAG_BYTES_PER_FRAME", limits::VOLE_TAG_BYTES_PER_FRAME as u64),
        ("lighthouse.md", "CLUES_MAX", u64::from(lighthouse::limits::CLUES_MAX)),
        ("lighthouse.md", "LINKS_MAX", lighthouse::limits::LINKS_MAX as u64),
        ("lighthouse.md", "CELL_LEN_MAX", lighthouse::limits::CELL_LEN_MAX as u64),
        ("lighthouse.md", "EXPIRY_MAX_DAYS", u64::from(lighthouse::limits::EXPIRY_MAX_DAYS)),
        ("lighthouse.md", "WITHDRAWAL_KEPT_DAYS", u64::from(lighthouse::limits::WITHDRAWAL_KEPT_DAYS)),
        ("lighthouse.md", "RECORD_LEN_MAX", lighthouse::limits::RECORD_LEN_MAX as u64),
        ("lighthouse.md", "RELEASE_LEN_MAX", lighthouse::limits::RELEASE_LEN_MAX as u64),
        ("lighthouse.md", "SOURCES_MAX", lighthouse::limits::SOURCES_MAX as u64),
        ("lighthouse.md", "CHANGES_MAX", lighthouse::limits::CHANGES_MAX as u64),
        ("lighthouse.md", "CHANGE_LEN_MAX", lighthouse::limits::CHANGE_LEN_MAX as u64),
        ("lighthouse.md", "LABEL_CLUES_MAX", lighthouse::limits::LABEL_CLUES_MAX as u64),
        ("lighthouse.md", "DELTA_ENTRIES_MAX", lighthouse::limits::DELTA_ENTRIES_MAX as u64),
        ("lighthouse.md", "SCORED_KEYS_MAX", lighthouse::limits::SCORED_KEYS_MAX as u64),
        ("standing.md", "PERIOD_DAYS_MIN", u64::from(lighthouse::limits::PERIOD_DAYS_MIN)),
        ("standing.md", "PERIOD_DAYS_MAX", u64::from(lighthouse::limits::PERIOD_DAYS_MAX)),
        ("standing.md", "PERIOD_ALLOWANCE_MAX", u64::from(lighthouse::limits::PERIOD_ALLOWANCE_MAX)),
        ("standing.md", "PERIOD_LEN_MAX", lighthouse::limits::PERIOD_LEN_MAX as u64),
        ("standing.md", "EVALUATION_BATCH_MAX", limits::EVALUATION_BATCH_MAX as u64),
        ("standing.md", "EVALUATIONS_PER_PEER_MAX", limits::EVALUATIONS_PER_PEER_MAX as u64),
        ("standing.md", "CHUNKS_PER_PEER_MAX", limits::CHUNKS_PER_PEER_MAX as u64),
        ("trends.md", "TREND_MONTHS", u64::from(lighthouse::limits::TREND_MONTHS)),
        ("trends.md", "TREND_AREAS_MAX", lighthouse::limits::TREND_AREAS_MAX as u64),
        ("trends.md", "FIGURE_CLUES_MIN", u64::from(lighthouse::limits::FIGURE_CLUES_MIN)),
        ("trends.md", "FIGURE_SOURCES_MIN", u64::from(lighthouse::limits::FIGURE_SOURCES_MIN)),
        ("trends.md", "FIGURE_SHARE_MAX_PERCENT", u64::from(lighthouse::limits::FIGURE_SHARE_MAX_PERCENT)),
        ("trends.md", "COMPARED_BANKS_MIN", lighthouse::limits::COMPARED_BANKS_MIN as u64),
        ("trends.md", "COMPARED_CHANGE_MIN", lighthouse::limits::COMPARED_CHANGE_MIN as u64),
        ("trends.md", "COMPARED_BANKS_MAX", lighthouse::limits::COMPARED_BANKS_MAX as u64),
        ("vole-labelled.md", "LABEL_LEN_STEP", u64::from(limits::LABEL_LEN_STEP)),
        ("vole-labelled.md", "LABEL_LEN_MAX", u64::from(limits::LABEL_LEN_MAX)),
        ("vole-labelled.md", "VOLE_LABEL_BYTES_PER_FRAME", limits::VOLE_LABEL_BYTES_PER_FRAME as u64),
        ("vole-labelled.md", "VOLE_LABEL_BYTES_PER_BUCKET", u64::from(limits::VOLE_LABEL_BYTES_PER_BUCKET)),
        ("vole-labelled.md", "VOLE_LABEL_BUCKET_BITS_MAX", u64::from(limits::VOLE_LABEL_BUCKET_BITS_MAX)),
        ("voprf.md", "VOPRF_ITEMS_MAX", u64::from(limits::VOPRF_ITEMS_MAX)),
        ("voprf.md", "VOPRF_BATCH", limits::VOPRF_BATCH as u64),
        ("voprf.md", "VOPRF_WINDOW", limits::VOPRF_WINDOW as u64),
        ("voprf.md", "TAGS_PER_FRAME", limits::TAGS_PER_FRAME as u64),
        ("voprf.md", "ITEMS_MIN_PADDED", u64::from(limits::ITEMS_MIN_PADDED)),
    ] {
        let said = rows(&page(file)).into_iter().find(|row| row[0] == name).map(|row| row[1].clone());
        assert_eq!(said, Some(value.to_string()), "{name} in {file}");
    }
}

#[test]
fn the_vectors_on_disk_are_those_the_program_makes() {
    let mut there: Vec<String> = std::fs::read_dir(spec().join("vectors"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("ASCII"))
        .collect();
    there.sort();
    let mut made: Vec<String> = Vec::new();
    for (name, value) in vectors::files() {
        let text = page(&format!("vectors/{name}"));
        assert_eq!(text, format!("{value:#}\n"), "{name}: run cargo run -p cwg-tests --example write_vectors");
        made.push(name.to_owned());
    }
    made.sort();
    assert_eq!(there, made);
}

#[test]
fn fields_laid_out_by_hand_are_what_the_encoder_writes() {
    let laid = [vectors::messages(), vectors::signed(), vectors::lighthouse_laid(), vectors::count()];
    for laid in laid.iter().flatten() {
        assert_eq!(hex::encode(laid.concatenated()), hex::encode(&laid.bytes), "{}", laid.name);
    }
}

#[test]
fn every_message_vector_decodes_to_what_encodes_to_it() {
    for laid in vectors::messages() {
        let message = Message::decode(&laid.bytes).unwrap_or_else(|error| panic!("{}: {error}", laid.name));
        assert_eq!(message.encode(), laid.bytes, "{}", laid.name);
        for len in 0..laid.bytes.len() {
            let cut = Message::decode(&laid.bytes[..len]);
            // The body of a PSI frame has no length of its own: the frame around it has.
            assert!(cut.is_err() || message.name() == "Psi", "{} cut to {len} bytes", laid.name);
        }
    }
}

#[test]
fn every_refused_body_is_refused_by_its_name() {
    for case in vectors::refused() {
        let error = Message::decode(&case.body).expect_err(case.defect);
        let named = match error {
            WireError::NoKind => "NoKind",
            WireError::UnknownKind(_) => "UnknownKind",
            WireError::Payload { error: wire::CodecError::TooLong { .. }, .. } => "Payload TooLong",
            WireError::Payload { error: wire::CodecError::Malformed, .. } => "Payload Malformed",
            WireError::Payload { error: wire::CodecError::NotCanonical, .. } => "Payload NotCanonical",
        };
        assert_eq!(named, case.error, "{}", case.defect);
    }
}

#[test]
fn every_refused_voprf_message_raises_its_violation_at_its_place() {
    for case in vectors::steps() {
        let last = case.messages.len() - 1;
        assert_eq!(case.outcome(), Some((last, case.violation)), "{}", case.defect);
    }
}

#[test]
fn every_refused_row_label_and_release_is_refused_by_its_code() {
    for case in vectors::refused_rows() {
        assert_eq!(case.outcome(), Some((case.field, case.code)), "{}", case.defect);
    }
    for case in vectors::refused_labels() {
        let error = Label::decode(&case.bytes, case.class).expect_err(case.defect);
        assert_eq!(error.code(), case.code, "{}", case.defect);
    }
    for case in vectors::refused_releases() {
        assert_eq!(case.outcome(), Some(case.code), "{}", case.defect);
    }
}

#[test]
fn the_page_of_lighthouse_has_every_field_word_and_forbidden_thing() {
    let page = page("lighthouse.md");
    let said: Vec<String> = rows(&page).into_iter().map(|row| row[0].clone()).collect();
    for field in Field::ALL {
        assert!(said.iter().any(|name| name == field.name()), "field {}", field.name());
    }
    for forbidden in Forbidden::ALL {
        assert!(said.iter().any(|code| code == forbidden.code()), "{}", forbidden.code());
    }
    let lists = [
        ("role", ClueRole::NAMES),
        ("subject", Subject::NAMES),
        ("minor", Minor::NAMES),
        ("typology", Typology::NAMES),
        ("stage", Stage::NAMES),
        ("review", Review::NAMES),
        ("status", Status::NAMES),
        ("source-kind", SourceKind::NAMES),
        ("place-basis", PlaceBasis::NAMES),
        ("caveats", Caveat::NAMES),
        ("links", Relation::NAMES),
        ("precision", Precision::NAMES),
        ("withdrawal", WithdrawalReason::NAMES),
        ("category", PlatformCategory::NAMES),
    ];
    for (list, names) in lists {
        let numbered: Vec<String> = names.iter().enumerate().map(|(number, name)| format!("{number} {name}")).collect();
        let line = format!("| {list} | {} |", numbered.join(", "));
        assert!(page.lines().any(|said| said == line), "{line}");
    }
}

#[test]
fn the_page_of_voprf_names_every_violation_its_vectors_raise() {
    let page = page("voprf.md");
    for case in vectors::steps() {
        assert!(page.contains(&format!("`{}`", case.violation.code())), "{}", case.violation.code());
    }
    assert!(!page.contains(&format!("`{}`", Violation::BadHello.code())), "the check can fail");
}

#[test]
fn the_invitation_of_the_vector_reads_back() {
    let value = vectors::invitation();
    let text = value["text"].as_str().expect("text");
    let invitation = Invitation::from_text(text).expect("it is one");
    assert_eq!(hex::encode(invitation.transport_key().0.as_bytes()), value["transport_key"]);
    assert_eq!(invitation.to_text(), text);
    let mut mistyped = text.to_owned();
    mistyped.replace_range(40..41, if &text[40..41] == "a" { "b" } else { "a" });
    assert!(Invitation::from_text(&mistyped).is_err());
}
