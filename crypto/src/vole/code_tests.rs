//! Tests of the code against its definition, and of what makes it safe.

use super::*;
use crate::vole::convolution::{REACH, WINDOW, mask, times_alpha};
use crate::vole::expander::drawn;
use crate::vole::words::Words;

fn random(seed: u128, len: usize) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; len];
    Prg::new(Block::new(seed)).fill(&mut blocks);
    blocks
}

/// What the module's head says, with a product of one's choice for that with alpha.
fn by_definition(code: &Code, times_alpha: fn(Block) -> Block, vector: &[Block]) -> Vec<Block> {
    let h = code.outputs();
    let mut ring = vector[h..].to_vec();
    for key in code.passes {
        for (i, word) in stream(key, h).into_iter().enumerate() {
            let x = ring[i];
            for j in 0..WINDOW {
                ring[(i + 1 + j) % h] += x.masked((mask(word, i) >> j) as u8);
            }
            ring[(i + REACH) % h] += times_alpha(x);
        }
    }
    let mut outputs = vector[..h].to_vec();
    for term in &code.terms {
        for (output, word) in outputs.iter_mut().zip(stream(term.key, h)) {
            *output += ring[drawn(word, &term.range)];
        }
    }
    outputs
}

fn stream(key: Block, len: usize) -> Vec<u32> {
    let mut words = vec![0; len];
    Words::new(key).fill(&mut words);
    words
}

fn compressed(code: &Code, vector: &[Block]) -> Vec<Block> {
    code.compress(&mut vector.to_vec()).to_vec()
}

#[test]
fn compressing_follows_the_definition() {
    for outputs in [64, 66, 70, 88, 90, 512, 1000, 2050, 4162, 40_000] {
        for weight in [Weight::FAST, Weight::CONSERVATIVE] {
            let (code, vector) = (Code::new(outputs, weight), random(1, 2 * outputs));
            let expected = by_definition(&code, times_alpha, &vector);
            assert!(compressed(&code, &vector) == expected, "{outputs} outputs");
        }
    }
}

#[test]
fn a_pair_is_compressed_as_each_alone() {
    for outputs in [64, 90, 1000, 40_000] {
        let code = Code::new(outputs, Weight::CONSERVATIVE);
        let (first, second) = (random(1, 2 * outputs), random(2, 2 * outputs));
        let mut pairs: Vec<_> = first.iter().zip(&second).map(|(a, b)| [*a, *b]).collect();
        let expected: Vec<_> = compressed(&code, &first).into_iter().zip(compressed(&code, &second)).collect();
        let pairs = code.compress_pair(&mut pairs);
        assert!(pairs.iter().map(|[a, b]| (*a, *b)).eq(expected), "{outputs} outputs");
    }
}

#[test]
fn compressing_is_linear_over_the_field() {
    let code = Code::new(300, Weight::CONSERVATIVE);
    let (x, y, delta) = (random(1, 600), random(2, 600), random(3, 1)[0]);
    let combined: Vec<_> = x.iter().zip(&y).map(|(x, y)| delta * *x + *y).collect();
    let expected = compressed(&code, &x).into_iter().zip(compressed(&code, &y)).map(|(x, y)| delta * x + y);
    assert!(compressed(&code, &combined).into_iter().eq(expected));
}

#[test]
fn alpha_is_in_no_subfield() {
    // Every proper subfield lies in GF(2^64), where squaring 64 times is the identity.
    let alpha = times_alpha(Block::ONE);
    assert_eq!(alpha, Block::new(0b1001));
    assert_ne!((0..64).fold(alpha, |power, _| power * power), alpha);
    assert_eq!(times_alpha(delta()), alpha * delta());
}

fn delta() -> Block {
    random(8, 1)[0]
}

/// The dimension over GF(2) of what the blocks span.
fn rank(blocks: Vec<Block>) -> usize {
    let mut basis: Vec<u128> = Vec::new();
    for block in blocks {
        let reduced = basis.iter().fold(block.number(), |left, vector| left.min(left ^ vector));
        if reduced != 0 {
            basis.push(reduced);
        }
    }
    basis.len()
}

/// The ranks of several choices of 400 outputs, for 128 noise values at regular places and zero elsewhere.
fn ranks(times_alpha: fn(Block) -> Block) -> Vec<usize> {
    const NOISE: usize = 128;
    let code = Code::new(16_384, Weight::CONSERVATIVE);
    let (mut vector, region) = (vec![Block::ZERO; code.inputs()], code.inputs() / NOISE);
    for (tree, (value, place)) in random(4, NOISE).into_iter().zip(stream(Block::new(5), NOISE)).enumerate() {
        vector[tree * region + place as usize % region] = value;
    }
    let outputs = by_definition(&code, times_alpha, &vector);
    let consecutive = outputs[9000..9400].to_vec();
    let spread = outputs.iter().copied().step_by(40).take(400).collect();
    let random = stream(Block::new(6), 400).iter().map(|word| outputs[*word as usize % outputs.len()]).collect();
    [consecutive, spread, random].map(rank).to_vec()
}

#[test]
fn noise_of_128_values_spans_all_128_dimensions() {
    assert_eq!(ranks(times_alpha), [128; 3]);
}

#[test]
fn without_alpha_noise_spans_few_dimensions() {
    // The 64 values of the second half, and those of the first half that are in the choice.
    assert!(ranks(|block| block).into_iter().all(|rank| (60..100).contains(&rank)));
}

#[test]
fn regular_terms_cover_the_vector_once() {
    for (outputs, weight) in [(64, Weight::FAST), (1000, Weight::CONSERVATIVE), (147_456, Weight::CONSERVATIVE)] {
        let code = Code::new(outputs, weight);
        let (regular, uniform) = code.terms.split_at(weight.terms() / 2);
        let covered: Vec<_> = regular.iter().flat_map(|term| term.range.clone()).collect();
        assert!(covered.into_iter().eq(0..outputs));
        assert!(uniform.len() == weight.terms().div_ceil(2) && uniform.iter().all(|term| term.range == (0..outputs)));
    }
}

#[test]
fn drawn_elements_and_masks_are_spread_evenly() {
    const BINS: usize = 16;
    let code = Code::new(65_536, Weight::CONSERVATIVE);
    let mut bins = [0_i64; BINS];
    for word in stream(code.terms[20].key, code.outputs()) {
        bins[drawn(word, &(0..BINS))] += 1;
    }
    let mean = (code.outputs() / BINS) as i64;
    // Six standard deviations of a bin's count, below 64 each.
    assert!(bins.iter().all(|count| (count - mean).abs() < 6 * 64), "{bins:?}");
    for key in code.passes {
        let words = stream(key, code.outputs());
        let ones: u32 = words.iter().enumerate().map(|(step, word)| mask(*word, step).count_ones()).sum();
        // Six standard deviations of 24 fair bits a step.
        assert!((i64::from(ones) - 12 * 65_536).abs() < 6 * 628, "{ones}");
    }
}

#[test]
fn keys_depend_on_outputs_and_weight_and_are_distinct() {
    let codes = [(64, 7), (66, 7), (64, 9)].map(|(outputs, terms)| Code::new(outputs, Weight::new(terms).unwrap()));
    let mut keys: Vec<_> =
        codes.iter().flat_map(|code| code.terms.iter().map(|term| term.key).chain(code.passes)).collect();
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

/// The fewest elements of a second half of 512 that a combination of one to `outputs_max` outputs depends on.
fn least_dependence(weight: Weight, times_alpha: fn(Block) -> Block, outputs_max: usize) -> usize {
    let code = Code::new(512, weight);
    let unit = |place| {
        let mut vector = vec![Block::ZERO; code.inputs()];
        vector[code.outputs() + place] = Block::ONE;
        by_definition(&code, times_alpha, &vector)
    };
    let columns: Vec<_> = (0..code.outputs()).map(unit).collect();
    let dependence = |trial: usize| {
        let chosen = stream(Block::new(trial as u128), 1 + trial % outputs_max);
        let factors = random(1000 + trial as u128, outputs_max);
        let depends = |column: &&Vec<Block>| {
            let chosen = chosen.iter().map(|word| column[drawn(*word, &(0..column.len()))]);
            chosen.zip(&factors).fold(Block::ZERO, |sum, (output, factor)| sum + output * *factor) != Block::ZERO
        };
        columns.iter().filter(depends).count()
    };
    (0..300).map(dependence).min().unwrap()
}

/// An attacker looks for a combination of outputs in which little of the noise takes part.
#[test]
fn combinations_of_few_outputs_depend_on_nearly_all_elements() {
    for weight in [Weight::FAST, Weight::CONSERVATIVE] {
        assert!(least_dependence(weight, times_alpha, 6) >= 508);
        // One output over GF(2) depends on half, within five standard deviations.
        assert!(least_dependence(weight, |block| block, 1) < 256 + 5 * 12);
    }
}

#[test]
fn weights_are_odd_and_bounded() {
    assert_eq!([0, 1, 2, 4, 65].map(Weight::new), [None; 5]);
    assert_eq!([7, 21].map(Weight::new), [Some(Weight::FAST), Some(Weight::CONSERVATIVE)]);
}

#[test]
#[should_panic(expected = "an even number of outputs")]
fn an_odd_number_of_outputs_is_refused() {
    Code::new(65, Weight::FAST);
}

#[test]
#[should_panic(expected = "as many elements as the code takes")]
fn a_vector_of_another_length_is_refused() {
    Code::new(64, Weight::FAST).compress(&mut [Block::ZERO; 126]);
}
