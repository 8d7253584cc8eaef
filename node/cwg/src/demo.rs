//! Placeholder.
use crate::args::DemoArgs;
use crate::output::Output;
use cwg_app::{Exit, Problem};
pub(crate) async fn run(_args: &DemoArgs, _out: Output) -> Result<Exit, Problem> {
    Ok(Exit::Ok)
}
