//! Names of people, banks and places as words of the letters A to Z (`docs/spec/ruleset-2.md` §3.21).
//!
//! A reduction, not a translation: two spellings of one name often meet, and now and then two names do. So a key with a name
//! is never more than strength C.

use core::iter::Peekable;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::indicator::{
    clean::{Clean, refuse_placeholder},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables::{self, NameWord},
};

/// Words of one name at most; more are a sentence.
const WORDS_MAX: usize = 12;
/// Letters of one name at most, after transliteration.
const LETTERS_MAX: usize = 160;
/// The short form of Maria in Spanish and Philippine names. Without its dot it is a name of its own.
const MARIA: &str = "MA.";

/// The words of a name of a person: titles, suffixes and particles are set aside as long as a word is left.
pub(in crate::indicator) fn words(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<Vec<String>, RefusalCode> {
    let mut words = raw_words(value, repairs)?;
    set_aside(&mut words, NameWord::Title, RepairCode::TitleDropped, repairs);
    set_aside(&mut words, NameWord::Suffix, RepairCode::TitleDropped, repairs);
    set_aside(&mut words, NameWord::Particle, RepairCode::ParticlesSetAside, repairs);
    refuse_placeholder(&words.join(" "))?;
    Ok(words)
}

/// The words of a name of a bank or a place, in their order, with single spaces.
pub(in crate::indicator) fn plain(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let name = raw_words(value, repairs)?.join(" ");
    refuse_placeholder(&name).map(|()| name)
}

/// Removes the words of a sort, wherever they stand, unless no other word would be left.
fn set_aside(words: &mut Vec<String>, sort: NameWord, code: RepairCode, repairs: &mut RepairCodes) {
    let is_other = |word: &String| tables::name_word(word) != Some(sort);
    if words.iter().any(is_other) && !words.iter().all(is_other) {
        repairs.insert(code);
        words.retain(is_other);
    }
}

/// NFKD, accents removed, transliterated, upper case, split at everything that is no letter and no full stop; full stops
/// vanish.
fn raw_words(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<Vec<String>, RefusalCode> {
    let Clean { text, repairs: made } = value;
    repairs.merge(made);
    refuse_placeholder(&text)?;
    if text.chars().any(|c| !is_of_a_name(c)) {
        return Err(RefusalCode::NameShape);
    }
    let plain: String = text.nfkd().filter(|c| !is_accent(*c)).collect();
    let latin = if plain.is_ascii() { plain } else { transliterated(&plain)? };
    repairs.note(!text.is_ascii(), RepairCode::Transliterated);
    repairs.note(latin.bytes().any(|byte| byte.is_ascii_lowercase()), RepairCode::UpperCased);
    let upper = latin.to_ascii_uppercase();
    let mut words = Vec::new();
    for word in upper.split(|c: char| !c.is_ascii_uppercase() && c != '.').filter(|word| !word.is_empty()) {
        let rest = word.strip_prefix(MARIA);
        if rest.is_some() {
            words.push("MARIA".to_owned());
        }
        let letters: String = rest.unwrap_or(word).chars().filter(|c| *c != '.').collect();
        words.extend(Some(letters).filter(|letters| !letters.is_empty()));
    }
    repairs.note(words.join(" ") != upper, RepairCode::SeparatorsRemoved);
    if words.is_empty() {
        return Err(RefusalCode::NameShape);
    }
    if words.len() > WORDS_MAX || words.iter().map(String::len).sum::<usize>() > LETTERS_MAX {
        return Err(RefusalCode::NameTooLong);
    }
    Ok(words)
}

/// Letters with their marks, and the signs that stand in names. Digits, addresses and pictures are something else.
fn is_of_a_name(c: char) -> bool {
    c.is_alphabetic()
        || is_combining_mark(c)
        || c.is_whitespace()
        || matches!(c, '-' | '\'' | '.' | ',' | '`' | '(' | ')' | '"' | '/' | '&')
        || matches!(c, '\u{B4}' | '\u{B7}' | '\u{2018}' | '\u{2019}' | '\u{201C}' | '\u{201D}' | '\u{30FB}')
}

/// Accents, which a reader of Latin letters leaves out. The marks of other scripts are vowels and stay.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

/// The nearest letters of ASCII; refuses what has none, since a lost letter would make two names one.
fn transliterated(text: &str) -> Result<String, RefusalCode> {
    let mut latin = String::with_capacity(text.len());
    let mut chars: Peekable<_> = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii() {
            latin.push(c);
            continue;
        }
        match deunicode::deunicode_char(c) {
            Some(near) => latin.push_str(near),
            None => return Err(RefusalCode::NameShape),
        }
        // A syllable of a script without spaces is a word of its own.
        if is_of_syllables(c) && chars.peek().is_some_and(|next| is_of_syllables(*next)) {
            latin.push(' ');
        }
    }
    Ok(latin)
}

/// Chinese characters: each is transliterated as a whole syllable.
fn is_of_syllables(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
