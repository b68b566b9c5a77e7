//! `drover database …`, and the banner that every other command prints in safe mode.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use api_proto::v1::{ConfirmDatabaseRequest, Database, GetDatabaseRequest};

use crate::client::{database, mutation};
use crate::command::arguments::{ClientArguments, MutationArguments};
use crate::command::database::DatabaseCommand;
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::output::{print_outcome, print_warning};

/// What a person types to confirm.
const WORD: &str = "confirm";
/// What it means to confirm, for the person who is asked.
const MEANING: &str = "\
From then on this database decides which disks may be erased. A machine that it does not know, or
that it holds for not installed, may be installed anew when it next boots from the network, although
it runs. Look at `drover machine list` and `drover cluster list` first.";

/// Runs a command about the database.
pub async fn run(
    command: DatabaseCommand,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    let found = status(arguments).await?;
    match command {
        DatabaseCommand::Status => print_status(&found, arguments.output),
        DatabaseCommand::Confirm { yes, mutation } => {
            confirm(found, arguments, (yes, mutation)).await
        }
    }
}

/// Prints on standard error why nothing is done to a machine, if so. Who has
/// asked in vain does not ask again; any other failure is left to the command that follows.
pub async fn warn(arguments: &ClientArguments) -> Result<(), CommandError> {
    match status(arguments).await {
        Ok(found) if found.safe_mode.is_some() => {
            print_warning(&format!("{}; {}", found.safe_mode(), found.advice()))
        }
        Err(silent @ CommandError::Silent(_)) => Err(silent),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Asks the daemon which database it is: it answers from its memory.
pub(crate) async fn status(arguments: &ClientArguments) -> Result<Database, CommandError> {
    let mut client = database(&arguments.socket).await?;
    let found = client.get_database(GetDatabaseRequest {}).await?;
    Ok(found.into_inner().database.unwrap_or_default())
}

fn print_status(found: &Database, output: OutputFormat) -> Result<(), CommandError> {
    let place = &found.place;
    let mut sentences = vec![match &found.safe_mode {
        None => format!("{place}: the one that was here last"),
        Some(safe_mode) => format!("{place}: {safe_mode}; {}", found.advice()),
    }];
    if found.clock_lag.is_some() {
        sentences.push(found.clock_lag().to_owned());
        sentences.push(format!("what to do: {}", found.clock_advice()));
    }
    print_outcome(found, &sentences.join("\n"), output)
}

async fn confirm(
    found: Database,
    arguments: &ClientArguments,
    (yes, why): (bool, MutationArguments),
) -> Result<(), CommandError> {
    if found.confirmable {
        print_warning(&format!("{}: {}", found.place, found.safe_mode()))?;
        if !yes {
            ask()?;
        }
    }
    let request = ConfirmDatabaseRequest {
        mutation: Some(mutation(why)?),
        found: found.safe_mode.unwrap_or_default(),
    };
    let mut client = database(&arguments.socket).await?;
    let confirmed = client.confirm_database(request).await?.into_inner();
    let sentence = format!("{}: confirmed, safe mode is over", found.place);
    let confirmed = confirmed.database.unwrap_or_default();
    print_outcome(&confirmed, &sentence, arguments.output)
}

/// Asks the person at the terminal.
fn ask() -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        return Err(CommandError::NotConfirmed {
            how: "standard input is no terminal: read the above, and repeat it with --yes",
        });
    }
    let mut out = io::stderr().lock();
    write!(out, "{MEANING}\nType \"{WORD}\" to go on with it: ")?;
    out.flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() == WORD {
        return Ok(());
    }
    Err(CommandError::NotConfirmed {
        how: "something else was typed: nothing was changed",
    })
}
