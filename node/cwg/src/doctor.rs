//! What `cwg doctor` finds around a node: its directory, its machine.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use cwg_app::view::{CheckResult, DoctorPart};

use crate::node::Node;

/// What this process can see.
pub(crate) fn parts(node: &Node) -> Vec<DoctorPart> {
    vec![directory(&node.dir), journal(node), listening(node), processor()]
}

fn part(check: &str, result: CheckResult, found: String, hint: Option<&str>) -> DoctorPart {
    DoctorPart { check: check.to_owned(), result, found, hint: hint.map(str::to_owned) }
}

fn directory(dir: &Path) -> DoctorPart {
    match std::fs::metadata(dir).map(|meta| meta.permissions().mode() & 0o777) {
        Ok(0o700) => part("directory", CheckResult::Good, "only its owner can open it".to_owned(), None),
        Ok(mode) => {
            let hint = "run chmod 700 on it: whoever can open it can talk to the node";
            part("directory", CheckResult::Bad, format!("its mode is {mode:o}"), Some(hint))
        }
        Err(error) => part("directory", CheckResult::Bad, error.to_string(), Some("check the path")),
    }
}

fn journal(node: &Node) -> DoctorPart {
    let recovery = node.store.recovery();
    match (node.store.stopped(), recovery.unacknowledged_records) {
        (Some(cause), _) => {
            let hint = "check the disk, then start the node again";
            part("journal", CheckResult::Bad, format!("it takes no more records: {cause}"), Some(hint))
        }
        (None, 0) => part(
            "journal",
            CheckResult::Good,
            format!("{} records, all sound at the start", node.store.head().seq),
            None,
        ),
        (None, dropped) => {
            let found = format!("the last start dropped {dropped} records that were never acknowledged");
            part("journal", CheckResult::Good, found, None)
        }
    }
}

fn listening(node: &Node) -> DoctorPart {
    match node.local_addr() {
        Some(address) => part("network", CheckResult::Good, format!("listening on UDP {address}"), None),
        None if node.online() => part("network", CheckResult::Good, "dialing only".to_owned(), None),
        None => part("network", CheckResult::Good, "this process does not serve".to_owned(), Some("run cwg serve")),
    }
}

fn processor() -> DoctorPart {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    #[cfg(target_arch = "x86_64")]
    let fast = std::arch::is_x86_feature_detected!("avx512ifma") && std::arch::is_x86_feature_detected!("avx512vl");
    #[cfg(not(target_arch = "x86_64"))]
    let fast = false;
    let backend = match (fast, cfg!(curve25519_dalek_backend = "avx512")) {
        (true, true) => "AVX-512 for the group",
        (true, false) => "AVX-512 is there, and this build leaves it unused",
        (false, _) => "no AVX-512 for the group: about half the speed",
    };
    part("processor", CheckResult::Good, format!("{cores} cores, {backend}"), None)
}

/// Bytes of the files of a directory.
pub(crate) fn bytes_in(dir: &Path) -> Option<u64> {
    let files = std::fs::read_dir(dir).ok()?;
    Some(
        files
            .flatten()
            .filter_map(|file| file.metadata().ok())
            .filter(|meta| meta.is_file())
            .map(|meta| meta.len())
            .sum(),
    )
}
