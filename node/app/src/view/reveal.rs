//! Reveals.

use serde::{Deserialize, Serialize};

use super::{EndReason, RevealedTo, Screen};

/// Fields that one side shows.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevealFields {
    /// The member's name.
    #[serde(default)]
    pub name: Option<String>,
    /// A person to speak to.
    #[serde(default)]
    pub contact: Option<String>,
    /// The member's own reference to its case.
    #[serde(default)]
    pub case: Option<String>,
}

/// Values name people.
impl core::fmt::Debug for RevealFields {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RevealFields(..)")
    }
}

/// Reveals of this member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealsView {
    /// What changed last is last.
    pub reveals: Vec<RevealLine>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealLine {
    /// Its number: the same on both sides.
    pub reveal: String,
    /// The round.
    pub round: String,
    /// The number of the room, while the rooms are open.
    pub room: Option<u32>,
    /// `requester` or `asked`.
    pub side: String,
    /// The other side's name in the room.
    pub other: String,
    /// Fields that this side shows.
    pub shows: Vec<String>,
    /// Fields that it sees for them.
    pub sees: Vec<String>,
    /// How far it is: `asked`, `written`, `approved-once`, `approved`, `requested`, `agreed`, `deposited`, `withdrawing`, `released`,
    /// `declined`, `withdrawn`, `expired` or `broken`.
    pub state: String,
    /// When it last changed.
    pub changed: String,
}

/// One reveal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealView {
    /// Its number: the same on both sides.
    pub reveal: String,
    /// The round.
    pub round: String,
    /// The number of the room, while the rooms are open.
    pub room: Option<u32>,
    /// `requester` or `asked`.
    pub side: String,
    /// As in a [`RevealLine`].
    pub state: String,
    /// The other side's name in the room.
    pub other: String,
    /// Fields that this side shows.
    pub shows: Vec<String>,
    /// Fields that it sees for them.
    pub sees: Vec<String>,
    /// What this side would show or has shown, unless it is erased.
    pub own: Option<RevealFields>,
    /// The clause of the charter that allows it.
    pub clause: String,
    /// The last interval in which it may be consented to.
    pub until: u16,
    /// The end of that interval.
    pub until_time: String,
    /// Requester: why. It stays at home.
    pub reason: Option<String>,
    /// Who approved it here.
    pub approved_by: Vec<String>,
    /// Digest of what a person signs who approves: all of the above, and what it tells.
    pub to_be_approved: Option<String>,
    /// Digest of what it tells.
    pub leakage: String,
    /// What it tells, by who learns it.
    pub tells: Vec<RevealedTo>,
    /// What the other side showed.
    pub received: Option<ReceivedView>,
    /// What was wrong with the other side's box.
    pub end: Option<EndReason>,
    /// When what is left of it is erased here.
    pub delete_after: Option<String>,
}

/// What the other side showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedView {
    /// The member that showed it.
    pub member: String,
    /// The fields.
    pub fields: RevealFields,
    /// The same on both sides.
    pub receipt: String,
}

impl RevealsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.reveals.iter().map(|line| {
            [
                line.reveal.clone(),
                line.round.clone(),
                line.room.map_or_else(String::new, |room| room.to_string()),
                line.side.clone(),
                line.other.clone(),
                line.shows.join(", "),
                line.sees.join(", "),
                line.state.clone(),
                line.changed.clone(),
            ]
        });
        let headers = ["reveal", "round", "room", "side", "other", "shows", "sees", "state", "changed"];
        Screen::new("Reveals").table("", headers, rows)
    }
}

impl RevealView {
    pub(crate) fn screen(&self) -> Screen {
        let mut screen = Screen::new(format!("Reveal {}", self.reveal))
            .field("round", &self.round)
            .field_if("room", self.room)
            .field("this side", &self.side)
            .field("state", &self.state)
            .field("the other side", &self.other)
            .field("this side shows", self.shows.join(", "))
            .field("and sees", self.sees.join(", "))
            .field("clause", &self.clause)
            .field("consent until", format!("interval {}, {}", self.until, self.until_time))
            .field_if("reason (stays here)", self.reason.as_ref());
        if !self.approved_by.is_empty() {
            screen = screen.field("approved by", self.approved_by.join(", "));
        }
        if let Some(own) = &self.own {
            screen = own.fields(screen, "own");
        }
        if let Some(received) = &self.received {
            screen = screen.field("shown by", &received.member);
            screen = received.fields.fields(screen, "its").field("receipt", &received.receipt);
        }
        screen = screen
            .field_if("to be approved", self.to_be_approved.as_ref())
            .field_if("erased after", self.delete_after.as_ref());
        if self.to_be_approved.is_some() {
            screen = screen.field("what it tells", &self.leakage);
            for line in &self.tells {
                screen = screen.list(&format!("Told: {}", line.who), &line.facts);
            }
        }
        screen.end(self.end.as_ref())
    }
}

impl RevealFields {
    fn fields(&self, screen: Screen, whose: &str) -> Screen {
        screen
            .field_if(&format!("{whose} name"), self.name.as_ref())
            .field_if(&format!("{whose} contact"), self.contact.as_ref())
            .field_if(&format!("{whose} case"), self.case.as_ref())
    }
}
