//! Presses a machine's buttons for its BMC: `testbed-chassis FOLDER get|set|check WORDS…`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use testbed::chassis::Chassis;
use testbed::chassis_control;

fn main() -> ExitCode {
    close_inherited();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, words)) = arguments.split_first() else {
        let _ = writeln!(
            io::stderr(),
            "usage: testbed-chassis FOLDER get|set|check WORDS…"
        );
        return ExitCode::from(64);
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let folder = Path::new(folder);
    let result = chassis_control::run(folder, &words);
    let said = match &result {
        Ok(text) => text.trim().replace('\n', " "),
        Err(error) => error.with_cause(),
    };
    write_down(folder, &words, &said);
    match result {
        Ok(text) if write!(io::stdout(), "{text}").is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// `ipmi_sim` lets its sockets be inherited; a QEMU that held them would keep its BMC's port.
fn close_inherited() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for descriptor in open.into_iter().filter(|&it| it > 2) {
        // The one of the listing itself is closed already.
        let _ = nix::unistd::close(descriptor);
    }
}

fn write_down(folder: &Path, words: &[&str], said: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let line = format!(
        "{:.3} {} -> {said}\n",
        now.unwrap_or_default().as_secs_f64(),
        words.join(" ")
    );
    if let Ok(chassis) = Chassis::load(folder) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(chassis.calls);
        let _ = log.and_then(|mut log| log.write_all(line.as_bytes()));
    }
}
