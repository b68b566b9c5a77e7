//! Kills a process at an exact moment: `kill-at POINT PID`. Says `watching` when it watches.
//!
//! A program of its own, because whoever traces a process is told of its end before its parent is.

use std::io::{self, Write};
use std::process::ExitCode;

use e2e::kill_point::KillPoint;
use e2e::tracer::{attach, kill_at};
use nix::unistd::Pid;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [point, process] = arguments.as_slice() else {
        return fail("usage: kill-at POINT PID");
    };
    let (Ok(point), Ok(process)) = (point.parse::<KillPoint>(), process.parse()) else {
        return fail("wanted a kill point and a pid");
    };
    let process = Pid::from_raw(process);
    let killed = attach(process).and_then(|()| {
        say("watching");
        kill_at(process, point)
    });
    match killed {
        Ok(true) => {
            say(&format!("killed at {point}"));
            ExitCode::SUCCESS
        }
        Ok(false) => fail("it ended before"),
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(why: &str) -> ExitCode {
    say(&format!("kill-at: {why}"));
    ExitCode::FAILURE
}

fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
