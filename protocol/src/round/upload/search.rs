//! What the hub does with opened pieces: it looks for what lists have in common, and keeps a bit for each place.

use std::sync::Arc;

use cwg_crypto::collect::{Bits, CommonTag, Piece, Slot, Suspects, TAG_PARTS, Tag, common_tags, decode_shares, search};
use serde::{Deserialize, Serialize};

use crate::psi::Job;
use crate::round::form::{Form, Lists, PLACE_LEN};

/// The places of one piece of one slot.
pub(super) enum Opened {
    Tags(Vec<Tag>),
    /// The shares of the first limb, then those of the second.
    Shares(Vec<u64>),
}

/// The places in the plain bytes of a piece. None if they are not what the form says.
pub(super) fn read_piece(form: &Form, number: u32, plain: &[u8]) -> Option<Opened> {
    if plain.len() != PLACE_LEN * form.piece(number).places.len() {
        return None;
    }
    match form.lists() {
        Lists::Tags => Some(Opened::Tags(plain.as_chunks().0.iter().map(|tag| Tag(*tag)).collect())),
        Lists::Tables(_) => decode_shares(plain).ok().map(Opened::Shares),
    }
}

/// What was found so far: for each slot a bit for each place, and how much there is in all.
pub(super) struct Tally {
    form: Form,
    told: Vec<(Slot, Bits)>,
    /// Bins that were confirmed, or common tags.
    confirmed: u64,
}

impl Tally {
    pub(super) fn new(form: Form, slots: impl Iterator<Item = Slot>) -> Self {
        Self { form, told: slots.map(|slot| (slot, Bits::new(form.bits()))).collect(), confirmed: 0 }
    }

    /// What a slot is told.
    pub(super) fn of(&self, slot: Slot) -> Option<&Bits> {
        self.told.iter().find(|(of, _)| *of == slot).map(|(_, bits)| bits)
    }

    /// Enters the suspects of one piece of a table.
    pub(super) fn enter_bins(&mut self, number: u32, suspects: &[Suspects]) {
        let piece = self.form.piece(number);
        self.confirmed += suspects.len() as u64;
        for found in suspects {
            let bit = self.form.bit(piece.table, piece.places.start + found.bin as usize);
            self.told.iter_mut().filter(|(slot, _)| found.slots.contains(*slot)).for_each(|(_, bits)| bits.set(bit));
        }
    }

    /// Enters common tags of the lists of these slots, and how many different ones they are.
    pub(super) fn enter_tags(&mut self, slots: &[Slot], common: &[CommonTag], different: u64) {
        self.confirmed += different;
        for tag in common {
            let slot = slots[usize::from(tag.list)];
            let bit = self.form.bit(0, tag.place as usize);
            self.told.iter_mut().filter(|(of, _)| *of == slot).for_each(|(_, bits)| bits.set(bit));
        }
    }

    /// About how many items enough lists hold.
    pub(super) fn confirmed(&self) -> u64 {
        match self.form.lists() {
            Lists::Tags => self.confirmed,
            // In large tables an item that k lists hold is in (1 - 1/e) + (1/e - 1/e²) = 0.8647 bins of each.
            Lists::Tables(params) => self.confirmed * 10_000 / (u64::from(params.tables()) * 8_647),
        }
    }
}

/// Looks through the same piece of all slots.
pub(super) fn search_job(threshold: u8, pieces: Vec<(Slot, Vec<u64>)>) -> Job {
    let elements = pieces.iter().map(|(_, shares)| shares.len()).sum();
    Job::new(elements, move || {
        let halves = |shares: &'_ [u64]| shares.len() / 2;
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(slot, shares)| {
                let (first, second) = shares.split_at(halves(shares));
                Piece { slot: *slot, limbs: [first, second] }
            })
            .collect();
        Ok(search(threshold, &pieces).expect("pieces were decoded, are of one form, and in the order of their slots"))
    })
}

/// What one part of all tags gives: common ones, and how many different ones.
pub(super) type CommonTags = (Vec<CommonTag>, u64);

/// Compares the tags of all lists, in as many jobs as there are parts.
pub(super) fn tag_jobs(lists: Vec<Vec<Tag>>) -> Vec<Job> {
    let lists = Arc::new(lists);
    let elements = lists.iter().map(Vec::len).sum::<usize>() / usize::from(TAG_PARTS);
    let job = |part| {
        let lists = Arc::clone(&lists);
        Job::new(elements, move || {
            let slices: Vec<_> = lists.iter().map(Vec::as_slice).collect();
            let common = common_tags(&slices, part).expect("lists are within the terms");
            let mut different: Vec<_> =
                common.iter().map(|tag| lists[usize::from(tag.list)][tag.place as usize].0).collect();
            different.sort_unstable();
            different.dedup();
            Ok::<CommonTags, _>((common, different.len() as u64))
        })
    };
    (0..TAG_PARTS).map(job).collect()
}

/// How many items enough members hold, as far as the coordinator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CountBand {
    /// Under ten, none included.
    UnderTen,
    /// 10 to 99.
    Tens,
    /// 100 to 999.
    Hundreds,
    /// 1,000 to 9,999.
    Thousands,
    /// 10,000 and more.
    TenThousands,
}

impl CountBand {
    /// The band of a count.
    pub fn of(count: u64) -> Self {
        match count {
            0..10 => Self::UnderTen,
            10..100 => Self::Tens,
            100..1_000 => Self::Hundreds,
            1_000..10_000 => Self::Thousands,
            _ => Self::TenThousands,
        }
    }

    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnderTen => "under 10",
            Self::Tens => "10 to 99",
            Self::Hundreds => "100 to 999",
            Self::Thousands => "1000 to 9999",
            Self::TenThousands => "10000 and more",
        }
    }
}
