//! A client of QEMU's monitor (QEMU Machine Protocol: one JSON object a line).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::LabError;

/// A connection that has left negotiation mode.
#[derive(Debug)]
pub(crate) struct Monitor {
    reader: BufReader<UnixStream>,
}

impl Monitor {
    /// Connects to the monitor of a running machine.
    pub(crate) fn connect(path: &Path) -> Result<Self, LabError> {
        let stream = UnixStream::connect(path).map_err(LabError::file("connect to", path))?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(LabError::system("limit the wait for the monitor"))?;
        let mut monitor = Self {
            reader: BufReader::new(stream),
        };
        monitor.receive("greeting")?;
        monitor.execute("qmp_capabilities", &json!({}))?;
        Ok(monitor)
    }

    /// Runs a command and waits for its result.
    pub(crate) fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value, LabError> {
        self.send(
            &json!({ "execute": command, "arguments": arguments }),
            command,
        )?;
        loop {
            let mut message = self.receive(command)?;
            if let Some(result) = message.get_mut("return") {
                return Ok(result.take());
            }
            if message.get("error").is_some() {
                return Err(refused(command, &message));
            }
        }
    }

    fn send(&mut self, message: &Value, command: &str) -> Result<(), LabError> {
        writeln!(self.reader.get_mut(), "{message}")
            .map_err(LabError::system(format!("send {command} to the monitor")))
    }

    fn receive(&mut self, command: &str) -> Result<Value, LabError> {
        let mut line = String::new();
        self.reader
            .read_line(&mut line)
            .map_err(LabError::system(format!("read the answer to {command}")))?;
        serde_json::from_str(&line).map_err(|_| LabError::Monitor {
            command: command.to_owned(),
            said: format!("{line:?}"),
        })
    }
}

fn refused(command: &str, message: &Value) -> LabError {
    LabError::Monitor {
        command: command.to_owned(),
        said: message.to_string(),
    }
}

/// A loaded host may leave a machine without a turn for long.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn answering(answers: &'static str) -> (Monitor, std::thread::JoinHandle<()>) {
        let path = std::env::temp_dir().join(format!(
            "qmp-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream
                .write_all(b"{\"QMP\": {}}\n{\"return\": {}}\n")
                .unwrap();
            stream.write_all(answers.as_bytes()).unwrap();
            let mut sink = String::new();
            let mut reader = BufReader::new(stream);
            while reader.read_line(&mut sink).is_ok_and(|length| length > 0) {}
        });
        let monitor = Monitor::connect(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        (monitor, server)
    }

    #[test]
    fn events_do_not_pass_for_results() {
        let (mut monitor, server) =
            answering("{\"event\": \"RESUME\"}\n{\"return\": {\"status\": \"running\"}}\n");
        let result = monitor.execute("query-status", &json!({})).unwrap();
        assert_eq!(result["status"], "running");
        drop(monitor);
        server.join().unwrap();
    }

    #[test]
    fn an_error_names_the_command() {
        let (mut monitor, server) = answering("{\"error\": {\"desc\": \"no such\"}}\n");
        let error = monitor.execute("system_reset", &json!({})).unwrap_err();
        assert!(
            error.to_string().contains("no such") && error.to_string().contains("system_reset")
        );
        drop(monitor);
        server.join().unwrap();
    }
}
