//! The commands as they are typed, and a daemon that does not answer them.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use api_cli::command::ClientCommand;
use api_cli::command::arguments::ClientArguments;
use api_cli::error::CommandError;
use api_cli::run::run;
use clap::{CommandFactory, Parser};
use machine_core::command::Command;
use tokio::net::UnixListener;
use tokio::time::Instant;

/// The program, without what serves.
#[derive(Debug, Parser)]
struct Program {
    #[command(subcommand)]
    command: ClientCommand,
    #[command(flatten)]
    client: ClientArguments,
}

fn words_of_machine() -> Vec<String> {
    let program = Program::command();
    let machine = program.find_subcommand("machine").unwrap();
    let words = machine.get_subcommands().map(|it| it.get_name().to_owned());
    words.collect()
}

#[test]
fn the_commands_are_well_formed() {
    Program::command().debug_assert();
}

/// What a refusal offers can be typed.
#[test]
fn what_a_refusal_offers_exists_as_a_command() {
    let words = words_of_machine();
    for command in Command::ALL {
        assert!(words.iter().any(|it| it == command.as_str()), "{command}");
    }
}

/// The clock jumps when nothing else happens: no test waits for it.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_does_not_answer_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("drover.sock");
    // It listens, and never says anything.
    let _listener = UnixListener::bind(&socket).unwrap();
    let path = socket.to_str().unwrap();
    for words in [
        &["machine", "list"][..],
        &["machine", "timeline", "cp-1", "--follow"],
        &["cluster", "list"],
        &["machine", "power", "off", "cp-1", "--reason", "a test"],
    ] {
        let typed = ["drover", "--socket", path]
            .into_iter()
            .chain(words.iter().copied());
        let Program { command, client } = Program::try_parse_from(typed).unwrap();
        let begun = Instant::now();
        let error = run(command, &client).await.unwrap_err();
        assert!(matches!(error, CommandError::Silent(_)), "{error:?}");
        assert!(error.to_string().contains(path), "{error}");
        assert_eq!((begun.elapsed().as_secs(), error.exit_code()), (10, 6));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_called_one() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("drover.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let path = socket.to_str().unwrap();
    let typed = ["drover", "--socket", path, "machine", "list"];
    let Program { command, client } = Program::try_parse_from(typed).unwrap();
    let error = run(command, &client).await.unwrap_err();
    let said = error.to_string();
    assert!(
        matches!(
            error,
            CommandError::Broken { .. } | CommandError::NoDaemon { .. }
        ),
        "{error:?}"
    );
    assert!(said.contains("daemon"), "{said}");
}
