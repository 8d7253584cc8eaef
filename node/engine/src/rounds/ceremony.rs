//! Ceremonies: the hub calls them and keeps their boards, keyholders post.
//!
//! A participant stores its seed before its first post, and each board before it answers it, so that after a start it posts the same
//! bytes. The hub stores a board before it shows it; posts that it lost are sent again by their authors.

use cwg_crypto::{Digest, Seed};
use cwg_protocol::charter::RunKind;
use cwg_protocol::round::ceremony::{
    Board, BoardKeeper, CeremonyBody, CeremonyTerms, Made, Origin, Participant, Phase, Post, PostRefusal, Progress,
    SignedCeremony, outcome,
};
use cwg_protocol::round::{KeyPeriod, RoundMessage};
use cwg_protocol::{NodeKey, PilotId, UnixTime};

use super::Broken;
use super::state::HeldShare;
use crate::Engine;
use crate::command::{CeremonyCall, KeyOrigin, Refusal, Reply};
use crate::io::{Effect, Level};
use crate::record::{Code, Entry, StoredSecret};

impl Engine {
    pub(super) fn call_ceremony(&mut self, call: CeremonyCall) -> Result<Reply, Refusal> {
        let (network, _) = self.as_hub()?;
        let pilot = self.state.pilots().get(&call.pilot).ok_or(Refusal::UnknownPilot)?;
        pilot.live(self.now.wall)?;
        let charter = pilot.charter.clone();
        if !charter.body().runs.contains(&RunKind::Round) {
            return Err(Refusal::NotAllowed("rounds"));
        }
        // A round that is evaluated goes on under the shares that it began with.
        if self.open_round_of(call.pilot).is_some() {
            return Err(Refusal::UnderWay);
        }
        if call.holders.iter().any(|holder| self.state.active(*holder).is_none()) {
            return Err(Refusal::UnknownMember);
        }
        let (origin, period) = self.origin_of(&call)?;
        let (now, secs) = (self.now.wall, call.phase_secs);
        let end = |number: u64| now.plus_secs(number.saturating_mul(secs));
        let body = CeremonyBody {
            network,
            pilot: call.pilot,
            charter: charter.digest(),
            unique: self.random("ceremony"),
            period,
            threshold: call.threshold,
            ends: [end(1), end(2), end(3), end(4)],
            holders: call.holders.try_into().map_err(|_| Refusal::UnknownMember)?,
            origin,
        };
        let terms = CeremonyTerms::sign(&body, &self.hub()?.signing, &charter)?;
        self.supersede_ceremony(call.pilot);
        let digest = terms.digest();
        self.commit(Entry::CeremonyCalled { signed: Box::new(terms.signed().clone()), seed: None });
        self.rounds.boards.insert(digest, BoardKeeper::new(terms.clone()));
        self.tell_participants(&terms, &RoundMessage::CeremonyCalled(terms.signed().clone()));
        Ok(Reply::CeremonyCalled(digest))
    }

    fn origin_of(&self, call: &CeremonyCall) -> Result<(Origin, KeyPeriod), Refusal> {
        let known = self.state.rounds().keys().get(&call.pilot);
        match call.origin {
            KeyOrigin::New => {
                Ok((Origin::New, KeyPeriod(known.map_or(1, |known| known.held.body().period.0.saturating_add(1)))))
            }
            KeyOrigin::Handover => {
                let held = &known.ok_or(Refusal::NoSharedKey)?.held;
                let active = held.body().holders.iter().filter(|holder| self.state.active(**holder).is_some());
                let dealers: Vec<_> = active.filter_map(|holder| held.index_of(*holder)).collect();
                let dealers = dealers.try_into().expect("a key has up to fifteen holders");
                Ok((Origin::Handover { key: held.signed().clone(), dealers }, held.body().period))
            }
        }
    }

    /// Another ceremony of the same pilot stands in the place of one that has not ended. At the hub its boards are shown as they are, so that
    /// those who have no part in the other one come to an end too: without the signatures of all there is no key.
    fn supersede_ceremony(&mut self, pilot: PilotId) {
        let Some(open) = self.state.rounds().open_ceremony(pilot) else { return };
        while let Some(board) = self.rounds.boards.get_mut(&open).and_then(|keeper| keeper.close(UnixTime(u64::MAX))) {
            self.show_board(board);
        }
        self.end_ceremony(open, "superseded");
    }

    fn show_board(&mut self, board: Board) {
        let terms = self.state.rounds().ceremonies()[&board.ceremony].terms.clone();
        self.commit(Entry::BoardShown(Box::new(board.clone())));
        self.tell_participants(&terms, &RoundMessage::CeremonyBoard(board));
    }

    fn end_ceremony(&mut self, ceremony: Digest, code: impl Into<Code>) {
        self.rounds.boards.remove(&ceremony);
        self.rounds.parts.remove(&ceremony);
        self.push(Effect::Log(Level::Warn, "ceremony-ended"));
        self.commit(Entry::CeremonyEnded { ceremony, code: code.into() });
    }

    fn tell_participants(&mut self, terms: &CeremonyTerms, message: &RoundMessage) {
        let mut all = terms.posters(Phase::Opening);
        all.dedup();
        for node in all {
            self.tell(node, message.clone());
        }
    }

    /// Hub: what a participant may have missed of ceremonies, in the order in which they were called: one hands over the key of another. Of
    /// those that came to nothing the boards alone: whoever took part comes to the same end.
    pub(super) fn show_ceremonies(&mut self, node: NodeKey) {
        let called = self.state.rounds().ceremonies().values();
        let mut of_node: Vec<_> = called.filter(|called| called.terms.names(node)).collect();
        of_node.sort_by_key(|called| called.number);
        let mut messages = Vec::new();
        for called in of_node {
            if !matches!(called.end, Some(Err(_))) {
                messages.push(RoundMessage::CeremonyCalled(called.terms.signed().clone()));
            }
            messages.extend(called.boards.iter().cloned().map(RoundMessage::CeremonyBoard));
        }
        for message in messages {
            self.tell(node, message);
        }
    }

    pub(super) fn on_ceremony_post(&mut self, from: NodeKey, post: Post) -> Result<(), Broken> {
        // One that is over: the author has not seen its end.
        let Some(board) = self.rounds.boards.get_mut(&post.ceremony) else { return Ok(()) };
        if post.author != from {
            return Err(PostRefusal::Stranger.code());
        }
        match board.on_post(post) {
            Ok(()) => self.keep_ceremonies(),
            Err(PostRefusal::OtherPhase | PostRefusal::Repeated) => {}
            Err(refusal) => return Err(refusal.code()),
        }
        Ok(())
    }

    /// Hub: shows the boards of phases that are over.
    pub(super) fn keep_ceremonies(&mut self) {
        let open: Vec<Digest> = self.rounds.boards.keys().copied().collect();
        for ceremony in open {
            while let Some(board) = self.rounds.boards.get_mut(&ceremony).and_then(|keeper| keeper.close(self.now.wall))
            {
                self.show_board(board);
            }
            if self.rounds.boards.get(&ceremony).is_some_and(|keeper| keeper.phase().is_none()) {
                self.settle_ceremony(ceremony);
            }
        }
    }

    fn settle_ceremony(&mut self, ceremony: Digest) {
        self.rounds.boards.remove(&ceremony);
        let called = &self.state.rounds().ceremonies()[&ceremony];
        match outcome(&called.terms, &called.boards) {
            Ok(key) => {
                self.push(Effect::Log(Level::Info, "shared-key-held"));
                self.commit(Entry::KeyHeld { ceremony, key: Box::new(key.signed().clone()), share: None });
            }
            Err(fault) => self.end_ceremony(ceremony, fault.code()),
        }
    }

    pub(super) fn on_ceremony_called(&mut self, signed: SignedCeremony) -> Result<(), Broken> {
        let Some(known) = self.known() else { return Ok(()) };
        let terms = known.ceremony(&signed).map_err(|error| error.code())?;
        let (pilot, own) = (terms.body().pilot, self.own().map_err(|_| "unexpected-message")?.node());
        if let Some(part) = self.rounds.parts.get(&terms.digest()) {
            // The hub may have lost it.
            if let Some(post) = part.posted().cloned() {
                self.tell_hub(RoundMessage::CeremonyPost(post));
            }
            return Ok(());
        }
        if self.state.rounds().ceremonies().contains_key(&terms.digest()) || terms.body().ends[3] <= self.now.wall {
            return Ok(());
        }
        if !terms.names(own) {
            return Err("ceremony-no-part");
        }
        if self.state.pilots()[&pilot].live(self.now.wall).is_err() {
            return self.stay_out("charter-not-live");
        }
        let held = self.state.rounds().keys().get(&pilot);
        let follows = match (terms.old_key(), held) {
            (None, held) => held.is_none_or(|held| terms.body().period > held.held.body().period),
            // Whoever holds a share of the pilot's key deals that one, and no other.
            (Some(old), Some(held)) => old.signed() == held.held.signed(),
            (Some(_), None) => true,
        };
        if !follows {
            return self.stay_out("ceremony-old-key");
        }
        let seed = StoredSecret(self.random("ceremony part"));
        let share = self.state.rounds().keys().get(&pilot).and_then(HeldShare::share);
        let signing = &self.own().map_err(|_| "unexpected-message")?.signing;
        let part = Participant::new(terms.clone(), signing, share.as_ref(), Seed::new(seed.0));
        let (part, post) = match part {
            Ok(part) => part,
            Err(fault) => return self.stay_out(fault.code()),
        };
        self.supersede_ceremony(pilot);
        self.commit(Entry::CeremonyCalled { signed: Box::new(signed), seed: Some(seed) });
        self.rounds.parts.insert(terms.digest(), part);
        self.tell_hub(RoundMessage::CeremonyPost(post));
        Ok(())
    }

    /// A ceremony in which this node takes no part, although it is asked to. It may be its own doing: its clock is wrong, or it has missed the
    /// end of an earlier one. So it is noted, and the hub's connection, over which rounds run, stands.
    fn stay_out(&mut self, code: &'static str) -> Result<(), Broken> {
        self.note_fault(self.state.hub(), code);
        Ok(())
    }

    pub(super) fn on_ceremony_board(&mut self, board: Board) -> Result<(), Broken> {
        let is_awaited = |part: &Participant| part.awaits() == board.phase;
        if !self.rounds.parts.get(&board.ceremony).is_some_and(is_awaited) {
            return Ok(());
        }
        let part = self.rounds.parts.remove(&board.ceremony).expect("looked up above");
        let signing = &self.own().map_err(|_| "unexpected-message")?.signing;
        let ceremony = board.ceremony;
        match part.on_board(&board, signing) {
            Ok(Progress::Next(part, post)) => {
                self.commit(Entry::BoardShown(Box::new(board)));
                self.rounds.parts.insert(ceremony, *part);
                if let Some(post) = post {
                    self.tell_hub(RoundMessage::CeremonyPost(post));
                }
            }
            Ok(Progress::Made(made)) => self.hold_key(board, &made),
            Err(fault) => self.end_ceremony(ceremony, fault.code()),
        }
        Ok(())
    }

    fn hold_key(&mut self, board: Board, made: &Made) {
        let ceremony = board.ceremony;
        for _ in &made.faults {
            self.push(Effect::Log(Level::Warn, "ceremony-fault"));
        }
        let (key, share) = (Box::new(made.key.signed().clone()), made.share.as_ref().map(HeldShare::stored));
        let held = Entry::KeyHeld { ceremony, key, share };
        self.commit_all(vec![Entry::BoardShown(Box::new(board)), held]);
        self.push(Effect::Log(Level::Info, "shared-key-held"));
    }

    /// What was posted and shown before makes the same machines again.
    pub(super) fn resume_ceremonies(&mut self) {
        let open = self.state.rounds().ceremonies().iter().filter(|(_, called)| called.end.is_none());
        let open: Vec<Digest> = open.map(|(digest, _)| *digest).collect();
        for ceremony in open {
            let called = &self.state.rounds().ceremonies()[&ceremony];
            match &called.seed {
                None => {
                    let keeper = board_again(called.terms.clone(), &called.boards);
                    self.rounds.boards.insert(ceremony, keeper);
                }
                Some(seed) => match self.part_again(ceremony, Seed::new(seed.0)) {
                    Some(part) => {
                        self.rounds.parts.insert(ceremony, part);
                    }
                    None => self.end_ceremony(ceremony, "ceremony-no-part"),
                },
            }
        }
    }

    fn part_again(&self, ceremony: Digest, seed: Seed) -> Option<Participant> {
        let called = &self.state.rounds().ceremonies()[&ceremony];
        let share = self.state.rounds().keys().get(&called.terms.body().pilot).and_then(HeldShare::share);
        let signing = &self.state.own()?.signing;
        let (mut part, _) = Participant::new(called.terms.clone(), signing, share.as_ref(), seed).ok()?;
        for board in &called.boards {
            let Ok(Progress::Next(next, _)) = part.on_board(board, signing) else { return None };
            part = *next;
        }
        Some(part)
    }
}

fn board_again(terms: CeremonyTerms, boards: &[Board]) -> BoardKeeper {
    let ends = terms.body().ends;
    let mut keeper = BoardKeeper::new(terms);
    for (board, end) in boards.iter().zip(ends) {
        for post in board.posts.iter() {
            keeper.on_post(post.clone()).expect("it was on the board before");
        }
        keeper.close(end).expect("the phase was over before");
    }
    keeper
}
