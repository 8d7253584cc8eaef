//! Events of MISP, as its export writes them: attributes and objects become clues.
//!
//! Who made an event is never read, and neither are comments: they name a contributor, and are free text.

use cwg_protocol::lighthouse::{Caveat, Field, Forbidden};
use jiff::Timestamp;
use serde_json::Value;

use super::document::{list, plain, text, wrong_shape};
use super::found::{Found, Place, Refusal};
use super::markings::Marked;
use super::misp_kinds::{Attribute, attribute, object};
use super::read::Intake;
use super::source_map::SourceMap;
use super::stix_values::Observable;
use super::{OBJECTS_MAX, RECORD_PARTS_MAX};
use crate::problem::{Exit, Problem};

pub(super) fn read_events(
    _map: &SourceMap,
    document: &Value,
    name: &str,
    intake: &mut Intake<'_>,
) -> Result<Vec<String>, Problem> {
    let events: Vec<(String, &Value)> = match (document.get("Event"), document.get("response").unwrap_or(document)) {
        (Some(event), _) => vec![("Event".to_owned(), event)],
        (None, Value::Array(events)) => {
            let event = |(at, event): (usize, &'_ Value)| (format!("[{at}].Event"), event.get("Event").is_some());
            let all: Vec<(String, bool)> = events.iter().enumerate().map(event).collect();
            if all.iter().any(|(_, is_event)| !is_event) {
                return Err(no_event(name));
            }
            all.into_iter().map(|(path, _)| path).zip(events.iter().filter_map(|event| event.get("Event"))).collect()
        }
        _ => return Err(no_event(name)),
    };
    let count: usize =
        events.iter().map(|(_, event)| list(event, "Attribute").len() + list(event, "Object").len()).sum();
    if count > OBJECTS_MAX {
        return Err(wrong_shape(name, "there are too many attributes and objects", "export fewer events at a time"));
    }
    for (path, event) in &events {
        refuse_media(event, path, name)?;
    }
    for (path, event) in events {
        for (at, attribute) in list(event, "Attribute").iter().enumerate() {
            let place = Place::Path(format!("{path}.Attribute[{at}]"));
            take(of_attribute(event, attribute), place, intake)?;
        }
        for (at, object) in list(event, "Object").iter().enumerate() {
            let place = Place::Path(format!("{path}.Object[{at}]"));
            take(of_object(event, object), place, intake)?;
        }
    }
    Ok(Vec::new())
}

fn take(found: Result<Found, Refusal>, place: Place, intake: &mut Intake<'_>) -> Result<(), Problem> {
    match found {
        Ok(found) => intake.take(&Found { place, ..found }),
        Err(refusal) => {
            intake.refuse(&place, refusal);
            Ok(())
        }
    }
}

fn no_event(name: &str) -> Problem {
    wrong_shape(name, "it holds no event of MISP", "export events as JSON, and check the format of the map")
}

/// Media is not passed over: nobody may hold it here.
fn refuse_media(event: &Value, path: &str, name: &str) -> Result<(), Problem> {
    let is_media = |attribute: &Value| {
        matches!(text(attribute, "type"), Some("attachment" | "malware-sample")) || text(attribute, "data").is_some()
    };
    let in_object = |object: &Value| list(object, "Attribute").iter().any(is_media);
    let at = list(event, "Attribute").iter().position(is_media).map(|at| format!("{path}.Attribute[{at}]"));
    let at = at.or_else(|| list(event, "Object").iter().position(in_object).map(|at| format!("{path}.Object[{at}]")));
    match at {
        None => Ok(()),
        Some(at) => {
            let problem = format!("{name}, {at}: {}", Forbidden::Media.problem());
            Err(Problem::new(Exit::BadInput, Forbidden::Media.code(), problem, Forbidden::Media.hint()))
        }
    }
}

fn of_attribute(event: &Value, record: &Value) -> Result<Found, Refusal> {
    let marked = marked(&[event, record])?;
    let value = record.get("value").and_then(plain).unwrap_or_default();
    let time = hour_of(record);
    found(event, record, attribute(text(record, "type").unwrap_or_default(), &value, time)?, &marked)
}

fn of_object(event: &Value, record: &Value) -> Result<Found, Refusal> {
    let parts = list(record, "Attribute");
    if parts.len() > RECORD_PARTS_MAX {
        return Err(Refusal::new("too-many-parts", "the object has too many attributes", "split it into several"));
    }
    let live: Vec<&Value> = parts.iter().filter(|part| !is_deleted(part) || is_deleted(record)).collect();
    let mut sources = vec![event, record];
    sources.extend(&live);
    let marked = marked(&sources)?;
    let values: Vec<String> = live.iter().map(|part| part.get("value").and_then(plain).unwrap_or_default()).collect();
    let attributes: Vec<Attribute<'_>> = live
        .iter()
        .zip(&values)
        .map(|(part, value)| Attribute {
            relation: text(part, "object_relation").unwrap_or_default(),
            kind: text(part, "type").unwrap_or_default(),
            value,
        })
        .collect();
    let mut observable = object(text(record, "name").unwrap_or_default(), &attributes)?;
    // Templates have days of their own beside those of the record.
    for (field, relation) in [(Field::FirstSeen, "first-seen"), (Field::LastSeen, "last-seen")] {
        let day = attributes.iter().find(|attribute| attribute.relation == relation);
        observable.cells.extend(day.map(|attribute| (field, attribute.value.to_owned())));
    }
    found(event, record, observable, &marked)
}

fn found(event: &Value, record: &Value, observable: Observable, marked: &Marked) -> Result<Found, Refusal> {
    let id = text(record, "uuid").ok_or_else(|| {
        Refusal::new("object-without-id", "the record has no uuid", "export it from MISP, which gives each one")
    })?;
    let mut cells = vec![(Field::FirstSeen, text(event, "date").unwrap_or_default().to_owned())];
    for (field, member) in [(Field::FirstSeen, "first_seen"), (Field::LastSeen, "last_seen")] {
        cells.extend(record.get(member).and_then(plain).map(|time| (field, day_of(time))));
    }
    cells.extend(observable.cells);
    cells.extend(marked.cells());
    if is_deleted(record) {
        cells.push((Field::Status, "recalled".into()));
    }
    Ok(Found {
        place: Place::Path(String::new()),
        reference: Some((id.to_owned(), 0)),
        value: observable.value,
        cells,
        caveats: marked.caveats.clone(),
    })
}

fn is_deleted(record: &Value) -> bool {
    match record.get("deleted") {
        Some(Value::Bool(deleted)) => *deleted,
        Some(other) => plain(other).is_some_and(|text| text == "1"),
        None => false,
    }
}

/// Times are written as RFC 3339, or as seconds or microseconds since 1970.
fn day_of(time: String) -> String {
    let Ok(number) = time.parse::<i64>() else { return time };
    let secs = if number > 100_000_000_000 { number / 1_000_000 } else { number };
    Timestamp::from_second(secs).map_or(time, |time| time.to_string())
}

/// The time of what was not seen beyond an hour.
fn hour_of(record: &Value) -> Option<&str> {
    let first = text(record, "first_seen")?;
    let last = text(record, "last_seen").unwrap_or(first);
    (first.get(..13)? == last.get(..13)?).then_some(first)
}

/// What tags and distributions of a record, and of what it stands in, say together.
fn marked(records: &[&Value]) -> Result<Marked, Refusal> {
    let mut marked = Marked::default();
    for record in records {
        let tags = list(record, "Tag");
        if tags.len() > RECORD_PARTS_MAX {
            return Err(Refusal::new("too-many-parts", "the record has too many tags", "take some off"));
        }
        tags.iter().filter_map(|tag| text(tag, "name")).try_for_each(|tag| marked.tag(tag))?;
        match record.get("distribution").and_then(plain).as_deref() {
            // Inherited, said nowhere, or all communities, which says nothing of caveats.
            None | Some("3" | "5") => {}
            Some("1" | "2" | "4") => marked.add(&[Caveat::NoOnward]),
            Some("0") => {
                return Err(Refusal::new(
                    "marking-not-for-members",
                    "the distribution is the own organisation alone",
                    "ask the source to widen the distribution if the members may have it",
                ));
            }
            Some(_) => return Err(super::markings::unknown()),
        }
    }
    Ok(marked)
}
