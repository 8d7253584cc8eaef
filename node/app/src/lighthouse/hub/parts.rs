//! What a release says of each item: labels and contradictions, one part of the items in memory at a time.

use std::ops::ControlFlow;

use cwg_engine::record::ContentId;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::Entries;
use cwg_protocol::lighthouse::{Clue, ReleaseBody};

use super::contents::Contents;
use crate::lighthouse::ItemContradictions;
use crate::problem::{Exit, Problem};

/// Writes the entries of a content whose records are there, and finds the contradictions. `gone` are clues that this release
/// withdraws. `told` hears how many parts are done, of how many.
pub(super) fn write_entries(
    body: &ReleaseBody,
    contents: &dyn Contents,
    content: ContentId,
    gone: &[Clue],
    told: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<ItemContradictions, Problem> {
    let parts = body.content.clues.div_ceil(CLUES_PER_PART).max(1);
    let mut sink = contents.write_entries(content, body.class)?;
    let mut contradictions = ItemContradictions::default();
    for part in 0..parts {
        let within = |item: &Item| part_of(item, parts) == part;
        let mut clues = Vec::new();
        for record in contents.records(content)? {
            let record = record?;
            let has_one = |clue: &&Clue| clue.items(body.network).any(|(item, _)| within(&item));
            clues.extend(record.clue().filter(has_one).cloned());
        }
        let of_part: Vec<&Clue> = clues.iter().collect();
        let entries = Entries::of_part(body, &of_part, within).map_err(|error| {
            Problem::new(Exit::BadInput, error.code(), error.to_string(), "mend the sources, and build again")
        })?;
        sink.push(&entries)?;
        contradictions.absorb(ItemContradictions::of(clues.iter().chain(gone), body.network, within));
        if told(part + 1, parts).is_break() {
            return Err(stopped());
        }
    }
    sink.finish()?;
    Ok(contradictions)
}

pub(super) fn stopped() -> Problem {
    Problem::new(Exit::TryAgain, "stopped", "the build was stopped", "start it again; nothing was kept")
}

/// Items are uniform: their first bytes cut them into parts of nearly one size, and parts ascend as items do.
fn part_of(item: &Item, parts: u32) -> u32 {
    let first = u32::from_be_bytes(*item.0.first_chunk().expect("an item has 32 bytes"));
    u32::try_from((u64::from(first) * u64::from(parts)) >> 32).expect("below the number of parts")
}

/// Clues of one part, some 600 bytes each with what is made of them.
const CLUES_PER_PART: u32 = 250_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_ascend_with_items_and_none_is_left_out() {
        for parts in [1, 2, 3, 7, 40] {
            let of = |first: [u8; 4]| {
                let mut item = [0xff; 32];
                item[..4].copy_from_slice(&first);
                part_of(&Item(item), parts)
            };
            assert_eq!((of([0; 4]), of([0xff; 4])), (0, parts - 1));
            let all: Vec<u32> = (0..=255).map(|byte| of([byte, 0, 0, 0])).collect();
            assert!(all.is_sorted() && (0..parts).all(|part| all.contains(&part)), "{parts}");
        }
    }
}
