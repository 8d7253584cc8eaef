//! The keyslot: a store's own key, wrapped under a passphrase or a key file (`docs/spec/store.md` §2).
//!
//! The key itself never changes; unlocking it another way rewrites this file alone. Two copies, 4 KiB apart, so that a
//! damaged block does not lose the store.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cwg_crypto::{Domain, Secret32, derive, digest};
use zeroize::{Zeroize as _, Zeroizing};

use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, UnlockMethod};
use crate::seal::{NONCE_LEN, PassphraseCost, SealKey, TAG_LEN, derive_from_passphrase, random};
use crate::{StoreError, field};

/// What opens a store.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// A passphrase, as the operator typed it, without the line end.
    Passphrase(&'a [u8]),
    /// A file that holds 32 random bytes, raw or as 64 hexadecimal digits.
    KeyFile(&'a Path),
}

impl Unlock<'_> {
    pub(crate) fn method(&self) -> UnlockMethod {
        match self {
            Self::Passphrase(_) => UnlockMethod::Passphrase,
            Self::KeyFile(_) => UnlockMethod::KeyFile,
        }
    }

    fn secret(&self, salt: &[u8; 16], cost: PassphraseCost) -> Result<Secret32, StoreError> {
        match self {
            Self::Passphrase(passphrase) => derive_from_passphrase(passphrase, salt, cost),
            Self::KeyFile(path) => read_key_file(path),
        }
    }
}

/// A passphrase or the path of a key is not printed.
impl std::fmt::Debug for Unlock<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unlock({})", self.method())
    }
}

/// The name drawn for a store when it was created; its journal starts from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreId(pub(crate) [u8; 16]);

/// What an opened keyslot gives.
#[derive(Debug)]
pub(crate) struct StoreKey {
    pub(crate) id: StoreId,
    pub(crate) secret: Secret32,
}

impl StoreKey {
    /// A new key for a new store.
    pub(crate) fn draw() -> Result<Self, StoreError> {
        let mut bytes = random()?;
        let key = Self { id: StoreId(random()?), secret: Secret32::new(bytes) };
        bytes.zeroize();
        Ok(key)
    }

    /// The key for one use.
    pub(crate) fn sub_key(&self, domain: Domain) -> Secret32 {
        derive(domain, &self.secret, &[&self.id.0])
    }
}

/// Creates a file with a new random key that opens a store, mode 0600.
///
/// # Errors
/// If the file exists or cannot be written.
pub fn create_key_file(path: &Path) -> Result<(), StoreError> {
    use std::io::Write as _;
    let mut key = random::<32>()?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).expect("four bits are one hexadecimal digit"));
        }
    }
    text.push('\n');
    key.zeroize();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::io("create", path, error))?;
    file.write_all(text.as_bytes()).map_err(|error| StoreError::io("write", path, error))?;
    file.sync_all().map_err(|error| StoreError::io("sync", path, error))
}

fn read_key_file(path: &Path) -> Result<Secret32, StoreError> {
    use std::io::Read as _;
    let file = fs::File::open(path).map_err(|error| StoreError::io("open", path, error))?;
    let mode = file.metadata().map_err(|error| StoreError::io("read", path, error))?.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(StoreError::KeyFileExposed { path: path.to_owned(), mode });
    }
    // One byte more than the longest key file, so that a longer file is seen.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_LEN_MAX + 1));
    file.take(KEY_FILE_LEN_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| StoreError::io("read", path, error))?;
    parse_key(&bytes).ok_or_else(|| StoreError::KeyFileMalformed { path: path.to_owned() })
}

fn parse_key(bytes: &[u8]) -> Option<Secret32> {
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() == 32 {
        key.copy_from_slice(bytes);
    } else {
        let digits = bytes.trim_ascii();
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = (high << 4 | low) as u8;
        }
    }
    Some(Secret32::new(*key))
}

/// Writes a keyslot beside the old one and renames it over: a crash leaves one or the other.
pub(crate) fn write(
    disk: &dyn Disk,
    dir: &Path,
    key: &StoreKey,
    unlock: &Unlock<'_>,
    cost: PassphraseCost,
) -> Result<(), StoreError> {
    let slot = Slot::wrap(key, unlock, cost)?.encode();
    let (path, draft) = (path_in(dir), dir.join(DRAFT));
    if let Err(error) = disk.remove(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(StoreError::io("remove", &draft, error));
    }
    let mut file = disk.create(&draft).map_err(|error| StoreError::io("create", &draft, error))?;
    for copy in 0..COPIES {
        file.write_at(&slot, copy * COPY_STEP).map_err(|error| StoreError::io("write", &draft, error))?;
    }
    file.sync().map_err(|error| StoreError::io("sync", &draft, error))?;
    disk.rename(&draft, &path).map_err(|error| StoreError::io("rename", &draft, error))?;
    disk.sync_dir(dir).map_err(|error| StoreError::io("sync", dir, error))
}

/// Opens the keyslot of a store.
pub(crate) fn read(disk: &dyn Disk, dir: &Path, unlock: &Unlock<'_>) -> Result<StoreKey, StoreError> {
    let path = path_in(dir);
    let file = match disk.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::NotAStore { dir: dir.to_owned() });
        }
        Err(error) => return Err(StoreError::io("open", &path, error)),
    };
    read_slot(file.as_ref(), &path)?.unwrap(unlock)
}

fn read_slot(file: &dyn DiskFile, path: &Path) -> Result<Slot, StoreError> {
    let mut damage = Damage::new(path, None, 0, "neither copy of the keyslot can be read");
    for copy in 0..COPIES {
        let mut bytes = [0; SLOT_LEN];
        let read = file.read_at(&mut bytes, copy * COPY_STEP).map_err(|error| StoreError::io("read", path, error))?;
        if read == SLOT_LEN && Slot::is_whole(&bytes) {
            if copy > 0 {
                tracing::warn!(file = %path.display(), "first copy of the keyslot is damaged, used the second");
            }
            return Slot::decode(&bytes, path);
        }
        damage.offset = copy * COPY_STEP;
    }
    Err(damage.into())
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

struct Slot {
    method: UnlockMethod,
    cost: PassphraseCost,
    salt: [u8; 16],
    id: StoreId,
    nonce: [u8; NONCE_LEN],
    sealed: [u8; 32 + TAG_LEN],
}

impl Slot {
    fn wrap(key: &StoreKey, unlock: &Unlock<'_>, cost: PassphraseCost) -> Result<Self, StoreError> {
        let mut slot = Self {
            method: unlock.method(),
            cost,
            salt: random()?,
            id: key.id,
            nonce: random()?,
            sealed: [0; 32 + TAG_LEN],
        };
        let wrap = slot.wrap_key(unlock)?;
        let sealed = wrap.seal(&slot.nonce, &slot.encode()[..SEALED_AT], key.secret.expose());
        slot.sealed.copy_from_slice(&sealed);
        Ok(slot)
    }

    fn unwrap(&self, unlock: &Unlock<'_>) -> Result<StoreKey, StoreError> {
        if unlock.method() != self.method {
            return Err(StoreError::WrongMethod { needs: self.method });
        }
        let opened = self
            .wrap_key(unlock)?
            .open(&self.nonce, &self.encode()[..SEALED_AT], &self.sealed)
            .map_err(|_| StoreError::WrongKey { method: self.method })?;
        let opened = Zeroizing::new(opened);
        let bytes: [u8; 32] = opened.as_slice().try_into().expect("48 sealed bytes open to 32");
        Ok(StoreKey { id: self.id, secret: Secret32::new(bytes) })
    }

    fn wrap_key(&self, unlock: &Unlock<'_>) -> Result<SealKey, StoreError> {
        let secret = unlock.secret(&self.salt, self.cost)?;
        Ok(SealKey::new(&derive(Domain::StoreWrap, &secret, &[&self.salt, &self.id.0])))
    }

    fn encode(&self) -> [u8; SLOT_LEN] {
        let mut bytes = [0; SLOT_LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10] = match self.method {
            UnlockMethod::Passphrase => 1,
            UnlockMethod::KeyFile => 2,
        };
        bytes[12..16].copy_from_slice(&self.cost.memory_kib.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.cost.passes.to_le_bytes());
        bytes[20..36].copy_from_slice(&self.salt);
        bytes[36..52].copy_from_slice(&self.id.0);
        bytes[52..SEALED_AT].copy_from_slice(&self.nonce);
        bytes[SEALED_AT..SUM_AT].copy_from_slice(&self.sealed);
        let sum = checksum(&bytes);
        bytes[SUM_AT..].copy_from_slice(&sum);
        bytes
    }

    /// The checksum tells a damaged slot from a wrong passphrase.
    fn is_whole(bytes: &[u8; SLOT_LEN]) -> bool {
        bytes[..8] == *MAGIC && bytes[SUM_AT..] == checksum(bytes)
    }

    fn decode(bytes: &[u8; SLOT_LEN], path: &Path) -> Result<Self, StoreError> {
        let found = u16::from_le_bytes(field(bytes, 8));
        if found != VERSION {
            return Err(StoreError::Version { file: path.to_owned(), found, supported: VERSION });
        }
        let method = match bytes[10] {
            1 => UnlockMethod::Passphrase,
            2 => UnlockMethod::KeyFile,
            _ => return Err(Damage::new(path, None, 10, "no such way to unlock").into()),
        };
        let cost = PassphraseCost {
            memory_kib: u32::from_le_bytes(field(bytes, 12)),
            passes: u32::from_le_bytes(field(bytes, 16)),
        };
        if !cost.is_allowed() {
            return Err(Damage::new(path, None, 12, "the cost of the passphrase is outside its limits").into());
        }
        Ok(Self {
            method,
            cost,
            salt: field(bytes, 20),
            id: StoreId(field(bytes, 36)),
            nonce: field(bytes, 52),
            sealed: field(bytes, SEALED_AT),
        })
    }
}

fn checksum(bytes: &[u8; SLOT_LEN]) -> [u8; 32] {
    *digest(Domain::StoreSlot, &[&bytes[..SUM_AT]]).as_bytes()
}

/// Name of the keyslot in the store's directory.
pub(crate) const FILE: &str = "keyslot";
const DRAFT: &str = "keyslot.new";
const MAGIC: &[u8; 8] = b"CWGKSLOT";
const VERSION: u16 = 1;
const COPIES: u64 = 2;
const COPY_STEP: u64 = 4096;
const SEALED_AT: usize = 76;
const SUM_AT: usize = SEALED_AT + 32 + TAG_LEN;
const SLOT_LEN: usize = SUM_AT + 32;
const KEY_FILE_LEN_MAX: usize = 66;
