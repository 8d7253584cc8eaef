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
    let mut matched = vec![false; own.len()];
    walk(own, sender, |place, position| matched[place as usize] = position.is_some());
    (0u32..).zip(matched).filter(|(_, matched)| *matched).map(|(place, _)| place).collect()
}

/// For each of the sender's tags the place of the own item that has it, and else the number of own items. Lists, steps and
/// time as in [`common_places`].
pub(super) fn places_of_tags<T: Copy + Ord>(
    own: impl ExactSizeIterator<Item = (T, u32)>,
    sender: impl ExactSizeIterator<Item = T>,
) -> Vec<u32> {
    let none = own.len() as u32;
    let mut places = vec![none; sender.len() + 1];
    // What does not match is written too, behind all others.
    let rest = sender.len();
    walk(own, sender, |place, position| places[position.unwrap_or(rest)] = place);
    places.truncate(rest);
    places
}

/// Walks both lists to their ends and gives each own place to `visit`, with the position of the sender's tag that equals
/// its own, if there is one.
fn walk<T: Copy + Ord>(
    own: impl ExactSizeIterator<Item = (T, u32)>,
    sender: impl ExactSizeIterator<Item = T>,
    mut visit: impl FnMut(u32, Option<usize>),
) {
    let steps = own.len() + sender.len();
    let mut position = 0;
    let (mut mine, mut theirs) = (own.peekable(), sender.peekable());
    for _ in 0..steps {
        match (mine.peek(), theirs.peek()) {
            (Some((tag, place)), other) if other.is_none_or(|other| tag <= other) => {
                visit(*place, (other == Some(tag)).then_some(position));
                mine.next();
            }
            _ => {
                position += 1;
                theirs.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_equal_tags_are_found_and_no_others() {
        let check = |own: &[(u8, u32)], sender: &[u8], expected: &[u32]| {
            assert_eq!(common_places(own.iter().copied(), sender.iter().copied()), expected, "{own:?} {sender:?}");
            let places = places_of_tags(own.iter().copied(), sender.iter().copied());
            let place_of = |tag: &u8| own.iter().find(|(own, _)| own == tag).map_or(own.len() as u32, |own| own.1);
            let once = own.windows(2).all(|pair| pair[0].0 < pair[1].0) && sender.is_sorted_by(|a, b| a < b);
            assert!(!once || places.into_iter().eq(sender.iter().map(place_of)), "{own:?} {sender:?}");
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
