//! The helps of all commands: each ends with examples, and each example can be typed.

use clap::{ArgMatches, Command, CommandFactory};
use drover::command::Arguments;

/// Every command that does something, with the words that lead to it.
fn leaves(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Command)>) {
    let below: Vec<&Command> = command.get_subcommands().collect();
    if below.is_empty() {
        found.push((path.to_vec(), command.clone()));
    }
    for next in below {
        let name = next.get_name().to_owned();
        leaves(next, &[path, &[name]].concat(), found);
    }
}

fn all_leaves() -> Vec<(Vec<String>, Command)> {
    let mut found = Vec::new();
    leaves(&Arguments::command(), &["drover".to_owned()], &mut found);
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// The lines of the block that ends a help.
fn examples(help: &str) -> Vec<String> {
    let Some((_, block)) = help.split_once("\nExamples:\n") else {
        return Vec::new();
    };
    let lines = block.trim_end().lines().map(|line| line.trim().to_owned());
    lines.collect()
}

/// A line as the shell splits it; what is done with the output is the shell's.
fn words(example: &str) -> Vec<String> {
    let (typed, _) = example.split_once(" > ").unwrap_or((example, ""));
    let parts = typed.split('\'').enumerate();
    let words = parts.flat_map(|(at, part)| {
        let is_quoted = at % 2 == 1;
        let words: Vec<&str> = if is_quoted {
            vec![part]
        } else {
            part.split_whitespace().collect()
        };
        words
    });
    words.map(str::to_owned).collect()
}

/// The command that was read, with the words that lead to it.
fn path(mut matches: &ArgMatches) -> Vec<String> {
    let mut path = vec!["drover".to_owned()];
    while let Some((name, next)) = matches.subcommand() {
        path.push(name.to_owned());
        matches = next;
    }
    path
}

#[test]
fn every_help_ends_with_one_to_three_examples() {
    let mut lacking = Vec::new();
    for (path, mut command) in all_leaves() {
        let helps = [command.render_help(), command.render_long_help()];
        for help in helps {
            let lines = examples(&help.to_string());
            let are_commands = lines.iter().all(|line| line.starts_with("drover "));
            if !(1..=3).contains(&lines.len()) || !are_commands {
                lacking.push(format!("{}: {lines:?}", path.join(" ")));
            }
        }
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn every_example_is_one_of_its_command_and_can_be_typed() {
    for (wanted, mut command) in all_leaves() {
        for line in examples(&command.render_long_help().to_string()) {
            let read = Arguments::command().try_get_matches_from(words(&line));
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
            assert_eq!(path(&read.unwrap()), wanted, "{line}");
        }
    }
}
