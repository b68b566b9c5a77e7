//! The program `drover`.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use drover::command::failed::Failed;
use drover::command::{Arguments, run};
use tokio::runtime::Runtime;

/// How long a thread that blocks may go on after the end: one that reads from a disk that hangs
/// would keep the program for ever.
const BLOCKED: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => match Failed::of_usage(&error, &words) {
            Some(failed) => return failed_with(&failed),
            // The usage, a help or the version, with the exit code that goes with it.
            None => error.exit(),
        },
    };
    let ended = match Runtime::new() {
        Ok(runtime) => {
            let ended = runtime.block_on(run(arguments));
            runtime.shutdown_timeout(BLOCKED);
            ended
        }
        Err(error) => Err(Failed::from(format!("can't start threads: {error}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => failed_with(&failed),
    }
}

fn failed_with(failed: &Failed) -> ExitCode {
    complain(&failed.line);
    ExitCode::from(failed.exit_code)
}

#[expect(clippy::print_stderr, reason = "the one line that says why")]
fn complain(line: &str) {
    eprintln!("{line}");
}
