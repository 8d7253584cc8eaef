//! The life of one connection: frames in, frames out, one end.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use cwg_engine::io::{ConnId, DownReason, PeerUp};
use quinn::{Connection, VarInt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::frame::FRAME_LEN_MAX;
use crate::net::{Ending, Flush, Queue, Registered};
use crate::stream::{FrameReader, FrameWriter, StreamFault};
use crate::{Limits, NetEvent, close_code, event};

/// A connection after its greeting.
pub(crate) struct Greeted {
    pub(crate) registered: Registered,
    pub(crate) connection: Connection,
    pub(crate) exporter: [u8; 32],
    pub(crate) reader: FrameReader,
    pub(crate) writer: FrameWriter,
}

/// Reports the connection, moves its frames until it ends, and reports the end.
pub(crate) async fn run(greeted: Greeted) {
    let Greeted { registered, connection, exporter, reader, writer } = greeted;
    let Registered { place, key, side, frames, ending, queue } = registered;
    let (conn, shared) = (place.conn, std::sync::Arc::clone(&place.shared));
    let up = NetEvent::Up(PeerUp { conn, key, side, exporter });
    if shared.events.send(up).await.is_err() {
        // Nobody listens to events any more, so nobody can use a connection.
        connection.close(VarInt::from_u32(close_code::SHUTDOWN), b"");
        return;
    }
    let closing = AtomicBool::new(false);
    let mut reading = pin!(deliver(conn, reader, &shared.events, &closing));
    let mut writing = pin!(transmit(conn, writer, frames, &queue, &shared.events));
    let mut ending = pin!(ending);
    let mut written = false;
    let (code, reason) = loop {
        tokio::select! {
            biased;
            asked = &mut ending => {
                let asked = asked.unwrap_or(Ending {
                    code: close_code::SHUTDOWN,
                    reason: DownReason::ClosedHere,
                    flush: Flush::Nothing,
                });
                closing.store(true, Ordering::Relaxed);
                if asked.flush == Flush::Queued && !written {
                    let flush = async {
                        tokio::select! {
                            _ = &mut writing => {}
                            _ = &mut reading => {}
                            () = queue.cut.notified() => {}
                        }
                    };
                    // A peer that does not take the rest in time does not get it.
                    let _ = timeout(shared.limits.close_flush, flush).await;
                }
                break (asked.code, asked.reason);
            }
            outcome = &mut reading => break after_reading(outcome, &connection, &shared.limits).await,
            outcome = &mut writing, if !written => {
                written = true;
                match outcome {
                    // All is flushed and the request to end is there; or what came before the loss is still unread.
                    Ok(()) | Err(StreamFault::Lost(_)) => {}
                    Err(fault) => break violation(&fault),
                }
            }
        }
    };
    connection.close(VarInt::from_u32(code), b"");
    tracing::debug!(conn = conn.0, ?reason, "down");
    drop(place);
    // A failure means that nobody listens to events any more.
    let _ = shared.events.send(NetEvent::Down { conn, reason }).await;
}

/// How reading ended.
#[derive(Debug)]
enum ReadEnd {
    /// The peer finished its stream between two frames.
    Finished,
    /// Nobody takes events any more.
    Unheard,
    /// A fault.
    Fault(StreamFault),
}

async fn deliver(
    conn: ConnId,
    mut reader: FrameReader,
    events: &mpsc::Sender<NetEvent>,
    closing: &AtomicBool,
) -> ReadEnd {
    loop {
        match reader.next(FRAME_LEN_MAX).await {
            Ok(Some(_)) if closing.load(Ordering::Relaxed) => {}
            Ok(Some(body)) => {
                if events.send(NetEvent::Frame { conn, body }).await.is_err() {
                    return ReadEnd::Unheard;
                }
            }
            Ok(None) => return ReadEnd::Finished,
            Err(fault) => return ReadEnd::Fault(fault),
        }
    }
}

async fn transmit(
    conn: ConnId,
    mut writer: FrameWriter,
    mut frames: mpsc::UnboundedReceiver<Vec<u8>>,
    queue: &Queue,
    events: &mpsc::Sender<NetEvent>,
) -> Result<(), StreamFault> {
    while let Some(body) = frames.recv().await {
        let len = body.len();
        writer.write(body).await?;
        if queue.take(len) {
            // A failure means that nobody listens to events any more; the reader ends the connection.
            let _ = events.send(NetEvent::Drained { conn }).await;
        }
    }
    writer.finish().await
}

async fn after_reading(end: ReadEnd, connection: &Connection, limits: &Limits) -> (u32, DownReason) {
    match end {
        // A peer that finished says why in its close, which is behind the last frame.
        ReadEnd::Finished => match timeout(limits.close_flush, connection.closed()).await {
            Ok(error) => (0, event::down_reason(&error)),
            Err(_) => violation(&StreamFault::Broken),
        },
        ReadEnd::Unheard => (close_code::SHUTDOWN, DownReason::ClosedHere),
        ReadEnd::Fault(fault) => violation(&fault),
    }
}

fn violation(fault: &StreamFault) -> (u32, DownReason) {
    match fault {
        StreamFault::FrameTooLong => (close_code::FRAME_TOO_LONG, DownReason::Violation),
        StreamFault::TooSlow => (close_code::TOO_SLOW, DownReason::Violation),
        StreamFault::Broken => (close_code::STREAM_BROKEN, DownReason::Violation),
        // Nothing can be said on it any more; the code is not sent.
        StreamFault::Lost(error) => (0, event::down_reason(error)),
    }
}
