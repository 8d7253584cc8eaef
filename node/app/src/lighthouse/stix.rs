//! STIX 2.1 bundles: indicators and observed data become clues. An indicator that is based on observed data takes its days
//! from there, and the observed data gives no clue of its own.
//!
//! Who made an object is never read: identities, creators and references would name a contributor.

use std::collections::{BTreeMap, BTreeSet};

use cwg_protocol::lighthouse::{Caveat, Field, Forbidden};
use serde_json::Value;

use super::document::{list, plain, text, wrong_shape};
use super::found::{Found, Place, Refusal};
use super::markings::{Marked, unknown};
use super::pattern::{self, Comparison};
use super::read::Intake;
use super::source_map::SourceMap;
use super::stix_values::{self, Properties};
use super::{OBJECTS_MAX, RECORD_PARTS_MAX};
use crate::problem::Problem;

/// Identifiers of the markings of TLP 2.0 and of its first version, as the STIX 2.1 specification and OASIS fix them.
const TLP: &[(&str, &str)] = &[
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "red"),
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
];

pub(super) fn read_bundle(
    map: &SourceMap,
    document: &Value,
    name: &str,
    intake: &mut Intake<'_>,
) -> Result<Vec<String>, Problem> {
    if text(document, "type") != Some("bundle") {
        return Err(wrong_shape(
            name,
            "it is no bundle of STIX 2.1",
            "export a bundle, and check the format of the map",
        ));
    }
    let objects = list(document, "objects");
    if objects.len() > OBJECTS_MAX {
        return Err(wrong_shape(name, "the bundle has too many objects", "split it into several bundles"));
    }
    // Media is not passed over: nobody may hold it here.
    if let Some(at) = objects.iter().position(|object| text(object, "type") == Some("artifact")) {
        let problem = format!("{name}, objects[{at}]: {}", Forbidden::Media.problem());
        return Err(Problem::new(crate::Exit::BadInput, Forbidden::Media.code(), problem, Forbidden::Media.hint()));
    }
    let bundle = Bundle::new(map, objects);
    let mut beside = 0u64;
    for (at, object) in objects.iter().enumerate() {
        let path = format!("objects[{at}]");
        match text(object, "type").unwrap_or_default() {
            "indicator" => bundle.indicator(object, &path, intake)?,
            "observed-data" if !bundle.based_on.values().any(|to| Some(*to) == text(object, "id")) => {
                bundle.observed(object, &path, intake)?;
            }
            "observed-data"
            | "relationship"
            | "marking-definition"
            | "extension-definition"
            | "identity"
            | "language-content" => beside += 1,
            kind => {
                let id = text(object, "id").unwrap_or_default();
                if bundle.referred.contains(id) {
                    beside += 1;
                } else {
                    intake.refuse(&Place::Path(path), alone(kind));
                }
            }
        }
    }
    Ok(vec![format!("{beside} objects are read with others and give no clue of their own")])
}

/// Why an object that nothing observed refers to gives no clue.
fn alone(kind: &str) -> Refusal {
    struct Nothing;
    impl Properties for Nothing {
        fn text(&self, _: &str) -> Option<String> {
            None
        }
    }
    match kind {
        "note" | "opinion" | "report" | "grouping" => Forbidden::FreeText.into(),
        _ => match stix_values::read(kind, &Nothing, None) {
            Err(refusal) if refusal.code != "no-identifier" => refusal,
            _ => Refusal::new(
                "object-not-observed",
                "no observed data refers to the object, so nobody says when it was seen",
                "export the observed data with it",
            ),
        },
    }
}

struct Bundle<'a> {
    map: &'a SourceMap,
    by_id: BTreeMap<&'a str, (usize, &'a Value)>,
    /// Observed data by the indicator that is based on it.
    based_on: BTreeMap<&'a str, &'a str>,
    /// What observed data refers to.
    referred: BTreeSet<&'a str>,
}

impl<'a> Bundle<'a> {
    fn new(map: &'a SourceMap, objects: &'a [Value]) -> Self {
        let with_id = objects.iter().enumerate().filter_map(|(at, object)| Some((text(object, "id")?, (at, object))));
        let by_id: BTreeMap<_, _> = with_id.collect();
        let is_type = |kind: &'static str| move |object: &&Value| text(object, "type") == Some(kind);
        let related = objects.iter().filter(is_type("relationship")).filter(|relationship| {
            text(relationship, "relationship_type") == Some("based-on") && revoked(relationship).is_none()
        });
        let based_on = related.filter_map(|relationship| {
            let (from, to) = (text(relationship, "source_ref")?, text(relationship, "target_ref")?);
            let is = |id, kind| by_id.get(id).is_some_and(|(_, object)| text(object, "type") == Some(kind));
            (is(from, "indicator") && is(to, "observed-data")).then_some((from, to))
        });
        let based_on = based_on.collect();
        let referred = objects.iter().filter(is_type("observed-data"));
        let referred = referred.flat_map(|object| list(object, "object_refs")).filter_map(Value::as_str).collect();
        Self { map, by_id, based_on, referred }
    }

    fn indicator(&self, object: &Value, path: &str, intake: &mut Intake<'_>) -> Result<(), Problem> {
        let place = Place::Path(format!("{path}.pattern"));
        let read = || {
            if text(object, "pattern_type").is_some_and(|kind| kind != "stix") {
                return Err(not_read());
            }
            let id = text(object, "id").ok_or_else(without_id)?;
            let marked = self.marked(object)?;
            let pattern = pattern::read(text(object, "pattern").unwrap_or_default()).ok_or_else(not_read)?;
            Ok((id, marked, pattern))
        };
        let (id, marked, pattern) = match read() {
            Ok(read) => read,
            Err(refusal) => {
                intake.refuse(&place, refusal);
                return Ok(());
            }
        };
        let observed = self.based_on.get(id).and_then(|id| self.by_id.get(id)).map(|(_, observed)| *observed);
        let mut cells = match observed {
            Some(observed) => days_of(observed),
            None => vec![(Field::FirstSeen, text(object, "valid_from").unwrap_or_default().to_owned())],
        };
        cells.extend(common(object, &marked));
        for (part, together) in pattern.iter().enumerate() {
            let place = Place::Path(format!("{path}.pattern[{part}]"));
            let time = observed.and_then(hour_of);
            match stix_values::read(&together[0].object, &Together(together), time) {
                Ok(observable) => intake.take(&Found {
                    place,
                    reference: Some((id.to_owned(), part as u32)),
                    value: observable.value,
                    cells: observable.cells.into_iter().chain(cells.iter().cloned()).collect(),
                    caveats: marked.caveats.clone(),
                })?,
                Err(refusal) => intake.refuse(&place, refusal),
            }
        }
        Ok(())
    }

    fn observed(&self, object: &Value, path: &str, intake: &mut Intake<'_>) -> Result<(), Problem> {
        let refs = list(object, "object_refs");
        let refused = match (text(object, "id"), refs.len()) {
            (None, _) => Some(without_id()),
            (_, 0) => Some(stix_values::no_identifier()),
            (_, count) if count > RECORD_PARTS_MAX => Some(too_many()),
            _ => None,
        };
        if let Some(refusal) = refused {
            intake.refuse(&Place::Path(path.to_owned()), refusal);
            return Ok(());
        }
        for (at, reference) in refs.iter().enumerate() {
            let place = Place::Path(format!("{path}.object_refs[{at}]"));
            match self.observable(object, reference.as_str().unwrap_or_default()) {
                Ok(mut found) => {
                    found.place = place;
                    intake.take(&found)?;
                }
                Err(refusal) => intake.refuse(&place, refusal),
            }
        }
        Ok(())
    }

    fn observable(&self, observed: &Value, id: &str) -> Result<Found, Refusal> {
        let (_, object) = self.by_id.get(id).ok_or_else(|| {
            Refusal::new(
                "object-missing",
                "the bundle does not hold an object that was seen",
                "export it with the rest",
            )
        })?;
        // The observation and what was observed are marked each; both hold.
        let mut marked = self.marked(observed)?;
        let own = self.marked(object)?;
        if let Some(caveats) = &own.caveats {
            marked.add(caveats);
        }
        let observable =
            stix_values::read(text(object, "type").unwrap_or_default(), &Object(object), hour_of(observed))?;
        let mut cells = observable.cells;
        cells.extend(days_of(observed));
        cells.extend(common(observed, &marked));
        cells.extend(own.cells());
        let name = format!("{} {id}", text(observed, "id").unwrap_or_default());
        Ok(Found {
            place: Place::Path(String::new()),
            reference: Some((name, 0)),
            value: observable.value,
            cells,
            caveats: marked.caveats,
        })
    }

    /// What the markings and labels of an object say.
    fn marked(&self, object: &Value) -> Result<Marked, Refusal> {
        let mut marked = Marked::default();
        if object.get("granular_markings").is_some() {
            return Err(Refusal::new(
                "marking-granular",
                "single properties of the object are marked, and a clue has one set of caveats",
                "mark the object as a whole",
            ));
        }
        let refs = list(object, "object_marking_refs");
        let labels = list(object, "labels");
        if refs.len() + labels.len() > RECORD_PARTS_MAX {
            return Err(too_many());
        }
        for reference in refs {
            self.marking(reference.as_str().unwrap_or_default(), &mut marked)?;
        }
        labels.iter().filter_map(Value::as_str).try_for_each(|label| marked.tag(label))?;
        Ok(marked)
    }

    fn marking(&self, id: &str, marked: &mut Marked) -> Result<(), Refusal> {
        if let Some((_, colour)) = TLP.iter().find(|(known, _)| *known == id) {
            return marked.tlp(colour);
        }
        let (_, definition) = self.by_id.get(id).ok_or_else(unknown)?;
        let inside = definition.get("definition").unwrap_or(&Value::Null);
        match text(definition, "definition_type") {
            Some("tlp") => marked.tlp(text(inside, "tlp").unwrap_or_default()),
            Some("statement") => {
                let statement = text(inside, "statement").unwrap_or_default();
                if marked.statement(statement)? {
                    return Ok(());
                }
                let caveats: &Vec<Caveat> = self.map.statements.get(statement.trim()).ok_or_else(unknown)?;
                marked.add(caveats);
                Ok(())
            }
            _ => Err(unknown()),
        }
    }
}

/// What indicators and observed data say alike.
fn common(object: &Value, marked: &Marked) -> Vec<(Field, String)> {
    let mut cells = Vec::new();
    if let Some(confidence) = object.get("confidence").and_then(plain) {
        cells.push((Field::Confidence, confidence));
    }
    if let Some(until) = text(object, "valid_until") {
        cells.push((Field::Expires, until.to_owned()));
    }
    cells.extend(revoked(object).map(|status| (Field::Status, status.to_owned())));
    cells.extend(marked.cells());
    cells
}

fn revoked(object: &Value) -> Option<&'static str> {
    (object.get("revoked") == Some(&Value::Bool(true))).then_some("recalled")
}

fn days_of(observed: &Value) -> Vec<(Field, String)> {
    let days =
        [(Field::FirstSeen, "first_observed"), (Field::LastSeen, "last_observed"), (Field::Count, "number_observed")];
    days.into_iter().filter_map(|(field, name)| Some((field, observed.get(name).and_then(plain)?))).collect()
}

/// The time of an observation that did not last beyond an hour.
fn hour_of(observed: &Value) -> Option<&str> {
    let (first, last) = (text(observed, "first_observed")?, text(observed, "last_observed")?);
    (first.get(..13)? == last.get(..13)?).then_some(first)
}

fn not_read() -> Refusal {
    Refusal::new(
        "pattern-not-read",
        "the pattern is not made of properties that equal texts",
        "write [type:property = 'value'], with OR between several",
    )
}

fn without_id() -> Refusal {
    Refusal::new("object-without-id", "the object has no id", "export it as STIX 2.1")
}

fn too_many() -> Refusal {
    Refusal::new("too-many-parts", "the record has too many parts", "split it into several")
}

/// An object of the bundle.
struct Object<'a>(&'a Value);

impl Properties for Object<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(plain)
    }
}

/// The comparisons of one alternative of a pattern.
struct Together<'a>(&'a [Comparison]);

impl Properties for Together<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find(|comparison| comparison.path == name).map(|comparison| comparison.text.clone())
    }
}
