//! Tags: what lists are where two holders are enough.
//!
//! A polynomial of degree 0 is a constant, so at k = 2 all holders of an item would have the same share. A tag is that, without
//! tables: whoever compares them sees which lists share an item, which is what it is to find out.

use core::fmt;

use rand_core::Rng as _;

use super::keys::ItemKey;
use super::placement::ITEMS_MAX;
use super::slot::SLOTS_MAX;
use crate::Seed;

/// 16 bytes that stand for an item in one execution, or for nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub [u8; 16]);

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(..)")
    }
}

/// A list as tags, in random order and with random tags up to its full length, and what its owner needs to read the answer.
pub struct TagList {
    tags: Vec<Tag>,
    // The item at each place; a place past the list's items has a random tag.
    items: Vec<u32>,
    item_count: usize,
}

impl TagList {
    /// As many tags as `len` says, of a list without repeated items.
    ///
    /// # Errors
    /// If the list has more items than that, or `len` is above [`ITEMS_MAX`].
    pub fn new(keys: &[ItemKey], len: usize, seed: Seed) -> Result<Self, TagError> {
        if len > ITEMS_MAX as usize || keys.len() > len {
            return Err(TagError::ListLen { items: keys.len(), len });
        }
        let mut rng = seed.rng();
        let mut items: Vec<u32> = (0..len as u32).collect();
        // Fisher and Yates: place by place, one of those that are left. A draw of 64 bits is within 2^-43 of uniform.
        for place in 0..len {
            let left = (len - place) as u128;
            items.swap(place, place + ((u128::from(rng.next_u64()) * left) >> 64) as usize);
        }
        let tags = items.iter().map(|item| match keys.get(*item as usize) {
            Some(key) => key.tag(),
            None => {
                let mut random = [0; 16];
                rng.fill_bytes(&mut random);
                Tag(random)
            }
        });
        Ok(Self { tags: tags.collect(), items, item_count: keys.len() })
    }

    /// The tags, in the order in which they are sent.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The item whose tag is at this place, unless it is a random one.
    pub fn item_at(&self, place: usize) -> Option<usize> {
        self.items.get(place).map(|item| *item as usize).filter(|item| *item < self.item_count)
    }
}

impl fmt::Debug for TagList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagList({} places)", self.tags.len())
    }
}

/// A tag that another list has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommonTag {
    /// Its list, counted as they were given.
    pub list: u8,
    /// Its place in the list.
    pub place: u32,
}

/// Of the tags in one of [`TAG_PARTS`] parts, by their first bits, all that at least two lists have: by list, then by place.
/// A list that has a tag twice is still one list.
///
/// # Errors
/// If there are more than fifteen lists, one is longer than [`ITEMS_MAX`], or there is no such part.
pub fn common_tags(lists: &[&[Tag]], part: u8) -> Result<Vec<CommonTag>, TagError> {
    if lists.len() > usize::from(SLOTS_MAX) {
        return Err(TagError::TooManyLists { lists: lists.len() });
    }
    if let Some(list) = lists.iter().position(|list| list.len() > ITEMS_MAX as usize) {
        return Err(TagError::TooLong { list });
    }
    if part >= TAG_PARTS {
        return Err(TagError::NoSuchPart { part });
    }
    let mut of_part =
        Vec::with_capacity(lists.iter().map(|list| list.len()).sum::<usize>() / usize::from(TAG_PARTS) * 9 / 8);
    for (list, tags) in (0..).zip(lists) {
        for (place, tag) in (0..).zip(*tags).filter(|(_, tag)| tag.0[0] / (u8::MAX / TAG_PARTS + 1) == part) {
            of_part.push((tag.0, CommonTag { list, place }));
        }
    }
    of_part.sort_unstable_by_key(|(tag, _)| u128::from_be_bytes(*tag));

    let mut common = Vec::new();
    for equal in of_part.chunk_by(|(a, _), (b, _)| a == b) {
        if equal.iter().any(|(_, at)| at.list != equal[0].1.list) {
            common.extend(equal.iter().map(|(_, at)| *at));
        }
    }
    common.sort_unstable();
    Ok(common)
}

/// Parts into which tags fall by their first bits.
pub const TAG_PARTS: u8 = 16;

/// Why lists of tags were not made or not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// A list does not fit its own length, or that is too great.
    #[error("a list of tags has up to {ITEMS_MAX} places and no more items than places: {items} items, {len} places")]
    ListLen {
        /// Items of the list.
        items: usize,
        /// Places asked for.
        len: usize,
    },
    /// More than [`SLOTS_MAX`] lists.
    #[error("up to {SLOTS_MAX} lists are compared, not {lists}")]
    TooManyLists {
        /// How many there were.
        lists: usize,
    },
    /// A list is longer than [`ITEMS_MAX`].
    #[error("list {list} has more than {ITEMS_MAX} tags")]
    TooLong {
        /// The list, counted as they were given.
        list: usize,
    },
    /// Parts are numbered below [`TAG_PARTS`].
    #[error("there are {TAG_PARTS} parts, and no part {part}")]
    NoSuchPart {
        /// The number asked for.
        part: u8,
    },
}
