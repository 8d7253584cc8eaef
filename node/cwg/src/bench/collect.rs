//! `cwg bench collect`: the hub's search for what at least k lists hold, by itself, on all cores.
//!
//! Tables are made one at a time, as they come in a round; what is measured is the search, and beside it how long one list takes to
//! be laid out.

use std::collections::BTreeSet;
use std::time::Instant;

use cwg_app::{Exit, Problem};
use cwg_crypto::collect::{
    Bits, ItemKey, Piece, Placement, Shares, Slot, TAG_PARTS, TableParams, TagList, common_tags, search,
};
use cwg_crypto::{Digest, Secret32, Seed};
use cwg_protocol::round::Form;
use cwg_protocol::round::limits::PIECE_PLACES;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator};
use serde::Serialize;

use super::args::BenchCollect;
use super::gauge::Stopwatch;
use super::planted;
use crate::output::{Output, drawn};
use crate::problems;

/// One measurement. The names are what `--json` prints; seconds, 10^6 bytes.
#[derive(Debug, Serialize)]
struct Row {
    members: u8,
    items: u32,
    k: u8,
    tables: u32,
    threads: usize,
    search_s: f64,
    search_cpu_s: f64,
    list_cpu_s: f64,
    upload_mb: f64,
    /// Items of all lists that were found.
    found: usize,
}

/// What was found and what it took.
struct Searched {
    /// Of each list, the places of its items that were found.
    found: Vec<BTreeSet<usize>>,
    /// The search, once for each repetition.
    searches: Vec<Span>,
    /// Laying out all lists.
    lists_cpu_s: f64,
}

/// What a piece of work on all cores took, seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    wall_s: f64,
    cpu_s: f64,
}

/// Measures every combination, and shows it.
pub(super) fn run(args: &BenchCollect, out: Output) -> Result<Exit, Problem> {
    let mut rows = Vec::new();
    for members in &args.members {
        for items in &args.items {
            for threshold in &args.thresholds {
                out.note(&format!("{members} lists of {items} items, k = {threshold}"));
                let row = || measure(*members, *items, *threshold, args.repeat);
                rows.push(tokio::task::block_in_place(row)?);
            }
        }
    }
    out.json_or(&rows, |out| draw(&rows, *out))?;
    Ok(Exit::Ok)
}

fn measure(members: u8, items: u32, threshold: u8, repeat: u32) -> Result<Row, Problem> {
    let form = Form::new(threshold, items).filter(|_| threshold <= members);
    let form = form.ok_or_else(|| problems::too_many_collected(members, items, threshold))?;
    let numbers = planted::lists(members, items);
    let keys: Vec<Vec<ItemKey>> = numbers.iter().map(|list| list.iter().map(|number| key(*number)).collect()).collect();
    let (tables, mut searched) = match TableParams::new(threshold, items) {
        Ok(params) => (params.tables(), tables(&params, &keys, repeat)),
        // Two are enough: tags.
        Err(_) => (0, tags(&keys, repeat)),
    };
    let expected = planted::held_by(threshold, &numbers);
    let numbers_at = |(list, places): (&BTreeSet<u32>, &BTreeSet<usize>)| -> BTreeSet<u32> {
        list.iter().enumerate().filter(|(at, _)| places.contains(at)).map(|(_, number)| *number).collect()
    };
    if !numbers.iter().zip(&searched.found).map(numbers_at).eq(expected) {
        return Err(problems::wrong_matches("the search"));
    }
    searched.searches.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
    let median = searched.searches[(searched.searches.len() - 1) / 2];
    Ok(Row {
        members,
        items,
        k: threshold,
        tables,
        threads: rayon::current_num_threads(),
        search_s: median.wall_s,
        search_cpu_s: median.cpu_s,
        list_cpu_s: searched.lists_cpu_s / f64::from(members),
        upload_mb: form.traffic().0 as f64 / 1e6,
        found: searched.found.iter().map(BTreeSet::len).sum(),
    })
}

fn key(number: u32) -> ItemKey {
    let mut rho = [0; 32];
    rho[..4].copy_from_slice(&number.to_le_bytes());
    ItemKey::new(&Secret32::new(rho), &Digest::from_bytes([1; 32]))
}

fn slot(at: usize) -> Slot {
    Slot::new(at as u8 + 1).expect("there are up to fifteen lists")
}

fn tags(keys: &[Vec<ItemKey>], repeat: u32) -> Searched {
    let lay_out =
        |at: usize| TagList::new(&keys[at], keys[at].len(), Seed::new([at as u8; 32])).expect("within bounds");
    let laid_out: Vec<(TagList, Stopwatch)> = (0..keys.len()).into_par_iter().map(|at| timed(|| lay_out(at))).collect();
    let lists: Vec<_> = laid_out.iter().map(|(list, _)| list.tags()).collect();
    let parts = || (0..TAG_PARTS).into_par_iter();
    let mut common = Vec::new();
    let searches = (0..repeat).map(|_| {
        let (of_parts, span) = on_all_cores(parts(), |part| common_tags(&lists, part).expect("within bounds"));
        common = of_parts.concat();
        span
    });
    let searches = searches.collect();
    let mut found = vec![BTreeSet::new(); keys.len()];
    for tag in common {
        let (list, _) = &laid_out[usize::from(tag.list)];
        found[usize::from(tag.list)].extend(list.item_at(tag.place as usize));
    }
    Searched { found, searches, lists_cpu_s: laid_out.iter().map(|(_, watch)| watch.cpu_s()).sum() }
}

fn tables(params: &TableParams, keys: &[Vec<ItemKey>], repeat: u32) -> Searched {
    let (bins, tables) = (params.bins() as usize, params.tables());
    let piece_len = bins.div_ceil(bins.div_ceil(PIECE_PLACES as usize));
    let mut searched = Searched {
        found: vec![BTreeSet::new(); keys.len()],
        searches: vec![Span::default(); repeat as usize],
        lists_cpu_s: 0.0,
    };
    for table in 0..tables {
        let laid_out: Vec<((Placement, Shares), Stopwatch)> =
            (0..keys.len()).into_par_iter().map(|at| timed(|| lay_out(params, &keys[at], table, slot(at)))).collect();
        searched.lists_cpu_s += laid_out.iter().map(|(_, watch)| watch.cpu_s()).sum::<f64>();
        let search_piece = |first: usize| {
            let range = first..bins.min(first + piece_len);
            let pieces: Vec<Piece<'_>> = laid_out
                .iter()
                .enumerate()
                .map(|(at, ((_, shares), _))| Piece {
                    slot: slot(at),
                    limbs: shares.limbs().map(|limb| &limb[range.clone()]),
                })
                .collect();
            (first, search(params.threshold(), &pieces).expect("pieces are well formed"))
        };
        let mut of_pieces = Vec::new();
        for sum in &mut searched.searches {
            let firsts: Vec<usize> = (0..bins).step_by(piece_len).collect();
            let (suspects, span) = on_all_cores(firsts.into_par_iter(), search_piece);
            (sum.wall_s, sum.cpu_s) = (sum.wall_s + span.wall_s, sum.cpu_s + span.cpu_s);
            of_pieces = suspects;
        }
        for (at, ((placement, _), _)) in laid_out.iter().enumerate() {
            let mut confirmed = Bits::new(tables as usize * bins);
            for (first, suspects) in &of_pieces {
                let of_list = suspects.iter().filter(|found| found.slots.contains(slot(at)));
                of_list.for_each(|found| confirmed.set(table as usize * bins + first + found.bin as usize));
            }
            searched.found[at].extend(placement.items_in(&confirmed));
        }
    }
    searched
}

fn lay_out(params: &TableParams, keys: &[ItemKey], table: u32, slot: Slot) -> (Placement, Shares) {
    let placement = Placement::of(params, keys, table);
    let seed = Seed::new([slot.number(); 32]).fork("table", table.into());
    let shares = placement.shares(keys, slot, seed);
    (placement, shares)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Stopwatch) {
    let mut watch = Stopwatch::default();
    let done = watch.time(work);
    (done, watch)
}

/// Runs a job for each of these on all cores.
fn on_all_cores<A: Send, T: Send>(
    of: impl ParallelIterator<Item = A>,
    job: impl Fn(A) -> T + Sync + Send,
) -> (Vec<T>, Span) {
    let started = Instant::now();
    let (done, watches): (Vec<T>, Vec<Stopwatch>) = of.map(|of| timed(|| job(of))).unzip();
    let span = Span { wall_s: started.elapsed().as_secs_f64(), cpu_s: watches.iter().map(|watch| watch.cpu_s()).sum() };
    (done, span)
}

fn draw(rows: &[Row], out: Output) {
    let headers = [
        "lists",
        "items of\neach",
        "k",
        "tables",
        "search\ns",
        "search\nprocessor s",
        "one list\nprocessor s",
        "upload\nMB",
        "found",
    ];
    let cells = |row: &Row| {
        vec![
            row.members.to_string(),
            row.items.to_string(),
            row.k.to_string(),
            row.tables.to_string(),
            format!("{:.2}", row.search_s),
            format!("{:.2}", row.search_cpu_s),
            format!("{:.2}", row.list_cpu_s),
            format!("{:.1}", row.upload_mb),
            row.found.to_string(),
        ]
    };
    out.line(&drawn(&headers.map(str::to_owned), &rows.iter().map(cells).collect::<Vec<_>>()));
}
