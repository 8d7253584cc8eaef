//! Vectors of Lighthouse: a record, labels, a release, a watermark, and rows, labels and releases that must be refused.

use cwg_crypto::{Digest, Domain, InclusionProof, MerkleTree, Secret32, derive, merkle};
use cwg_protocol::indicator::{IndicatorKind, Rules, Strength};
use cwg_protocol::lighthouse::{
    BuiltRelease, Caveat, Caveats, ClientVersion, Clue, ClueDraft, Day, DeltaBase, Expected, Field, Label, LabelClass,
    Purpose, Record, RecordKey, ReleaseBody, ReleaseNumber, Seen, SignedRelease, Source, SourceKind, SourceTerms,
    Tally, VerifiedRelease, WatermarkKey,
};
use cwg_protocol::wire::{decode, encode};
use cwg_protocol::{NetworkId, UnixTime};
use serde_json::{Value, json};

use super::{CLOCK, FIRST, HUB, Laid, NETWORK, PERSON, counted, key, list, node, public};

const RECORD_SECRET: u8 = 0x60;
const WATERMARK_SECRET: u8 = 0x61;
const SECOND_PERSON: u8 = 8;
const RULESET: u8 = 0x62;
const BASE_ROOT: u8 = 0x63;
/// Bytes of a signed release, at most: the head and three signatures with names.
const SIGNED_LEN_MAX: usize = 64 * 1024;
/// 2027-01-15, the day of [`CLOCK`].
const TODAY: Day = Day::from_number(20_833);

/// A row, as pairs of column and text.
const ROW: &[(Field, &str)] = &[
    (Field::Id, "01KEZ0000000000000000000AA"),
    (Field::Kind, "email"),
    (Field::Value, "A.Sample+x@gmail.com"),
    (Field::Role, "payee"),
    (Field::Subject, "mule"),
    (Field::Minor, "no"),
    (Field::Typology, "livestream"),
    (Field::Stage, "payment"),
    (Field::Platform, "telegram"),
    (Field::FirstSeen, "2026-03"),
    (Field::LastSeen, "2026-12-20"),
    (Field::Count, "12"),
    (Field::Country, "AU"),
    (Field::State, "VIC"),
    (Field::Sa3, "20604"),
    (Field::PlaceBasis, "billing"),
    (Field::RadiusKm, "25"),
    (Field::Source, "hotline-north"),
    (Field::SourceKind, "hotline"),
    (Field::Grade, "B2"),
    (Field::Confidence, "80"),
    (Field::Review, "human"),
    (Field::Links, "paid:01KEZ0000000000000000000BB"),
    (Field::Caveats, "no-sole-basis"),
    (Field::Expires, "2027-12-31"),
    (Field::Decay, "half-life:90"),
];

/// The file.
pub fn lighthouse() -> Value {
    json!({
        "row": row_json(ROW),
        "laid": list(lighthouse_laid().iter().map(Laid::to_json)),
        "tree": tree(),
        "watermark": watermark(),
        "refused_rows": list(refused_rows().iter().map(RefusedRow::to_json)),
        "refused_labels": list(refused_labels().iter().map(RefusedLabel::to_json)),
        "refused_releases": list(refused_releases().iter().map(RefusedRelease::to_json)),
    })
}

/// A record, a label and the body of a release, field by field.
pub fn lighthouse_laid() -> Vec<Laid> {
    vec![record_laid(), label_laid(), release_laid()]
}

fn clue(row: &[(Field, &str)]) -> Clue {
    row_result(row).unwrap_or_else(|code| panic!("a good row: {code:?}"))
}

/// The clue of a row, or the code of why there is none.
fn row_result(row: &[(Field, &str)]) -> Result<Clue, (&'static str, &'static str)> {
    let named = |error: cwg_protocol::lighthouse::DraftError| (error.field.name(), error.code());
    let mut draft = ClueDraft::new();
    for (field, text) in row {
        draft.set(*field, text).map_err(named)?;
    }
    Clue::from_draft(&draft, &Rules::default(), UnixTime(CLOCK)).map_err(named)
}

fn record() -> Record {
    let key = RecordKey::new(Secret32::new([RECORD_SECRET; 32]));
    Record::of(clue(ROW), TODAY, NetworkId(NETWORK), &key).expect("it is in force")
}

fn ulid(text: &str) -> Vec<u8> {
    text.parse::<cwg_protocol::lighthouse::ClueId>().expect("a ULID").as_bytes().to_vec()
}

fn le(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// First and last day of observation and the day of expiry: days since 1970-01-01.
const FIRST_DAY: u16 = 20_513;
const LAST_DAY: u16 = 20_807;
const EXPIRES: u16 = 21_183;

fn record_laid() -> Laid {
    let key = |kind: u32, text: &[u8]| [&kind.to_le_bytes()[..], &1u32.to_le_bytes(), &counted(text)].concat();
    let content = vec![
        ("content u32: clue", 0u32.to_le_bytes().to_vec()),
        ("id [16]", ulid(ROW[0].1)),
        ("keys: count u64", 2u64.to_le_bytes().to_vec()),
        ("key: kind u32 email, strength u32 B, text", key(4, b"a.sample+x@gmail.com")),
        ("key: kind u32 mailbox, strength u32 B, text", key(5, b"asample@gmail.com")),
        ("role u8: payee", vec![2]),
        ("subject u8: mule", vec![3]),
        ("minor u8: no", vec![1]),
        ("typology u8: livestream", vec![1]),
        ("stage u8: payment", vec![5]),
        ("platform: 1, u16", [&[1][..], &le(&[TELEGRAM])].concat()),
        ("observed: first u16, last u16", le(&[FIRST_DAY, LAST_DAY])),
        ("observed: count u32", 12u32.to_le_bytes().to_vec()),
        ("observed: precision u8: month", vec![1]),
        ("place: 1, country [2]", b"\x01AU".to_vec()),
        ("place: state 1, u8", vec![1, 2]),
        ("place: area 1, u32 SA3, u32", [&[1][..], &0u32.to_le_bytes(), &20_604u32.to_le_bytes()].concat()),
        ("place: basis u8: billing", vec![2]),
        ("place: radius_km u16", le(&[25])),
        ("source: pseudonym text", counted(b"hotline-north")),
        ("source: kind u8: hotline", vec![0]),
        ("grade: reliability u8, credibility u8", vec![2, 2]),
        ("confidence u8", vec![80]),
        ("review u8: human", vec![2]),
        ("links: count u64", 1u64.to_le_bytes().to_vec()),
        ("link: relation u8 paid, id [16]", [&[1][..], &ulid("01KEZ0000000000000000000BB")].concat()),
        ("caveats u8: no-sole-basis, match-only", vec![0b1100]),
        ("expires u16", le(&[EXPIRES])),
        ("decay u32: half-life, u16 days", [&2u32.to_le_bytes()[..], &le(&[90])].concat()),
        ("status u8: active", vec![0]),
    ];
    let content_bytes: Vec<u8> = content.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let secret = derive(Domain::ClueSalt, &Secret32::new([RECORD_SECRET; 32]), &[&NETWORK, &content_bytes]);
    let salt = ("salt [16]: derive(ClueSalt, 60 x 32, network, content)", secret.expose()[..16].to_vec());
    let fields = [vec![salt], content].concat();
    let gives = vec![("leaf", record().leaf().as_bytes().to_vec())];
    Laid { name: "record of the row", fields, bytes: record().encode(), gives }
}

/// The number of the platform of the row.
const TELEGRAM: u16 = 31;

fn label() -> Label {
    Label::merge(&[(&clue(ROW), Strength::B, 0)], LabelClass::B128).expect("it is active")
}

fn label_laid() -> Laid {
    let words: u16 = 2 | 3 << 3 | 1 << 5 | 1 << 7 | 5 << 11 | 2 << 14;
    let fields = vec![
        ("shown u8", vec![1]),
        ("more u16", vec![0, 0]),
        ("reading u8: mule, no", vec![3 | 1 << 2]),
        ("caveats u8", vec![0b1100]),
        ("id [16]", ulid(ROW[0].1)),
        ("role 3 bits, subject 2, minor 2, typology 4, stage 3, strength 2", le(&[words])),
        ("platform u16", le(&[TELEGRAM])),
        ("caveats 4 bits, review 2, precision 2", vec![0b1100 | 2 << 4 | 1 << 6]),
        ("reliability 3 bits, credibility 3, curve 2", vec![2 | 2 << 3 | 2 << 6]),
        ("confidence u8", vec![80]),
        ("source u8", vec![0]),
        ("first u16, last u16", le(&[FIRST_DAY, LAST_DAY])),
        ("count u32", 12u32.to_le_bytes().to_vec()),
        ("expires u16", le(&[EXPIRES])),
        ("half-life u16", le(&[90])),
        ("country [2]", b"AU".to_vec()),
        ("state 4 bits, area 2, basis 2", vec![2 | 1 << 4 | 2 << 6]),
        ("area u24", 20_604u32.to_le_bytes()[..3].to_vec()),
        ("radius_km u16", le(&[25])),
        ("links 7 bits, left out 1", vec![1]),
        ("link: relation u8 paid, id [16]", [&[1][..], &ulid("01KEZ0000000000000000000BB")].concat()),
        ("padding", vec![0; 128 - 67]),
    ];
    let bytes = label().encode(LabelClass::B128).expect("it fits");
    Laid { name: "label of the row in class 128", fields, bytes, gives: vec![] }
}

fn body() -> ReleaseBody {
    let mut tally = Tally::new();
    tally.push(&record()).expect("the first");
    let text = |text: &str| text.to_owned().try_into().expect("short");
    ReleaseBody {
        network: NetworkId(NETWORK),
        number: ReleaseNumber(5),
        purpose: Purpose::Drill,
        ruleset: 1,
        ruleset_hash: Digest::from_bytes([RULESET; 32]),
        created: UnixTime(CLOCK),
        valid_until: UnixTime(CLOCK + 86_400),
        client_min: ClientVersion { major: 0, minor: 1, patch: 0 },
        sources: vec![SourceTerms {
            source: Source { pseudonym: "hotline-north".parse().expect("one"), kind: SourceKind::Hotline },
            caveats: Caveats::NONE.with(Caveat::NoSoleBasis),
            kinds: vec![IndicatorKind::Phone, IndicatorKind::Email].try_into().expect("two"),
            clues: 1,
        }]
        .try_into()
        .expect("one"),
        content: tally.finish(),
        base: Some(DeltaBase { number: ReleaseNumber(4), root: Digest::from_bytes([BASE_ROOT; 32]) }),
        class: LabelClass::B128,
        contradictions: 0,
        changes: vec![text("one clue more")].try_into().expect("one"),
    }
}

fn signed(body: &ReleaseBody) -> SignedRelease {
    let name = |text: &str| text.to_owned().try_into().expect("short");
    let built = BuiltRelease::build(body, name("Kim"), &key(PERSON)).expect("it keeps the rules");
    let approved = built.approve(name("Lee"), &key(SECOND_PERSON)).expect("a second person");
    approved.publish(&key(HUB)).expect("both are good")
}

fn release_laid() -> Laid {
    let u32s = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let count = |count: u64| count.to_le_bytes().to_vec();
    let fields = vec![
        ("network [16]", NETWORK.to_vec()),
        ("number u32", u32s(&[5])),
        ("purpose u32: drill", u32s(&[1])),
        ("ruleset u16", le(&[1])),
        ("ruleset_hash [32]", vec![RULESET; 32]),
        ("created u64, valid_until u64", [count(CLOCK), count(CLOCK + 86_400)].concat()),
        ("client_min: major, minor, patch u16", le(&[0, 1, 0])),
        ("sources: count u64", count(1)),
        ("source: pseudonym text, kind u8", [counted(b"hotline-north"), vec![0]].concat()),
        ("source: caveats u8", vec![0b0100]),
        ("source: kinds: count u64, u32 each", [count(2), u32s(&[3, 4])].concat()),
        ("source: clues u32", u32s(&[1])),
        ("content: root [32]", record().leaf().as_bytes().to_vec()),
        ("content: clues u32, withdrawals u32", u32s(&[1, 0])),
        ("content: kinds: count u64, kind u32 and clues u32 each", [count(1), u32s(&[4, 1])].concat()),
        ("base: 1, number u32, root [32]", [vec![1], u32s(&[4]), vec![BASE_ROOT; 32]].concat()),
        ("class u16", le(&[128])),
        ("contradictions u32", u32s(&[0])),
        ("changes: count u64, text each", [count(1), counted(b"one clue more")].concat()),
    ];
    let signed = signed(&body());
    VerifiedRelease::verify(signed.clone(), &expected(), UnixTime(CLOCK)).expect("it is good");
    let gives = vec![("digest", signed.digest().as_bytes().to_vec()), ("SignedRelease", encode(&signed))];
    Laid { name: "release of one clue", fields, bytes: encode(&body()), gives }
}

/// Roots of trees of no leaf to four, and the proof of the third of three.
fn tree() -> Value {
    let leaves: Vec<Digest> = (0u8..4).map(|number| merkle::leaf(&[number])).collect();
    let mut tree = MerkleTree::new();
    let mut roots = vec![tree.root().to_string()];
    for leaf in &leaves {
        tree.push(*leaf);
        roots.push(tree.root().to_string());
    }
    let (proof, root) = InclusionProof::build(leaves[..3].iter().copied(), 1).expect("three leaves");
    proof.verify(leaves[1], root).expect("it leads to the root");
    json!({
        "records": ["00", "01", "02", "03"],
        "leaves": list(leaves.iter().map(|leaf| json!(leaf.to_string()))),
        "roots": roots,
        "proof_of_record_1_of_3": list(proof.path().iter().map(|digest| json!(digest.to_string()))),
    })
}

fn watermark() -> Value {
    let mark = WatermarkKey::new(Secret32::new([WATERMARK_SECRET; 32])).mark(
        NetworkId(NETWORK),
        ReleaseNumber(5),
        node(FIRST),
    );
    json!({
        "secret": hex::encode([WATERMARK_SECRET; 32]),
        "network": hex::encode(NETWORK),
        "release": 5,
        "member": hex::encode(public(FIRST)),
        "watermark": hex::encode(mark.as_bytes()),
    })
}

/// A row that is no clue.
#[derive(Debug)]
pub struct RefusedRow {
    /// What is wrong.
    pub defect: &'static str,
    /// The row.
    pub row: Vec<(Field, &'static str)>,
    /// The field that is named.
    pub field: &'static str,
    /// The code.
    pub code: &'static str,
}

impl RefusedRow {
    /// Field and code of the refusal, if it is refused.
    pub fn outcome(&self) -> Option<(&'static str, &'static str)> {
        row_result(&self.row).err()
    }

    fn to_json(&self) -> Value {
        json!({ "defect": self.defect, "row": row_json(&self.row), "field": self.field, "code": self.code })
    }
}

fn row_json(row: &[(Field, &str)]) -> Value {
    Value::Object(row.iter().map(|(field, text)| (field.name().to_owned(), json!(text))).collect())
}

/// Rows that `Clue::from_draft` refuses: the good row with some fields changed.
pub fn refused_rows() -> Vec<RefusedRow> {
    let case = |defect, changes: &[(Field, &'static str)], field: Field, code| {
        let kept = ROW.iter().filter(|(field, _)| !changes.iter().any(|(changed, _)| changed == field));
        RefusedRow { defect, row: kept.chain(changes).copied().collect(), field: field.name(), code }
    };
    let handle = |text| [(Field::Kind, "handle"), (Field::Value, text)];
    let value = Field::Value;
    vec![
        case("no name", &[(Field::Id, "")], Field::Id, "clue-missing"),
        case("no ULID", &[(Field::Id, "clue-1")], Field::Id, "clue-form"),
        case("a kind that is none", &[(Field::Kind, "name")], Field::Kind, "clue-not-one-of"),
        case("no identifier", &[(value, "")], value, "clue-missing"),
        case("no e-mail address", &[(value, "a.sample")], value, "email-shape"),
        case("a web address with a path", &[(Field::Kind, "domain"), (value, "example.org/a")], value, "url-has-path"),
        case("an image", &handle("data:image/png;base64,iVBORw0KGgo"), value, "forbidden-media"),
        case("a hash of a file", &handle("any:d41d8cd98f00b204e9800998ecf8427e"), value, "forbidden-content-hash"),
        case("a tax file number", &handle("any:123456782"), value, "forbidden-tax-file-number"),
        case("a tax file number by its word", &handle("any:TFN 12345678"), value, "forbidden-tax-file-number"),
        case("a message", &handle("any:hello are you there my friend"), value, "forbidden-conversation"),
        case("a word of another list", &[(Field::Subject, "offender")], Field::Subject, "clue-not-one-of"),
        case("free text", &[(Field::Typology, "see the notes")], Field::Typology, "clue-not-one-of"),
        case("a platform that is not listed", &[(Field::Platform, "example")], Field::Platform, "clue-form"),
        case("no date", &[(Field::FirstSeen, "1/3/2026")], Field::FirstSeen, "clue-date"),
        case("seen in the future", &[(Field::LastSeen, "2027-02-01")], Field::LastSeen, "clue-future"),
        case("last seen before first seen", &[(Field::LastSeen, "2026-02")], Field::LastSeen, "clue-before"),
        case("seen no time", &[(Field::Count, "0")], Field::Count, "clue-number"),
        case("a state abroad", &[(Field::Country, "PH")], Field::State, "clue-contradicts"),
        case("an area of another state", &[(Field::State, "NSW")], Field::Sa3, "clue-contradicts"),
        case("a whole postcode", &[(Field::Sa3, ""), (Field::Postcode3, "3000")], Field::Postcode3, "clue-form"),
        case("a source by its name", &[(Field::Source, "Example Bank")], Field::Source, "clue-form"),
        case("no grade", &[(Field::Grade, "B")], Field::Grade, "clue-form"),
        case("a link to itself", &[(Field::Links, "paid:01KEZ0000000000000000000AA")], Field::Links, "clue-itself"),
        case("nothing said of caveats", &[(Field::Caveats, "")], Field::Caveats, "clue-missing"),
        case("no expiry", &[(Field::Expires, "")], Field::Expires, "clue-missing"),
        case("expired before it was seen", &[(Field::Expires, "2026-12-01")], Field::Expires, "clue-before"),
        case("expiry in eleven years", &[(Field::Expires, "2037")], Field::Expires, "clue-too-late"),
        case("no half-life", &[(Field::Decay, "half-life:0")], Field::Decay, "clue-form"),
    ]
}

/// Bytes that are no label of their class.
#[derive(Debug)]
pub struct RefusedLabel {
    /// What is wrong.
    pub defect: &'static str,
    /// The class.
    pub class: LabelClass,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The code.
    pub code: &'static str,
}

impl RefusedLabel {
    fn to_json(&self) -> Value {
        json!({ "defect": self.defect, "class": u16::from(self.class), "label": hex::encode(&self.bytes), "code": self.code })
    }
}

/// Labels that `Label::decode` refuses: the good label with one byte changed.
pub fn refused_labels() -> Vec<RefusedLabel> {
    let class = LabelClass::B128;
    let good = label().encode(class).expect("it fits");
    let case = |defect, at: usize, to: u8, code| {
        let mut bytes = good.clone();
        bytes[at] = to;
        RefusedLabel { defect, class, bytes, code }
    };
    let (malformed, canonical) = ("label-malformed", "label-not-canonical");
    let wrong = |defect, class, len| {
        let bytes = good.iter().copied().chain([0; 512]).take(len).collect();
        RefusedLabel { defect, class, bytes, code: "label-wrong-class" }
    };
    vec![
        wrong("a label of the class above", LabelClass::B256, 128),
        wrong("a label of the class below", LabelClass::B128, 64),
        wrong("one byte more", LabelClass::B128, 129),
        wrong("no byte", LabelClass::B32, 0),
        case("fewer clues than follow", 0, 0, canonical),
        case("more clues than follow", 0, 2, malformed),
        case("a reading that stands for none", 3, 0x80, malformed),
        case("a reading less careful than the clue", 3, 0, canonical),
        case("a reading more careful than all clues shown", 3, 2 | 1 << 2, canonical),
        case("a caveat left out of the head", 4, 0b0100, canonical),
        case("a role that is none", 21, 6, malformed),
        case("no strength", 22, 0x28, malformed),
        case("a platform that is none", 24, 0xff, malformed),
        case("a review that is none", 25, 0b0111_1100, malformed),
        case("no grade", 26, 0x80, malformed),
        case("a confidence over 100", 27, 101, malformed),
        case("first seen after last seen", 30, 0x7f, malformed),
        case("a half-life without its curve", 26, 2 | 2 << 3, malformed),
        case("a country that is none", 41, b'a', malformed),
        case("an area of another state", 43, 1 | 1 << 4 | 2 << 6, malformed),
        case("seventeen links", 49, 17, malformed),
        case("a relation that is none", 50, 4, malformed),
        case("padding that is not zero", 127, 1, canonical),
    ]
}

/// A signed release that a member refuses.
#[derive(Debug)]
pub struct RefusedRelease {
    /// What is wrong.
    pub defect: &'static str,
    /// The bytes of a `SignedRelease`.
    pub bytes: Vec<u8>,
    /// The number that the member has seen, with another digest than this release's.
    pub seen: Option<u32>,
    /// The member's clock.
    pub now: u64,
    /// The code.
    pub code: &'static str,
}

impl RefusedRelease {
    /// The code of the refusal, if it is refused.
    pub fn outcome(&self) -> Option<&'static str> {
        let seen = self.seen.map(|number| Seen { number: ReleaseNumber(number), digest: Digest::from_bytes([0; 32]) });
        let expected = Expected { seen, ..expected() };
        let Ok(signed) = decode::<SignedRelease>(&self.bytes, SIGNED_LEN_MAX) else { return Some("release-malformed") };
        VerifiedRelease::verify(signed, &expected, UnixTime(self.now)).err().map(|error| error.code())
    }

    fn to_json(&self) -> Value {
        json!({
            "defect": self.defect,
            "release": hex::encode(&self.bytes),
            "seen": self.seen,
            "now": self.now,
            "code": self.code,
        })
    }
}

/// What the member of these vectors knows.
fn expected() -> Expected {
    Expected {
        network: NetworkId(NETWORK),
        hub: node(HUB),
        purpose: Purpose::Drill,
        ruleset: 1,
        ruleset_hash: Digest::from_bytes([RULESET; 32]),
        client: ClientVersion { major: 0, minor: 1, patch: 0 },
        seen: None,
    }
}

/// Releases that `VerifiedRelease::verify` refuses.
pub fn refused_releases() -> Vec<RefusedRelease> {
    let case = |defect, bytes, seen, now, code| RefusedRelease { defect, bytes, seen, now, code };
    let other = |change: &dyn Fn(&mut ReleaseBody)| {
        let mut body = body();
        change(&mut body);
        encode(&signed(&body))
    };
    let good = encode(&signed(&body()));
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    vec![
        case("cut by one byte", good[..good.len() - 1].to_vec(), None, CLOCK, "release-malformed"),
        case("one byte more", [&good[..], &[0]].concat(), None, CLOCK, "release-malformed"),
        case("the number changed after it was signed", changed(8 + 16), None, CLOCK, "release-wrong-signer"),
        case("the hub's signature changed", changed(good.len() - 1), None, CLOCK, "release-wrong-signer"),
        case("another network", other(&|b| b.network = NetworkId([0x11; 16])), None, CLOCK, "release-other-network"),
        case("real clues to a drill", other(&|b| b.purpose = Purpose::Live), None, CLOCK, "release-other-purpose"),
        case("an older number", good.clone(), Some(6), CLOCK, "release-rollback"),
        case("another release of the same number", good.clone(), Some(5), CLOCK, "release-fork"),
        case("a client too old", other(&|b| b.client_min.patch = 1), None, CLOCK, "release-client-too-old"),
        case("another ruleset", other(&|b| b.ruleset = 2), None, CLOCK, "release-ruleset"),
        case(
            "another edition of the ruleset",
            other(&|b| b.ruleset_hash = Digest::from_bytes([0; 32])),
            None,
            CLOCK,
            "release-ruleset",
        ),
        case("expired", good.clone(), None, CLOCK + 86_401, "release-expired"),
        case("dated in the future", good.clone(), None, CLOCK - 601, "release-future"),
    ]
}
