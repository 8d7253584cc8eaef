//! What the hub's release says of a match, and what a customer's matches come to together.

use serde::{Deserialize, Serialize};

use super::Screen;

/// What a match of a lighthouse run says. A lead, never a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClueMatchView {
    /// The number of the release.
    pub release: u32,
    /// When it was built.
    pub created: String,
    /// The caveats of all clues: a name and what it means.
    pub caveats: Vec<String>,
    /// What the person is, read the safest way: `unknown`, `suspect`, `victim`, `mule`.
    pub subject: String,
    /// Whether the person is under 18, read the safest way: `unknown`, `no`, `yes`.
    pub minor: String,
    /// How the clues contradict each other.
    pub contradictions: Vec<String>,
    /// The clues that the label shows and that stand.
    pub clues: Vec<ClueView>,
    /// How many more there are.
    pub not_shown: u16,
    /// Clues that the label shows and that were taken back since.
    pub recalled: Vec<RecalledClue>,
    /// Whose identifier it is, by our own references, the most urgent first.
    pub customers: Vec<CustomerView>,
}

/// One clue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClueView {
    /// Its name.
    pub clue: String,
    /// `A`, `B` or `C`: of the form that matched.
    pub strength: String,
    /// The grade of the Admiralty system, such as `B2`.
    pub grade: String,
    /// The source's confidence, 0 to 100.
    pub confidence: u8,
    /// Who looked at it.
    pub review: String,
    /// The pattern of exploitation.
    pub typology: String,
    /// The stage of the offence.
    pub stage: String,
    /// What the holder does.
    pub role: String,
    /// What the holder is.
    pub subject: String,
    /// Whether the holder is under 18.
    pub minor: String,
    /// Where on the internet it was seen.
    pub platform: Option<String>,
    /// The first day.
    pub first_seen: String,
    /// The last day.
    pub last_seen: String,
    /// How exactly the days are known: `day`, `month`, `year`.
    pub precision: String,
    /// How many times it was seen.
    pub times_seen: u32,
    /// Where, and how that is known.
    pub place: Option<String>,
    /// The source's pseudonym in this release.
    pub source: Option<String>,
    /// What kind of organisation the source is.
    pub source_kind: Option<String>,
    /// Other clues that it belongs with: the relation and the name.
    pub links: Vec<String>,
    /// Whether the label had no room for some of them.
    pub links_left_out: bool,
    /// The caveats of its source.
    pub caveats: Vec<String>,
    /// The last day on which it may be used.
    pub expires: String,
    /// How it ages.
    pub decay: String,
    /// Whether it may be used today.
    pub in_force: bool,
}

/// A clue that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecalledClue {
    /// Its name.
    pub clue: String,
    /// `recalled` or `superseded`.
    pub reason: String,
    /// When the hub took it back.
    pub at: String,
}

/// What the matches of one reference come to together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerView {
    /// Our own reference; none if the book has none.
    pub reference: Option<String>,
    /// `low`, `medium` or `high`: in which order to look. No probability.
    pub band: String,
    /// Whether a case may open. A person opens it, or not.
    pub may_open: bool,
    /// The stable code of why.
    pub code: String,
    /// The same in words.
    pub why: String,
    /// How many of the keys say something that no other says.
    pub independent_keys: u32,
    /// All matched keys of the reference in this run.
    pub keys: Vec<KeyView>,
    /// How many of them were too many to be scored together.
    pub keys_not_scored: u32,
}

/// A matched key of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// Its match.
    #[serde(rename = "match")]
    pub id: String,
    /// Indicator type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Canonical form with at most half of its characters shown.
    pub masked: String,
    /// The clue that says most of it; none if no clue is in force and shown.
    pub clue: Option<String>,
    /// The parts of its score.
    pub parts: Vec<PartView>,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartView {
    /// `strength`, `grade`, `recency`, `role fit`, `rarity`.
    pub part: String,
    /// Thousandths of the most that it can be.
    pub permille: u32,
}

impl ClueMatchView {
    /// Caveats stand first: they hold for all that follows.
    pub(super) fn draw_head(&self, screen: Screen) -> Screen {
        let screen = if self.caveats.is_empty() {
            screen.field("caveats", "none")
        } else {
            screen.list("Caveats", &self.caveats)
        };
        let screen = screen
            .field("release", format!("{}, built {}", self.release, self.created))
            .field("the person is read as", format!("{}; under 18: {}", self.subject, self.minor));
        if self.contradictions.is_empty() { screen } else { screen.list("Clues disagree", &self.contradictions) }
    }

    pub(super) fn draw_rest(&self, mut screen: Screen) -> Screen {
        for clue in &self.clues {
            screen = clue.draw(screen);
        }
        if self.not_shown > 0 {
            screen = screen.note(format!(
                "{} more clues say something of this identifier; the label has no room for them",
                self.not_shown
            ));
        }
        for recalled in &self.recalled {
            screen = screen.note(recalled.text());
        }
        for customer in &self.customers {
            screen = customer.draw(screen);
        }
        screen.note(
            "A clue is a lead, never a proof. Nothing here is a reason to act on a person without a person's decision",
        )
    }
}

impl RecalledClue {
    pub(super) fn text(&self) -> String {
        format!("Clue {} was taken back ({}) on {}: it counts no more", self.clue, self.reason, self.at)
    }
}

impl ClueView {
    fn draw(&self, screen: Screen) -> Screen {
        let source = match (&self.source, &self.source_kind) {
            (Some(source), Some(kind)) => format!("{source} ({kind})"),
            _ => "not in the release's list".to_owned(),
        };
        let seen =
            format!("{} to {} (by {}), {} times", self.first_seen, self.last_seen, self.precision, self.times_seen);
        let left_out = if self.links_left_out { ", and more that had no room" } else { "" };
        let links = if self.links.is_empty() { String::new() } else { self.links.join(", ") + left_out };
        let rows = [
            ["pattern", &format!("{}, stage {}", self.typology, self.stage)],
            ["the holder", &format!("{}; {}; under 18: {}", self.role, self.subject, self.minor)],
            ["seen", &seen],
            ["platform", self.platform.as_deref().unwrap_or("not said")],
            ["place", self.place.as_deref().unwrap_or("not said")],
            ["source", &source],
            ["grade", &format!("{}, confidence {}, review {}", self.grade, self.confidence, self.review)],
            ["strength of the key", &self.strength],
            ["caveats", &self.caveats.join(", ")],
            ["may be used until", &format!("{}{}", self.expires, if self.in_force { "" } else { ": it has expired" })],
            ["belongs with", &links],
        ];
        let rows = rows.map(|row| row.map(str::to_owned));
        screen.table(&format!("Clue {}", self.clue), ["what", "says"], rows)
    }
}

impl CustomerView {
    fn draw(&self, screen: Screen) -> Screen {
        let whose = self
            .reference
            .as_ref()
            .map_or("Without a reference of ours".to_owned(), |text| format!("Our reference {text}"));
        let rows = self.keys.iter().map(|key| {
            let parts: Vec<String> = key.parts.iter().map(|part| format!("{} {}", part.part, part.permille)).collect();
            let parts = if parts.is_empty() { "no clue is in force".to_owned() } else { parts.join(", ") };
            [key.id.clone(), key.kind.clone(), key.masked.clone(), key.clue.clone().unwrap_or_default(), parts]
        });
        let opens = if self.may_open { "a case may open" } else { "no case may open" };
        let screen = screen
            .table(&whose, ["match", "type", "value", "clue", "parts, of 1000"], rows)
            .note(format!("{whose}: band {}; {opens}: {} ({})", self.band, self.why, self.code));
        if self.keys_not_scored > 0 {
            return screen.note(format!("{} of its matches were too many to be scored together", self.keys_not_scored));
        }
        screen
    }
}
