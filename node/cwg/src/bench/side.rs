//! One side of a measurement: a process that hears on standard input what to do and says on standard output how it went.
//!
//! A line of JSON each: it hears its [`Task`], says [`Said::Ready`], hears [`Go`], says [`Said::Done`]; or, at any
//! moment, says what the [`Said::Problem`] is. When its input ends early, whoever measures is gone, and it ends too.

use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use cwg_app::{Exit, Problem};
use cwg_crypto::Seed;
use cwg_protocol::psi::{LabelLen, Labels, PsiProtocol, protocol_named};
use cwg_protocol::session::{Matches, Place, Plain};
use cwg_protocol::{Item, TransportKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::gauge::{Gauge, Reading};
use super::items::{self, Tally};
use crate::exchange::{Channel, End};
use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter};
use crate::{entropy, problems};

/// What a side is, and on which items.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The protocol's name.
    pub(crate) protocol: String,
    /// Which side.
    pub(crate) role: Role,
    /// Items of this side alone.
    pub(crate) own_items: u32,
    /// Items of both.
    pub(crate) common_items: u32,
    /// Bytes of the sender's labels.
    pub(crate) label_len: LabelLen,
    /// What the items are made from, the same for both sides.
    pub(crate) seed: [u8; 32],
}

/// Which side of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Dials and learns.
    Receiver,
    /// Listens and does not.
    Sender,
}

/// Starts what is measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Go {
    /// Where the receiver dials to.
    pub(crate) dial: Option<Listening>,
}

/// Where a sender is and how it is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listening {
    /// Address and UDP port.
    pub(crate) address: std::net::SocketAddr,
    /// Its key.
    pub(crate) pin: String,
}

/// What a side says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Said {
    /// The items are made; a sender listens.
    Ready(Option<Listening>),
    /// The session came to its end.
    Done(Figures),
    /// It did not.
    Problem(Problem),
}

/// What a side measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Number of matches, if it learns.
    pub(crate) matches: Option<usize>,
    /// Whether it learnt exactly what was planted, labels included, or nothing if it was not to learn.
    pub(crate) as_planted: bool,
    /// Seconds from dialing or accepting to the output.
    pub(crate) wall_s: f64,
    /// Processor seconds over that.
    pub(crate) cpu_s: f64,
    /// Peak memory over that, in 10^6 bytes.
    pub(crate) rss_mb: Option<f64>,
    /// Bytes of frames to the other side.
    pub(crate) bytes_sent: u64,
    /// What is to be said of these figures.
    pub(crate) notes: Vec<String>,
}

/// Plays one side.
pub(crate) async fn run() -> Exit {
    match play().await {
        Ok(figures) => {
            say(&Said::Done(figures));
            Exit::Ok
        }
        Err(problem) => {
            let exit = problem.exit;
            say(&Said::Problem(problem));
            exit
        }
    }
}

async fn play() -> Result<Figures, Problem> {
    let task: Task = hear()?;
    let protocol = protocol_named(&task.protocol).ok_or_else(|| problems::unknown_protocol(&task.protocol))?;
    let own = Own::made_up(&task)?;
    let (mut channel, listening) = match task.role {
        Role::Receiver => (Channel::dialing()?, None),
        Role::Sender => {
            let channel = Channel::listen((Ipv4Addr::LOCALHOST, 0).into())?;
            let listening = Listening { address: channel.address()?, pin: channel.pin() };
            (channel, Some(listening))
        }
    };
    say(&Said::Ready(listening));
    let go: Go = hear()?;
    end_when_alone();

    let gauge = Gauge::start();
    let up = match &go.dial {
        Some(peer) => {
            let pin = TransportKey::from_pin(&peer.pin).map_err(|error| problems::bad_pin(&error))?;
            channel.dial(&peer.address.to_string(), pin).await?
        }
        None => channel.accept().await?,
    };
    let side = own.side(task.role.place(), protocol, up.exporter)?;
    let (planted, source) = match own {
        Own::Held(_, planted) => (planted, None),
        Own::Stored(source, planted) => (planted, Some(*source)),
    };
    let (end, source) = channel.exchange(up.conn, side, source).await?;
    let reading = gauge.read();

    channel.shutdown().await;
    let as_planted = as_planted(&end, source, planted, &task)?;
    Ok(Figures::of(&end, &reading, as_planted))
}

/// The label of the item that is made as that number: the common ones have the same number on both sides.
fn made_up_label(seed: &[u8; 32], number: u32, label: &mut [u8]) {
    let place = u128::from(number) << 96;
    let seeds = seed.as_chunks::<16>().0.iter().cycle();
    for (block, (part, seed)) in label.as_chunks_mut::<16>().0.iter_mut().zip((0u128..).zip(seeds)) {
        *block = (u128::from_le_bytes(*seed) ^ place ^ part).to_le_bytes();
    }
}

/// The own set: in memory if it is small, else in sealed temporary files, as `cwg psi` keeps it.
enum Own {
    Held(Arc<[Item]>, Tally),
    Stored(Box<ItemSource>, Tally),
}

impl Own {
    fn made_up(task: &Task) -> Result<Self, Problem> {
        let (seed, side) = (Seed::new(task.seed), task.role.name());
        let items = task.own_items as usize + task.common_items as usize;
        if items <= HOLD_MAX && task.label_len.is_none() {
            let (items, planted) = items::made_up(&seed, side, task.own_items, task.common_items);
            return Ok(Self::Held(items, planted));
        }
        let mut writer = ItemSourceWriter::new(&std::env::temp_dir(), HOLD_MAX);
        if !task.label_len.is_none() && task.role == Role::Sender {
            let seed = task.seed;
            let len = task.label_len.bytes();
            let labels = move |numbers: &[u32], labels: &mut [u8]| {
                let each = numbers.iter().zip(labels.chunks_exact_mut(len));
                each.for_each(|(number, label)| made_up_label(&seed, *number, label));
                Ok(())
            };
            writer = writer.labelled(task.label_len, Box::new(labels));
        }
        let mut planted = Tally::default();
        for (number, item) in (0u32..).zip(items::each(&seed, side, task.own_items, task.common_items)) {
            if number < task.common_items {
                planted.add(&item);
            }
            writer.push(item, number).map_err(|error| problems::store(&error))?;
        }
        let source = writer.finish(entropy::seed()?.into_secret().expose()).map_err(|error| problems::store(&error))?;
        Ok(Self::Stored(Box::new(source), planted))
    }

    fn side(&self, place: Place, protocol: &'static dyn PsiProtocol, exporter: [u8; 32]) -> Result<Plain, Problem> {
        let seed = entropy::seed()?;
        Ok(match self {
            Self::Held(items, _) => Plain::new(place, protocol, Arc::clone(items), exporter, seed),
            Self::Stored(source, _) => Plain::stored(place, protocol, source.own_set(), exporter, seed),
        })
    }
}

/// Whether a receiver found the common items and no other, and a sender nothing. In a stored set the common ones have the
/// lowest numbers.
fn as_planted(end: &End, source: Option<ItemSource>, planted: Tally, task: &Task) -> Result<bool, Problem> {
    match (&end.released.matches, source, task.role) {
        (None, _, Role::Sender) => Ok(true),
        (Some(Matches::Items(items)), None, Role::Receiver) => Ok(Tally::of(items) == planted),
        (Some(Matches::Places { bits, places }), Some(mut source), Role::Receiver) => {
            let (mut common, mut labelled) = (0, true);
            let mut labels = end.released.labels.iter().flat_map(Labels::iter);
            let mut label = vec![0; task.label_len.bytes()];
            source
                .visit_at(end.released.receipt.session, *bits, places, |_, number| {
                    common += u32::from(number < task.common_items);
                    made_up_label(&task.seed, number, &mut label);
                    labelled &= label.is_empty() || labels.next() == Some(&label[..]);
                })
                .map_err(|error| problems::store(&error))?;
            Ok(common == task.common_items && places.len() == common as usize && labelled)
        }
        _ => Ok(false),
    }
}

impl Figures {
    fn of(end: &End, reading: &Reading, as_planted: bool) -> Self {
        Self {
            matches: end.released.matches.as_ref().map(Matches::len),
            as_planted,
            wall_s: reading.wall_s,
            cpu_s: reading.cpu_s,
            rss_mb: reading.rss_mb,
            bytes_sent: end.bytes_sent,
            notes: reading.note.map(str::to_owned).into_iter().collect(),
        }
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Sender => "sender",
        }
    }

    fn place(self) -> Place {
        match self {
            Self::Receiver => Place::Proposer,
            Self::Sender => Place::Acceptor,
        }
    }
}

fn say(said: &Said) {
    let line = serde_json::to_string(said).expect("what a side says has no failing serializer");
    let mut out = std::io::stdout().lock();
    // A closed pipe: nobody listens any more, and the end of our input says so too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn hear<T: DeserializeOwned>() -> Result<T, Problem> {
    let mut line = String::new();
    let read = tokio::task::block_in_place(|| std::io::stdin().read_line(&mut line));
    read.ok().and_then(|_| serde_json::from_str(&line).ok()).ok_or_else(problems::bench_side_alone)
}

/// Ends this process when its input ends.
fn end_when_alone() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(i32::from(Exit::Unavailable.code()));
    });
}
