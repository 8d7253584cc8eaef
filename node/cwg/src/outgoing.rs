//! Frames on their way to the network, which is given no more than it can soon write.
//!
//! The network gives a peer up when too much is queued for it. A session may have more to say at once than that, and a
//! link may be slow through no fault of the peer: what is too much waits here, in order, until the network says
//! [`cwg_net::NetEvent::Drained`]. How long a peer may take is the network's rule of progress; how much may wait for
//! it is bounded here.

use std::collections::{BTreeMap, VecDeque};

use cwg_engine::io::{CloseCode, ConnId};
use cwg_net::Net;

/// Bytes queued at the network from which on frames wait here: more than makes it say later that it has drained.
const QUEUED_MAX: usize = 5 * 1024 * 1024;

/// The same for frames before a close: more would not be written in the seconds that a close has for them.
const QUEUED_BEFORE_CLOSE_MAX: usize = 32 * 1024 * 1024;

/// Bytes that may wait for one peer. Two sessions in which both sides learn, each with two shards of 2^20 items under
/// way, have some 150 MB to say; a peer for which more waits makes us work and does not read what comes of it.
const WAITING_LEN_MAX: usize = 192 * 1024 * 1024;

/// What frames are given to.
pub(crate) trait Wire {
    /// Bytes given and not written yet; `None` where there is no such connection.
    fn queued_len(&self, conn: ConnId) -> Option<usize>;
    /// Queues a frame's body.
    fn send(&self, conn: ConnId, body: Vec<u8>);
    /// Closes after what was queued.
    fn close(&self, conn: ConnId, code: u32);
}

impl Wire for Net {
    fn queued_len(&self, conn: ConnId) -> Option<usize> {
        Self::queued_len(self, conn)
    }

    fn send(&self, conn: ConnId, body: Vec<u8>) {
        Self::send(self, conn, body);
    }

    fn close(&self, conn: ConnId, code: u32) {
        Self::close(self, conn, code);
    }
}

/// Frames of all connections that the network has not been given yet.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// No queue is empty.
    queues: BTreeMap<ConnId, Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    bodies: VecDeque<Vec<u8>>,
    len: usize,
}

impl Outgoing {
    /// Sends a frame after those before it: now, or once there is room. Over the limit the connection is closed.
    pub(crate) fn send(&mut self, wire: &impl Wire, conn: ConnId, body: Vec<u8>) {
        let queue = self.queues.entry(conn).or_default();
        queue.len += body.len();
        queue.bodies.push_back(body);
        self.pass_on(wire, conn, QUEUED_MAX);
        if self.queues.get(&conn).is_some_and(|queue| queue.len > WAITING_LEN_MAX) {
            tracing::debug!(conn = conn.0, "more waits for a peer than it may leave unread");
            self.queues.remove(&conn);
            wire.close(conn, CloseCode::TimedOut as u32);
        }
    }

    /// Goes on after the network has written much of what it had.
    pub(crate) fn on_drained(&mut self, wire: &impl Wire, conn: ConnId) {
        self.pass_on(wire, conn, QUEUED_MAX);
    }

    /// Closes a connection after the frames before, as far as they can be written in time.
    pub(crate) fn close(&mut self, wire: &impl Wire, conn: ConnId, code: u32) {
        self.pass_on(wire, conn, QUEUED_BEFORE_CLOSE_MAX);
        self.queues.remove(&conn);
        wire.close(conn, code);
    }

    /// Drops what waits for a connection that is gone.
    pub(crate) fn on_down(&mut self, conn: ConnId) {
        self.queues.remove(&conn);
    }

    /// Whether nothing waits for this connection.
    pub(crate) fn is_empty(&self, conn: ConnId) -> bool {
        !self.queues.contains_key(&conn)
    }

    /// Gives the network frames while it has fewer bytes than this.
    fn pass_on(&mut self, wire: &impl Wire, conn: ConnId, queued_max: usize) {
        let Some(queue) = self.queues.get_mut(&conn) else { return };
        while let Some(queued) = wire.queued_len(conn) {
            if queued >= queued_max {
                return;
            }
            let Some(body) = queue.bodies.pop_front() else { break };
            queue.len -= body.len();
            wire.send(conn, body);
        }
        // All is passed on, or there is nobody to pass it to.
        self.queues.remove(&conn);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const CONN: ConnId = ConnId(7);
    const FRAME_LEN: usize = 256 * 1024;

    /// A network of one connection that writes when it is told to.
    #[derive(Default)]
    struct Slow {
        queued: RefCell<VecDeque<Vec<u8>>>,
        written: RefCell<Vec<u8>>,
        closed: RefCell<Option<u32>>,
    }

    impl Slow {
        /// Writes as many frames, and keeps the first byte of each.
        fn write(&self, frames: usize) {
            let mut queued = self.queued.borrow_mut();
            let written = queued.len().min(frames);
            self.written.borrow_mut().extend(queued.drain(..written).map(|body| body[0]));
        }
    }

    impl Wire for Slow {
        fn queued_len(&self, conn: ConnId) -> Option<usize> {
            (conn == CONN).then(|| self.queued.borrow().iter().map(Vec::len).sum())
        }

        fn send(&self, conn: ConnId, body: Vec<u8>) {
            assert!(conn == CONN && self.closed.borrow().is_none());
            self.queued.borrow_mut().push_back(body);
        }

        fn close(&self, _: ConnId, code: u32) {
            self.closed.borrow_mut().get_or_insert(code);
        }
    }

    fn frame(number: u8) -> Vec<u8> {
        vec![number; FRAME_LEN]
    }

    #[test]
    fn the_network_is_given_no_more_than_it_soon_writes_and_all_of_it_in_order() {
        let (wire, mut outgoing) = (Slow::default(), Outgoing::default());
        for number in 0..200 {
            outgoing.send(&wire, CONN, frame(number));
        }
        while !outgoing.is_empty(CONN) {
            assert!(wire.queued_len(CONN) < Some(QUEUED_MAX + FRAME_LEN));
            wire.write(16);
            outgoing.on_drained(&wire, CONN);
        }
        wire.write(200);
        assert!(wire.written.borrow().iter().copied().eq(0..200));
        assert_eq!(*wire.closed.borrow(), None);
    }

    #[test]
    fn a_frame_never_overtakes_one_that_waits() {
        let (wire, mut outgoing) = (Slow::default(), Outgoing::default());
        for number in 0..30 {
            outgoing.send(&wire, CONN, frame(number));
        }
        wire.write(30);
        outgoing.send(&wire, CONN, frame(30));
        wire.write(30);
        assert!(wire.written.borrow().iter().copied().eq(0..31));
    }

    #[test]
    fn a_close_comes_after_what_can_be_written_before_it() {
        let (wire, mut outgoing) = (Slow::default(), Outgoing::default());
        for number in 0..100 {
            outgoing.send(&wire, CONN, frame(number));
        }
        outgoing.close(&wire, CONN, 3);
        wire.write(200);
        assert!(wire.written.borrow().iter().copied().eq(0..100));
        assert_eq!((*wire.closed.borrow(), outgoing.is_empty(CONN)), (Some(3), true));
    }

    #[test]
    fn a_peer_for_which_too_much_waits_is_given_up() {
        let (wire, mut outgoing) = (Slow::default(), Outgoing::default());
        let frames = (QUEUED_MAX + WAITING_LEN_MAX) / FRAME_LEN;
        (0..frames).for_each(|_| outgoing.send(&wire, CONN, frame(1)));
        assert_eq!(*wire.closed.borrow(), None);
        outgoing.send(&wire, CONN, frame(1));
        assert_eq!((*wire.closed.borrow(), outgoing.is_empty(CONN)), (Some(CloseCode::TimedOut as u32), true));
    }

    #[test]
    fn nothing_is_kept_for_a_connection_that_is_gone() {
        let (wire, mut outgoing) = (Slow::default(), Outgoing::default());
        outgoing.send(&wire, ConnId(8), frame(1));
        assert!(outgoing.is_empty(ConnId(8)) && wire.queued.borrow().is_empty());
        (0..30).for_each(|number| outgoing.send(&wire, CONN, frame(number)));
        assert!(!outgoing.is_empty(CONN));
        outgoing.on_down(CONN);
        assert!(outgoing.is_empty(CONN));
    }
}
