//! The `hearthd` command.

fn main() {}
