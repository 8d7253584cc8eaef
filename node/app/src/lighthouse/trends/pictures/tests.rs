use super::*;
use crate::lighthouse::trends::{AgeLine, MarkLine, NamedFigure, PlaceLine, TimeLine};

/// A view in which a row of each table is held back.
fn view() -> TrendsView {
    let named = |name: &str, clues| NamedFigure { name: name.into(), clues };
    let time = |when: &str, clues: Option<u32>| TimeLine {
        when: when.into(),
        clues,
        platforms: vec![clues, None],
        typologies: vec![clues],
    };
    TrendsView {
        drill: true,
        period: "2027-03".into(),
        release: 7,
        clues: Some(5_670),
        platform_names: vec!["social".into(), "<odd> & \"named\"".into()],
        typology_names: vec!["livestream".into()],
        times: vec![
            time("2027-01", Some(1_230)),
            time("2027-02", None),
            time("2027-03", Some(4_440)),
            time("earlier", None),
            time("undated", None),
        ],
        ages: vec![
            AgeLine { age: "this month".into(), clues: Some(4_440), held_back: 0 },
            AgeLine { age: "undated".into(), clues: None, held_back: 1 },
        ],
        places: vec![
            PlaceLine { place: "NSW".into(), clues: Some(3_330), areas: vec![] },
            PlaceLine { place: "NT".into(), clues: None, areas: vec![] },
        ],
        kinds: vec![named("phone", Some(2_220)), named("evm", None)],
        source_kinds: vec![],
        marks: vec![MarkLine { release: 6, month: "2027-01".into() }, MarkLine { release: 7, month: "2027-03".into() }],
    }
}

/// Reads the picture again: it is well-formed, and these are its names of elements and its texts.
fn read(svg: &str) -> (Vec<String>, Vec<String>) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(svg);
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) | Event::Empty(tag) => {
                names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
            }
            Event::Text(text) => texts.push(String::from_utf8(text.to_vec()).unwrap()),
            Event::Eof => return (names, texts),
            _ => {}
        }
    }
}

#[test]
fn every_picture_is_named_described_and_without_script_or_link() {
    for picture in Picture::ALL {
        assert_eq!(Picture::from_name(picture.name()), Some(picture));
        let svg = picture.draw(&view());
        let (names, texts) = read(&svg);
        let allowed = ["svg", "title", "desc", "defs", "pattern", "rect", "text", "line", "polyline", "circle"];
        assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{picture:?}: {names:?}");
        assert_eq!(names[..3], ["svg", "title", "desc"]);
        assert!(!svg.contains("href") && svg.contains("role=\"img\""));
        assert!(texts.iter().any(|text| text.starts_with("DRILL")), "{picture:?} says that it is a drill");
    }
}

#[test]
fn what_is_held_back_is_drawn_as_such_with_the_reason() {
    for picture in Picture::ALL.into_iter().filter(|picture| *picture != Picture::TypologyByMonth) {
        let svg = picture.draw(&view());
        assert!(svg.matches("url(#held)").count() >= 2, "{picture:?}: the legend and a tile");
        assert!(svg.contains("fewer than 10 clues"), "{picture:?}");
    }
    assert_eq!(Picture::TimeLine.draw(&view()).matches("<polyline").count(), 2, "no line over a month held back");
}

#[test]
fn every_figure_stands_as_a_number() {
    for (picture, number) in [
        (Picture::TimeLine, "4440"),
        (Picture::PlatformByMonth, "4.4k"),
        (Picture::TypologyByMonth, "1.2k"),
        (Picture::States, "3330"),
        (Picture::Kinds, "2220"),
        (Picture::Ages, "4440"),
    ] {
        assert!(read(&picture.draw(&view())).1.iter().any(|text| text.contains(number)), "{picture:?}");
    }
}

#[test]
fn a_view_without_a_row_is_drawn() {
    let empty = TrendsView {
        times: vec![],
        ages: vec![],
        places: vec![],
        kinds: vec![],
        marks: vec![],
        platform_names: vec![],
        ..view()
    };
    Picture::ALL.into_iter().for_each(|picture| assert!(!read(&picture.draw(&empty)).0.is_empty()));
}

#[test]
fn numbers_are_short_and_axes_round() {
    for (clues, text) in [(990, "990"), (3_490, "3.4k"), (10_990, "10k"), (999_990, "999k"), (1_290_000, "1.2M")] {
        assert_eq!(short(clues), text);
    }
    for (largest, expected) in [(0, (10, 1)), (50, (50, 5)), (60, (60, 3)), (4_440, (5_000, 5)), (41_000, (50_000, 5))]
    {
        assert_eq!(axis(largest), expected, "{largest}");
    }
}
