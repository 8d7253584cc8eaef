//! The tables of the ruleset, read once from `protocol/tables/` and part of the ruleset's digest.
//!
//! Each is text: a line that begins with `# ` is a comment, fields are separated by spaces. `protocol/tests/ruleset_tables.rs` regenerates the
//! two that come from the directory of BSBs.

use std::{collections::HashMap, sync::LazyLock};

/// Every table by its file name, in the order in which they enter the digest.
pub(super) const TABLES: [(&str, &str); 12] = [
    ("bsb-prefixes.txt", include_str!("../../tables/bsb-prefixes.txt")),
    ("bsb-successors.txt", include_str!("../../tables/bsb-successors.txt")),
    ("mailbox-providers.txt", include_str!("../../tables/mailbox-providers.txt")),
    ("disposable-mail.txt", include_str!("../../tables/disposable-mail.txt")),
    ("platforms.txt", include_str!("../../tables/platforms.txt")),
    ("placeholders.txt", include_str!("../../tables/placeholders.txt")),
    ("contracts.txt", include_str!("../../tables/contracts.txt")),
    ("countries.txt", include_str!("../../tables/countries.txt")),
    ("ewallets.txt", include_str!("../../tables/ewallets.txt")),
    ("card-ranges.txt", include_str!("../../tables/card-ranges.txt")),
    ("test-cards.txt", include_str!("../../tables/test-cards.txt")),
    ("name-words.txt", include_str!("../../tables/name-words.txt")),
];

/// The longest way from a merged BSB to the one that holds its accounts now.
const SUCCESSORS_MAX: usize = 7;

/// Whether some institution uses BSBs that begin like this one. `bsb` is six digits.
pub(super) fn is_known_bsb(bsb: &str) -> bool {
    static PREFIXES: LazyLock<Vec<&'static str>> = LazyLock::new(|| sorted_lines("bsb-prefixes.txt"));
    [2, 3].iter().any(|len| PREFIXES.binary_search(&&bsb[..*len]).is_ok())
}

/// The BSBs into which a merged BSB went, one after the other.
pub(super) fn bsb_successors(bsb: &str) -> impl Iterator<Item = &'static str> {
    static SUCCESSORS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| pairs("bsb-successors.txt"));
    core::iter::successors(SUCCESSORS.get(bsb).copied(), |bsb| SUCCESSORS.get(bsb).copied()).take(SUCCESSORS_MAX)
}

/// Whether a whole value, or the value after a prefix, stands for nothing.
pub(super) fn is_placeholder(text: &str) -> bool {
    static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let mut words: Vec<_> = lines("placeholders.txt").collect();
        words.sort_unstable();
        words
    });
    let longest = 32;
    if text.len() > longest {
        return false;
    }
    WORDS.binary_search(&text.to_ascii_lowercase().as_str()).is_ok()
}

/// What a provider of mailboxes ignores in a local part.
#[derive(Clone, Copy)]
pub(super) struct MailboxRule {
    /// The domain that the provider's mailboxes are written with.
    pub(super) domain: &'static str,
    /// Whether dots are ignored.
    pub(super) dots_ignored: bool,
}

/// The rule of a mail domain. Every provider of the table ignores what follows a `+`.
pub(super) fn mailbox_rule(domain: &str) -> Option<MailboxRule> {
    static RULES: LazyLock<HashMap<&'static str, MailboxRule>> = LazyLock::new(|| {
        let fields = lines("mailbox-providers.txt").map(|line| line.split_whitespace().collect::<Vec<_>>());
        fields
            .map(|fields| (fields[0], MailboxRule { domain: fields[1], dots_ignored: fields[2] == "dots-ignored" }))
            .collect()
    });
    RULES.get(domain).copied()
}

/// Whether a mail domain hands out addresses for a few minutes.
pub(super) fn is_disposable(domain: &str) -> bool {
    static DOMAINS: LazyLock<Vec<&'static str>> = LazyLock::new(|| sorted_lines("disposable-mail.txt"));
    DOMAINS.binary_search(&domain).is_ok()
}

/// Whether an address of a chain is a contract or burn address that everyone shares. `chain` is `evm` or `trx`.
pub(super) fn is_known_contract(chain: &str, address: &str) -> bool {
    static CONTRACTS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
        lines("contracts.txt")
            .map(|line| {
                let mut fields = line.split_whitespace();
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default())
            })
            .collect()
    });
    CONTRACTS.contains(&(chain, address))
}

/// The code of two letters for a code of two or three, in upper case.
pub(super) fn country(code: &str) -> Option<&'static str> {
    static CODES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        let both = lines("countries.txt").filter_map(|line| line.split_once(' '));
        both.flat_map(|(two, three)| [(two, two), (three, two)]).collect()
    });
    CODES.get(code).copied()
}

/// What the accounts of an operator of e-wallets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountOf {
    /// Mobile numbers.
    Phone,
    /// E-mail addresses.
    Email,
    /// One of these, or a number or name of the operator's own.
    Either,
}

/// One line of `ewallets.txt`.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) account: AccountOf,
    /// Where it has accounts; none if they belong to no country.
    pub(super) countries: Vec<&'static str>,
}

/// The operator of a name or short name, in lower case.
pub(super) fn operator(name: &str) -> Option<&'static Operator> {
    static OPERATORS: LazyLock<HashMap<&'static str, Operator>> = LazyLock::new(|| {
        let rows = lines("ewallets.txt").map(|line| line.split_whitespace().collect::<Vec<_>>());
        let list = |field: &'static str| field.split(',').filter(|part| *part != "-").collect::<Vec<_>>();
        rows.flat_map(|fields| {
            core::iter::once(fields[0]).chain(list(fields[1])).map(move |name| {
                let account = match fields[2] {
                    "phone" => AccountOf::Phone,
                    "email" => AccountOf::Email,
                    _ => AccountOf::Either,
                };
                (name, Operator { name: fields[0], account, countries: list(fields[3]) })
            })
        })
        .collect()
    });
    OPERATORS.get(name)
}

/// Whether an issuer uses card numbers with this beginning and as many digits.
pub(super) fn is_card_range(digits: &str) -> bool {
    static RANGES: LazyLock<Vec<(&'static str, &'static str, Vec<usize>)>> = LazyLock::new(|| {
        let rows = lines("card-ranges.txt").map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.map(|fields| (fields[0], fields[1], fields[2].split(',').filter_map(|len| len.parse().ok()).collect()))
            .collect()
    });
    RANGES.iter().any(|(from, to, lens)| {
        let begins = digits.get(..from.len()).is_some_and(|prefix| (*from..=*to).contains(&prefix));
        begins && lens.contains(&digits.len())
    })
}

/// Whether a card number is one that processors publish for tests.
pub(super) fn is_test_card(digits: &str) -> bool {
    lines("test-cards.txt").any(|line| line == digits)
}

/// What a word of a name is, if it is more than a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameWord {
    /// Stands before a name: `DR`.
    Title,
    /// Stands behind one: `JR`.
    Suffix,
    /// Belongs to a family name, and is written or left out: `DELA`.
    Particle,
}

/// What a word of A to Z is in a name.
pub(super) fn name_word(word: &str) -> Option<NameWord> {
    static WORDS: LazyLock<HashMap<&'static str, NameWord>> = LazyLock::new(|| {
        let sorted = |line: &'static str| {
            let mut words = line.split_whitespace();
            let sort = match words.next() {
                Some("title") => NameWord::Title,
                Some("suffix") => NameWord::Suffix,
                _ => NameWord::Particle,
            };
            words.map(move |word| (word, sort))
        };
        lines("name-words.txt").flat_map(sorted).collect()
    });
    WORDS.get(word).copied()
}

/// A platform of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Platform(pub(super) &'static PlatformRow);

impl Platform {
    /// The platform of a name or short name of the table, in lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        let row = platforms().iter().find(|row| row.name == name || row.short_names.contains(&name))?;
        Some(Self(row))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name
    }
}

impl core::fmt::Debug for Platform {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Platform({})", self.0.name)
    }
}

/// One line of `platforms.txt`.
#[derive(PartialEq, Eq)]
pub(super) struct PlatformRow {
    pub(super) name: &'static str,
    pub(super) short_names: Vec<&'static str>,
    /// Signs that people write before a name.
    pub(super) sigils: Vec<&'static str>,
    /// How many digits a numeric identifier has; `None` if the platform shows none.
    pub(super) id_digits: Option<(usize, usize)>,
    /// Addresses of profiles, without scheme, with the part that is the name cut off.
    pub(super) profiles: Vec<Profile>,
}

/// One form of a profile's address.
#[derive(PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) host: &'static str,
    /// From the slash after the host up to the name.
    pub(super) path: &'static str,
    pub(super) part: ProfilePart,
}

/// What the last part of a profile's address is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProfilePart {
    /// A name.
    Name,
    /// A numeric identifier.
    Id,
    /// An identifier in which case matters.
    Key,
}

/// Every platform.
pub(super) fn platforms() -> &'static [PlatformRow] {
    static PLATFORMS: LazyLock<Vec<PlatformRow>> =
        LazyLock::new(|| lines("platforms.txt").filter(|line| !line.starts_with('!')).map(platform_row).collect());
    &PLATFORMS
}

/// Whether a name is a page that platforms keep for themselves.
pub(super) fn is_reserved_handle(name: &str) -> bool {
    static RESERVED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        lines("platforms.txt")
            .filter_map(|line| line.strip_prefix("!reserved"))
            .flat_map(str::split_whitespace)
            .collect()
    });
    RESERVED.contains(&name)
}

fn platform_row(line: &'static str) -> PlatformRow {
    let fields: Vec<&'static str> = line.split_whitespace().collect();
    let list = |field: &'static str| field.split(',').filter(|part| *part != "-").collect::<Vec<_>>();
    let id_digits = fields[3].split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let profiles = fields[4..].iter().map(|address| {
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        let path = &address[host.len()..host.len() + 1 + path.len()];
        let (path, part) = [("{id}", ProfilePart::Id), ("{key}", ProfilePart::Key), ("{name}", ProfilePart::Name)]
            .into_iter()
            .find_map(|(mark, part)| path.strip_suffix(mark).map(|path| (path, part)))
            .expect("the test reads every line of the table");
        Profile { host, path, part }
    });
    PlatformRow {
        name: fields[0],
        short_names: list(fields[1]),
        sigils: list(fields[2]),
        id_digits,
        profiles: profiles.collect(),
    }
}

fn sorted_lines(table: &str) -> Vec<&'static str> {
    let mut lines: Vec<_> = lines(table).collect();
    lines.sort_unstable();
    lines
}

fn pairs(table: &str) -> HashMap<&'static str, &'static str> {
    lines(table).filter_map(|line| line.split_once(' ')).collect()
}

/// The lines of a table without comments.
fn lines(table: &str) -> impl Iterator<Item = &'static str> {
    let text = TABLES.iter().find(|(name, _)| *name == table).map_or("", |(_, text)| *text);
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_whole() {
        assert!(is_known_bsb("062000") && is_known_bsb("633000") && !is_known_bsb("000000"));
        for (table, fields) in [("mailbox-providers.txt", 3), ("bsb-successors.txt", 2), ("contracts.txt", 3)] {
            for line in lines(table) {
                assert!(line.split_whitespace().count() >= fields, "{table}: {line}");
            }
        }
        assert!(platforms().len() > 20);
        assert_eq!(lines("countries.txt").count(), 249);
        assert!(lines("countries.txt").all(|line| line.len() == 6 && country(&line[..2]) == country(&line[3..])));
        for line in lines("ewallets.txt") {
            let fields: Vec<_> = line.split_whitespace().collect();
            let known = operator(fields[0]).unwrap();
            assert!(fields.len() == 4 && matches!(fields[2], "phone" | "email" | "either"), "{line}");
            assert!(known.countries.iter().all(|code| country(code) == Some(*code)), "{line}");
        }
        for line in lines("card-ranges.txt") {
            let fields: Vec<_> = line.split_whitespace().collect();
            assert!(fields.len() == 4 && fields[0].len() == fields[1].len() && fields[0] <= fields[1], "{line}");
            assert!(fields[2].split(',').all(|len| (12..=19).contains(&len.parse::<u8>().unwrap())), "{line}");
        }
        assert!(lines("test-cards.txt").all(is_card_range));
        for (word, sort) in [("DR", NameWord::Title), ("JR", NameWord::Suffix), ("DELA", NameWord::Particle)] {
            assert_eq!(name_word(word), Some(sort));
        }
        let words: Vec<_> = lines("name-words.txt").flat_map(|line| line.split_whitespace().skip(1)).collect();
        assert!(words.iter().enumerate().all(|(at, word)| !words[..at].contains(word)));
        assert!(lines("disposable-mail.txt").all(|domain| psl::domain(domain.as_bytes()).is_some()));
        assert!(lines("placeholders.txt").all(|word| word == word.to_ascii_lowercase() && word.len() <= 32));
    }

    #[test]
    fn no_platform_name_or_profile_is_listed_twice() {
        let names: Vec<_> = platforms().iter().flat_map(|row| row.short_names.iter().chain([&row.name])).collect();
        let profiles: Vec<_> =
            platforms().iter().flat_map(|row| row.profiles.iter().map(|p| (p.host, p.path))).collect();
        assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)));
        assert!(profiles.iter().enumerate().all(|(at, profile)| !profiles[..at].contains(profile)));
    }

    #[test]
    fn merged_bsbs_lead_to_an_end() {
        for line in lines("bsb-successors.txt") {
            let (from, _) = line.split_once(' ').unwrap();
            let path: Vec<_> = bsb_successors(from).collect();
            assert!(path.len() < SUCCESSORS_MAX && !path.contains(&from), "{from}");
            assert!(path.iter().all(|bsb| is_known_bsb(bsb)), "{from}");
        }
    }
}
