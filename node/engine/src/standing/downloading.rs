//! A member's downloads: one edition at a time, in the order of its chain. Each chunk is checked as it comes; all of them at the
//! end, by the driver, before the edition counts.

use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::{Digest, InclusionProof};
use cwg_protocol::lighthouse::standing::{EditionError, Period, SignedEdition, VerifiedEdition};
use cwg_protocol::wire::limits::CHUNKS_PER_PEER_MAX;
use cwg_protocol::wire::{Chunk, ChunkFetch, ChunkRefused, EditionOffer, Message};

use crate::Engine;
use crate::io::{ConnId, EditionDone, EditionWork, Effect, Level, Ticket};
use crate::limits::EDITIONS_OFFERED_MAX;
use crate::record::Entry;

/// The edition that is being fetched.
pub(super) struct Download {
    period: Period,
    signed: SignedEdition,
    verified: VerifiedEdition,
    /// Its file was found broken at the end once.
    anew: bool,
    stage: Stage,
}

enum Stage {
    /// The driver says how much of it is there.
    Beginning(Ticket),
    Fetching(Fetching),
    /// All of it is read and checked.
    Checking(Ticket),
}

struct Fetching {
    conn: Option<ConnId>,
    ask_next: u32,
    asked: BTreeSet<u32>,
    /// Asked for a second time.
    again: BTreeSet<u32>,
    /// Checked, and not written yet: chunks are written in order, so that a file's length says what it has.
    here: BTreeMap<u32, Vec<u8>>,
    write_next: u32,
    /// Up to which chunk is being written.
    writing: Option<(Ticket, u32)>,
}

impl Engine {
    pub(super) fn on_edition_offer(&mut self, offer: EditionOffer) {
        let offered = &mut self.standing.offered;
        let digest = offer.edition.digest();
        let known = offered.iter().any(|known| known.edition.digest() == digest)
            || self.state.standing().edition(digest).is_some()
            || self.standing.spoilt.contains(&digest)
            || !self.state.standing().periods().contains_key(&offer.period);
        // More than a chain has cannot be of one: the hub tells again when this node is there again.
        if !known && offered.len() < EDITIONS_OFFERED_MAX {
            offered.push(offer);
        }
    }

    /// Begins with the next edition whose turn it is.
    pub(super) fn download_next(&mut self) {
        while self.standing.download.is_none() {
            let Some((place, checked)) = self.next_offer() else { return };
            let EditionOffer { period, edition: signed } = self.standing.offered.remove(place);
            match checked {
                Ok(verified) => {
                    let ticket = self.ticket();
                    let edition = Box::new(verified.clone());
                    let stage = Stage::Beginning(ticket);
                    self.standing.download = Some(Download { period, signed, verified, anew: false, stage });
                    self.push(Effect::Edition(ticket, EditionWork::Begin { edition }));
                }
                // An earlier part of the chain that this node has left behind.
                Err(EditionError::Older { .. }) => {}
                Err(error) => self.note_edition(error.code()),
            }
        }
    }

    /// The first offer of a period, if it does not wait for its release, and whether it stands. Those after it wait for it.
    fn next_offer(&self) -> Option<(usize, Result<VerifiedEdition, EditionError>)> {
        let newest = self.state.lighthouse().current().map(|current| current.seen.number);
        let mut met = BTreeSet::new();
        let mut firsts = self.standing.offered.iter().enumerate().filter(|(_, offer)| met.insert(offer.period));
        firsts.find_map(|(place, offer)| {
            let known = self.state.standing().periods().get(&offer.period)?;
            let checked = known.chain().follow(&offer.edition, None).and_then(|verified| {
                let release = self.seen_of(verified.body().release);
                if release.is_some() { known.chain().follow(&offer.edition, release) } else { Ok(verified) }
            });
            match checked {
                // Its release is on its way.
                Ok(verified) if Some(verified.body().release) > newest => None,
                checked => Some((place, checked)),
            }
        })
    }

    /// A fault of the hub's that ends no connection: what it has published stays as it is.
    fn note_edition(&mut self, code: &'static str) {
        self.note_fault(self.state.hub(), code);
    }

    /// What the driver has done with an edition's file.
    pub(crate) fn on_edition(&mut self, ticket: Ticket, done: EditionDone) {
        let Some(done) = self.on_read(ticket, done) else { return };
        let Some(mut download) = self.standing.download.take() else { return };
        match (&mut download.stage, done) {
            (Stage::Beginning(awaited), EditionDone::Begun { chunk }) if *awaited == ticket => {
                download.stage = Stage::Fetching(Fetching::from(chunk));
                self.go_on(download);
            }
            (Stage::Fetching(fetching), EditionDone::Written)
                if fetching.writing.is_some_and(|(awaited, _)| awaited == ticket) =>
            {
                let (_, until) = fetching.writing.take().expect("looked up above");
                fetching.write_next = until;
                self.go_on(download);
            }
            (Stage::Checking(awaited), EditionDone::Checked) if *awaited == ticket => self.adopt_edition(download),
            (Stage::Checking(awaited), EditionDone::Broken(error)) if *awaited == ticket => {
                if download.anew {
                    return self.give_up_download(&download, error.code());
                }
                // Each chunk was right when it came: the file was changed since. Once more, from the beginning.
                self.push(Effect::RemoveEdition(download.verified.digest()));
                let next = self.ticket();
                download.anew = true;
                download.stage = Stage::Beginning(next);
                let edition = Box::new(download.verified.clone());
                self.standing.download = Some(download);
                self.push(Effect::Edition(next, EditionWork::Begin { edition }));
            }
            (_, EditionDone::Failed) => self.give_up_download(&download, "edition-not-kept"),
            _ => self.standing.download = Some(download),
        }
    }

    fn adopt_edition(&mut self, download: Download) {
        let Download { period, signed, verified, .. } = download;
        if !self.state.standing().periods().contains_key(&period) {
            return self.push(Effect::RemoveEdition(verified.digest()));
        }
        let replaced = self.replaced_by(period, verified.body());
        self.commit(Entry::EditionAdopted { period, signed });
        self.remove_editions(replaced);
        self.push(Effect::Log(Level::Info, "edition-adopted"));
    }

    fn give_up_download(&mut self, download: &Download, code: &'static str) {
        let digest = download.verified.digest();
        self.standing.spoilt.insert(digest);
        self.push(Effect::RemoveEdition(digest));
        self.note_edition(code);
    }

    /// Asks for more, writes what is here, and ends.
    fn go_on(&mut self, mut download: Download) {
        let (digest, chunks) = (download.verified.digest(), download.verified.chunks());
        let Stage::Fetching(fetching) = &mut download.stage else {
            self.standing.download = Some(download);
            return;
        };
        if fetching.write_next == chunks {
            let ticket = self.ticket();
            download.stage = Stage::Checking(ticket);
            let edition = Box::new(download.verified.clone());
            self.push(Effect::Edition(ticket, EditionWork::Check { edition }));
            self.standing.download = Some(download);
            return;
        }
        if let Some((chunk, bytes)) = fetching.next_to_write() {
            let ticket = self.ticket();
            fetching.writing = Some((ticket, chunk.1));
            let edition = Box::new(download.verified.clone());
            self.push(Effect::Edition(ticket, EditionWork::Write { edition, chunk: chunk.0, bytes }));
        }
        fetching.conn = fetching.conn.or_else(|| Some(self.ready_conn(self.state.hub()?)?.0));
        if let Some(conn) = fetching.conn {
            for chunk in fetching.next_to_ask(chunks) {
                self.send(conn, &Message::ChunkFetch(ChunkFetch { edition: digest, chunk }));
            }
        }
        self.standing.download = Some(download);
    }

    pub(super) fn on_chunk(&mut self, conn: ConnId, message: &Chunk) {
        let Some(mut download) = self.take_download(conn, message.edition, message.chunk) else { return };
        let Stage::Fetching(fetching) = &mut download.stage else { unreachable!("taken by this stage") };
        let (number, chunks) = (message.chunk, download.verified.chunks());
        let proof = InclusionProof::from_parts(number.into(), chunks.into(), message.path.to_vec());
        let checked = proof.map_err(|_| EditionError::BadChunk(number));
        let checked = checked.and_then(|proof| download.verified.check_chunk(number, &message.bytes, &proof));
        match checked {
            Ok(()) => {
                fetching.asked.remove(&number);
                fetching.here.insert(number, message.bytes.to_vec());
            }
            Err(error) if !fetching.again.insert(number) => return self.give_up_download(&download, error.code()),
            Err(_) => {
                self.push(Effect::Log(Level::Warn, "edition-chunk-again"));
                let edition = message.edition;
                self.send(conn, &Message::ChunkFetch(ChunkFetch { edition, chunk: number }));
            }
        }
        self.go_on(download);
    }

    /// The hub has it no more: what stands in its place was offered, or will be.
    pub(super) fn on_chunk_refused(&mut self, conn: ConnId, refused: ChunkRefused) {
        let Some(download) = self.take_download(conn, refused.edition, refused.chunk) else { return };
        self.push(Effect::RemoveEdition(download.verified.digest()));
    }

    /// The download, if this chunk of it was asked for over this connection. An answer to what was given up is no fault.
    fn take_download(&mut self, conn: ConnId, edition: Digest, chunk: u32) -> Option<Download> {
        self.standing.download.take_if(|download| {
            let asked = match &download.stage {
                Stage::Fetching(fetching) => fetching.conn == Some(conn) && fetching.asked.contains(&chunk),
                _ => false,
            };
            asked && download.verified.digest() == edition
        })
    }

    /// A connection went: what was asked for over it is asked for again over the next.
    pub(super) fn download_lost(&mut self, conn: ConnId) {
        if let Some(Download { stage: Stage::Fetching(fetching), .. }) = &mut self.standing.download
            && fetching.conn == Some(conn)
        {
            fetching.conn = None;
            fetching.asked.clear();
            fetching.here.clear();
            fetching.ask_next = fetching.writing.map_or(fetching.write_next, |(_, until)| until);
        }
    }

    /// The hub is there.
    pub(super) fn fetch_again(&mut self) {
        if let Some(download) = self.standing.download.take() {
            self.go_on(download);
        }
    }

    pub(super) fn drop_download_of(&mut self, period: Period) {
        if let Some(download) = self.standing.download.take_if(|download| download.period == period) {
            self.push(Effect::RemoveEdition(download.verified.digest()));
        }
    }
}

impl Fetching {
    /// All before this chunk is written.
    const fn from(chunk: u32) -> Self {
        Self {
            conn: None,
            ask_next: chunk,
            asked: BTreeSet::new(),
            again: BTreeSet::new(),
            here: BTreeMap::new(),
            write_next: chunk,
            writing: None,
        }
    }

    /// The chunks to be asked for now, noted as asked for.
    fn next_to_ask(&mut self, chunks: u32) -> Vec<u32> {
        let room = CHUNKS_PER_PEER_MAX.saturating_sub(self.asked.len() + self.here.len());
        let next: Vec<u32> = (self.ask_next..chunks).take(room).collect();
        self.ask_next += u32::try_from(next.len()).expect("a few");
        self.asked.extend(&next);
        next
    }

    /// The next chunks in order, from which to which, if nothing is being written.
    fn next_to_write(&mut self) -> Option<((u32, u32), Vec<u8>)> {
        if self.writing.is_some() {
            return None;
        }
        let (mut until, mut bytes) = (self.write_next, Vec::new());
        while let Some(chunk) = self.here.remove(&until) {
            bytes.extend_from_slice(&chunk);
            until += 1;
        }
        (until > self.write_next).then_some(((self.write_next, until), bytes))
    }
}
