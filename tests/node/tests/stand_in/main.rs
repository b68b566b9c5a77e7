//! The stand-in for a Talos node, held against facts about Talos and against recordings of it.

#![cfg(test)]

mod config;
mod life;
mod recorded_config;
mod recorded_events;
mod recorded_logs;
mod recording;
mod site;
