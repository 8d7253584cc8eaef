//! The gap: a small dense system over GF(2^128).

use super::OkvsError;
use super::peel::{Peeler, Rows};
use crate::Block;

/// Sets the dense columns such that every row of the gap has its value. All of `sparse` and `dense` hold random blocks; those of the
/// dense columns that the system leaves free keep them.
pub(super) fn solve(
    peeler: &Peeler,
    rows: &Rows,
    points: &[Block],
    values: &[Block],
    sparse: &[Block],
    dense: &mut [Block],
) -> Result<(), OkvsError> {
    let mut equations: Vec<Equation> = Vec::with_capacity(peeler.gap().len());
    let mut odd = vec![false; sparse.len()];
    for row in peeler.gap() {
        equations.push(reduce(peeler, usize::from(*row), rows, points, values, sparse, dense.len(), &mut odd));
    }
    let pivots = eliminate(&mut equations)?;
    for (equation, pivot) in equations.iter().zip(&pivots) {
        // The other pivots have coefficient zero here.
        dense[*pivot] = Block::ZERO;
        let free = equation.coefficients.iter().zip(dense.iter()).fold(Block::ZERO, |sum, (c, d)| sum + *c * *d);
        dense[*pivot] = equation.value + free;
    }
    Ok(())
}

/// Σ `coefficients[j]` · dense column j = `value`.
struct Equation {
    coefficients: Vec<Block>,
    value: Block,
}

impl Equation {
    fn add_row(&mut self, point: Block, value: Block) {
        let mut power = point;
        for coefficient in &mut self.coefficients {
            *coefficient += power;
            power *= point;
        }
        self.value += value;
    }

    fn add_scaled(&mut self, other: &Self, factor: Block) {
        crate::add_scaled(&mut self.coefficients, &other.coefficients, factor);
        self.value += other.value * factor;
    }
}

/// Adds rows of the order until no column of theirs is left, and takes the free columns to the side of the value.
#[expect(clippy::too_many_arguments, reason = "the parts of one linear system")]
fn reduce(
    peeler: &Peeler,
    row: usize,
    rows: &Rows,
    points: &[Block],
    values: &[Block],
    sparse: &[Block],
    dense: usize,
    odd: &mut [bool],
) -> Equation {
    let mut equation = Equation { coefficients: vec![Block::ZERO; dense], value: Block::ZERO };
    let mut add = |row: usize, odd: &mut [bool]| {
        equation.add_row(points[row], values[row]);
        for column in rows[row] {
            odd[usize::from(column)] ^= true;
        }
    };
    add(row, odd);
    for (row, column) in peeler.order() {
        if odd[usize::from(*column)] {
            add(usize::from(*row), odd);
        }
    }
    for (odd, block) in odd.iter_mut().zip(sparse) {
        if core::mem::take(odd) {
            equation.value += *block;
        }
    }
    equation
}

/// Gauss and Jordan, with any coefficient but zero as a pivot: the pivot of each equation, which is one there and zero elsewhere.
fn eliminate(equations: &mut [Equation]) -> Result<Vec<usize>, OkvsError> {
    let mut pivots = Vec::with_capacity(equations.len());
    for at in 0..equations.len() {
        let pivot = equations[at].coefficients.iter().position(|c| *c != Block::ZERO);
        let pivot = pivot.ok_or(OkvsError::DependentRows)?;
        let inverse = equations[at].coefficients[pivot].invert();
        let empty = Equation { coefficients: Vec::new(), value: Block::ZERO };
        let mut own = core::mem::replace(&mut equations[at], empty);
        own.coefficients.iter_mut().for_each(|c| *c *= inverse);
        own.value *= inverse;
        for other in equations.iter_mut().filter(|other| !other.coefficients.is_empty()) {
            let factor = other.coefficients[pivot];
            other.add_scaled(&own, factor);
        }
        equations[at] = own;
        pivots.push(pivot);
    }
    Ok(pivots)
}
