//! Work on the bins of one shard's vector, in ranges that make jobs of a bounded size.

use core::ops::Range;

use cwg_crypto::okvs::{Binned, OkvsError, OkvsParams};
use cwg_crypto::{Block, Digest, Domain, LabelKeys, Prg, add_scaled, derive_public};

use super::keys::ShardHashes;

/// Bins of one job: some 130,000 items.
const BINS_PER_JOB: usize = 4;

/// Keys whose tags are computed at once: three times as many blocks fit a first-level cache.
const KEYS_AT_ONCE: usize = 512;

/// A part of an encoded vector.
pub(super) struct Encoded {
    /// Where in the vector it starts.
    pub(super) start: usize,
    pub(super) blocks: Vec<Block>,
}

/// What the vector gives for the items in a range of bins, in their order there.
pub(super) struct Outputs {
    pub(super) tags: Vec<u128>,
    /// As many, or none where there are no labels.
    pub(super) label_keys: LabelKeys,
}

/// The seed of a shard's rows.
pub(super) fn row_seed(session: &Digest, shard: u32, seed: &[u8; 32]) -> [u8; 32] {
    *derive_public(Domain::VoleRows, &[session.as_bytes(), &shard.to_le_bytes(), seed]).as_bytes()
}

/// All bins, in ranges of one job each.
pub(super) fn ranges(okvs: &OkvsParams) -> impl Iterator<Item = Range<usize>> + use<> {
    let bins = okvs.bins();
    (0..bins).step_by(BINS_PER_JOB).map(move |start| start..bins.min(start + BINS_PER_JOB))
}

/// Encodes each item's hash to the field, for a range of bins.
pub(super) fn encode(
    binned: &Binned,
    hashes: &ShardHashes,
    range: Range<usize>,
    fill: &mut Prg,
) -> Result<Encoded, OkvsError> {
    let bin_len = binned.params().bin_len();
    let start = range.start * bin_len;
    let mut blocks = vec![Block::ZERO; range.len() * bin_len];
    let mut values = binned.keys()[binned.keys_of(range.clone())].to_vec();
    hashes.to_field(&mut values);
    binned.encode_bins(range, &values, fill, &mut blocks)?;
    Ok(Encoded { start, blocks })
}

/// Tags and keys of labels of the items in a range of bins: of what the vector decodes to plus the mask, and for the side
/// with Δ plus Δ times the item's hash to the field.
pub(super) fn outputs(
    binned: &Binned,
    hashes: &ShardHashes,
    vector: &[Block],
    range: Range<usize>,
    delta: Option<Block>,
    mask: Block,
) -> Outputs {
    let bin_len = binned.params().bin_len();
    let mut tags = Vec::with_capacity(binned.keys_of(range.clone()).len());
    let mut label_keys = LabelKeys::with_capacity(hashes.label_keys_of(tags.capacity()));
    let mut room = [(); 3].map(|()| vec![Block::ZERO; KEYS_AT_ONCE]);
    for bin in range {
        let columns = &vector[bin * bin_len..][..bin_len];
        for keys in binned.keys()[binned.keys_of(bin..bin + 1)].chunks(KEYS_AT_ONCE) {
            let [z, inputs, outputs] = room.each_mut().map(|room| &mut room[..keys.len()]);
            binned.decode_keys(keys, columns, z);
            z.iter_mut().for_each(|z| *z += mask);
            if let Some(delta) = delta {
                inputs.copy_from_slice(keys);
                hashes.to_field(inputs);
                add_scaled(z, inputs, delta);
            }
            hashes.label_keys(z, keys, inputs, &mut label_keys);
            hashes.tags(z, keys, [inputs, outputs], &mut tags);
        }
    }
    Outputs { tags, label_keys }
}
