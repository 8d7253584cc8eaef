//! The claims, held against many seeds.

use cwg_simulator::{Scenario, simulate};

#[test]
fn two_members_join_and_their_run_is_exact() {
    let scenario = Scenario { members: 2, learns: Some(cwg_protocol::session::Learns::Both), ..Scenario::default() };
    let report = simulate(&scenario, 1);
    println!("{report}");
    if std::env::var("CWG_TRACE").is_ok() {
        println!("{}", report.trace.text());
    }
    assert!(report.holds());
    assert_eq!((report.counts.joined, report.counts.sealed), (2, 1), "{report}");
}
