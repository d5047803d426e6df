//! `hearthd generate`: what packages carry beside the program, made from its own arguments: manual pages and the
//! completions of shells.

use anyhow::Context;
use clap::Command;
use clap_complete::{Shell, generate};
use std::{
    fs::{self, File},
    path::Path,
};

/// Where each shell looks for completions, below `/usr/share` as Debian has it.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/hearthd"),
    (Shell::Zsh, "zsh/vendor-completions/_hearthd"),
    (Shell::Fish, "fish/vendor_completions.d/hearthd.fish"),
];

/// Writes everything into `folder`, laid out like `/usr/share`.
pub fn run(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let make = |folder: &Path| fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()));
    let mut completed = visible(command);
    for (shell, name) in COMPLETIONS {
        let path = folder.join(name);
        make(path.parent().unwrap_or(folder))?;
        let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        generate(shell, &mut completed, "hearthd", &mut file);
    }
    let manual = folder.join("man/man1");
    make(&manual)?;
    // A page for `hearthd help run` would say what that for `hearthd run` says.
    let described = visible(command).disable_help_subcommand(true);
    clap_mangen::generate_to(described, &manual).with_context(|| format!("cannot write into {}", manual.display()))
}

/// The command as `hearthd --help` shows it: completions would offer what is hidden there.
fn visible(command: &Command) -> Command {
    let subcommands = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    let shown = Command::new("hearthd").version(env!("CARGO_PKG_VERSION"));
    let shown = shown.args(command.get_arguments()).subcommands(subcommands);
    match command.get_about() {
        Some(about) => shown.about(about.clone()),
        None => shown,
    }
}
