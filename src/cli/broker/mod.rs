//! `hearthd broker`: sets mosquitto up for this house, with a user for hearthd and one for apps, or takes that back.
//!
//! It writes files of its own and no others, and nothing where the broker is somebody's already. What is there as it should
//! be stays, so that it may be run any number of times.

mod access;
mod others;
mod passwords;
mod place;
mod settings;

use anyhow::{Context, bail, ensure};
use hearthd::{config, files, http::trust::own_user, model::Config};
use place::{Owner, Place};
use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// What hearthd calls itself at the broker.
const HEARTHD: &str = "hearthd";
/// What apps call themselves there: Home Assistant, a phone.
const APPS: &str = "apps";
/// The file of hearthd's password, beside its configuration.
const SECRET: &str = "mqtt-password";

#[derive(clap::Args)]
pub struct Arguments {
    /// Also write [mqtt] into the configuration, if it has none; with --remove, take it out
    #[arg(long)]
    write: bool,
    /// Take everything back
    #[arg(long)]
    remove: bool,
    /// Programs on other machines may connect, too: apps, Home Assistant, devices; stays so until --local
    #[arg(long)]
    network: bool,
    /// Only programs on this machine may connect, as at first; stays so until --network
    #[arg(long, conflicts_with = "network")]
    local: bool,
    /// Where the broker listens, if not where it does already, or at 1883
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Stage the files into DIR: no owners, no service, no need to be root
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// The house, as its file has it.
struct House {
    file: PathBuf,
    text: String,
    config: Config,
}

/// Sets the broker up, or takes that back.
///
/// # Errors
/// When there is no mosquitto, it or hearthd's password is somebody's already, or files cannot be written; nothing was changed
/// then, unless a file could not be written after others: another run repairs that.
pub fn run(arguments: &Arguments, config: Option<&Path>) -> anyhow::Result<()> {
    let place = Place::new(arguments.root.as_deref());
    let is_root = own_user().is_ok_and(|user| user == 0);
    ensure!(place.is_staged() || is_root, "files of the system are written: run `sudo hearthd broker`");
    let file = match (config, place.is_staged()) {
        (Some(file), _) => file.to_owned(),
        (None, true) => place.of("/etc/hearthd/config.toml"),
        (None, false) => super::places::config(),
    };
    let main = place.of(settings::MAIN);
    ensure!(
        main.exists() || arguments.remove,
        "there is no {}: install mosquitto first (sudo apt-get install mosquitto)",
        main.display()
    );
    if arguments.remove { remove(arguments, &place, &file) } else { set_up(arguments, &place, read(&file)?) }
}

fn read(file: &Path) -> anyhow::Result<House> {
    let text = files::read_text(file, files::WRITTEN).with_context(|| format!("cannot read {}", file.display()))?;
    // The files that it names are not read: that of the password may be about to be made.
    let config = config::parse(file, &text).map_err(|report| anyhow::anyhow!("{report}"))?.config;
    Ok(House { file: file.to_owned(), text, config })
}

fn set_up(arguments: &Arguments, place: &Place, house: House) -> anyhow::Result<()> {
    let conf = place.of(settings::CONF);
    let old_conf = optional(&conf)?;
    if let Some(old) = &old_conf {
        ensure!(
            settings::is_ours(old),
            "{} was not written by hearthd: rename it, then run this again",
            conf.display()
        );
    }
    let (old_port, old_address) = old_conf.as_deref().and_then(settings::listener).unwrap_or((1883, settings::LOCAL));
    let port = arguments.port.unwrap_or(old_port);
    let address = match (arguments.network, arguments.local) {
        (true, _) => settings::EVERYWHERE,
        (_, true) => settings::LOCAL,
        (false, false) => old_address,
    };
    if let Some(found) = others::conflict(place, old_conf.is_some(), port)? {
        bail!("{found}");
    }
    reaches(&house, address, port)?;
    let secret = house.file.with_file_name(SECRET);
    not_of_another_broker(&house, &secret, old_conf.is_some(), port)?;
    let acl = place.of(settings::ACL);
    let old_acl = optional(&acl)?;
    let new_acl = access::with_block(old_acl.as_deref().unwrap_or_default(), &access::block(&house.config));

    let list = place.of(settings::PASSWORDS);
    let old_list = optional(&list)?.unwrap_or_default();
    let has = |user| passwords::has(&old_list, user);
    let mut new_users = Vec::new();
    // A password that hearthd does not know any more is no use.
    if !has(HEARTHD) || !secret.exists() {
        new_users.push((HEARTHD, passwords::random()?));
    }
    if !has(APPS) {
        new_users.push((APPS, passwords::random()?));
    }
    let new_list = passwords::with(&old_list, &new_users, list.parent().unwrap_or(Path::new("/")))?;
    let new_conf = settings::conf(port, address);

    let broker = Owner::named(place, "mosquitto")?;
    let mut out = io::stdout();
    let mut changed = false;
    let mut put = |path: &Path, old: Option<&str>, new: &str, mode, owner| {
        if old != Some(new) {
            place::write(path, new, mode, owner)?;
            changed = true;
            writeln!(io::stdout(), "written: {}", path.display())?;
        }
        anyhow::Ok(())
    };
    let password_of = |user| new_users.iter().find(|(new, _)| *new == user).map(|(_, password)| password);
    // Wherever this ends early, another run goes on: without the secret it makes a new one, and by the settings it knows that
    // the secret is its own.
    if password_of(HEARTHD).is_some() && secret.exists() {
        std::fs::remove_file(&secret).with_context(|| format!("cannot remove {}", secret.display()))?;
    }
    put(&list, Some(&old_list), &new_list, 0o600, broker)?;
    if let Some(password) = password_of(APPS) {
        writeln!(
            out,
            "\nFor Home Assistant and other apps, shown only now:\n  user      {APPS}\n  password  {password}\n"
        )?;
    }
    put(&acl, old_acl.as_deref(), &new_acl, 0o600, broker)?;
    put(&conf, old_conf.as_deref(), &new_conf, 0o644, None)?;
    if let Some(password) = password_of(HEARTHD) {
        put(&secret, None, &format!("{password}\n"), 0o640, Owner::beside(place, &house.file, HEARTHD)?)?;
    }
    if changed {
        write!(out, "{}", others::without_user(&house.text))?;
        restart(place).context("`hearthd broker --remove` takes it back")?;
        writeln!(out, "{}", settings::reach(address, port))?;
    } else {
        writeln!(out, "The broker is set up for hub {} already: nothing was changed.", house.config.hub.id)?;
    }
    configure(arguments, &house, port)
}

/// Refuses where hearthd would not reach its own broker any more.
fn reaches(house: &House, address: &str, port: u16) -> anyhow::Result<()> {
    let host = house.config.mqtt.as_ref().map(|mqtt| &*mqtt.host);
    let is_ours = settings::in_config(&house.text) == settings::InConfig::Ours;
    if let Some(host) = host.filter(|host| is_ours && address == settings::LOCAL && !settings::is_local(host)) {
        bail!(
            "[mqtt] of {} names {host}, and a broker for this machine only is not reached by that name: nothing was changed.\n\
             Write url = \"mqtt://localhost:{port}\" there, or run this with --network.",
            house.file.display()
        );
    }
    Ok(())
}

/// Refuses where hearthd is at another broker: neither its password nor its place there is to be lost.
fn not_of_another_broker(house: &House, secret: &Path, ours: bool, port: u16) -> anyhow::Result<()> {
    let (file, secret_file) = (house.file.display(), secret.display());
    ensure!(
        settings::in_config(&house.text) != settings::InConfig::Other,
        "[mqtt] of {file} does not name the broker that this sets up, with its user: nothing was changed.\n\
         If hearthd is to use it, write into [mqtt], in the place of what it says of these, and run this again:\n\n{}",
        settings::mqtt(port)
    );
    // A link that leads nowhere is somebody's, too.
    ensure!(
        ours || secret.symlink_metadata().is_err(),
        "{secret_file} is there already, and is not of a broker that this has set up: nothing was changed.\n\
         If hearthd is to leave the broker that it is for, rename it (sudo mv {secret_file} {secret_file}.old) and run this \
         again."
    );
    Ok(())
}

/// What the configuration needs, written or told.
fn configure(arguments: &Arguments, house: &House, port: u16) -> anyhow::Result<()> {
    let mut out = io::stdout();
    let file = house.file.display();
    let lines = settings::mqtt(port);
    match settings::in_config(&house.text) {
        settings::InConfig::Nothing if arguments.write => {
            let new = format!("{}{}", house.text, settings::table(port));
            config::parse(&house.file, &new).map_err(|report| anyhow::anyhow!("{report}"))?;
            place::rewrite(&house.file, &new)?;
            writeln!(out, "[mqtt] was added to {file}; hearthd reads it by itself.")?;
        }
        settings::InConfig::Nothing => {
            writeln!(out, "Add this to {file}, or run this again with --write:\n\n[mqtt]\n{lines}")?;
        }
        settings::InConfig::Anonymous => {
            writeln!(out, "In [mqtt] of {file}, write this instead of its url:\n\n{lines}")?;
        }
        // With another one nothing was set up.
        settings::InConfig::Ours | settings::InConfig::Other => {}
    }
    Ok(())
}

fn remove(arguments: &Arguments, place: &Place, file: &Path) -> anyhow::Result<()> {
    let mut out = io::stdout();
    let conf = place.of(settings::CONF);
    let Some(old) = optional(&conf)? else {
        // Without it nothing says that the others are ours.
        writeln!(out, "There is nothing of hearthd's at the broker: nothing was changed.")?;
        return Ok(());
    };
    ensure!(settings::is_ours(&old), "{} was not written by hearthd: it stays", conf.display());
    let text = optional(file)?.unwrap_or_default();
    if let Some(table) = settings::find_table(&text).filter(|_| arguments.write) {
        place::rewrite(file, &text.replacen(&table, "", 1))?;
        writeln!(out, "[mqtt] was taken out of {}.", file.display())?;
    }
    for (path, without) in [
        (place.of(settings::ACL), access::without_block as fn(&str) -> String),
        (place.of(settings::PASSWORDS), |list| passwords::without(list, &[HEARTHD, APPS])),
    ] {
        let Some(old) = optional(&path)? else { continue };
        let rest = without(&old);
        if rest.trim().is_empty() {
            delete(&path)?;
        } else if rest != old {
            place::write(&path, &rest, 0o600, Owner::named(place, "mosquitto")?)?;
            writeln!(out, "{} keeps what others wrote into it", path.display())?;
        }
    }
    delete(&file.with_file_name(SECRET))?;
    if settings::in_config(&optional(file)?.unwrap_or_default()) == settings::InConfig::Ours {
        writeln!(out, "Take username and password_file out of [mqtt] of {}: the file is gone.", file.display())?;
    }
    // The last: as long as it is there, this may be run again.
    delete(&conf)?;
    if settings::listener(&old).is_some_and(|(_, address)| address != settings::LOCAL) {
        writeln!(out, "It listened on the network: to set it up again so, run `sudo hearthd broker --network`.")?;
    }
    if !place.of(settings::MAIN).exists() {
        return Ok(writeln!(out, "There is no mosquitto to restart.")?);
    }
    restart(place).context("all of it is removed, but the broker is not restarted")
}

fn delete(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(writeln!(io::stdout(), "removed: {}", path.display())?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot remove {}", path.display())),
    }
}

/// The text of a file; None if there is none.
fn optional(path: &Path) -> anyhow::Result<Option<String>> {
    match files::read_text(path, files::WRITTEN) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The broker reads where it listens at its start only.
fn restart(place: &Place) -> anyhow::Result<()> {
    if place.is_staged() || !Path::new("/run/systemd/system").is_dir() {
        writeln!(io::stdout(), "The broker was not restarted: it reads this at its next start.")?;
        return Ok(());
    }
    let status = Command::new("systemctl").args(["restart", "mosquitto.service"]).status();
    let restarted = status.context("cannot run systemctl")?.success();
    ensure!(restarted, "mosquitto does not start: `journalctl -u mosquitto` says why");
    writeln!(io::stdout(), "mosquitto was restarted.")?;
    Ok(())
}
