//! Writes an invented source of many clues with its map, for measuring builds: `clues COUNT DIR`.
//!
//! Addresses are of reserved domains, wallets are digests of their numbers. Two clues in a hundred share their identifier with
//! another.

#![expect(clippy::print_stderr, reason = "a tool says how it is used")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use cwg_crypto::{Domain, digest};
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::ClueId;

const MAP: &str = r#"format = "csv"
expires_after_days = 720

[source]
pseudonym = "invented-desk"
kind = "hotline"

[defaults]
typology = "sextortion"
grade = "B2"
caveats = "no-sole-basis"
"#;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (count, dir) = (args.next().and_then(|text| text.parse::<u64>().ok()), args.next().map(PathBuf::from));
    let (Some(count), Some(dir)) = (count, dir) else {
        eprintln!("usage: clues COUNT DIR");
        std::process::exit(64);
    };
    std::fs::write(dir.join("clues.map.toml"), MAP)?;
    let mut out = BufWriter::new(File::create(dir.join("clues.csv"))?);
    writeln!(out, "id,kind,value,first-seen,subject,confidence,country,state,place-basis")?;
    for number in 0..count {
        let drawn = *digest(Domain::SeedFork, &[b"invented clue", &number.to_le_bytes()]).as_bytes();
        let random: [u8; 10] = drawn[..10].try_into().expect("a digest has 32 bytes");
        let id = ClueId::new(UnixTime(1_780_000_000 + number), random);
        let of = if number % 100 < 2 { number / 200 * 200 } else { number };
        let value = match of % 5 {
            0 | 1 => format!(
                "evm,0x{}",
                hex::encode(digest(Domain::SeedFork, &[&of.to_le_bytes()]).as_bytes()[..20].as_ref())
            ),
            domain => format!("email,invented.{of}@example.{}", ["com", "net", "org"][domain as usize - 2]),
        };
        let (month, day) = (1 + drawn[10] % 6, 1 + drawn[11] % 28);
        let subject = ["suspect", "mule", ""][usize::from(drawn[12] % 3)];
        let state = ["NSW", "VIC", "QLD", "SA", "WA"][usize::from(drawn[13] % 5)];
        let confidence = 30 + drawn[14] % 70;
        writeln!(out, "{id},{value},2026-{month:02}-{day:02},{subject},{confidence},AU,{state},stated")?;
    }
    out.flush()
}
