//! What files of sealed boxes have in common: a head that begins with magic and version, and boxes that end with their tag.

use std::path::Path;

use cwg_crypto::SealKey;
use cwg_crypto::aead::{NONCE_LEN, TAG_LEN};
use zeroize::Zeroizing;

use crate::disk::DiskFile;
use crate::error::Damage;
use crate::{StoreError, field};

/// The first bytes of a kind of file.
pub(crate) struct Kind {
    pub(crate) magic: &'static [u8; 8],
    pub(crate) version: u16,
    /// What is said of a file that begins otherwise.
    pub(crate) stranger: &'static str,
}

impl Kind {
    /// The head of a file of this kind. What follows the version is the caller's to check.
    pub(crate) fn head<const N: usize>(
        &self,
        file: &dyn DiskFile,
        path: &Path,
    ) -> Result<Zeroizing<[u8; N]>, StoreError> {
        let mut bytes = Zeroizing::new([0; N]);
        let read = file.read_at(&mut *bytes, 0).map_err(|error| StoreError::io("read", path, error))?;
        if read < N || bytes[..8] != *self.magic {
            return Err(Damage::new(path, None, 0, self.stranger).into());
        }
        let found = u16::from_le_bytes(field(&*bytes, 8));
        if found != self.version {
            return Err(StoreError::Version { file: path.to_owned(), found, supported: self.version });
        }
        Ok(bytes)
    }
}

/// Where a box is.
pub(crate) struct BoxPlace {
    /// The chunk that is named if it is damaged.
    pub(crate) chunk: u64,
    pub(crate) offset: u64,
    /// Bytes before sealing.
    pub(crate) len: usize,
    pub(crate) nonce: [u8; NONCE_LEN],
}

/// Reads and opens a box.
pub(crate) fn open_box(
    file: &dyn DiskFile,
    path: &Path,
    key: &SealKey,
    place: &BoxPlace,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let BoxPlace { chunk, offset, len, nonce } = place;
    let mut bytes = Zeroizing::new(vec![0; len + TAG_LEN]);
    let read = file.read_at(&mut bytes, *offset).map_err(|error| StoreError::io("read", path, error))?;
    let damage = |what| Damage::new(path, Some(*chunk), *offset, what);
    if read < bytes.len() {
        return Err(damage("the file ends inside the chunk").into());
    }
    let (plain, tag) = bytes.split_at_mut(*len);
    let tag: [u8; TAG_LEN] = field(tag, 0);
    let opened = key.open_in_place(nonce, &[], plain, &tag);
    opened.map_err(|_| damage("the chunk does not authenticate"))?;
    bytes.truncate(*len);
    Ok(bytes)
}
