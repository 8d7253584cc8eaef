//! A bank's own figure beside the group's, on the bank's own screen.

use cwg_protocol::lighthouse::{Figure, Standing};
use serde::{Deserialize, Serialize};

use crate::view::Screen;

/// How a bank stands to the group. Its own figure is the bank's to know; nothing of this is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonView {
    /// What is counted.
    pub figure: String,
    /// The bank's own.
    pub own: u32,
    /// The group's mean, a multiple of 10; `null` while it is held back.
    pub group_mean: Option<u32>,
    /// In words; `null` while the mean is held back.
    pub standing: Option<String>,
}

impl ComparisonView {
    /// An own figure beside the group's.
    pub fn of(figure: &str, own: u32, group: Figure) -> Self {
        let group_mean = if let Figure::Shown(mean) = group { Some(mean) } else { None };
        let standing = Standing::of(own, group).map(|standing| standing.name().to_owned());
        Self { figure: figure.to_owned(), own, group_mean, standing }
    }

    /// As people see it.
    pub fn screen(&self) -> Screen {
        let held = "held back: fewer than 5 banks released a figure, or one of them stands out";
        Screen::new(format!("Own figure and the group's: {}", self.figure))
            .field("own", self.own)
            .field("mean of the group", self.group_mean.map_or_else(|| held.to_owned(), |mean| mean.to_string()))
            .field_if("own is", self.standing.as_ref())
            .note("The mean stays as it is while fewer than 3 banks come or go: the difference would be theirs")
    }
}
