//! A file with an item a line, of any size: read once into an [`ItemSource`], and once more to write the lines that
//! matched. Neither pass holds more than a line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use cwg_app::Problem;
use cwg_protocol::Item;
use cwg_protocol::psi::padded_size;

use crate::item_source::{ItemSource, ItemSourceWriter};
use crate::node::{Far, Hearer};
use crate::problems;

/// Lines longer than this are not items but a file of another kind.
const LINE_LEN_MAX: usize = 64 * 1024;

/// Bytes read at once.
const BUFFER_LEN: usize = 1 << 20;

/// An open file whose lines were read. It stays open, so that what is read again is the same file.
pub(crate) struct LineFile {
    path: PathBuf,
    file: File,
    mark: Mark,
    /// Lines that are not empty, repeated ones included.
    lines: u32,
}

/// What changes when a file is written to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    len: u64,
    modified: Option<SystemTime>,
}

impl LineFile {
    /// Reads the lines into `source`, each numbered by its place among those that are not empty, and commits to them
    /// under the salt.
    pub(crate) fn read(
        path: &Path,
        limit: u32,
        mut source: ItemSourceWriter,
        salt: &[u8; 32],
        hearer: Hearer,
    ) -> Result<(Self, ItemSource), Problem> {
        let cannot = |error| problems::cannot_read(path, &error);
        let file = File::open(path).map_err(cannot)?;
        if !file.metadata().map_err(cannot)?.is_file() {
            return Err(problems::not_a_file(path));
        }
        let mark = Mark::of(&file).map_err(cannot)?;
        let mut lines = Self { path: path.to_owned(), file, mark, lines: 0 };
        lines.lines = lines.each(hearer, |number, line| {
            source.push(Item::of_line(line), number).map_err(|error| problems::store(&error))
        })?;
        lines.check_unchanged()?;
        let source = source.finish(salt).map_err(|error| problems::store(&error))?;
        if source.count() == 0 {
            return Err(problems::no_items(path));
        }
        if padded_size(source.count()) > limit {
            return Err(problems::too_many_items(path, source.count(), limit));
        }
        Ok((lines, source))
    }

    /// Lines that are not empty, repeated ones included.
    pub(crate) fn count(&self) -> u32 {
        self.lines
    }

    /// Writes the lines that are marked, in the order of the file, whole or not at all.
    pub(crate) fn write_marked(&self, marked: &Marks, out: &Path, hearer: Hearer) -> Result<(), Problem> {
        let partial = out.with_extension("partial");
        let cannot = |error| problems::cannot_write(out, &error);
        let mut file = BufWriter::with_capacity(BUFFER_LEN, File::create(&partial).map_err(cannot)?);
        let written = self.each(hearer, |number, line| {
            if marked.has(number) {
                file.write_all(line).and_then(|()| file.write_all(b"\n")).map_err(cannot)?;
            }
            Ok(())
        });
        if let Err(problem) = written.and_then(|_| self.check_unchanged()) {
            // What was written is of no use; that it cannot be removed is less than what is already told.
            let _ = std::fs::remove_file(&partial);
            return Err(problem);
        }
        let publish = || file.into_inner()?.sync_all().and_then(|()| std::fs::rename(&partial, out));
        publish().map_err(cannot)
    }

    /// Gives each line that is not empty to `visit`, with its number, and returns how many there are.
    fn each(
        &self,
        mut hearer: Hearer,
        mut visit: impl FnMut(u32, &[u8]) -> Result<(), Problem>,
    ) -> Result<u32, Problem> {
        let cannot = |error| problems::cannot_read(&self.path, &error);
        (&self.file).rewind().map_err(cannot)?;
        let mut reader = BufReader::with_capacity(BUFFER_LEN, &self.file);
        let (mut line, mut number, mut at, mut bytes) = (Vec::new(), 0_u32, 0_usize, 0_u64);
        let mut told = Instant::now();
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_LEN_MAX as u64 + 1).read_until(b'\n', &mut line).map_err(cannot)?;
            if read == 0 {
                return Ok(number);
            }
            (at, bytes) = (at + 1, bytes + read as u64);
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            if text.len() > LINE_LEN_MAX {
                return Err(problems::long_line(&self.path, at, LINE_LEN_MAX));
            }
            if !text.is_empty() {
                visit(number, text)?;
                number = number.checked_add(1).ok_or_else(|| problems::too_many_lines(&self.path))?;
            }
            if at % LINES_PER_LOOK == 0 && told.elapsed() >= Duration::from_secs(1) {
                told = Instant::now();
                hearer(Far { rows: at as u64, percent: bytes.saturating_mul(100) / self.mark.len.max(1) });
            }
        }
    }

    fn check_unchanged(&self) -> Result<(), Problem> {
        let mark = Mark::of(&self.file).map_err(|error| problems::cannot_read(&self.path, &error))?;
        if mark == self.mark { Ok(()) } else { Err(problems::file_changed(&self.path)) }
    }
}

impl Mark {
    fn of(file: &File) -> std::io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Self { len: meta.len(), modified: meta.modified().ok() })
    }
}

/// Lines between two looks at the clock.
const LINES_PER_LOOK: usize = 4096;

/// A mark for each line, a bit each.
pub(crate) struct Marks(Vec<u64>);

impl Marks {
    /// No line of so many is marked.
    pub(crate) fn none(lines: u32) -> Self {
        Self(vec![0; (lines as usize).div_ceil(64)])
    }

    /// Marks a line.
    pub(crate) fn set(&mut self, line: u32) {
        self.0[line as usize / 64] |= 1 << (line % 64);
    }

    fn has(&self, line: u32) -> bool {
        self.0.get(line as usize / 64).is_some_and(|word| word >> (line % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Hearer {
        Box::new(|_| {})
    }

    fn read(path: &Path, hold_max: usize) -> Result<(LineFile, ItemSource), Problem> {
        let source = ItemSourceWriter::new(path.parent().expect("it is in a directory"), hold_max);
        LineFile::read(path, 1 << 20, source, &[1; 32], quiet())
    }

    #[test]
    fn marked_lines_are_written_in_the_order_of_the_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, out) = (dir.path().join("lines"), dir.path().join("out"));
        std::fs::write(&path, b"b\n\n\na\r\nb\n\xff\nlast").expect("it is written");
        for hold_max in [0, 100] {
            let (lines, source) = read(&path, hold_max).expect("it is good");
            assert_eq!((lines.count(), source.count()), (5, 4));
            let mut marks = Marks::none(lines.count());
            [4, 1, 0].into_iter().for_each(|line| marks.set(line));
            lines.write_marked(&marks, &out, quiet()).expect("nothing fails");
            assert_eq!(std::fs::read(&out).expect("it is there"), b"b\na\r\nlast\n");
        }
    }

    #[test]
    fn a_file_that_changed_in_between_gives_an_error_and_no_output() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, out) = (dir.path().join("lines"), dir.path().join("out"));
        std::fs::write(&path, b"a\nb\n").expect("it is written");
        let (lines, _) = read(&path, 100).expect("it is good");
        std::fs::write(&path, b"a\nbc\n").expect("it is written");
        let problem = lines.write_marked(&Marks::none(2), &out, quiet()).expect_err("it changed");
        assert_eq!(problem.code, "file-changed");
        assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 1, "nothing is left beside the input");
    }

    #[test]
    fn lines_at_the_limit_are_taken_and_longer_ones_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lines");
        let longest = vec![b'x'; LINE_LEN_MAX];
        std::fs::write(&path, [&longest[..], b"\n", &longest[1..]].concat()).expect("it is written");
        assert_eq!(read(&path, 100).expect("it is good").0.count(), 2);
        std::fs::write(&path, [b"a\n", &longest[..], b"y\n"].concat()).expect("it is written");
        let problem = read(&path, 100).err().expect("it is too long");
        assert!(problem.code == "line-too-long" && problem.problem.contains("line 2"), "{}", problem.problem);
    }
}
