//! Takes a lab down when its standard input ends: `testbed-reaper FOLDER </dev/null` does it now.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use testbed::reaper;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        let _ = writeln!(io::stderr(), "usage: testbed-reaper FOLDER");
        return ExitCode::from(64);
    };
    match reaper::run(&folder, io::stdin(), io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "testbed-reaper: {}", error.with_cause());
            ExitCode::FAILURE
        }
    }
}
