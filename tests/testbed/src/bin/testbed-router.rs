//! Advertises itself as the site's IPv6 router: `testbed-router INTERFACE`.

use std::io::{self, Write};
use std::process::ExitCode;

use nix::net::if_::if_nametoindex;

fn main() -> ExitCode {
    let Some(interface) = std::env::args().nth(1) else {
        let _ = writeln!(io::stderr(), "usage: testbed-router INTERFACE");
        return ExitCode::from(64);
    };
    let advertised = if_nametoindex(interface.as_str())
        .map_err(io::Error::from)
        .and_then(testbed::router::run);
    match advertised {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "testbed-router: {interface}: {error}");
            ExitCode::FAILURE
        }
    }
}
