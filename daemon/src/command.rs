//! The commands of the program: serve, what helps to serve, and those of the client.

pub mod failed;

use std::path::{Path, PathBuf};

use api_cli::command::ClientCommand;
use api_cli::command::arguments::ClientArguments;
use api_cli::completion::print_completion;
use api_cli::error::CommandError;
use api_cli::examples::examples;
use api_cli::input::text_of;
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use config_render::talos::request::{GenerateRequest, caveat, generate_base};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::app;
use crate::command::failed::Failed;
use crate::preflight;
use crate::settings::check::check;
use crate::settings::environment::with_environment;
use crate::settings::file::SettingsFile;
use crate::settings::reading::{parse, with_interface};
use crate::settings::{Mistakes, Settings, SettingsError, sample};
use crate::signals;
use crate::start_error::StartError;
use crate::telemetry;
use fleet::error::chain;

/// Provisions bare-metal servers: DHCP, TFTP, HTTP boot, power, install, join.
#[derive(Debug, Parser)]
#[command(name = "drover", version, propagate_version = true)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Where the daemon is, and how to print
    #[command(flatten)]
    pub client: ClientArguments,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve machines
    #[command(after_help = examples(&[
        "drover serve --config /etc/drover/drover.yaml",
        "drover serve --config /etc/drover/drover.yaml --check",
        "drover serve --interface eth1",
    ]))]
    Serve(ServeArguments),
    /// Print a settings file with every setting and its documentation
    #[command(after_help = examples(&[
        "drover settings > /etc/drover/drover.yaml",
    ]))]
    Settings,
    /// Print what a shell needs to complete these commands
    #[command(after_help = examples(&[
        "drover completion bash > /etc/bash_completion.d/drover",
        "drover completion zsh > ~/.zfunc/_drover",
    ]))]
    Completion {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Configs without a daemon
    #[command(subcommand)]
    Config(ConfigCommand),
    /// A command for a running daemon
    #[command(flatten)]
    Client(ClientCommand),
}

/// `drover serve`
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// The settings file
    #[arg(long, short, env = "DROVER_CONFIG")]
    pub config: Option<PathBuf>,
    /// Without a settings file: the interface to serve, as a proxy beside another DHCP server
    #[arg(long)]
    pub interface: Option<String>,
    /// Where to keep everything; goes before the settings file
    #[arg(long)]
    pub state_directory: Option<PathBuf>,
    /// Check the settings and what they name, and stop
    #[arg(long)]
    pub check: bool,
}

/// `drover config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the base config of a role, as Talos generates it
    #[command(after_help = examples(&[
        "drover config generate --cluster lab --endpoint https://10.0.0.10:6443 --kubernetes 1.34.1 --contract 1.13 --role controlplane --secrets secrets.yaml",
    ]))]
    Generate {
        /// The cluster's name
        #[arg(long)]
        cluster: String,
        /// The URL of its Kubernetes API
        #[arg(long)]
        endpoint: String,
        /// The Kubernetes version
        #[arg(long)]
        kubernetes: String,
        /// The Talos version contract, such as 1.13
        #[arg(long)]
        contract: String,
        /// controlplane or worker
        #[arg(long)]
        role: String,
        /// The secrets bundle, as `talosctl gen secrets` writes it
        #[arg(long)]
        secrets: PathBuf,
    },
}

/// Runs a command.
pub async fn run(arguments: Arguments) -> Result<(), Failed> {
    let output = arguments.client.output;
    let told = |error: CommandError| Failed::told(&error, output);
    match arguments.command {
        Command::Serve(serve) => run_serve(serve).await?,
        Command::Settings => print(&sample::sample())?,
        Command::Config(command) => generate(&command)?,
        Command::Completion { shell } => complete(shell).map_err(told)?,
        Command::Client(command) => {
            let done = api_cli::run::run(command, &arguments.client).await;
            done.map_err(told)?;
        }
    }
    Ok(())
}

fn complete(shell: Shell) -> Result<(), CommandError> {
    match print_completion(shell, Arguments::command()) {
        Err(error) if error.is_closed_pipe() => Ok(()),
        done => done,
    }
}

async fn run_serve(arguments: ServeArguments) -> Result<(), Failed> {
    let settings = load(&arguments)
        .map_err(|mistakes| Failed::wrong_input(&with_those_of_the_host(&mistakes)))?;
    if arguments.check {
        return print_check(&settings).await;
    }
    telemetry::start(&settings)
        .map_err(|error| Failed::wrong_input(&format!("log.level: {error}")))?;
    let (stop, at_once) = (CancellationToken::new(), CancellationToken::new());
    signals::watch([stop.clone(), at_once.clone()])
        .map_err(|error| format!("can't wait for signals: {error}"))?;
    tokio::select! {
        ended = app::run(settings, stop) => ended.map_err(Failed::from),
        () = at_once.cancelled() => {
            let why = "ended at once by a second signal: what was under way is cut off";
            Err(why.to_owned().into())
        }
    }
}

async fn print_check(settings: &Settings) -> Result<(), Failed> {
    let found = preflight::check(settings).await;
    for note in &found.notes {
        print(&format!("note: {note}\n"))?;
    }
    StartError::all(found.mistakes)?;
    Ok(print("the settings are fine\n")?)
}

/// The mistakes of the settings, and what the host says of those that are right.
fn with_those_of_the_host(mistakes: &Mistakes) -> String {
    let told = mistakes.told.iter().map(ToString::to_string);
    let of_host = preflight::named_on_host(&mistakes.rest);
    let lines: Vec<String> = told.chain(of_host.iter().map(|it| chain(it))).collect();
    lines.join("\n")
}

/// The settings: flags over the environment over the file.
fn load(arguments: &ServeArguments) -> Result<Settings, Mistakes> {
    let (source, file) = match &arguments.config {
        None => ("no settings file".to_owned(), SettingsFile::default()),
        Some(path) => {
            let source = path.display().to_string();
            (source.clone(), read(&source, path))
        }
    };
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let file = with_environment(file, variables);
    let file = match &arguments.interface {
        None => file,
        Some(interface) => with_interface(file, interface),
    };
    let directory = |mut settings: Settings| {
        if let Some(directory) = &arguments.state_directory {
            settings.state_directory.clone_from(directory);
        }
        settings
    };
    match check(&source, &file) {
        Ok(settings) => Ok(directory(settings)),
        Err(Mistakes { told, rest }) => Err(Mistakes::new(told, directory(*rest))),
    }
}

fn read(source: &str, path: &Path) -> SettingsFile {
    let text = std::fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(text_of);
    match text {
        Ok(text) => parse(source, &text),
        Err(why) => SettingsFile {
            mistakes: vec![SettingsError::Unreadable {
                path: source.to_owned(),
                why,
            }],
            ..SettingsFile::default()
        },
    }
}

fn generate(command: &ConfigCommand) -> Result<(), Failed> {
    let ConfigCommand::Generate {
        cluster,
        endpoint,
        kubernetes,
        contract,
        role,
        secrets,
    } = command;
    let text = std::fs::read_to_string(secrets)
        .map(Zeroizing::new)
        .map_err(|error| format!("can't read {}: {error}", secrets.display()))
        .map_err(|why| Failed::wrong_input(&why))?;
    let request = GenerateRequest {
        cluster,
        endpoint,
        kubernetes,
        contract,
        role,
        secrets: &text,
    };
    let config = generate_base(&request).map_err(|error| Failed::wrong_input(&chain(&error)))?;
    if let Some(caveat) = caveat(&request) {
        warn_beside(&format!(
            "no machine would run with this config: {}",
            chain(&caveat)
        ));
    }
    Ok(print(&config)?)
}

/// Beside the config, which is printed to standard output.
fn warn_beside(text: &str) {
    use std::io::Write;
    // Whoever closed it does not want to be told.
    let _ = writeln!(std::io::stderr(), "note: {text}");
}

fn print(text: &str) -> Result<(), String> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads only the first lines has what he wants.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| format!("can't print: {error}")),
    }
}
