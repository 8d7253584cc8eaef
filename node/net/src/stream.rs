//! Frames over the two halves of a QUIC stream, under the progress rule.
//!
//! A body is copied once between QUIC and its frame on the way in, and not at all on the way out.

use quinn::{Chunk, ConnectionError, ReadError, RecvStream, SendStream, WriteError};
use tokio::time::{Instant, timeout_at};

use crate::Limits;
use crate::frame::{self, Deframer};
use crate::limits::READ_STEP_LEN;
use crate::progress::Progress;

/// Why reading or writing frames ended.
#[derive(Debug)]
pub(crate) enum StreamFault {
    /// A frame declared more than the limit.
    FrameTooLong,
    /// A frame that was begun did not make progress.
    TooSlow,
    /// The stream ended inside a frame, was reset or was stopped.
    Broken,
    /// The connection ended.
    Lost(ConnectionError),
}

/// Reads frames.
pub(crate) struct FrameReader {
    recv: RecvStream,
    deframer: Deframer,
    /// What QUIC gave last, and how much of it is in frames. Most often it is what one packet carried.
    chunk: Option<Chunk>,
    taken: usize,
    limits: Limits,
}

impl FrameReader {
    pub(crate) fn new(recv: RecvStream, limits: &Limits) -> Self {
        Self { recv, deframer: Deframer::default(), chunk: None, taken: 0, limits: limits.clone() }
    }

    /// The next frame, of at most `len_max` bytes; `None` where the peer finished between two frames.
    ///
    /// Time between two calls is the caller's, so the window of the progress rule starts with the call.
    pub(crate) async fn next(&mut self, len_max: usize) -> Result<Option<Vec<u8>>, StreamFault> {
        let mut progress = Progress::start(Instant::now(), &self.limits);
        loop {
            if let Some(frame) = self.take(len_max)? {
                return Ok(Some(frame));
            }
            let begun = self.deframer.begun();
            let read = self.recv.read_chunk(READ_STEP_LEN, true);
            let in_time = if begun { timeout_at(progress.ends(), read).await } else { Ok(read.await) };
            let read = match in_time {
                Ok(read) => {
                    let Some(chunk) = read.map_err(read_fault)? else {
                        return if begun { Err(StreamFault::Broken) } else { Ok(None) };
                    };
                    let len = chunk.bytes.len();
                    (self.chunk, self.taken) = (Some(chunk), 0);
                    len
                }
                Err(_) => 0,
            };
            if !begun {
                progress = Progress::start(Instant::now(), &self.limits);
            } else if !progress.moved(Instant::now(), read) {
                return Err(StreamFault::TooSlow);
            }
        }
    }

    /// The next frame, if what was read so far completes one. A chunk that is used up is given back to QUIC.
    fn take(&mut self, len_max: usize) -> Result<Option<Vec<u8>>, StreamFault> {
        let Some(chunk) = &self.chunk else { return Ok(None) };
        let mut input = &chunk.bytes[self.taken..];
        let frame = self.deframer.feed(&mut input, len_max).map_err(|_| StreamFault::FrameTooLong)?;
        self.taken = chunk.bytes.len() - input.len();
        if input.is_empty() {
            self.chunk = None;
        }
        Ok(frame)
    }
}

/// Writes frames.
pub(crate) struct FrameWriter {
    send: SendStream,
    limits: Limits,
}

impl FrameWriter {
    pub(crate) fn new(send: SendStream, limits: &Limits) -> Self {
        Self { send, limits: limits.clone() }
    }

    /// Writes one frame of at most [`FRAME_LEN_MAX`](crate::FRAME_LEN_MAX) bytes.
    pub(crate) async fn write(&mut self, body: Vec<u8>) -> Result<(), StreamFault> {
        let header = frame::header(body.len()).ok_or(StreamFault::FrameTooLong)?;
        let mut chunks = [header.to_vec().into(), body.into()];
        let mut unwritten = &mut chunks[..];
        let mut progress = Progress::start(Instant::now(), &self.limits);
        while !unwritten.is_empty() {
            let (whole, bytes) = match timeout_at(progress.ends(), self.send.write_chunks(unwritten)).await {
                Ok(written) => written.map(|written| (written.chunks, written.bytes)).map_err(write_fault)?,
                Err(_) => (0, 0),
            };
            // QUIC takes an empty body off with the header before it.
            unwritten = &mut unwritten[whole..];
            if !progress.moved(Instant::now(), bytes) {
                return Err(StreamFault::TooSlow);
            }
        }
        Ok(())
    }

    /// Ends the stream and waits until the peer's QUIC has all of it.
    pub(crate) async fn finish(&mut self) -> Result<(), StreamFault> {
        self.send.finish().map_err(|_| StreamFault::Broken)?;
        match self.send.stopped().await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(StreamFault::Broken),
            Err(quinn::StoppedError::ConnectionLost(error)) => Err(StreamFault::Lost(error)),
            Err(quinn::StoppedError::ZeroRttRejected) => Err(StreamFault::Broken),
        }
    }
}

fn read_fault(error: ReadError) -> StreamFault {
    match error {
        ReadError::ConnectionLost(error) => StreamFault::Lost(error),
        ReadError::Reset(_) | ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected => {
            StreamFault::Broken
        }
    }
}

fn write_fault(error: WriteError) -> StreamFault {
    match error {
        WriteError::ConnectionLost(error) => StreamFault::Lost(error),
        WriteError::Stopped(_) | WriteError::ClosedStream | WriteError::ZeroRttRejected => StreamFault::Broken,
    }
}
