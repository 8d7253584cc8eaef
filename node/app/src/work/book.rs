//! A member's book: a file of identifiers that is read for one run and not kept. Read once for its items, and once more for the
//! rows of what matched.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use cwg_engine::limits::REFUSED_PLACES_MAX;
use cwg_engine::record::{Book, BookReport, Code};
use cwg_protocol::{NetworkId, UnixTime};

use super::load::today;
use crate::files;
use crate::indicators::{self, ColumnMap, Counting, NoProgress, Picked, Progress, RowFile, RowSink, STOPPED};
use crate::problem::{Exit, Problem};
use crate::view::LoadReportView;

/// A book that is open: whatever becomes of its name, the same file is read every time.
#[derive(Debug)]
pub struct OpenBook {
    file: File,
    name: String,
    map: ColumnMap,
    network: NetworkId,
    stamp: Stamp,
}

/// What changes when somebody writes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    written_secs: i64,
    written_nanos: i64,
}

/// Whether a file is still the one that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// The file is as it was when it was opened.
    Unchanged,
    /// Somebody wrote to it: what was read of it may be anything.
    Changed,
}

impl OpenBook {
    /// Opens a book and reads its map, for items of a network. Nobody in it is born after `now`.
    ///
    /// # Errors
    /// If the map or the file cannot be read.
    pub fn open(book: &Book, network: NetworkId, now: UnixTime) -> Result<Self, Problem> {
        let map = files::read_map(Path::new(&book.map))?.on(today(now));
        let path = Path::new(&book.file);
        let name = files::shown(path);
        let (file, _) = files::open_regular(path)?;
        let stamp = Stamp::of(&file, &name)?;
        Ok(Self { file, name, map, network, stamp })
    }

    /// Reads the beginning.
    ///
    /// # Errors
    /// If the map does not fit the file, or the file cannot be read.
    pub fn check(&self) -> Result<(), Problem> {
        let mut enough = |_, _, _| ControlFlow::Break(());
        match self.pass(Picked::Rows(&[]), &mut Counting::default(), &mut enough) {
            Err(problem) if problem.code == STOPPED => Ok(()),
            read => read.map(|_| ()),
        }
    }

    /// Reads all rows into a sink.
    ///
    /// # Errors
    /// If the map does not fit the file, the file cannot be read, or the sink fails.
    pub fn read(&self, sink: &mut dyn RowSink) -> Result<BookReport, Problem> {
        self.pass(Picked::All, sink, &mut NoProgress).map(|report| report_of(&report))
    }

    /// Reads the rows of these numbers, counted from 1 and ascending, into a sink, and says whether the file is still the one
    /// whose rows were numbered.
    ///
    /// # Errors
    /// As [`OpenBook::read`].
    pub fn read_rows(&self, rows: &[u32], sink: &mut dyn RowSink) -> Result<Since, Problem> {
        if Stamp::of(&self.file, &self.name)? != self.stamp {
            return Ok(Since::Changed);
        }
        self.pass(Picked::Rows(rows), sink, &mut NoProgress)?;
        let same = Stamp::of(&self.file, &self.name)? == self.stamp;
        Ok(if same { Since::Unchanged } else { Since::Changed })
    }

    fn pass(
        &self,
        picked: Picked<'_>,
        sink: &mut dyn RowSink,
        progress: &mut dyn Progress,
    ) -> Result<LoadReportView, Problem> {
        let failed = |error: std::io::Error| files::io_problem(&self.name, &error);
        // A clone has the place of the file in common with this one.
        let mut file = self.file.try_clone().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let file = RowFile { file, len: self.stamp.len, name: &self.name };
        indicators::read_file(&self.map, file, self.network, picked, sink, progress)
    }
}

impl Stamp {
    fn of(file: &File, name: &str) -> Result<Self, Problem> {
        let seen = file.metadata().map_err(|error| files::io_problem(name, &error))?;
        Ok(Self { len: seen.len(), written_secs: seen.mtime(), written_nanos: seen.mtime_nsec() })
    }
}

fn report_of(report: &LoadReportView) -> BookReport {
    let place = |row: &crate::view::RefusedRow| (row.line, Code::from(row.code.as_str()));
    BookReport {
        rows: report.rows,
        accepted: report.rows_accepted,
        repaired: report.rows_repaired,
        refused: report.rows_refused,
        refusals: report.refusals.iter().map(|line| (Code::from(line.code.as_str()), line.count)).collect(),
        first: report.refused.iter().take(REFUSED_PLACES_MAX).map(place).collect(),
    }
}

/// Text of a path, which a record keeps.
pub(crate) fn path_text(path: &Path) -> Result<String, Problem> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let problem = format!("the path of {} is not UTF-8 text", files::shown(path));
        Problem::new(Exit::Usage, "path-refused", problem, "give the file another name, or move it to another folder")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use cwg_engine::io::IndicatorRow;

    use super::*;
    use crate::indicators::SinkProblem;

    const MAP: &str = "format = \"csv\"\nrole = \"holder\"\nregion = \"AU\"\nreference = \"ref\"\n[[columns]]\ncolumn = \"phone\"\ntype = \"phone\"\n";

    #[derive(Default)]
    struct Numbers(Vec<u64>);

    impl RowSink for Numbers {
        fn push(&mut self, number: u64, _: &IndicatorRow) -> Result<(), SinkProblem> {
            self.0.push(number);
            Ok(())
        }
    }

    fn open(place: &Path, text: &str) -> OpenBook {
        let (file, map) = (place.join("book.csv"), place.join("map.toml"));
        std::fs::write(&file, text).unwrap();
        std::fs::write(&map, MAP).unwrap();
        let book = Book { file: path_text(&file).unwrap(), map: path_text(&map).unwrap() };
        OpenBook::open(&book, NetworkId([7; 16]), UnixTime(1_800_000_000)).unwrap()
    }

    #[test]
    fn a_book_is_read_again_and_again_until_somebody_writes_to_it() {
        let place = tempfile::tempdir().unwrap();
        let rows: String = (0..100).map(|row| format!("c{row},04915700{row:02}\n")).collect();
        let book = open(place.path(), &format!("ref,phone\n{rows}c,12\n"));
        let read = |book: &OpenBook, rows: &[u32]| {
            let mut numbers = Numbers::default();
            let since = book.read_rows(rows, &mut numbers).unwrap();
            (numbers.0, since)
        };
        let mut all = Numbers::default();
        let report = book.read(&mut all).unwrap();
        assert_eq!((report.rows, report.refused, all.0.len()), (101, 1, 100));
        assert_eq!(report.first, [(102, Code::from("phone-short-code"))]);
        assert_eq!(report.refusals, [(Code::from("phone-short-code"), 1)]);
        assert_eq!(read(&book, &[2, 100, 101, 5000]), (vec![2, 100], Since::Unchanged));
        // A new file of that name is another file; the one that was opened is still there.
        let path = place.path().join("book.csv");
        std::fs::rename(&path, place.path().join("old.csv")).unwrap();
        std::fs::write(&path, "ref,phone\n").unwrap();
        assert_eq!(read(&book, &[2]).0, [2]);
        let mut written = File::options().append(true).open(place.path().join("old.csv")).unwrap();
        written.write_all(b"c,0491570006\n").unwrap();
        assert_eq!(read(&book, &[2]), (vec![], Since::Changed));
    }
}
