//! The program `drover`.

use std::process::ExitCode;

use clap::Parser;
use drover::command::{Arguments, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the one sentence that a person reads")]
fn complain(error: &str) {
    eprintln!("drover: {error}");
}
