//! Values on lists: enough to tell two apart, never more than half.

use cwg_protocol::indicator::IndicatorKind;

/// Shows at most the first three and the last two characters, and never more than half of them. The platform of a
/// handle and the kind of a device are shown in full and do not count.
pub(crate) fn masked(kind: IndicatorKind, text: &str) -> String {
    let (prefix, value) = text.split_at(prefix_len(kind, text));
    let len = value.chars().count();
    let shown = (len / 2).min(HEAD + TAIL);
    let tail = shown * TAIL / (HEAD + TAIL);
    let head = shown - tail;
    let first: String = value.chars().take(head).collect();
    let last: String = value.chars().skip(len - tail).collect();
    format!("{prefix}{first}{HIDDEN}{last}")
}

/// A value in full, which is what an analyst needs; of a card number the first six and the last four digits (PCI DSS 3.4.1).
pub(crate) fn disclosed(kind: IndicatorKind, text: &str) -> String {
    match (kind.is_card(), text.get(..6), text.get(text.len().saturating_sub(4)..)) {
        (true, Some(first), Some(last)) if text.len() >= 12 => format!("{first}{HIDDEN}{last}"),
        (true, ..) => HIDDEN.to_owned(),
        _ => text.to_owned(),
    }
}

fn prefix_len(kind: IndicatorKind, text: &str) -> usize {
    let platform = match kind {
        IndicatorKind::Handle | IndicatorKind::Device => text.find(':').map_or(0, |at| at + 1),
        _ => 0,
    };
    if text[platform..].starts_with("id:") { platform + 3 } else { platform }
}

const HEAD: usize = 3;
const TAIL: usize = 2;
/// Of one length, whatever it hides.
const HIDDEN: &str = "***";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_show_the_ends_of_a_value() {
        for (kind, text, shown) in [
            (IndicatorKind::Phone, "+61412345678", "+61***78"),
            (IndicatorKind::AuAccount, "062000:12345678", "062***78"),
            (IndicatorKind::Email, "a@b.com.au", "a@b***au"),
            (IndicatorKind::Handle, "telegram:ab", "telegram:a***"),
            (IndicatorKind::Handle, "telegram:id:123456789", "telegram:id:123***9"),
            (IndicatorKind::Device, "imei:490154203237518", "imei:490***18"),
            (IndicatorKind::OrgId, "ab", "a***"),
            (IndicatorKind::OrgId, "a", "***"),
            (IndicatorKind::OrgId, "", "***"),
            (IndicatorKind::OrgId, "\u{65e5}\u{672c}\u{8a9e}\u{65e5}\u{672c}\u{8a9e}", "\u{65e5}\u{672c}***\u{8a9e}"),
        ] {
            assert_eq!(masked(kind, text), shown, "{text}");
        }
    }

    #[test]
    fn a_card_number_is_shown_by_its_ends_alone() {
        let card = "5425233430109903";
        assert_eq!(disclosed(IndicatorKind::Pan, card), "542523***9903");
        assert_eq!(masked(IndicatorKind::Pan, card), "542***03");
        assert_eq!(disclosed(IndicatorKind::Pan, "54252334301"), "***");
        assert_eq!(disclosed(IndicatorKind::Phone, "+61412345678"), "+61412345678");
    }

    proptest! {
        #[test]
        fn a_mask_never_shows_more_than_half(text in "(telegram:)?(id:)?\\PC{0,40}") {
            for kind in [IndicatorKind::Email, IndicatorKind::Handle] {
                let prefix = prefix_len(kind, &text);
                let shown = masked(kind, &text)[prefix..].chars().count() - HIDDEN.len();
                prop_assert!(shown * 2 <= text[prefix..].chars().count());
                prop_assert!(shown <= HEAD + TAIL);
            }
        }
    }
}
