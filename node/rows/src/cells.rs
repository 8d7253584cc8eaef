//! The cells of one column of a Parquet file, one at a time. The library opens pages and decompresses them; the values are
//! decoded here, because its decoders stop the program on pages that are shorter than they claim.

use parquet::basic::{Encoding, Type as Physical};
use parquet::column::page::{Page, PageReader};

use crate::hybrid::Hybrid;
use crate::{Cell, RowsError};

/// One column of a group of rows.
pub(crate) struct ColumnCells {
    pages: Box<dyn PageReader>,
    physical: Physical,
    optional: bool,
    /// The page of the dictionary, and where its values stand in it.
    dictionary: Vec<u8>,
    entries: Vec<(usize, usize)>,
    page: OpenPage,
}

#[derive(Default)]
struct OpenPage {
    bytes: Vec<u8>,
    left: u32,
    levels: Option<Hybrid>,
    values: Values,
}

enum Values {
    /// Values one after the other; the place of the next, in bytes, or in bits for yes and no.
    Plain { at: usize, bit: usize },
    /// Places in the dictionary.
    Entries(Hybrid),
    /// Yes and no in runs.
    Runs(Hybrid),
}

impl Default for Values {
    fn default() -> Self {
        Self::Plain { at: 0, bit: 0 }
    }
}

/// A value as it stands in a page.
pub(crate) enum Raw<'a> {
    Bytes(&'a [u8]),
    Bool(bool),
    Number32(i32),
    Number64(i64),
}

impl ColumnCells {
    pub(crate) fn new(pages: Box<dyn PageReader>, physical: Physical, optional: bool) -> Self {
        let (dictionary, entries) = (Vec::new(), Vec::new());
        Self { pages, physical, optional, dictionary, entries, page: OpenPage::default() }
    }

    /// The next cell.
    pub(crate) fn next(&mut self, cell: impl Fn(Raw<'_>) -> Cell) -> Result<Cell, RowsError> {
        while self.page.left == 0 {
            self.open_page()?;
        }
        self.page.left -= 1;
        self.read_cell(cell).ok_or(RowsError::Parquet("a page"))
    }

    fn read_cell(&mut self, cell: impl Fn(Raw<'_>) -> Cell) -> Option<Cell> {
        let page = &mut self.page;
        if let Some(levels) = &mut page.levels
            && levels.next(&page.bytes)? == 0
        {
            return Some(Cell::Absent);
        }
        let raw = match &mut page.values {
            Values::Plain { at, bit } if self.physical == Physical::BOOLEAN => {
                let byte = page.bytes.get(at.checked_add(*bit / 8)?)?;
                let yes = byte >> (*bit % 8) & 1 == 1;
                *bit += 1;
                Raw::Bool(yes)
            }
            Values::Plain { at, .. } => {
                let (start, end) = extent(self.physical, &page.bytes, *at)?;
                *at = end;
                raw(self.physical, page.bytes.get(start..end)?)?
            }
            Values::Entries(places) => {
                let place = usize::try_from(places.next(&page.bytes)?).ok()?;
                let (start, end) = *self.entries.get(place)?;
                raw(self.physical, self.dictionary.get(start..end)?)?
            }
            Values::Runs(runs) => Raw::Bool(runs.next(&page.bytes)? == 1),
        };
        Some(cell(raw))
    }

    fn open_page(&mut self) -> Result<(), RowsError> {
        let damaged = RowsError::Parquet("a page");
        // A column ends no earlier than the rows of its group.
        let Ok(Some(page)) = self.pages.get_next_page() else { return Err(damaged) };
        match page {
            Page::DictionaryPage { buf, num_values, encoding, .. } => {
                if !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
                    return Err(damaged);
                }
                self.dictionary = buf.to_vec();
                self.entries.clear();
                let mut at = 0;
                for _ in 0..num_values {
                    // Each entry moves on, so that the bytes of the page end the loop.
                    let (start, end) =
                        extent(self.physical, &self.dictionary, at).ok_or(RowsError::Parquet("a dictionary"))?;
                    self.entries.push((start, end));
                    at = end;
                }
                Ok(())
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                if self.optional && def_level_encoding != Encoding::RLE {
                    return Err(damaged);
                }
                self.page = OpenPage { bytes: buf.to_vec(), left: num_values, ..OpenPage::default() };
                let values = if self.optional {
                    let (start, end) = counted(&self.page.bytes, 0).ok_or(damaged)?;
                    self.page.levels = Some(Hybrid::new(start, end, 1));
                    end
                } else {
                    0
                };
                self.open_values(values, encoding)
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                self.page = OpenPage { bytes: buf.to_vec(), left: num_values, ..OpenPage::default() };
                let (start, end) =
                    (rep_levels_byte_len as usize, rep_levels_byte_len as usize + def_levels_byte_len as usize);
                if end > self.page.bytes.len() {
                    return Err(damaged);
                }
                self.page.levels = self.optional.then(|| Hybrid::new(start, end, 1));
                self.open_values(end, encoding)
            }
        }
    }

    fn open_values(&mut self, at: usize, encoding: Encoding) -> Result<(), RowsError> {
        let bytes = &self.page.bytes;
        let values = match encoding {
            Encoding::PLAIN => Some(Values::Plain { at, bit: 0 }),
            // A page whose cells are all absent may end before the width.
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let width = bytes.get(at).copied().unwrap_or(0);
                (width <= 32)
                    .then(|| Values::Entries(Hybrid::new((at + 1).min(bytes.len()), bytes.len(), u32::from(width))))
            }
            Encoding::RLE if self.physical == Physical::BOOLEAN => {
                counted(bytes, at).map(|(start, end)| Values::Runs(Hybrid::new(start, end, 1)))
            }
            _ => None,
        };
        self.page.values = values.ok_or(RowsError::Parquet("the encoding of a page"))?;
        Ok(())
    }
}

/// Where the plain value at a place begins and ends.
fn extent(physical: Physical, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    match physical {
        Physical::BYTE_ARRAY => counted(bytes, at),
        Physical::INT32 => Some((at, at.checked_add(4)?)).filter(|(_, end)| *end <= bytes.len()),
        Physical::INT64 => Some((at, at.checked_add(8)?)).filter(|(_, end)| *end <= bytes.len()),
        _ => None,
    }
}

/// Bytes after their number as four bytes, little endian.
fn counted(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at.checked_add(4)?;
    let len = u32::from_le_bytes(bytes.get(at..start)?.try_into().ok()?);
    let end = start.checked_add(usize::try_from(len).ok()?)?;
    (end <= bytes.len()).then_some((start, end))
}

fn raw(physical: Physical, bytes: &[u8]) -> Option<Raw<'_>> {
    match physical {
        Physical::BYTE_ARRAY => Some(Raw::Bytes(bytes)),
        Physical::INT32 => bytes.try_into().ok().map(i32::from_le_bytes).map(Raw::Number32),
        Physical::INT64 => bytes.try_into().ok().map(i64::from_le_bytes).map(Raw::Number64),
        _ => None,
    }
}
