//! What must never enter the network: refused by the name of a column and by the look of a value.
//!
//! The lists of columns and words are closed, so most of this has no field to stand in. The guard is for the one field that
//! is open, the identifier, and for people who map a column that should not be mapped: they are told why.
//!
//! It knows shapes, not meanings. A name written as a handle, or a tax file number in a column of phone numbers, passes.

use crate::indicator::{Canonical, ColumnKind, IndicatorKind, Key};
use crate::reasons::reasons;

reasons! {
    /// Something that must not enter the network.
    pub enum Forbidden {
        TaxFileNumber = "forbidden-tax-file-number": "tax file numbers must not enter the network",
            "remove them from the file; the law restricts who may even hold them";
        HealthNumber = "forbidden-health-number": "Medicare and other health numbers must not enter the network",
            "remove them from the file";
        Biometric = "forbidden-biometric": "faces, voices and fingerprints must not enter the network",
            "remove them from the file";
        Media = "forbidden-media": "images and other media must not enter the network",
            "stop, and report the file as your organisation's procedure for such material says";
        ContentHash = "forbidden-content-hash": "hashes of images and files must not enter the network",
            "remove them from the file; lists of hashes have their own channels";
        Conversation = "forbidden-conversation": "messages and chats must not enter the network",
            "leave their text out; say what they show by typology and stage";
        VictimName = "forbidden-victim-name": "names of victims and of minors must not enter the network",
            "leave the row out, or give an account or a handle in place of the name";
        FreeText = "forbidden-free-text": "notes and descriptions must not enter the network",
            "leave the text out; say what it shows by the words of the other columns";
        FullAddress = "forbidden-full-address": "web addresses with a path must not enter the network",
            "give the host name alone";
    }
}

/// Words of a column's name, each list one thing that is forbidden. All words of a list must be there.
const COLUMNS: &[(&[&str], Forbidden)] = &[
    (&["tfn"], Forbidden::TaxFileNumber),
    (&["tax", "file"], Forbidden::TaxFileNumber),
    (&["taxfile"], Forbidden::TaxFileNumber),
    (&["medicare"], Forbidden::HealthNumber),
    (&["ihi"], Forbidden::HealthNumber),
    (&["face"], Forbidden::Biometric),
    (&["fingerprint"], Forbidden::Biometric),
    (&["voiceprint"], Forbidden::Biometric),
    (&["biometric"], Forbidden::Biometric),
    (&["hash"], Forbidden::ContentHash),
    (&["md5"], Forbidden::ContentHash),
    (&["sha1"], Forbidden::ContentHash),
    (&["sha256"], Forbidden::ContentHash),
    (&["pdq"], Forbidden::ContentHash),
    (&["phash"], Forbidden::ContentHash),
    (&["photodna"], Forbidden::ContentHash),
    (&["image"], Forbidden::Media),
    (&["photo"], Forbidden::Media),
    (&["picture"], Forbidden::Media),
    (&["video"], Forbidden::Media),
    (&["media"], Forbidden::Media),
    (&["thumbnail"], Forbidden::Media),
    (&["avatar"], Forbidden::Media),
    (&["screenshot"], Forbidden::Media),
    (&["chat"], Forbidden::Conversation),
    (&["message"], Forbidden::Conversation),
    (&["conversation"], Forbidden::Conversation),
    (&["transcript"], Forbidden::Conversation),
    (&["victim"], Forbidden::VictimName),
    (&["child"], Forbidden::VictimName),
    (&["survivor"], Forbidden::VictimName),
    (&["url"], Forbidden::FullAddress),
    (&["uri"], Forbidden::FullAddress),
    (&["note"], Forbidden::FreeText),
    (&["comment"], Forbidden::FreeText),
    (&["narrative"], Forbidden::FreeText),
    (&["description"], Forbidden::FreeText),
    (&["remark"], Forbidden::FreeText),
    (&["summary"], Forbidden::FreeText),
    (&["text"], Forbidden::FreeText),
];

/// What a column of this name would bring in, if that is forbidden. Plural and case do not matter.
pub fn forbidden_column(name: &str) -> Option<Forbidden> {
    let words = words_of(name);
    let plural = |own: &str, word: &str| matches!(own.strip_prefix(word), Some("" | "s" | "es"));
    let has = |word: &&str| words.iter().any(|own| plural(own, word));
    COLUMNS.iter().find(|(all, _)| all.iter().all(&has)).map(|(_, forbidden)| *forbidden)
}

/// What a value is, if that is forbidden, whatever its canonical form.
pub(super) fn forbidden_value(kind: ColumnKind, raw: &str, canonical: &Canonical) -> Option<Forbidden> {
    forbidden_text(raw)
        .or_else(|| words_max(kind).is_some_and(|max| words(raw) > max).then_some(Forbidden::Conversation))
        .or_else(|| canonical.keys.iter().find_map(forbidden_key))
}

/// What a text is by its beginning or a word in it.
pub(super) fn forbidden_text(raw: &str) -> Option<Forbidden> {
    let text = raw.trim_start();
    let lower = text.to_ascii_lowercase();
    let media = lower.starts_with("data:") || MEDIA_BASE64.iter().any(|magic| text.starts_with(magic));
    if media {
        return Some(Forbidden::Media);
    }
    let words = words_of(text);
    let tax =
        words.iter().any(|word| word == "tfn") || words.windows(2).any(|pair| pair[0] == "tax" && pair[1] == "file");
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (tax && digits >= 8).then_some(Forbidden::TaxFileNumber)
}

/// The first letters of JPEG, PNG, GIF, RIFF (WebP), MP4 and Matroska files in Base64.
const MEDIA_BASE64: &[&str] = &["/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "AAAAGGZ0eX", "AAAAIGZ0eX", "GkXfo"];

/// The most words that a value has, for kinds whose canonical form has no check digits or grammar of its own: more of them
/// are a sentence.
fn words_max(kind: ColumnKind) -> Option<usize> {
    match kind {
        // No name of an account is longer, nor a memo.
        ColumnKind::Handle
        | ColumnKind::PayId
        | ColumnKind::Ewallet
        | ColumnKind::Device
        | ColumnKind::Xlm
        | ColumnKind::Ton => Some(5),
        // Names of people, cities and banks, two of them at most.
        ColumnKind::Person | ColumnKind::Payee | ColumnKind::ForeignAccount => Some(16),
        ColumnKind::AuAccount
        | ColumnKind::Abn
        | ColumnKind::Acn
        | ColumnKind::Phone
        | ColumnKind::Email
        | ColumnKind::Iban
        | ColumnKind::Btc
        | ColumnKind::Evm
        | ColumnKind::Trx
        | ColumnKind::Domain
        | ColumnKind::Pan
        | ColumnKind::Ltc
        | ColumnKind::Doge
        | ColumnKind::Bch
        | ColumnKind::Xmr
        | ColumnKind::Xrp
        | ColumnKind::Sol
        | ColumnKind::IpTime => None,
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn forbidden_key(key: &Key) -> Option<Forbidden> {
    fn after<'a>((_, rest): (&'a str, &'a str)) -> &'a str {
        rest
    }
    let value = match key.kind {
        IndicatorKind::OrgId => key.text.as_str(),
        IndicatorKind::Handle | IndicatorKind::HandleRaw => key.text.split_once(':').map_or(key.text.as_str(), after),
        IndicatorKind::Ewallet => key.text.rsplit_once(':').map_or(key.text.as_str(), after),
        _ => return None,
    };
    if value.contains("://") || (value.starts_with("www.") && value.contains('/')) {
        return Some(Forbidden::FullAddress);
    }
    // MD5, SHA-1, SHA-224, SHA-256 and PDQ, SHA-384, SHA-512.
    let hash =
        matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hash {
        return Some(Forbidden::ContentHash);
    }
    // Handles that are numbers on a platform that has numbers are not looked at: one in eleven would pass the check.
    let bare = key.kind == IndicatorKind::OrgId || key.text.starts_with("any:");
    (bare && is_tax_file_number(value)).then_some(Forbidden::TaxFileNumber)
}

/// Whether nine digits, spaces aside, are weighted to a multiple of 11, as tax file numbers are.
fn is_tax_file_number(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter(|c| *c != ' ').map_while(|c| c.to_digit(10)).collect();
    let written = value.chars().filter(|c| *c != ' ').count();
    let weights = [1, 4, 3, 7, 5, 8, 6, 9, 10];
    written == weights.len()
        && digits.len() == weights.len()
        && digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 11 == 0
}

/// Words of a text, lower case: letters and digits, parted by anything else and where a capital follows a small letter.
fn words_of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_small = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before_small) {
            words.push(String::new());
        }
        before_small = c.is_lowercase();
        if c.is_alphanumeric() {
            words.last_mut().expect("starts with one").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::{Rules, canonicalize};

    #[test]
    fn columns_are_refused_by_their_names() {
        for (name, forbidden) in [
            ("TFN", Forbidden::TaxFileNumber),
            ("customer_tax_file_number", Forbidden::TaxFileNumber),
            ("TaxFileNo", Forbidden::TaxFileNumber),
            ("Medicare Number", Forbidden::HealthNumber),
            ("face-template", Forbidden::Biometric),
            ("ImageURLs", Forbidden::Media),
            ("file sha256", Forbidden::ContentHash),
            ("photo hashes", Forbidden::ContentHash),
            ("chatText", Forbidden::Conversation),
            ("victim_name", Forbidden::VictimName),
            ("child dob", Forbidden::VictimName),
            ("profile url", Forbidden::FullAddress),
            ("Analyst Notes", Forbidden::FreeText),
        ] {
            assert_eq!(forbidden_column(name), Some(forbidden), "{name}");
        }
        for name in ["value", "account", "phone", "surface", "context_free", "stage", "platform", "textile", "notebook"]
        {
            assert_eq!(forbidden_column(name), None, "{name}");
        }
    }

    #[test]
    fn values_are_refused_by_their_look() {
        let check = |kind, raw: &str, expected| {
            let canonical = canonicalize(kind, raw.as_bytes(), &Rules::default()).expect(raw);
            assert_eq!(forbidden_value(kind, raw, &canonical), expected, "{raw}");
        };
        let handle = ColumnKind::Handle;
        check(handle, "any:d41d8cd98f00b204e9800998ecf8427e", Some(Forbidden::ContentHash));
        check(handle, &format!("kik:{}", "0f".repeat(32)), Some(Forbidden::ContentHash));
        check(handle, "any:123456782", Some(Forbidden::TaxFileNumber));
        check(handle, "any:TFN 12345678", Some(Forbidden::TaxFileNumber));
        check(handle, "any:hello are you there my friend", Some(Forbidden::Conversation));
        check(ColumnKind::PayId, "https://example.org:443", Some(Forbidden::FullAddress));
        let memo = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ#send it to me before she wakes";
        check(ColumnKind::Xlm, memo, Some(Forbidden::Conversation));
        // What looks alike and is not.
        check(handle, "telegram:123456782", None);
        check(handle, "any:123456789", None);
        check(handle, "any:mary jane of the hill", None);
        check(handle, "any:tfn_fan", None);
        check(handle, "kik:deadbeef", None);
        check(ColumnKind::Payee, "PH:Quezon City:Maria Clara de la Cruz y Santos", None);
        check(ColumnKind::Phone, "+61412345678", None);
    }

    #[test]
    fn media_is_refused_before_anything_reads_it() {
        for raw in ["data:image/png;base64,AAAA", " /9j/4AAQSkZJRg", "iVBORw0KGgoAAAANSUhEUg", "R0lGODlhAQABAIAAAA"] {
            assert_eq!(forbidden_text(raw), Some(Forbidden::Media), "{raw}");
        }
        assert_eq!(forbidden_text("database:9"), None);
    }
}
