use cwg_crypto::voprf::Proof;

use super::*;
use crate::indicator::IndicatorKind;
use crate::round::ceremony::{CeremonyTerms, Origin, Phase};
use crate::round::room::room_upload;
use crate::round::sample::{ceremony_body, charter, seed, signing, terms, terms_body};
use crate::round::upload::{Channel, TurnEnd};
use crate::round::{Execution, Turn};
use crate::wire::{BoundedBytes, BoundedVec, WireError};

const EXECUTION: Execution = Execution(Digest::from_bytes([5; 32]));

/// One of every kind, each as long as it gets where that is fixed.
fn messages() -> Vec<RoundMessage> {
    let terms = terms(3, 1_000);
    let ceremony = CeremonyTerms::sign(&ceremony_body(&[1, 2, 3], 2, Origin::New), &signing(0), charter()).unwrap();
    let post = Post::sign(ceremony.digest(), Phase::Opening, vec![7; POST_LEN_MAX], &signing(1));
    let posts = BoundedVec::try_from(vec![post.clone(); POSTS_MAX]).unwrap();
    let batch = BatchName { kind: IndicatorKind::Phone, number: 3 };
    let elements: BoundedVec<[u8; 32], 1024> = vec![[9; 32]; 1024].try_into().unwrap();
    let proof = Proof::decode(&[0; 64]).unwrap();
    let sealed = || BoundedBytes::try_from(vec![1; SEALED_LEN_MAX]).unwrap();
    let channel = Channel([4; 16]);
    let mut body = terms_body(3, 1_000);
    body.rooms.posts = 32;
    let crowded: crate::round::SharedTerms =
        crate::round::RoundTerms::sign(&body, &signing(0), charter(), crate::round::sample::roster()).unwrap().into();
    let upload = room_upload(&crowded, EXECUTION, 0, &[], &seed(1).into_secret(), &seed(2)).unwrap();
    let all: Vec<_> = upload.posts.iter().cloned().cycle().take(15 * 32).collect();
    let room_posts: Vec<_> = all.iter().map(|post| post[52..].to_vec().try_into().unwrap()).collect();
    vec![
        RoundMessage::CeremonyCalled(ceremony.signed().clone()),
        RoundMessage::CeremonyPost(post),
        RoundMessage::CeremonyBoard(Board { ceremony: ceremony.digest(), phase: Phase::Opening, posts }),
        RoundMessage::RoundClosed(RoundClosed { terms: terms.digest() }),
        RoundMessage::RoundOffered(terms.signed().clone()),
        RoundMessage::EvaluateAsk(EvaluateAsk { terms: terms.digest(), batch, blinded: elements.clone() }),
        RoundMessage::EvaluateAnswer(EvaluateAnswer { terms: terms.digest(), batch, evaluated: elements, proof }),
        RoundMessage::EvaluateRefused(EvaluateRefused { terms: terms.digest(), batch, refusal: EvaluateRefusal::Late }),
        RoundMessage::TurnOpened(Turn::open(&terms, 0, crate::UnixTime(1_000), &signing(0)).unwrap().signed().clone()),
        RoundMessage::TicketAsk(TicketAsk { execution: EXECUTION, blinded: [3; 32] }),
        RoundMessage::TicketGiven(TicketGiven { execution: EXECUTION, evaluated: [3; 32], proof }),
        RoundMessage::Upload(Upload { execution: EXECUTION, rank: 7, sealed: sealed() }),
        RoundMessage::Passed(Passed { execution: EXECUTION, rank: 7 }),
        RoundMessage::Channels(Channels { execution: EXECUTION, channels: vec![channel; 15].try_into().unwrap() }),
        RoundMessage::Carried(Carried { execution: EXECUTION, channel, rank: 7, sealed: sealed() }),
        RoundMessage::Dropped(Dropped { execution: EXECUTION, channel }),
        RoundMessage::Returned(Returned { execution: EXECUTION, channel, rank: 7, sealed: sealed() }),
        RoundMessage::Answer(Answer { execution: EXECUTION, rank: 7, sealed: sealed() }),
        RoundMessage::TurnEnded(TurnEnded { execution: EXECUTION, end: TurnEnd::RelayFailed }),
        RoundMessage::Slots(Slots { execution: EXECUTION, serials: vec![terms.digest(); 15].try_into().unwrap() }),
        RoundMessage::RoomUpload(upload),
        RoundMessage::RoomBatch(RoomBatch { execution: EXECUTION, interval: 0, posts: all.try_into().unwrap() }),
        RoundMessage::RoomPageAsk(RoomPageAsk { execution: EXECUTION, interval: 3 }),
        RoundMessage::RoomPage(RoomPage { execution: EXECUTION, interval: 0, posts: room_posts.try_into().unwrap() }),
    ]
}

#[test]
fn every_message_decodes_to_itself_and_every_part_of_it_to_nothing() {
    let messages = messages();
    assert!(messages.iter().map(RoundMessage::name).eq(RoundMessage::KINDS.iter().map(|(name, ..)| *name)));
    for message in messages {
        let body = message.encode();
        assert!(body.len() <= FRAME_LEN_MAX, "{} fits a frame: {} bytes", message.name(), body.len());
        assert_eq!(RoundMessage::decode(&body).as_ref(), Ok(&message));
        for len in (0..body.len()).step_by(1 + body.len() / 200) {
            assert!(RoundMessage::decode(&body[..len]).is_err(), "{} cut to {len} bytes", message.name());
        }
        assert!(RoundMessage::decode(&[&body[..], &[0]].concat()).is_err(), "{} and a byte", message.name());
    }
    assert_eq!(RoundMessage::decode(&[0x8f, 0]), Err(WireError::UnknownKind(0x8f)));
    assert_eq!(RoundMessage::decode(&[0x70]), Err(WireError::NoKind));
}

#[test]
fn kinds_are_those_of_rounds_and_as_the_specification_says() {
    let page = include_str!("../../../../docs/spec/round-messages.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| 0x"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let said: Vec<(String, String)> = rows.iter().map(|row| (row[0].to_owned(), row[1].replace('`', ""))).collect();
    let kinds: Vec<(String, String)> =
        RoundMessage::KINDS.iter().map(|(name, kind, _)| (format!("0x{kind:02x}"), (*name).to_owned())).collect();
    assert_eq!(said, kinds);
    assert!(RoundMessage::KINDS.iter().all(|(_, kind, _)| (0x70..=0x8f).contains(kind)));
}

#[test]
fn limits_are_as_the_specification_says() {
    use crate::round::limits::*;
    let page = include_str!("../../../../docs/spec/round-messages.md");
    for (name, value) in [
        ("UPLOADS_SPARE", u64::from(UPLOADS_SPARE)),
        ("RELAYS_MAX", RELAYS_MAX as u64),
        ("TERMS_LEN_MAX", TERMS_LEN_MAX as u64),
        ("CEREMONY_LEN_MAX", CEREMONY_LEN_MAX as u64),
        ("POST_LEN_MAX", POST_LEN_MAX as u64),
        ("POSTS_KEPT", POSTS_KEPT as u64),
        ("EVALUATION_BATCH", u64::from(EVALUATION_BATCH)),
        ("EVALUATION_PATIENCE_SECS", EVALUATION_PATIENCE_SECS),
        ("PIECE_PLACES", u64::from(PIECE_PLACES)),
        ("ANSWER_PIECE_LEN", ANSWER_PIECE_LEN as u64),
        ("PIECES_AHEAD", u64::from(PIECES_AHEAD)),
        ("ROOM_POSTS_MAX", u64::from(ROOM_POSTS_MAX)),
        ("ROOM_INTERVALS_MAX", u64::from(ROOM_INTERVALS_MAX)),
        ("ROOM_TEXT_LEN_MAX", ROOM_TEXT_LEN_MAX as u64),
    ] {
        assert!(page.contains(&format!("| `{name}` | {value} |")), "{name}");
    }
}
