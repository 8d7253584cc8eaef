//! Frames over the two halves of a QUIC stream, under the progress rule.

use std::ops::Range;

use quinn::{ConnectionError, ReadError, RecvStream, SendStream, WriteError};
use tokio::time::{Instant, timeout_at};

use crate::Limits;
use crate::frame::{self, Deframer};
use crate::limits::{JOINED_LEN_MAX, READ_STEP_LEN};
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
    step: Box<[u8]>,
    unread: Range<usize>,
    limits: Limits,
}

impl FrameReader {
    pub(crate) fn new(recv: RecvStream, limits: &Limits) -> Self {
        let step = vec![0; READ_STEP_LEN].into_boxed_slice();
        Self { recv, deframer: Deframer::default(), step, unread: 0..0, limits: limits.clone() }
    }

    /// The next frame, of at most `len_max` bytes; `None` where the peer finished between two frames.
    ///
    /// Time between two calls is the caller's, so the window of the progress rule starts with the call.
    pub(crate) async fn next(&mut self, len_max: usize) -> Result<Option<Vec<u8>>, StreamFault> {
        let mut progress = Progress::start(Instant::now(), &self.limits);
        loop {
            let mut input = &self.step[self.unread.clone()];
            let frame = self.deframer.feed(&mut input, len_max).map_err(|_| StreamFault::FrameTooLong)?;
            self.unread.start = self.unread.end - input.len();
            if frame.is_some() {
                return Ok(frame);
            }
            let begun = self.deframer.begun();
            let read = self.recv.read(&mut self.step);
            let read = if begun { timeout_at(progress.ends(), read).await.unwrap_or(Ok(Some(0))) } else { read.await };
            let Some(read) = read.map_err(read_fault)? else {
                return if begun { Err(StreamFault::Broken) } else { Ok(None) };
            };
            self.unread = 0..read;
            if !begun {
                progress = Progress::start(Instant::now(), &self.limits);
            } else if !progress.moved(Instant::now(), read) {
                return Err(StreamFault::TooSlow);
            }
        }
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
    pub(crate) async fn write(&mut self, body: &[u8]) -> Result<(), StreamFault> {
        let header = frame::header(body.len()).ok_or(StreamFault::FrameTooLong)?;
        if body.len() <= JOINED_LEN_MAX {
            return self.write_all(&[&header[..], body].concat()).await;
        }
        self.write_all(&header).await?;
        self.write_all(body).await
    }

    async fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), StreamFault> {
        let mut progress = Progress::start(Instant::now(), &self.limits);
        while !bytes.is_empty() {
            let written = timeout_at(progress.ends(), self.send.write(bytes)).await.unwrap_or(Ok(0));
            let written = written.map_err(write_fault)?;
            bytes = &bytes[written..];
            if !progress.moved(Instant::now(), written) {
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
