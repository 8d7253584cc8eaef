//! STIX patterns (STIX 2.1 §9), as far as they name identifiers: observations of properties that equal texts. Everything
//! else of the language compares, matches or counts, and names no identifier.

use super::{PATTERN_LEN_MAX, RECORD_PARTS_MAX};

/// One comparison: `object:path = 'text'`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) object: String,
    pub(super) path: String,
    pub(super) text: String,
}

/// The identifiers of a pattern: each a list of properties that hold together of one object.
pub(super) fn read(pattern: &str) -> Option<Vec<Vec<Comparison>>> {
    if pattern.len() > PATTERN_LEN_MAX {
        return None;
    }
    let mut words = Words { rest: pattern };
    let mut found = Vec::new();
    loop {
        (words.next()? == Word::Open).then_some(())?;
        observation(&mut words, &mut found)?;
        match words.next() {
            None if words.rest.trim().is_empty() => return Some(found),
            Some(Word::Name("OR" | "AND" | "FOLLOWEDBY")) => {}
            _ => return None,
        }
    }
}

/// What stands between brackets: alternatives, each of comparisons that hold together.
fn observation(words: &mut Words<'_>, found: &mut Vec<Vec<Comparison>>) -> Option<()> {
    let mut together = vec![comparison(words)?];
    loop {
        (found.len() + together.len() <= RECORD_PARTS_MAX).then_some(())?;
        match words.next()? {
            Word::Name("AND") => {
                let next = comparison(words)?;
                // Properties of two objects are two identifiers, and that they occur together is no identifier.
                (next.object == together[0].object).then_some(())?;
                together.push(next);
            }
            Word::Name("OR") => {
                found.push(core::mem::take(&mut together));
                together.push(comparison(words)?);
            }
            Word::Close => {
                found.push(together);
                return Some(());
            }
            _ => return None,
        }
    }
}

fn comparison(words: &mut Words<'_>) -> Option<Comparison> {
    let Word::Name(name) = words.next()? else { return None };
    let (object, path) = name.split_once(':')?;
    (words.next()? == Word::Equal).then_some(())?;
    let Word::Text(text) = words.next()? else { return None };
    Some(Comparison { object: object.to_owned(), path: path.to_owned(), text })
}

#[derive(PartialEq, Eq)]
enum Word<'a> {
    Open,
    Close,
    Equal,
    Name(&'a str),
    Text(String),
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<Word<'a>> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        let (word, used) = match first {
            '[' => (Word::Open, 1),
            ']' => (Word::Close, 1),
            '=' => (Word::Equal, if self.rest.starts_with("==") { 2 } else { 1 }),
            '\'' => {
                let (text, used) = quoted(self.rest)?;
                (Word::Text(text), used)
            }
            _ => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
                let used = self.rest.find(|c| !plain(c)).unwrap_or(self.rest.len());
                (used > 0).then_some(())?;
                (Word::Name(&self.rest[..used]), used)
            }
        };
        self.rest = &self.rest[used..];
        Some(word)
    }
}

/// The text between quotes, without its escapes, and its length with them.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut found = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\\' if !escaped => escaped = true,
            '\'' if !escaped => return Some((found, at + 1)),
            _ => {
                found.push(c);
                escaped = false;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equalities_are_read_and_everything_else_is_not() {
        let shown = |pattern| {
            read(pattern).map(|found| {
                let one = |together: &Vec<Comparison>| {
                    together.iter().map(|c| format!("{}.{}={}", c.object, c.path, c.text)).collect::<Vec<_>>().join("&")
                };
                found.iter().map(one).collect::<Vec<_>>().join(" ")
            })
        };
        let check = |pattern, expect: Option<&str>| assert_eq!(shown(pattern).as_deref(), expect, "{pattern}");
        check("[email-addr:value = 'a@b.example']", Some("email-addr.value=a@b.example"));
        check("[a:x='1' OR a:x = '2'] OR [b:y == '3']", Some("a.x=1 a.x=2 b.y=3"));
        check("[a:x='1' AND a:y='it\\'s \\\\']", Some("a.x=1&a.y=it's \\"));
        for pattern in [
            "",
            "[",
            "[]",
            "[a:x]",
            "[a:x='1'",
            "[a:x='1] ",
            "[a:x LIKE '1%']",
            "[a:x > 1]",
            "[NOT a:x='1']",
            "[a:x='1'] WITHIN 5 SECONDS",
            "[a:x='1' AND b:y='2']",
            "[(a:x='1')]",
            "[a:x IN ('1')]",
            "[a='1']",
            "[a:x='1'] [a:x='2']",
        ] {
            check(pattern, None);
        }
        assert!(read(&format!("[a:x='{}']", "1".repeat(PATTERN_LEN_MAX))).is_none());
    }
}
