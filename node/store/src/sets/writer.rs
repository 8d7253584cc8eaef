//! Writing a set: rows in any order go through sorted runs into one sorted file, in bounded memory
//! (`docs/spec/store.md` §5.4).

use std::path::PathBuf;

use cwg_engine::io::IndicatorRow;
use cwg_protocol::{Item, LoadId};

use super::chunk::{ChunkWriter, Chunks, FileHeader, Purpose, Rows};
use super::merge::Merge;
use super::reader::{Counts, FOOTER_LEN_MAX, FOOTER_NUMBER, Footer, footer_digest, trailer};
use super::{SetSummary, Sets, row};
use crate::StoreError;
use crate::seal::TAG_LEN;

/// A load under way. Dropped before [`SetWriter::finish`], it leaves nothing.
#[derive(Debug)]
pub struct SetWriter {
    sets: Sets,
    load: LoadId,
    rows_in: u64,
    /// Encoded rows not yet in a run.
    arena: Vec<u8>,
    /// Item, and where its row starts in the arena.
    order: Vec<(Item, u32)>,
    runs: Vec<Chunks>,
    runs_made: u32,
    /// The one file that [`SetWriter::finish`] writes before it has its name.
    draft: Option<PathBuf>,
    arena_len: usize,
}

impl SetWriter {
    pub(super) fn new(sets: Sets, load: LoadId, arena_len: usize) -> Self {
        Self {
            sets,
            load,
            rows_in: 0,
            arena: Vec::with_capacity(arena_len),
            order: Vec::new(),
            runs: Vec::new(),
            runs_made: 0,
            draft: None,
            arena_len,
        }
    }

    /// Adds a row. Rows may come in any order, an item more than once.
    ///
    /// # Errors
    /// [`StoreError::BadRow`] leaves the row out and the load going on. After any other error the load is to be dropped.
    pub fn push(&mut self, row: &IndicatorRow) -> Result<(), StoreError> {
        let start = self.arena.len();
        row::encode(row, self.rows_in + 1, &mut self.arena)?;
        self.rows_in += 1;
        self.order.push((row.item, start as u32));
        if self.arena.len() + row::LEN_MAX > self.arena_len { self.spill() } else { Ok(()) }
    }

    /// Merges everything into the set file. The set is there once this returns, and is to be named in the journal, with
    /// its digest, before it counts; until then [`Sets::remove_unlisted`] removes it.
    ///
    /// # Errors
    /// If the disk refuses; nothing is left of the load then.
    pub fn finish(mut self) -> Result<SetSummary, StoreError> {
        self.spill()?;
        // What the arena held is on the disk: the memory serves the merge.
        (self.arena, self.order) = (Vec::new(), Vec::new());
        while self.runs.len() > FAN_IN {
            let runs = self.runs.drain(..FAN_IN).collect();
            self.merge_runs(runs)?;
        }
        let runs = std::mem::take(&mut self.runs);
        let paths: Vec<_> = runs.iter().map(|run| run.path.clone()).collect();
        let summary = self.write_set(runs);
        for path in paths {
            self.sets.dir().discard(&path);
        }
        summary
    }

    /// Sorts what is in memory into a run.
    fn spill(&mut self) -> Result<(), StoreError> {
        if self.order.is_empty() {
            return Ok(());
        }
        let mut run = self.new_run()?;
        self.order.sort_unstable();
        for (item, start) in &self.order {
            let bytes = &self.arena[*start as usize..];
            let (row, _) = row::split(bytes).expect("the arena holds whole rows");
            if let Err(error) = run.push(*item, &bytes[..row.len() + 2]) {
                self.sets.dir().discard(&run.path);
                return Err(error);
            }
        }
        self.order.clear();
        self.arena.clear();
        self.keep_run(run)
    }

    /// Merges some runs into one, so that the last merge has few enough sources.
    fn merge_runs(&mut self, runs: Vec<Chunks>) -> Result<(), StoreError> {
        let paths: Vec<_> = runs.iter().map(|run| run.path.clone()).collect();
        let merged = self.merge_into_run(runs);
        for path in paths {
            self.sets.dir().discard(&path);
        }
        merged
    }

    fn merge_into_run(&mut self, runs: Vec<Chunks>) -> Result<(), StoreError> {
        let mut out = self.new_run()?;
        let merged = merge_rows(runs, |row, bytes| out.push(row.item, bytes));
        match merged {
            Ok(()) => self.keep_run(out),
            Err(error) => {
                self.sets.dir().discard(&out.path);
                Err(error)
            }
        }
    }

    fn new_run(&mut self) -> Result<ChunkWriter, StoreError> {
        let path = self.sets.temporary(&format!("{}-{}.run", self.load, self.runs_made));
        self.runs_made += 1;
        let header = FileHeader::draw(Purpose::Run, self.load)?;
        ChunkWriter::create(self.sets.dir().disk(), path, header, self.sets.key())
    }

    fn keep_run(&mut self, run: ChunkWriter) -> Result<(), StoreError> {
        let path = run.path.clone();
        match run.into_chunks() {
            Ok(chunks) => {
                self.runs.push(chunks);
                Ok(())
            }
            Err(error) => {
                self.sets.dir().discard(&path);
                Err(error)
            }
        }
    }

    fn write_set(&mut self, runs: Vec<Chunks>) -> Result<SetSummary, StoreError> {
        let draft = self.sets.temporary(&format!("{}.set", self.load));
        let header = FileHeader::draw(Purpose::Set, self.load)?;
        self.draft = Some(draft.clone());
        let mut out = ChunkWriter::create(self.sets.dir().disk(), draft.clone(), header, self.sets.key())?;
        let (mut counts, mut items) = (Counts::default(), 0);
        merge_rows(runs, |row, bytes| {
            counts.add(row);
            items += 1;
            out.push(row.item, bytes)
        })?;
        out.end_chunk()?;
        let per_kind = counts.into_list();
        let footer =
            Footer { rows_in: self.rows_in, counts: per_kind.clone(), places: std::mem::take(&mut out.places) }
                .encode();
        if footer.len() as u64 + TAG_LEN as u64 > FOOTER_LEN_MAX {
            return Err(StoreError::BadRow { row: self.rows_in, field: "a load", max: FOOTER_LEN_MAX as usize });
        }
        let footer_at = out.offset;
        let sealed = out.header.seal(&out.key, FOOTER_NUMBER, &footer);
        out.write(&sealed)?;
        out.write(&trailer(footer_at))?;
        out.sync()?;
        let digest = footer_digest(self.load, &footer);
        let bytes = out.offset;
        self.sets.publish(&draft, self.load)?;
        self.draft = None;
        Ok(SetSummary { load: self.load, items, rows_in: self.rows_in, per_kind, digest, bytes })
    }
}

impl Drop for SetWriter {
    fn drop(&mut self) {
        for run in std::mem::take(&mut self.runs) {
            self.sets.dir().discard(&run.path);
        }
        if let Some(draft) = self.draft.take() {
            self.sets.dir().discard(&draft);
        }
    }
}

/// Merges runs, and gives each row with its bytes to `put`.
fn merge_rows(
    runs: Vec<Chunks>,
    mut put: impl FnMut(&IndicatorRow, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    for row in Merge::new(runs.into_iter().map(Rows::new).collect())? {
        let row = row?;
        bytes.clear();
        row::encode(&row, 0, &mut bytes)?;
        put(&row, &bytes)?;
    }
    Ok(())
}

/// Most runs merged at once, each with one chunk in memory.
const FAN_IN: usize = 64;
/// Encoded rows kept in memory before they are sorted into a run.
pub(super) const ARENA_LEN: usize = 16 * 1024 * 1024;
