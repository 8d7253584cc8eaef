//! The set of a lighthouse run: the items of a book, and the rows of what matched, which are read from the file once more.
//!
//! Of the file nothing is kept but each item with the numbers of its rows, sealed where there are many.

use std::collections::VecDeque;
use std::path::Path;

use cwg_app::indicators::{RowSink, SinkProblem};
use cwg_app::{OpenBook, Problem, Since};
use cwg_engine::io::{FoundRow, IndicatorRow, Loaded, More, Selection};
use cwg_engine::limits::ROWS_PER_LOAD;
use cwg_engine::record::{Book, BookReport};
use cwg_protocol::{NetworkId, SessionId, UnixTime};
use cwg_store::{StoreError, fold_rows};

use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter, order_of};

/// Matches whose rows are sought in one pass over the file: some hundreds of MiB of rows at most.
const PASS_MAX: usize = 1 << 18;

/// A book whose items were gathered.
pub(crate) struct BookSet {
    book: OpenBook,
    selection: Selection,
    found: Option<Found>,
}

/// The rows of what matched, as far as they were read.
struct Found {
    /// By the half of the item that tells it apart, ascending; each with its number among the places asked for.
    matched: Vec<(u128, u32)>,
    /// How many of them had their pass.
    passed: usize,
    rows: VecDeque<FoundRow>,
}

/// What gathering a book came to.
pub(crate) enum Gathered {
    /// Its items, itself, and what became of its rows.
    Items(Box<(ItemSource, BookSet, BookReport)>),
    /// It has more rows than can be numbered.
    TooMany,
    /// It cannot be read, or its map does not fit.
    Unread(Problem),
}

impl BookSet {
    /// Reads a book's items of a selection, and commits to them.
    ///
    /// # Errors
    /// If the disk refuses the temporary files.
    pub(crate) fn gather(
        book: &Book,
        selection: Selection,
        (network, now): (NetworkId, UnixTime),
        dir: &Path,
        salt: &[u8; 32],
    ) -> Result<Gathered, StoreError> {
        let book = match OpenBook::open(book, network, now) {
            Ok(book) => book,
            Err(problem) => return Ok(Gathered::Unread(problem)),
        };
        let writer = ItemSourceWriter::new(dir, HOLD_MAX);
        let mut items = Items { writer, selection: &selection, stopped: None };
        let report = match (book.read(&mut items), items.stopped) {
            (Ok(report), None) => report,
            (_, Some(Stop::TooManyRows)) => return Ok(Gathered::TooMany),
            (_, Some(Stop::Disk(error))) => return Err(error),
            (Err(problem), None) => return Ok(Gathered::Unread(problem)),
        };
        let source = items.writer.finish(salt)?;
        Ok(Gathered::Items(Box::new((source, Self { book, selection, found: None }, report))))
    }

    /// The rows of the items at these places: the first of them.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(crate) fn rows_at(
        &mut self,
        source: &mut ItemSource,
        (session, bits): (SessionId, u8),
        places: &[u32],
    ) -> Result<Loaded, StoreError> {
        let mut matched = Vec::with_capacity(places.len());
        let mut number = 0;
        source.visit_at(session, bits, places, |item, _| {
            matched.push((order_of(item), number));
            number += 1;
        })?;
        matched.sort_unstable();
        self.found = Some(Found { matched, passed: 0, rows: VecDeque::new() });
        self.next_piece(source)
    }

    /// The next of them.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(crate) fn next_piece(&mut self, source: &ItemSource) -> Result<Loaded, StoreError> {
        let Some(found) = &mut self.found else { return Ok(Loaded::Failed) };
        while found.rows.len() < ROWS_PER_LOAD && found.passed < found.matched.len() {
            let end = found.matched.len().min(found.passed + PASS_MAX);
            let part = &found.matched[found.passed..end];
            match rows_of(part, source, &self.book, &self.selection)? {
                Ok(rows) => found.rows.extend(rows),
                Err(instead) => return Ok(instead),
            }
            found.passed = end;
        }
        let rows: Vec<FoundRow> = found.rows.drain(..found.rows.len().min(ROWS_PER_LOAD)).collect();
        let over = found.rows.is_empty() && found.passed == found.matched.len();
        Ok(Loaded::Rows { rows, more: if over { More::No } else { More::Yes } })
    }
}

/// The rows of some items, in one pass over the file; or what is answered in their stead.
fn rows_of(
    matched: &[(u128, u32)],
    source: &ItemSource,
    book: &OpenBook,
    selection: &Selection,
) -> Result<Result<Vec<FoundRow>, Loaded>, StoreError> {
    let halves: Vec<u128> = matched.iter().map(|(half, _)| *half).collect();
    let (numbers, times) = source.rows_with(&halves)?;
    let mut folded = Folded { halves: &halves, selection, rows: halves.iter().map(|_| None).collect() };
    match book.read_rows(&numbers, &mut folded) {
        Ok(Since::Unchanged) => {}
        Ok(Since::Changed) => return Ok(Err(Loaded::BookChanged)),
        Err(problem) => {
            tracing::error!(code = problem.code, problem = problem.problem, "a book cannot be read again");
            return Ok(Err(Loaded::BookUnread));
        }
    }
    let rows = folded.rows.into_iter().zip(times).zip(matched);
    let rows: Option<Vec<FoundRow>> = rows
        .map(|((row, times), (_, number))| {
            // As often as it was gathered: else the file is another one, whatever its length and time say.
            let row = row.filter(|row| row.rows == times)?;
            Some(FoundRow { number: *number, row })
        })
        .collect();
    Ok(rows.ok_or(Loaded::BookChanged))
}

/// Takes items.
struct Items<'a> {
    writer: ItemSourceWriter,
    selection: &'a Selection,
    stopped: Option<Stop>,
}

enum Stop {
    TooManyRows,
    Disk(StoreError),
}

impl RowSink for Items<'_> {
    fn push(&mut self, number: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        if !self.selection.contains(row) {
            return Ok(());
        }
        let pushed = match u32::try_from(number) {
            Ok(number) => self.writer.push(row.item, number).map_err(Stop::Disk),
            Err(_) => Err(Stop::TooManyRows),
        };
        pushed.map_err(|stop| {
            self.stopped = Some(stop);
            SinkProblem { problem: "the items of the book cannot be kept".to_owned(), hint: "see the log".to_owned() }
        })
    }
}

/// Takes rows of the items that matched, each folded with those of its item.
struct Folded<'a> {
    halves: &'a [u128],
    selection: &'a Selection,
    rows: Vec<Option<IndicatorRow>>,
}

impl RowSink for Folded<'_> {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        if let Ok(at) = self.halves.binary_search(&order_of(&row.item))
            && self.selection.contains(row)
        {
            match &mut self.rows[at] {
                None => self.rows[at] = Some(row.clone()),
                Some(folded) => fold_rows(folded, row.clone()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cwg_protocol::Item;
    use cwg_protocol::indicator::{IndicatorKind, Roles};
    use cwg_protocol::psi::Shard;

    use super::*;

    const NETWORK: NetworkId = NetworkId([7; 16]);
    const SESSION: SessionId = SessionId([3; 32]);
    const NOW: UnixTime = UnixTime(1_800_000_000);
    const MAP: &str = "format = \"csv\"\nrole = \"holder\"\nregion = \"AU\"\nreference = \"ref\"\n[[columns]]\ncolumn = \"phone\"\ntype = \"phone\"\n[[columns]]\ncolumn = \"second\"\ntype = \"phone\"\n[[columns]]\ncolumn = \"mail\"\ntype = \"email\"\n";

    fn phones() -> Selection {
        Selection(vec![(IndicatorKind::Phone, Roles::BOTH)])
    }

    fn phone(number: u32) -> String {
        format!("+61491{:06}", 570_000 + number)
    }

    /// Customers of whom every third shares its first number with the one before, and every fifth has no good second one.
    fn rows(count: u32) -> Vec<[String; 4]> {
        let first = |row: u32| phone(if row % 3 == 1 { row - 1 } else { row });
        let second = |row: u32| if row.is_multiple_of(5) { "12".to_owned() } else { phone(100_000 + row) };
        (0..count).map(|row| [format!("c{row}"), first(row), second(row), format!("m{row}@example.org")]).collect()
    }

    fn write(place: &Path, rows: &[[String; 4]]) -> Book {
        let text: String = rows.iter().map(|cells| cells.join(",") + "\n").collect();
        let (file, map) = (place.join("book.csv"), place.join("map.toml"));
        std::fs::write(&file, format!("ref,phone,second,mail\n{text}")).unwrap();
        std::fs::write(&map, MAP).unwrap();
        Book { file: file.to_str().unwrap().to_owned(), map: map.to_str().unwrap().to_owned() }
    }

    fn gathered(book: &Book, place: &Path) -> (ItemSource, BookSet, BookReport) {
        match BookSet::gather(book, phones(), (NETWORK, NOW), place, &[1; 32]).unwrap() {
            Gathered::Items(gathered) => *gathered,
            Gathered::TooMany | Gathered::Unread(_) => panic!("a good book"),
        }
    }

    /// Items with the references and the number of rows that they should have: straight from the rows.
    fn expected(rows: &[[String; 4]]) -> BTreeMap<Item, (Vec<String>, u32)> {
        let mut all: BTreeMap<Item, (Vec<String>, u32)> = BTreeMap::new();
        for [reference, first, second, _] in rows {
            for text in [first, second].into_iter().filter(|text| *text != "12") {
                let (references, times) = all.entry(Item::of(NETWORK, IndicatorKind::Phone, text)).or_default();
                references.push(reference.clone());
                references.sort();
                *times += 1;
            }
        }
        all
    }

    #[test]
    fn rows_of_what_matched_have_all_their_references_and_a_part_of_the_file_is_enough() {
        let place = tempfile::tempdir().unwrap();
        let rows = rows(900);
        let (mut source, mut set, report) = gathered(&write(place.path(), &rows), place.path());
        let expected = expected(&rows);
        assert_eq!((source.count(), report.rows, report.refused), (expected.len(), 900, 0));
        assert_eq!(report.refusals, [("phone-short-code".into(), 180)]);
        let items = source.shard(SESSION, Shard::WHOLE).unwrap();
        assert!(items.iter().eq(expected.keys()));
        let places: Vec<u32> = (0..items.len() as u32).step_by(7).collect();
        let Ok(Loaded::Rows { rows: found, more: More::No }) = set.rows_at(&mut source, (SESSION, 0), &places) else {
            panic!("few rows")
        };
        assert_eq!(found.len(), places.len());
        let mut shared = 0;
        for FoundRow { number, row } in &found {
            assert_eq!(row.item, items[places[*number as usize] as usize], "the number leads to the label");
            assert_eq!((&row.references, row.rows), (&expected[&row.item].0, expected[&row.item].1));
            shared += usize::from(row.rows > 1);
        }
        assert!(shared > 10, "numbers that two customers share");
    }

    #[test]
    fn more_rows_than_a_piece_come_in_pieces_each_once() {
        let place = tempfile::tempdir().unwrap();
        let rows: Vec<[String; 4]> = rows(ROWS_PER_LOAD as u32);
        let (mut source, mut set, _) = gathered(&write(place.path(), &rows), place.path());
        let places: Vec<u32> = (0..source.count() as u32).collect();
        let mut numbers = Vec::new();
        let mut next = set.rows_at(&mut source, (SESSION, 0), &places);
        loop {
            let Ok(Loaded::Rows { rows, more }) = next else { panic!("rows") };
            assert!(rows.len() <= ROWS_PER_LOAD);
            numbers.extend(rows.iter().map(|found| found.number));
            if more == More::No {
                break;
            }
            next = set.next_piece(&source);
        }
        numbers.sort_unstable();
        assert!(numbers == places);
    }

    #[test]
    fn a_file_that_is_no_longer_the_one_that_was_gathered_gives_no_row() {
        let place = tempfile::tempdir().unwrap();
        let rows = rows(50);
        let book = write(place.path(), &rows);
        let (mut source, mut set, _) = gathered(&book, place.path());
        // As long as before and of the same rows, in another order.
        let turned: Vec<[String; 4]> = rows.into_iter().rev().collect();
        write(place.path(), &turned);
        let answer = set.rows_at(&mut source, (SESSION, 0), &[0, 1, 2]);
        assert!(matches!(answer, Ok(Loaded::BookChanged)));
    }

    #[test]
    fn a_book_that_is_not_there_or_whose_map_does_not_fit_is_named() {
        let place = tempfile::tempdir().unwrap();
        let good = write(place.path(), &rows(3));
        let code = |book: &Book| match BookSet::gather(book, phones(), (NETWORK, NOW), place.path(), &[1; 32]).unwrap()
        {
            Gathered::Unread(problem) => problem.code,
            Gathered::TooMany | Gathered::Items(..) => panic!("no good book"),
        };
        assert_eq!(code(&Book { file: format!("{}.gone", good.file), ..good.clone() }), "file-not-found");
        std::fs::write(place.path().join("book.csv"), "a,b\n1,2\n").unwrap();
        assert_eq!(code(&good), "column-map");
    }
}
