//! What must never enter, told by the name of its column or by its content (`docs/spec/ruleset-2.md` §4).
//!
//! Names decide first: one random number in eleven passes the check of a tax file number, so its digits alone prove nothing.

use super::{clean::after_prefix, refusal::RefusalCode};

/// A sort of column that must not be mapped, and is best left out of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// Tax file numbers and Medicare numbers: other uses are offences.
    GovernmentNumber,
    /// Fingerprints, faces, voices and the like.
    Biometric,
    /// Pictures, films and other files.
    Media,
    /// Notes and messages, in which anything may stand.
    FreeText,
}

impl Forbidden {
    /// Every sort.
    pub const ALL: [Self; 4] = [Self::GovernmentNumber, Self::Biometric, Self::Media, Self::FreeText];

    /// The sort of a column by its header.
    pub fn of_header(header: &str) -> Option<Self> {
        let words = words_of(header);
        let joined = words.concat();
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        let holds = |known: &[&str]| known.iter().any(|part| joined.contains(part));
        if words.iter().any(|word| is_tfn(word)) || holds(&["taxfile", "medicare"]) {
            Some(Self::GovernmentNumber)
        } else if holds(&["biometric", "fingerprint", "faceprint", "voiceprint", "facetemplate"])
            || has(&["iris", "retina"])
        {
            Some(Self::Biometric)
        } else if has(&[
            "photo", "photos", "image", "images", "img", "picture", "video", "videos", "media", "selfie", "jpeg",
        ]) || holds(&["thumbnail", "attachment"])
        {
            Some(Self::Media)
        } else if has(&["comment", "comments", "notes", "remarks", "narrative", "transcript", "memotext"])
            || holds(&["freetext", "messagetext", "chatlog"])
        {
            Some(Self::FreeText)
        } else {
            None
        }
    }

    /// What it looks like, after "column X looks like".
    pub const fn looks_like(self) -> &'static str {
        match self {
            Self::GovernmentNumber => "a tax file or Medicare number",
            Self::Biometric => "a biometric",
            Self::Media => "a picture or a file",
            Self::FreeText => "free text",
        }
    }

    /// Why it stays out and what to do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::GovernmentNumber => {
                "the law forbids to use these here: remove the column from the map and from the export"
            }
            Self::Biometric => {
                "biometrics must not enter the network: remove the column from the map and from the export"
            }
            Self::Media => {
                "pictures and files must not enter the network: remove the column from the map and from the export"
            }
            Self::FreeText => "notes hold more than identifiers: remove the column from the map and from the export",
        }
    }
}

/// Lower-case words of a header; a capital after a small letter begins one as well.
fn words_of(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in header.chars() {
        if !c.is_ascii_alphanumeric() || (after_small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("begins with a word").push(c.to_ascii_lowercase());
        }
        after_small = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_tfn(word: &str) -> bool {
    let numbered = |rest: &str| {
        matches!(rest, "" | "no" | "nr" | "num" | "number") || rest.bytes().all(|byte| byte.is_ascii_digit())
    };
    word.strip_prefix("tfn").is_some_and(numbered) || word.ends_with("tfn")
}

/// Refuses values that say what they are: pictures by the beginning of their bytes, forbidden numbers by their label.
pub(super) fn refuse_content(text: &str) -> Result<(), RefusalCode> {
    // Base64 of the first bytes of JPEG, PNG, GIF and RIFF, as they come in exports.
    const MAGIC: [&str; 5] = ["/9j/4", "iVBORw0KGgo", "R0lGODlh", "R0lGODdh", "UklGR"];
    const MAGIC_LEN_MIN: usize = 64;
    let picture = text.len() >= MAGIC_LEN_MIN && MAGIC.iter().any(|magic| text.starts_with(magic));
    if picture || after_prefix(text, "data:").is_some_and(|rest| rest.contains([',', ';'])) {
        return Err(RefusalCode::MediaContent);
    }
    let labelled = ["TFN", "Tax File Number", "Tax File No", "Medicare"].into_iter().any(|label| {
        after_prefix(text, label).is_some_and(|rest| {
            let number = rest.trim_start_matches([' ', ':', '.', '#', '-']);
            rest.starts_with([' ', ':', '.', '#', '-']) && number.starts_with(|c: char| c.is_ascii_digit())
        })
    });
    if labelled { Err(RefusalCode::ForbiddenNumber) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_what_must_not_enter_are_known() {
        use Forbidden::{Biometric, FreeText, GovernmentNumber, Media};
        for (sort, headers) in [
            (
                Some(GovernmentNumber),
                &[
                    "tfn",
                    "TFN",
                    "Cust TFN",
                    "tax file number",
                    "TaxFileNo",
                    "tax_file_no",
                    "medicare",
                    "Medicare_Card",
                    "customerTFN",
                    "TfnNumber",
                    "tfn_1",
                    "TFN2",
                ][..],
            ),
            (Some(Biometric), &["fingerprint_hash", "FacePrint", "biometric id", "iris"][..]),
            (Some(Media), &["photo", "id_image", "Profile Picture", "selfieVideo", "attachment_1"][..]),
            (Some(FreeText), &["notes", "Analyst Comments", "free_text", "SMR narrative"][..]),
            (
                None,
                &["mobile", "abn", "tax_country", "file", "email", "platform", "surname", "memo", "interface", ""][..],
            ),
        ] {
            for header in headers {
                assert_eq!(Forbidden::of_header(header), sort, "{header}");
            }
        }
    }

    #[test]
    fn content_that_says_what_it_is_is_refused() {
        let picture = format!("iVBORw0KGgo{}", "A".repeat(80));
        for (text, expect) in [
            ("data:image/png;base64,AAAA", Err(RefusalCode::MediaContent)),
            (picture.as_str(), Err(RefusalCode::MediaContent)),
            ("TFN 123 456 782", Err(RefusalCode::ForbiddenNumber)),
            ("Tax File No: 123456782", Err(RefusalCode::ForbiddenNumber)),
            ("Medicare: 2123 45670 1", Err(RefusalCode::ForbiddenNumber)),
            ("tfn_trader", Ok(())),
            ("data:mouse", Ok(())),
            ("medicare-services", Ok(())),
        ] {
            assert_eq!(refuse_content(text), expect, "{text}");
        }
    }
}
