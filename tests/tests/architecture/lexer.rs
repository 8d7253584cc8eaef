//! Rust source as lexemes: enough to tell code from comments, strings and test modules. Knows no types and no macros.

/// One lexeme of code; comments are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) line: usize,
    pub(crate) what: What,
}

/// What a lexeme is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An identifier or a keyword.
    Word(String),
    /// One character of punctuation; `::` is one.
    Mark(&'static str),
    /// The contents of a string literal, escapes as written.
    Text(String),
    /// A number, a character, a lifetime.
    Other,
}

impl Lexeme {
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.what {
            What::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is(&self, mark: &str) -> bool {
        matches!(&self.what, What::Mark(own) if *own == mark)
    }
}

const MARKS: &[&str] = &[
    "::", "{", "}", "(", ")", "[", "]", "<", ">", "#", "!", ";", ",", ".", "=", "&", "*", "-", "+", "/", "|", "?", ":",
    "%", "^", "@", "$", "~",
];

/// The lexemes of a source.
pub(crate) fn lexemes(source: &str) -> Vec<Lexeme> {
    let mut found = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (what, len) = next(rest, first);
        if let Some(what) = what {
            found.push(Lexeme { line, what });
        }
        line += rest[..len].matches('\n').count();
        rest = &rest[len..];
    }
    found
}

fn next(rest: &str, first: char) -> (Option<What>, usize) {
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (None, block_comment_len(rest));
    }
    if let Some((text, len)) = string(rest) {
        return (Some(What::Text(text)), len);
    }
    if first == '\'' {
        return (Some(What::Other), quote_len(rest));
    }
    if first.is_alphabetic() || first == '_' {
        let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        return (Some(What::Word(rest[..len].to_owned())), len);
    }
    if first.is_ascii_digit() {
        let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        return (Some(What::Other), len);
    }
    match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
        Some(mark) => (Some(What::Mark(mark)), mark.len()),
        None => (None, first.len_utf8()),
    }
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// A string literal of any kind, with its length.
fn string(rest: &str) -> Option<(String, usize)> {
    let after = ["br", "cr", "r"].iter().find_map(|prefix| rest.strip_prefix(prefix));
    if let Some(after) = after {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if let Some(body) = after[hashes..].strip_prefix('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = body.find(&close).unwrap_or(body.len());
            let len = rest.len() - body.len() + (end + close.len()).min(body.len());
            return Some((body[..end].to_owned(), len));
        }
    }
    let body = rest.strip_prefix("b\"").or_else(|| rest.strip_prefix("c\"")).or_else(|| rest.strip_prefix('"'))?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((body[..at].to_owned(), rest.len() - body.len() + at + 1)),
            _ => {}
        }
    }
    Some((body.to_owned(), rest.len()))
}

/// A character literal or a lifetime.
fn quote_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| at + 3)
        }
        Some((at, c)) if rest[at + c.len_utf8()..].starts_with('\'') => at + c.len_utf8() + 1,
        _ => 1,
    }
}

/// The index after the bracket that closes the one at `open`.
pub(crate) fn after_group(lexemes: &[Lexeme], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, lexeme) in lexemes.iter().enumerate().skip(open) {
        if ["{", "(", "["].iter().any(|mark| lexeme.is(mark)) {
            depth += 1;
        } else if ["}", ")", "]"].iter().any(|mark| lexeme.is(mark)) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    lexemes.len()
}

/// A source without its `#[cfg(test)]` items, and the names of the modules among them that stand in files of their own.
pub(crate) fn without_tests(lexemes: &[Lexeme]) -> (Vec<Lexeme>, Vec<String>) {
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < lexemes.len() {
        if !is_cfg_test(&lexemes[at..]) {
            kept.push(lexemes[at].clone());
            at += 1;
            continue;
        }
        let mut end = after_group(lexemes, at + 1);
        // Further attributes of the same item.
        while lexemes.get(end).is_some_and(|t| t.is("#")) {
            end = after_group(lexemes, end + 1);
        }
        let item = lexemes[end..].iter().position(|t| t.is(";") || t.is("{")).map_or(lexemes.len(), |n| end + n);
        if let Some(name) = module_name(&lexemes[end..item]) {
            files.extend(lexemes.get(item).filter(|t| t.is(";")).map(|_| name.to_owned()));
        }
        at = if lexemes.get(item).is_some_and(|t| t.is("{")) { after_group(lexemes, item) } else { item + 1 };
    }
    (kept, files)
}

fn module_name(item: &[Lexeme]) -> Option<&str> {
    let at = item.iter().position(|t| t.word() == Some("mod"))?;
    item.get(at + 1)?.word()
}

fn is_cfg_test(lexemes: &[Lexeme]) -> bool {
    let [hash, open, cfg, paren, test, close, ..] = lexemes else { return false };
    hash.is("#")
        && open.is("[")
        && cfg.word() == Some("cfg")
        && paren.is("(")
        && test.word() == Some("test")
        && close.is(")")
}

/// Every path that is written out, `use` groups expanded: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
pub(crate) fn paths(lexemes: &[Lexeme]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lexemes.len() {
        at = if lexemes[at].word().is_some() { path(lexemes, at, "", &mut found) } else { at + 1 };
    }
    found
}

fn path(lexemes: &[Lexeme], mut at: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    let mut whole = prefix.to_owned();
    let line = lexemes[at].line;
    while let Some(word) = lexemes.get(at).and_then(Lexeme::word) {
        if !whole.is_empty() {
            whole.push_str("::");
        }
        whole.push_str(word);
        at += 1;
        if !lexemes.get(at).is_some_and(|t| t.is("::")) {
            break;
        }
        at += 1;
        if lexemes.get(at).is_some_and(|t| t.is("{")) {
            let end = after_group(lexemes, at);
            let mut inner = at + 1;
            while inner + 1 < end {
                inner = if lexemes[inner].word().is_some() { path(lexemes, inner, &whole, found) } else { inner + 1 };
            }
            return end;
        }
    }
    found.push((line, whole));
    at
}
