//! What two sides' tags have in common.

/// Places of own tags that are among the sender's, ascending. Both lists are ascending by tag; own tags come with their
/// places, which are 0 to their number.
///
/// Both lists are walked to their ends, so the number of steps is the sum of their lengths, whatever matches: the moment
/// of the seal that follows does not tell. What the processor makes of a step's branches is not constant.
pub(super) fn common_places<T: Copy + Ord>(
    own: impl ExactSizeIterator<Item = (T, u32)>,
    sender: impl ExactSizeIterator<Item = T>,
) -> Vec<u32> {
    let steps = own.len() + sender.len();
    let mut matched = vec![false; own.len()];
    let (mut mine, mut theirs) = (own.peekable(), sender.peekable());
    for _ in 0..steps {
        match (mine.peek(), theirs.peek()) {
            (Some((tag, place)), other) if other.is_none_or(|other| tag <= other) => {
                matched[*place as usize] = other == Some(tag);
                mine.next();
            }
            _ => {
                theirs.next();
            }
        }
    }
    (0u32..).zip(matched).filter(|(_, matched)| *matched).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_equal_tags_are_found_and_no_others() {
        let check = |own: &[(u8, u32)], sender: &[u8], expected: &[u32]| {
            assert_eq!(common_places(own.iter().copied(), sender.iter().copied()), expected, "{own:?} {sender:?}");
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
