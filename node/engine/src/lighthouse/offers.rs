//! What travels of Lighthouse: a member says what it has, the hub answers with what is missing, one step at a time.

use cwg_protocol::NodeKey;
use cwg_protocol::lighthouse::limits::RECALLS_PER_MESSAGE;
use cwg_protocol::lighthouse::{Day, Trends, VerifiedRelease};
use cwg_protocol::wire::{FigureOffer, LighthouseHas, MeanOffer, Message, Recalls, ReleaseOffer, TrendsOffer};

use super::is_breach;
use crate::Engine;
use crate::io::{CloseCode, ConnId, Effect, Level};
use crate::limits::FIGURE_MONTHS_BACK;
use crate::record::Entry;

impl Engine {
    /// A message about Lighthouse. What only the hub sends is a fault of a member's, and the other way round.
    pub(crate) fn on_lighthouse_message(&mut self, conn: ConnId, from: NodeKey, message: Message) {
        let hub = self.state.hub();
        match message {
            Message::LighthouseHas(has) if self.is_hub() => self.on_has(conn, from, has),
            Message::FigureOffer(figure) if self.is_hub() => self.on_figure(conn, from, figure),
            Message::ReleaseOffer(offer) if hub == Some(from) => self.on_release_offer(conn, offer),
            Message::Recalls(recalls) if hub == Some(from) => self.on_recalls(conn, &recalls),
            Message::TrendsOffer(offer) if hub == Some(from) => self.on_trends(conn, &offer),
            Message::MeanOffer(offer) if hub == Some(from) => self.on_mean(offer),
            _ => self.refuse(conn, CloseCode::Violation, "unexpected-message"),
        }
    }

    /// Member: the hub is there.
    pub(crate) fn say_lighthouse(&mut self, conn: ConnId, node: NodeKey) {
        if self.state.hub() == Some(node) && self.member().is_ok() {
            self.say_has(conn);
            self.send_figures();
        }
    }

    fn say_has(&mut self, conn: ConnId) {
        let lighthouse = self.state.lighthouse();
        let has = LighthouseHas {
            release: lighthouse.current().map(|current| current.seen.number),
            recalls: lighthouse.last_recall(),
            trends: lighthouse.trends().map(|trends| trends.period),
            mean: lighthouse.mean().map(|(period, _)| period),
        };
        self.send(conn, &Message::LighthouseHas(has));
    }

    /// Hub: remembers what a member has and sends what it lacks.
    fn on_has(&mut self, conn: ConnId, member: NodeKey, has: LighthouseHas) {
        let lighthouse = self.state.lighthouse();
        let known = lighthouse.current().map(|current| current.seen.number);
        if has.release > known || has.recalls > lighthouse.last_recall() {
            // This hub lost what it published: its people have to know, and the member is not to blame.
            return self.note_fault(Some(member), "member-has-more");
        }
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.lighthouse = Some(has);
        }
        let before = self.state.lighthouse().members().get(&member).map(|has| (has.release, has.recalls));
        if before != Some((has.release, has.recalls)) {
            self.commit(Entry::MemberHas { member, release: has.release, recalls: has.recalls });
        }
        self.send_missing(conn, member);
    }

    fn send_missing(&mut self, conn: ConnId, member: NodeKey) {
        let (Some(network), lighthouse) = (self.state.network(), self.state.lighthouse()) else { return };
        let Some(has) = self.conns.get_mut(&conn).and_then(|conn| conn.lighthouse.as_mut()) else { return };
        let mut messages = Vec::new();
        // Recalls first: what they take back is not to be used for a moment more.
        let recalls = lighthouse.recalls_after(has.recalls);
        if !recalls.is_empty() {
            let recalls = recalls[..recalls.len().min(RECALLS_PER_MESSAGE)].to_vec();
            messages.push(Message::Recalls(Recalls { recalls: recalls.try_into().expect("cut to the limit") }));
        }
        if let (Some(current), Some(keys)) = (lighthouse.current(), lighthouse.keys())
            && has.release < Some(current.seen.number)
        {
            let mark = keys.marks().mark(network.id, current.seen.number, member);
            messages.push(Message::ReleaseOffer(ReleaseOffer { release: current.signed.clone(), mark }));
        }
        if let Some(trends) = lighthouse.trends().filter(|trends| has.trends < Some(trends.period)) {
            has.trends = Some(trends.period);
            let trends = trends.encode().try_into().expect("trends that were released fit");
            messages.push(Message::TrendsOffer(TrendsOffer { trends }));
        }
        if let Some((period, mean)) = lighthouse.mean().filter(|(period, _)| has.mean < Some(*period)) {
            has.mean = Some(period);
            messages.push(Message::MeanOffer(MeanOffer { period, mean }));
        }
        for message in messages {
            self.send(conn, &message);
        }
    }

    /// Hub: something is new. Members that have said what they have get it; the others are about to say.
    pub(crate) fn offer_lighthouse_to_all(&mut self) {
        for (id, node) in self.peers() {
            self.send_missing(id, node);
        }
    }

    fn on_release_offer(&mut self, conn: ConnId, offer: ReleaseOffer) {
        let Some((network, hub)) = self.state.network().map(|network| (network.id, network.hub)) else { return };
        let seen = self.state.lighthouse().current().map(|current| current.seen);
        if seen.is_some_and(|seen| seen.digest == offer.release.digest()) {
            return;
        }
        let expected = self.state.lighthouse().expected(network, hub);
        match VerifiedRelease::verify(offer.release.clone(), &expected, self.now.wall) {
            Ok(_) => {
                self.push(Effect::Log(Level::Info, "release-adopted"));
                self.commit(Entry::ReleaseAdopted { signed: Box::new(offer.release), mark: offer.mark });
                self.say_has(conn);
            }
            Err(error) if is_breach(error) => self.refuse(conn, CloseCode::Violation, error.code()),
            Err(error) => self.note_fault(Some(hub), error.code()),
        }
    }

    fn on_recalls(&mut self, conn: ConnId, recalls: &Recalls) {
        let Some(network) = self.state.network() else { return };
        let (id, hub) = (network.id, network.hub);
        let mut last = self.state.lighthouse().last_recall();
        let mut entries = Vec::new();
        for signed in recalls.recalls.iter() {
            // Sent twice, because an answer crossed with something new.
            if signed.recall().number <= last {
                continue;
            }
            if let Err(error) = signed.check(id, hub, last) {
                return self.refuse(conn, CloseCode::Violation, error.code());
            }
            last += 1;
            entries.push(Entry::Recalled(*signed));
        }
        if !entries.is_empty() {
            self.push(Effect::Log(Level::Warn, "clues-recalled"));
            self.commit_all(entries);
            // Said only now: what the hub counts as confirmed is durable here.
            self.say_has(conn);
        }
    }

    fn on_trends(&mut self, conn: ConnId, offer: &TrendsOffer) {
        let Some(network) = self.state.network() else { return };
        let Some(trends) = Trends::decode(&offer.trends).ok().filter(|trends| trends.network == network.id) else {
            return self.refuse(conn, CloseCode::Violation, "trends-malformed");
        };
        if self.state.lighthouse().trends().is_none_or(|known| known.period < trends.period) {
            self.commit(Entry::TrendsReleased(Box::new(trends)));
        }
    }

    fn on_mean(&mut self, offer: MeanOffer) {
        if self.state.lighthouse().mean().is_none_or(|(known, _)| known < offer.period) {
            self.commit(Entry::MeanAdopted { period: offer.period, mean: offer.mean });
        }
    }

    /// Member: sends the figures it released, to a hub that is there. Those that the hub has it passes over.
    pub(super) fn send_figures(&mut self) {
        let Some(hub) = self.state.hub() else { return };
        let Some((conn, _)) = self.ready_conn(hub) else { return };
        let this_month = Day::of(self.now.wall).month();
        let figures = self.state.lighthouse().figures().iter();
        let recent = figures.filter(|(period, _)| period.months_to(this_month) <= FIGURE_MONTHS_BACK);
        let offers: Vec<FigureOffer> = recent
            .flat_map(|(period, own)| own.values().map(|matches| FigureOffer { period: *period, matches: *matches }))
            .collect();
        for offer in offers {
            self.send(conn, &Message::FigureOffer(offer));
        }
    }

    fn on_figure(&mut self, conn: ConnId, member: NodeKey, offer: FigureOffer) {
        let this_month = Day::of(self.now.wall).month();
        // Clocks differ by minutes at most, so a month may only just be over there.
        let months_back = offer.period.months_to(this_month);
        if offer.period > this_month || months_back > FIGURE_MONTHS_BACK + 1 {
            return self.refuse(conn, CloseCode::Violation, "figure-period");
        }
        let known = self.state.lighthouse().figures().get(&offer.period).is_some_and(|all| all.contains_key(&member));
        if !known {
            self.commit(Entry::FigureReleased { member, period: offer.period, matches: offer.matches });
        }
    }
}
