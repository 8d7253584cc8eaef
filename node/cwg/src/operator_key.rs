//! A person's signing key: a file of its own, sealed under the person's own passphrase. The node never holds it open;
//! it is opened here, for one signature, and forgotten.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use cwg_app::{Exit, Problem};
use cwg_crypto::{Domain, PassphraseCost, SealKey, Secret32, SigningKey, derive, derive_from_passphrase};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::args::{Common, PersonArgs};
use crate::unlock::Typed;
use crate::{entropy, problems, unlock};

/// What the file holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u16,
    name: String,
    cost: PassphraseCost,
    salt: String,
    nonce: String,
    sealed: String,
}

const VERSION: u16 = 1;

/// Where a person's key lies.
fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join("operators").join(format!("{}.json", data_encoding::HEXLOWER.encode(name.as_bytes())))
}

/// Opens the key of a person who signs, with the passphrase from a file or asked for.
pub(crate) fn of(common: &Common, person: &PersonArgs) -> Result<SigningKey, Problem> {
    let PersonArgs { operator, operator_passphrase_file } = person;
    let passphrase = unlock::operator(operator, operator_passphrase_file.as_deref(), Typed::Known)?;
    open(&common.dir, operator, &passphrase)
}

/// Makes a person's key and its file. Returns the public key, 64 hexadecimal digits.
pub(crate) fn create(dir: &Path, name: &str, passphrase: &Zeroizing<String>) -> Result<String, Problem> {
    let path = path(dir, name);
    let mut rng = entropy::seed()?.rng();
    let (mut salt, mut nonce, mut secret) = ([0; 16], [0; 24], Zeroizing::new([0; 32]));
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut nonce);
    rng.fill_bytes(&mut *secret);
    let cost = PassphraseCost::DEFAULT;
    let seal = seal_key(passphrase, &salt, cost)?;
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let file = File {
        version: VERSION,
        name: name.to_owned(),
        cost,
        salt: hex(&salt),
        nonce: hex(&nonce),
        sealed: hex(&seal.seal(&nonce, &[name.as_bytes()], &*secret)),
    };
    let text = serde_json::to_string_pretty(&file).expect("the file has no failing serializer");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(dir.join("operators"))?;
        let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()
    };
    write().map_err(|error| problems::cannot_write(&path, &error))?;
    let public = SigningKey::from_secret(&Secret32::new(*secret)).verifying_key();
    Ok(hex(public.as_bytes()))
}

/// Removes the file of a key that was not registered after all.
pub(crate) fn discard(dir: &Path, name: &str) {
    if let Err(error) = std::fs::remove_file(path(dir, name)) {
        tracing::warn!(%error, "a key file that nobody needs was not removed");
    }
}

/// Opens a person's key.
pub(crate) fn open(dir: &Path, name: &str, passphrase: &Zeroizing<String>) -> Result<SigningKey, Problem> {
    let path = path(dir, name);
    if !path.exists() {
        let problem = format!("there is no key of operator {} in this directory", name.escape_default());
        return Err(Problem::new(Exit::BadInput, "unknown-operator", problem, "`cwg operator add NAME` makes one"));
    }
    let bytes = problems::read_file(&path)?;
    let damaged = || {
        let problem = format!("{} is damaged", path.display());
        Problem::new(Exit::Io, "operator-key-damaged", problem, "restore it from a backup, or add the operator anew")
    };
    let file: File = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    let raw = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| damaged());
    let salt: [u8; 16] = raw(&file.salt)?.try_into().map_err(|_| damaged())?;
    let nonce: [u8; 24] = raw(&file.nonce)?.try_into().map_err(|_| damaged())?;
    if file.version != VERSION || file.name != name {
        return Err(damaged());
    }
    let seal = seal_key(passphrase, &salt, file.cost)?;
    let secret = seal.open(&nonce, &[name.as_bytes()], &raw(&file.sealed)?).map_err(|_| {
        let problem = format!("this is not the passphrase of operator {}", name.escape_default());
        Problem::new(Exit::BadInput, "wrong-passphrase", problem, "type it again; nobody can recover it")
    })?;
    let secret: [u8; 32] = secret.as_slice().try_into().map_err(|_| damaged())?;
    Ok(SigningKey::from_secret(&Secret32::new(secret)))
}

fn seal_key(passphrase: &Zeroizing<String>, salt: &[u8; 16], cost: PassphraseCost) -> Result<SealKey, Problem> {
    let key = derive_from_passphrase(passphrase.as_bytes(), salt, cost).map_err(|error| {
        Problem::new(Exit::BadInput, "passphrase", error.to_string(), "use a shorter passphrase, or free memory")
    })?;
    Ok(SealKey::new(derive(Domain::OperatorKey, &key, &[])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_its_passphrase_and_with_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let right = Zeroizing::new("correct horse battery".to_owned());
        let wrong = Zeroizing::new("correct horse batterx".to_owned());
        let public = create(dir.path(), "A. Person", &right).unwrap();
        let opened = open(dir.path(), "A. Person", &right).unwrap();
        assert_eq!(data_encoding::HEXLOWER.encode(opened.verifying_key().as_bytes()), public);
        assert_eq!(open(dir.path(), "A. Person", &wrong).unwrap_err().code, "wrong-passphrase");
        assert_eq!(open(dir.path(), "B. Person", &right).unwrap_err().code, "unknown-operator");
        assert_eq!(create(dir.path(), "A. Person", &right).unwrap_err().code, "cannot-write");
        let file = path(dir.path(), "A. Person");
        std::fs::write(&file, b"{").unwrap();
        assert_eq!(open(dir.path(), "A. Person", &right).unwrap_err().code, "operator-key-damaged");
    }
}
