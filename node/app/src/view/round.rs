//! Shared keys, rounds and rooms.

use serde::{Deserialize, Serialize};

use super::{EndReason, NoiseView, Screen, ToldView};

/// Shared keys, and the ceremonies that made them or did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedKeysView {
    /// The newest key of each pilot.
    pub keys: Vec<SharedKeyLine>,
    /// Ceremonies, oldest first.
    pub ceremonies: Vec<CeremonyLine>,
}

/// A shared key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedKeyLine {
    /// The pilot.
    pub pilot: String,
    /// Its name.
    pub pilot_name: String,
    /// The number of the key in it.
    pub period: u32,
    /// Fingerprint of the public half: the same at the hub and at every keyholder.
    pub public: String,
    /// How many holders it takes to evaluate.
    pub threshold: u8,
    /// Who holds a share.
    pub holders: Vec<String>,
    /// Whether this node does.
    pub share: bool,
}

/// A ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyLine {
    /// Its name.
    pub ceremony: String,
    /// The pilot.
    pub pilot_name: String,
    /// When it was called.
    pub called: String,
    /// Who is to hold a share.
    pub holders: Vec<String>,
    /// How many of them it takes.
    pub threshold: u8,
    /// Phases of four that are over.
    pub phases: u8,
    /// `under way`, `made`, or why it came to nothing.
    pub state: String,
}

/// All rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundsView {
    /// Oldest first.
    pub rounds: Vec<RoundLine>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundLine {
    /// Its number.
    pub round: String,
    /// The pilot.
    pub pilot_name: String,
    /// Members that must hold an item.
    pub threshold: u8,
    /// `open`, `joined`, `answered` or `ended`.
    pub state: String,
    /// Until when members may join and items are evaluated.
    pub evaluate_by: String,
    /// Its end.
    pub ends: String,
    /// Member: own items that enough members hold.
    pub items: Option<u32>,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundView {
    /// Its number.
    pub round: String,
    /// The pilot.
    pub pilot: String,
    /// Its name.
    pub pilot_name: String,
    /// Digest of the terms: the same at everyone.
    pub terms: String,
    /// Members that must hold an item.
    pub threshold: u8,
    /// What enters.
    pub types: Vec<RoundType>,
    /// Uploads without which there is no result.
    pub uploads_min: u8,
    /// Who may take part.
    pub members: Vec<String>,
    /// Who evaluates.
    pub keyholders: Vec<String>,
    /// Who carries uploads, in order.
    pub relays: Vec<String>,
    /// Until when items are evaluated.
    pub evaluate_by: String,
    /// Its end.
    pub ends: String,
    /// When its rooms are open.
    pub rooms: Option<String>,
    /// `open`, `joined`, `answered` or `ended`.
    pub state: String,
    /// Member: items that it brings.
    pub own_items: Option<u32>,
    /// Member: those that enough members hold.
    pub items: Option<u32>,
    /// Hub: the noise with which it is told how many items it found; none if a band is told.
    pub noise: Option<NoiseView>,
    /// Hub: that number, once it was told.
    pub told: Option<ToldView>,
    /// Turns: at the hub all, at a member those in which it took part.
    pub turns: Vec<TurnLine>,
    /// Digest of what the round reveals: consent names it.
    pub leakage: String,
    /// What it reveals, by who learns it.
    pub reveals: Vec<RevealedTo>,
    /// Why it ended without a result.
    pub end: Option<EndReason>,
}

/// A type that enters a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundType {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The roles.
    pub roles: Vec<String>,
    /// Items that every member brings, padding included.
    pub items: u32,
}

/// A turn of one relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnLine {
    /// Its number, from 0.
    pub turn: u8,
    /// The relay.
    pub relay: String,
    /// Hub: how it ended.
    pub end: Option<String>,
    /// Hub: complete uploads.
    pub uploads: Option<u8>,
    /// Hub: how many items enough members hold, as a power of ten.
    pub items: Option<String>,
    /// Hub: what was wrong with other uploads, without whose they were.
    pub faults: Vec<String>,
}

/// What someone learns of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedTo {
    /// Who.
    pub who: String,
    /// What.
    pub facts: Vec<String>,
}

/// What is said in rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomsView {
    /// The round.
    pub round: String,
    /// Rooms of this member: one for each item that enough members hold.
    pub rooms: u32,
    /// When they close and everything in them is forgotten.
    pub closes: Option<String>,
    /// Own posts that wait for their interval.
    pub waiting: u32,
    /// Posts by intervals.
    pub posts: Vec<PostLine>,
    /// What was just done, where something was.
    pub notes: Vec<String>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostLine {
    /// The number of the room.
    pub room: u32,
    /// The interval.
    pub interval: u16,
    /// Its name.
    pub post: String,
    /// A writer's name in this room: another one in every other.
    pub writer: String,
    /// What it says.
    pub says: String,
    /// Restrictions.
    pub caveats: Vec<String>,
    /// The post that it answers.
    pub answers: Option<String>,
    /// Free text.
    pub text: Option<String>,
}

impl SharedKeysView {
    pub(crate) fn screen(&self) -> Screen {
        let keys = self.keys.iter().map(|line| {
            let held = format!("{} of {}", line.threshold, line.holders.join(", "));
            let share = if line.share { "yes" } else { "no" };
            [line.pilot_name.clone(), line.period.to_string(), line.public.clone(), held, share.to_owned()]
        });
        let ceremonies = self.ceremonies.iter().map(|line| {
            let held = format!("{} of {}", line.threshold, line.holders.join(", "));
            let phases = format!("{} of 4", line.phases);
            [line.called.clone(), line.pilot_name.clone(), held, phases, line.state.clone()]
        });
        Screen::new("Shared keys").table("", ["pilot", "period", "public key", "holders", "share here"], keys).table(
            "Ceremonies",
            ["called", "pilot", "holders", "phases", "state"],
            ceremonies,
        )
    }
}

impl RoundsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.rounds.iter().map(|line| {
            [
                line.round.clone(),
                line.pilot_name.clone(),
                line.threshold.to_string(),
                line.state.clone(),
                line.evaluate_by.clone(),
                line.ends.clone(),
                line.items.map_or_else(String::new, |items| items.to_string()),
            ]
        });
        let headers = ["round", "pilot", "k", "state", "evaluated by", "ends", "items found"];
        Screen::new("Rounds").table("", headers, rows)
    }
}

impl RoundView {
    pub(crate) fn screen(&self) -> Screen {
        let types = self.types.iter().map(|line| [line.kind.clone(), line.roles.join(", "), line.items.to_string()]);
        let turns = self.turns.iter().map(|line| {
            [
                line.turn.to_string(),
                line.relay.clone(),
                line.end.clone().unwrap_or_default(),
                line.uploads.map_or_else(String::new, |uploads| uploads.to_string()),
                line.items.clone().unwrap_or_default(),
                line.faults.join(", "),
            ]
        });
        let mut screen = Screen::new(format!("Round {}", self.round))
            .field("pilot", format!("{} ({})", self.pilot_name, self.pilot))
            .field("terms", &self.terms)
            .field("an item is held by", format!("{} members or more", self.threshold))
            .field("complete uploads needed", self.uploads_min)
            .field("members", self.members.join(", "))
            .field("keyholders", self.keyholders.join(", "))
            .field("relays", self.relays.join(", "))
            .field("evaluated by", &self.evaluate_by)
            .field("ends", &self.ends)
            .field_if("rooms", self.rooms.as_ref())
            .field("state", &self.state)
            .field_if("own items", self.own_items)
            .field_if("items that enough members hold", self.items)
            .field_if("items found", self.told.as_ref().map(|told| &told.words))
            .table("What enters", ["type", "roles", "items of every member"], types);
        if let Some(noise) = &self.noise {
            screen = noise.on(screen);
        }
        if !self.turns.is_empty() {
            screen = screen.table("Turns", ["turn", "relay", "end", "uploads", "items", "faults"], turns);
        }
        for line in &self.reveals {
            screen = screen.list(&format!("Revealed: {}", line.who), &line.facts);
        }
        screen.end(self.end.as_ref())
    }
}

impl RoomsView {
    pub(crate) fn screen(&self) -> Screen {
        let posts = self.posts.iter().map(|line| {
            [
                line.room.to_string(),
                line.interval.to_string(),
                line.post.clone(),
                line.writer.clone(),
                line.says.clone(),
                line.caveats.join(", "),
                line.answers.clone().unwrap_or_default(),
                line.text.clone().unwrap_or_default(),
            ]
        });
        let headers = ["room", "interval", "post", "writer", "says", "caveats", "answers", "text"];
        Screen::new(format!("Rooms of round {}", self.round))
            .field("rooms", self.rooms)
            .field_if("close", self.closes.as_ref())
            .field("own posts that wait", self.waiting)
            .table("", headers, posts)
            .notes(&self.notes)
    }
}
