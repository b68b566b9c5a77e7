//! The first process of the node image.

fn main() {}
