//! The program `drover`.

fn main() {}
