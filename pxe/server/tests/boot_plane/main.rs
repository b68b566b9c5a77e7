//! The boot plane over real sockets: in network namespaces that each test makes and removes.

#![cfg(test)]

mod dhcp;
mod exchange;
mod foreign_server;
mod http;
mod http_places;
mod http_reports;
mod in_use;
mod lab;
mod leases;
mod loaders;
mod log;
mod peer;
mod recorded_requests;
mod records;
mod several_subnets;
mod tftp;
mod tftp_lessons;
mod unusual;
mod witnessed;
