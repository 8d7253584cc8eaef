//! The engine's work on files of editions.

use cwg_engine::io::{EditionDone, EditionWork};
use cwg_store::{Editions, ProvenChunk, StoreError};

/// Carries it out, on a thread that may wait for the disk.
pub(crate) fn work_on_edition(editions: &Editions, work: EditionWork) -> EditionDone {
    done(editions, work).unwrap_or_else(|error| {
        tracing::error!(problem = %error, "an edition's file cannot be used");
        EditionDone::Failed
    })
}

fn done(editions: &Editions, work: EditionWork) -> Result<EditionDone, StoreError> {
    Ok(match work {
        EditionWork::Read { edition, chunk } => match editions.proven_chunk(&edition, chunk)? {
            Some(ProvenChunk { bytes, path }) => EditionDone::Chunk { bytes, path },
            None => EditionDone::Failed,
        },
        EditionWork::Begin { edition } => EditionDone::Begun { chunk: editions.begin(&edition)? },
        EditionWork::Write { edition, chunk, bytes } => {
            editions.write(&edition, chunk, &bytes)?;
            EditionDone::Written
        }
        EditionWork::Check { edition } => match editions.finish(&edition)? {
            Ok(()) => EditionDone::Checked,
            Err(error) => EditionDone::Broken(error),
        },
    })
}
