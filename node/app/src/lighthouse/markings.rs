//! What markings and tags say, as caveats and fields of a clue. What is not understood is refused: it may be a restriction.

use cwg_protocol::lighthouse::{Caveat, Field};

use super::found::Refusal;

/// What the markings of one record say.
#[derive(Default)]
pub(super) struct Marked {
    /// Some as soon as a marking speaks of sharing; `Some(empty)` permits all.
    pub(super) caveats: Option<Vec<Caveat>>,
    pub(super) cells: Vec<(Field, String)>,
}

/// Fields that a tag of ours may set: words, never an identifier or a name.
const TAGGED_FIELDS: &[Field] = &[
    Field::Role,
    Field::Subject,
    Field::Minor,
    Field::Typology,
    Field::Stage,
    Field::Platform,
    Field::Count,
    Field::Country,
    Field::State,
    Field::Sa3,
    Field::Postcode3,
    Field::PlaceBasis,
    Field::RadiusKm,
    Field::Grade,
    Field::Confidence,
    Field::Review,
    Field::Decay,
];

impl Marked {
    pub(super) fn add(&mut self, caveats: &[Caveat]) {
        let all = self.caveats.get_or_insert_default();
        for caveat in caveats {
            if !all.contains(caveat) {
                all.push(*caveat);
            }
        }
    }

    /// A colour of the Traffic Light Protocol 2.0, or the white and the others of its first version.
    pub(super) fn tlp(&mut self, colour: &str) -> Result<(), Refusal> {
        match colour.trim().to_ascii_lowercase().as_str() {
            "clear" | "white" => self.add(&[]),
            // The community that the source meant may be smaller than the world beyond the members.
            "green" | "amber" => self.add(&[Caveat::NoOnward]),
            "amber+strict" | "red" => {
                return Err(Refusal::new(
                    "marking-not-for-members",
                    "the marking forbids to share the record beyond who received it",
                    "ask the source to mark it TLP:AMBER or less if the members may have it",
                ));
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// A machine tag, `namespace:predicate="value"` or `namespace:word`. A tag of another namespace only describes.
    pub(super) fn tag(&mut self, tag: &str) -> Result<(), Refusal> {
        let tag = tag.trim();
        let Some((namespace, rest)) = tag.split_once(':') else { return Ok(()) };
        let (predicate, value) = match rest.split_once('=') {
            Some((predicate, value)) => (predicate.trim(), value.trim().trim_matches('"')),
            None => (rest.trim(), ""),
        };
        match namespace.trim().to_ascii_lowercase().as_str() {
            "tlp" if predicate.eq_ignore_ascii_case("ex") || value.is_empty() => self.tlp(predicate),
            "tlp" => Err(unknown()),
            "pap" => match predicate.to_ascii_lowercase().as_str() {
                "clear" | "white" | "green" | "amber" => Ok(()),
                _ => Err(Refusal::new(
                    "marking-no-action",
                    "the marking permits no action on the record, or is not known",
                    "ask the source whether members may compare it with their customers",
                )),
            },
            "admiralty-scale" => {
                self.admiralty(predicate, value);
                Ok(())
            }
            "false-positive" if predicate == "risk" && matches!(value, "high" | "medium") => {
                Err(Refusal::new("marked-false-positive", "the source says that it may be wrong", "leave it out"))
            }
            "retention" if predicate == "expired" => {
                Err(Refusal::new("marked-expired", "the source says that it has expired", "leave it out"))
            }
            "cwg" => self.own(predicate, value),
            _ => Ok(()),
        }
    }

    /// The text of a statement that the program itself writes: `cwg-caveats: ` and a list.
    pub(super) fn statement(&mut self, text: &str) -> Result<bool, Refusal> {
        let Some(list) = text.trim().strip_prefix("cwg-caveats:") else { return Ok(false) };
        self.add(&super::source_map::caveats_of(list).ok_or_else(unknown)?);
        Ok(true)
    }

    /// The fields that were set. Half a grade is none: the map's stands.
    pub(super) fn cells(&self) -> impl Iterator<Item = (Field, String)> {
        let whole = |(field, text): &&(Field, String)| *field != Field::Grade || text.len() > 1;
        self.cells.iter().filter(whole).cloned()
    }

    fn own(&mut self, predicate: &str, value: &str) -> Result<(), Refusal> {
        if predicate == "caveats" {
            self.add(&super::source_map::caveats_of(value).ok_or_else(unknown)?);
            return Ok(());
        }
        let field = TAGGED_FIELDS.iter().copied().find(|field| field.name() == predicate);
        let field = field.ok_or_else(|| {
            Refusal::new("tag-unknown", "a cwg tag names no field that a tag may set", "correct the tag")
        })?;
        if self.cells.iter().any(|(set, text)| *set == field && text != value) {
            let mut refusal = Refusal::new("tag-twice", "two cwg tags set one field", "leave one of them");
            refusal.field = Some(field);
            return Err(refusal);
        }
        self.cells.push((field, value.to_owned()));
        Ok(())
    }

    /// Reliability and credibility, in two tags that together are a grade.
    fn admiralty(&mut self, predicate: &str, value: &str) {
        let grade = self.cells.iter().position(|(field, _)| *field == Field::Grade);
        let grade = grade.unwrap_or_else(|| {
            self.cells.push((Field::Grade, String::new()));
            self.cells.len() - 1
        });
        let text = &mut self.cells[grade].1;
        match predicate {
            "source-reliability" => text.insert_str(0, &value.to_ascii_uppercase()),
            "information-credibility" => text.push_str(value),
            _ => {}
        }
    }
}

/// Why a marking that is not understood refuses its record.
pub(super) fn unknown() -> Refusal {
    Refusal::new(
        "marking-unknown",
        "a marking is not known, so what it restricts would be lost",
        "give it under [statements] of the map with its caveats, or ask the source for TLP 2.0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Option<Vec<Caveat>>, Vec<(Field, String)>);

    fn marked(tags: &[&str]) -> Result<Read, &'static str> {
        let mut marked = Marked::default();
        tags.iter().try_for_each(|tag| marked.tag(tag)).map_err(|refusal| refusal.code)?;
        Ok((marked.caveats, marked.cells))
    }

    #[test]
    fn tags_become_caveats_and_fields_or_refuse() {
        assert_eq!(marked(&["tlp:clear"]), Ok((Some(vec![]), vec![])));
        assert_eq!(marked(&["TLP:AMBER", "tlp:green"]), Ok((Some(vec![Caveat::NoOnward]), vec![])));
        assert_eq!(marked(&["osint:lifetime=\"perpetual\"", "plain"]), Ok((None, vec![])));
        let caveats = Some(vec![Caveat::NoLawEnforcement, Caveat::NoSoleBasis]);
        assert_eq!(marked(&["cwg:caveats=\"no-law-enforcement,no-sole-basis\""]), Ok((caveats, vec![])));
        let grade = ["admiralty-scale:information-credibility=\"2\"", "admiralty-scale:source-reliability=\"b\""];
        assert_eq!(marked(&grade), Ok((None, vec![(Field::Grade, "B2".into())])));
        for (tag, code) in [
            ("tlp:red", "marking-not-for-members"),
            ("tlp:amber+strict", "marking-not-for-members"),
            ("tlp:purple", "marking-unknown"),
            ("PAP:RED", "marking-no-action"),
            ("false-positive:risk=\"high\"", "marked-false-positive"),
            ("retention:expired", "marked-expired"),
            ("cwg:caveats=\"be-nice\"", "marking-unknown"),
            ("cwg:value=\"x\"", "tag-unknown"),
        ] {
            assert_eq!(marked(&[tag]), Err(code), "{tag}");
        }
        assert_eq!(marked(&["cwg:role=payer", "cwg:role=payee"]), Err("tag-twice"));
    }
}
