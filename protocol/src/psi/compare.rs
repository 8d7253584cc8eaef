//! What two sides' tags have in common.

use core::iter::Peekable;

/// Finds the own tags that are among the sender's. Both come ascending; own tags with their places, which are 0 to their
/// number.
///
/// Both lists are walked to their ends, so the number of steps is the sum of their lengths, whatever matches: the moment
/// of the seal that follows does not tell. What the processor makes of a step's branches is not constant.
pub(super) struct Comparison<T, I: Iterator<Item = (T, u32)>> {
    own: Peekable<I>,
    matched: Vec<bool>,
}

impl<T: Copy + Ord, I: ExactSizeIterator<Item = (T, u32)>> Comparison<T, I> {
    pub(super) fn of(own: I) -> Self {
        Self { matched: vec![false; own.len()], own: own.peekable() }
    }

    /// The next of the sender's tags. The place of an own tag that equals it, if there is one.
    pub(super) fn meet(&mut self, tag: T) -> Option<u32> {
        let mut met = None;
        while let Some((own, place)) = self.own.next_if(|(own, _)| *own <= tag) {
            self.matched[place as usize] = own == tag;
            met = (own == tag).then_some(place);
        }
        met
    }

    /// Places of the own tags that were met, ascending.
    pub(super) fn places(mut self) -> Vec<u32> {
        for (_, place) in self.own {
            self.matched[place as usize] = false;
        }
        (0u32..).zip(self.matched).filter(|(_, matched)| *matched).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_equal_tags_are_found_and_no_others() {
        let check = |own: &[(u8, u32)], sender: &[u8], expected: &[u32]| {
            let mut comparison = Comparison::of(own.iter().copied());
            let once = own.windows(2).all(|pair| pair[0].0 < pair[1].0) && sender.is_sorted_by(|a, b| a < b);
            for tag in sender {
                let place = own.iter().find(|(own, _)| own == tag).map(|(_, place)| *place);
                assert!(comparison.meet(*tag) == place || !once, "{own:?} {sender:?}");
            }
            assert_eq!(comparison.places(), expected, "{own:?} {sender:?}");
        };
        check(&[], &[], &[]);
        check(&[], &[1], &[]);
        check(&[(1, 0)], &[], &[]);
        check(&[(1, 0)], &[1], &[0]);
        check(&[(1, 2), (3, 0), (5, 1)], &[0, 1, 2, 5, 6], &[1, 2]);
        check(&[(1, 0), (1, 1), (2, 2)], &[1, 1, 3], &[0, 1]);
        check(&[(7, 1), (8, 0)], &[1, 2, 3], &[]);
    }
}
