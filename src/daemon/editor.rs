//! The configuration file edited over HTTP: shown without its secrets, checked, tried, and replaced as an editor would.
//!
//! One edit at a time, off the control loop. During a simulation, which takes seconds, the file and its versions are shown as
//! ever; what makes another house of a text waits for its turn before it comes here. What comes into force is judged as at any
//! reload, and the file is written only then.

use super::{
    plan::InForce,
    reload::{Judge, Reload, Simulate, Unfit, Watched},
    versions::{Earlier, Versions, lines_changed},
};
use crate::{
    config::{Covered, Diagnostic, Keys, Loaded, Report, Severity as Weight, Uncovered, load_text},
    files,
    house::{
        Candidate, House,
        editing::{
            Applied, Change, Checked, ConfigFile, Diagnosis, Edit, Refused, Severity, Text, Trial, Trialled, Version,
        },
    },
    model::{Config, Source},
};
use std::{
    fs,
    hash::{BuildHasher, RandomState},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// What answers edits.
pub struct Editor {
    house: House,
    desk: Option<Arc<Desk>>,
    reloads: mpsc::Sender<Reload>,
    /// One simulation at a time.
    simulating: Arc<Semaphore>,
}

/// The file, and all that is done with it.
struct Desk {
    file: PathBuf,
    judge: Judge,
    simulate: Simulate,
    versions: Option<Versions>,
    /// Marks of texts tell nothing of what is hidden in them to who tries texts out.
    marks: RandomState,
}

impl Editor {
    /// For the file that is watched, if one is.
    pub fn new(
        house: &House,
        watched: Option<&Watched>,
        state: Option<&Path>,
        reloads: mpsc::Sender<Reload>,
    ) -> Editor {
        let desk = watched.map(|watched| {
            Arc::new(Desk {
                file: watched.file.clone(),
                judge: watched.judge.clone(),
                simulate: watched.simulate.clone(),
                versions: state.map(Versions::of),
                marks: RandomState::new(),
            })
        });
        Editor { house: house.clone(), desk, reloads, simulating: Arc::new(Semaphore::new(1)) }
    }

    /// Answers until nobody can ask any more. Whoever asked may have gone away.
    pub async fn run(self, mut edits: mpsc::Receiver<Edit>) {
        while let Some(edit) = edits.recv().await {
            match edit {
                Edit::Read(answer) => drop(answer.send(self.at_desk(Desk::read).await)),
                Edit::Check(text, answer) => drop(answer.send(self.at_desk(move |desk| desk.check(&text)).await)),
                Edit::Complete(candidate, answer) => {
                    let completed = match self.desk() {
                        Ok(_) => self.at_desk(move |desk| desk.complete(candidate)).await,
                        // What it names is not known then.
                        Err(_) => Ok(candidate),
                    };
                    drop(answer.send(completed));
                }
                Edit::Versions(answer) => {
                    let config = self.house.config.borrow().clone();
                    drop(answer.send(self.at_desk(move |desk| desk.list(&config)).await));
                }
                Edit::Version(id, answer) => drop(answer.send(self.at_desk(move |desk| desk.version(&id)).await)),
                Edit::Apply(change, answer) => drop(answer.send(self.apply(change).await)),
                Edit::Simulate(trial, answer) => self.simulate(trial, answer),
            }
        }
        // The channel ends with the house, and this with it.
        std::future::pending::<()>().await;
    }

    fn desk(&self) -> Result<Arc<Desk>, Refused> {
        let is_on = self.house.config.borrow().http.as_ref().is_some_and(|http| http.configure);
        let Some(desk) = self.desk.as_ref() else {
            return Err(Refused::Off("this hearthd has no configuration file that could be edited".into()));
        };
        let off = "the configuration is not edited here: write configure = true in [http] of the file to allow it";
        if is_on { Ok(desk.clone()) } else { Err(Refused::Off(off.into())) }
    }

    /// Does something with the file on a thread that may wait for the disk.
    async fn at_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let desk = self.desk()?;
        let done = tokio::task::spawn_blocking(move || work(&desk)).await;
        done.unwrap_or_else(|error| Err(Refused::Trouble(format!("it could not be done: {error}"))))
    }

    async fn apply(&self, change: Change) -> Result<Applied, Refused> {
        let until = self.house.clock.now().wall;
        let (applied, in_force) = self.at_desk(move |desk| desk.apply(change, until)).await?;
        let (answer_in, answer) = oneshot::channel();
        let stopping = || Refused::Trouble("the file is written; hearthd is stopping".into());
        self.reloads.send(Reload::Edited(in_force, answer_in)).await.map_err(|_| stopping())?;
        let restart = answer.await.map_err(|_| stopping())?;
        Ok(Applied { restart, ..applied })
    }

    fn simulate(&self, trial: Trial, answer: oneshot::Sender<Result<Trialled, Refused>>) {
        let running = self.house.config.borrow().clone();
        let (desk, turn) = match (self.desk(), self.simulating.clone().try_acquire_owned()) {
            (Ok(desk), Ok(turn)) => (desk, turn),
            (Err(off), _) => return drop(answer.send(Err(off))),
            (_, Err(_)) => {
                let busy = "hearthd is at work on another simulation; ask again";
                return drop(answer.send(Err(Refused::Trouble(busy.into()))));
            }
        };
        tokio::task::spawn_blocking(move || {
            let played = desk
                .to_try(&trial.text)
                .and_then(|loaded| (desk.simulate)(&Arc::new(loaded.config), &running, &trial).map_err(Refused::Wrong));
            // Whoever has the answer may ask for the next.
            drop(turn);
            drop(answer.send(played));
        });
    }
}

impl Desk {
    /// The text of the file.
    fn now(&self) -> Result<String, Refused> {
        let shown = self.file.display();
        files::read_text(&self.file, files::WRITTEN)
            .map_err(|error| Refused::Trouble(format!("cannot read {shown}: {error}")))
    }

    fn mark(&self, text: &str) -> String {
        format!("{:016x}", self.marks.hash_one(text))
    }

    fn read(&self) -> Result<ConfigFile, Refused> {
        Ok(self.show(&self.now()?))
    }

    fn show(&self, text: &str) -> ConfigFile {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ConfigFile { name, text: Covered::of(text).text, version: self.mark(text) }
    }

    fn list(&self, config: &Config) -> Result<Vec<Version>, Refused> {
        let now = self.now()?;
        Ok(self.versions.as_ref().map_or_else(Vec::new, |kept| list(&kept.all(), &now, |one| one.until(config))))
    }

    fn version(&self, id: &str) -> Result<ConfigFile, Refused> {
        Ok(self.show(&self.earlier(id)?.text))
    }

    fn earlier(&self, id: &str) -> Result<Earlier, Refused> {
        let found = self.versions.as_ref().zip(id.parse().ok()).and_then(|(versions, id)| versions.read(id));
        found.ok_or_else(|| Refused::NoVersion(id.to_owned()))
    }

    fn uncover(&self, text: &str) -> Result<Uncovered, Report> {
        // Where the file cannot be read, nothing is hidden in what was shown.
        Covered::of(&self.now().unwrap_or_default()).uncover(text, &self.file)
    }

    fn check(&self, text: &str) -> Result<Checked, Refused> {
        bounded(text)?;
        let uncovered = match self.uncover(text) {
            Ok(uncovered) => uncovered,
            Err(report) => {
                let diagnostics = report.diagnostics().iter().map(|wrong| diagnosis(wrong, None, None)).collect();
                return Ok(Checked { good: false, diagnostics });
            }
        };
        bounded(&uncovered.text)?;
        let (good, diagnostics) = match (self.judge)(&self.file, uncovered.text.clone()) {
            Ok(loaded) => (true, diagnoses(&loaded.warnings, &uncovered)),
            Err(Unfit::Problems(report)) => (false, diagnoses(report.diagnostics(), &uncovered)),
            Err(Unfit::Tests(message)) => {
                let help = "change the file or its tests: hearthd test tells more".to_owned();
                let severity = Severity::Error;
                (false, vec![Diagnosis { severity, line: None, column: None, key: None, message, help }])
            }
        };
        Ok(Checked { good, diagnostics })
    }

    /// The configuration of a text that was shown, whether or not its tests come true.
    fn to_try(&self, text: &str) -> Result<Loaded, Refused> {
        bounded(text)?;
        let uncovered = self.uncover(text).map_err(|wrong| Refused::Wrong(wrong.to_string()))?;
        bounded(&uncovered.text)?;
        load_text(&self.file, uncovered.text).map_err(|report| Refused::Wrong(report.to_string()))
    }

    fn complete(&self, candidate: Candidate) -> Result<Candidate, Refused> {
        let sources = self.to_try(&candidate.text)?.sources;
        Ok(Candidate { text: sources.text, zone: Some(sources.zone), files: Some(sources.files), ..candidate })
    }

    /// Writes the file, if it is still the one that was read and the new text is good.
    fn apply(&self, change: Change, until: chrono::DateTime<chrono::Utc>) -> Result<(Applied, InForce), Refused> {
        let before = self.now()?;
        if change.version != "*" && change.version != self.mark(&before) {
            return Err(Refused::Stale);
        }
        let (covered, text) = match change.to {
            Text::Given(text) => {
                bounded(&text)?;
                (Covered::of(&before), text)
            }
            Text::Earlier(id) => {
                let covered = Covered::of(&self.earlier(&id)?.text);
                let text = covered.text.clone();
                (covered, text)
            }
        };
        let uncovered = covered.uncover(&text, &self.file).map_err(|wrong| Refused::Wrong(wrong.to_string()))?;
        let text = &uncovered.text;
        bounded(text)?;
        let loaded = (self.judge)(&self.file, text.clone()).map_err(|unfit| match unfit {
            Unfit::Problems(report) => Refused::Wrong(report.to_string()),
            Unfit::Tests(failure) => Refused::Wrong(failure),
        })?;
        if *text != before {
            let kept = self.keep(&Earlier { until, by: name_of(&change.by), text: before.clone() })?;
            if let Err(refused) = self.write(&before, text) {
                self.versions.iter().zip(kept).for_each(|(versions, kept)| versions.forget(kept));
                return Err(refused);
            }
            self.versions.iter().for_each(Versions::trim);
            tracing::info!("{} changed the configuration file", change.by);
        }
        let warnings = diagnoses(&loaded.warnings, &uncovered);
        Ok((Applied { version: self.mark(&uncovered.text), warnings, restart: None }, loaded.into()))
    }

    /// What the file is before it is written: without that, nothing brings it back.
    fn keep(&self, earlier: &Earlier) -> Result<Option<u64>, Refused> {
        let kept = self.versions.as_ref().map(|versions| versions.keep(earlier)).transpose();
        kept.map_err(|error| Refused::Trouble(format!("what the file was before cannot be kept, so it stays: {error}")))
    }

    /// In one step, beside what a link leads to, with the owner, the group and the mode of before as far as may be.
    fn write(&self, before: &str, text: &str) -> Result<(), Refused> {
        let cannot = |file: &Path, error: &io::Error| {
            Refused::Trouble(format!("cannot write {}: {}", file.display(), cure(error, file)))
        };
        let file = fs::canonicalize(&self.file).map_err(|error| cannot(&self.file, &error))?;
        let mut is_other = false;
        let written = files::replace(&file, text.as_bytes(), |new| {
            let old = fs::metadata(&file)?;
            // Only root gives files away; of its group, a member may.
            if chown(new, Some(old.uid()), Some(old.gid())).is_err() {
                let _ = chown(new, None, Some(old.gid()));
            }
            fs::set_permissions(new, fs::Permissions::from_mode(old.mode() & 0o7777))?;
            // Somebody may have saved it while this was judged.
            is_other = files::read_text(&file, files::WRITTEN)? != before;
            if is_other { Err(io::Error::other("changed meanwhile")) } else { Ok(()) }
        });
        match written {
            Ok(()) => Ok(()),
            Err(_) if is_other => Err(Refused::Stale),
            Err(error) => Err(cannot(&file, &error)),
        }
    }
}

/// Whether a text could be read again as a file.
fn bounded(text: &str) -> Result<(), Refused> {
    let fits = text.len() as u64 <= files::WRITTEN;
    if fits { Ok(()) } else { Err(Refused::Wrong("the text is larger than 1 MiB: is it the right file?".into())) }
}

/// Why a file cannot be written, and what helps.
fn cure(error: &io::Error, file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new("/")).display();
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => format!(
            "its folder is read-only for the service; run `sudo systemctl edit hearthd`, write [Service] and, below it, \
             ReadWritePaths={folder}, then `sudo systemctl restart hearthd`"
        ),
        io::ErrorKind::PermissionDenied => format!(
            "the service may not write into its folder; make it the folder's owner: `sudo chown hearthd {folder}`"
        ),
        _ => error.to_string(),
    }
}

/// Who it was, as a list of versions has it.
fn name_of(source: &Source) -> String {
    match source {
        Source::Http(name) if !name.is_empty() => name.to_string(),
        other => other.to_string(),
    }
}

fn list(all: &std::collections::BTreeMap<u64, Earlier>, now: &str, until: impl Fn(&Earlier) -> String) -> Vec<Version> {
    let after = all.values().skip(1).map(|next| &*next.text).chain([now]);
    let version = |((id, earlier), next): ((&u64, &Earlier), &str)| {
        let (added, removed) = lines_changed(&earlier.text, next);
        Version { id: *id, until: until(earlier), by: earlier.by.clone(), added, removed }
    };
    let mut listed: Vec<Version> = all.iter().zip(after).map(version).collect();
    listed.reverse();
    listed
}

fn diagnoses(diagnostics: &[Diagnostic], text: &Uncovered) -> Vec<Diagnosis> {
    let keys = Keys::of(&text.text);
    diagnostics.iter().map(|diagnostic| diagnosis(diagnostic, keys.as_ref(), Some(text))).collect()
}

fn diagnosis(diagnostic: &Diagnostic, keys: Option<&Keys>, text: Option<&Uncovered>) -> Diagnosis {
    let Diagnostic { severity, message, advice, place, .. } = diagnostic;
    let shown = |line, column| text.map_or(column, |text| text.column(line, column));
    Diagnosis {
        severity: match severity {
            Weight::Error => Severity::Error,
            Weight::Warning => Severity::Warning,
        },
        line: place.as_ref().map(|place| place.line),
        column: place.as_ref().map(|place| shown(place.line, place.column)),
        key: place.as_ref().zip(keys).and_then(|(place, keys)| keys.at(&place.bytes).map(str::to_owned)),
        message: message.clone(),
        help: advice.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_where_its_link_leads_if_it_is_still_the_same() {
        let folder = tempfile::TempDir::new().unwrap();
        let (real, link) = (folder.path().join("house.toml"), folder.path().join("config.toml"));
        fs::write(&real, "a").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o664)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let desk = Desk {
            file: link.clone(),
            judge: Arc::new(|_, _| Err(Unfit::Tests(String::new()))),
            simulate: Arc::new(|_, _, _| Err(String::new())),
            versions: None,
            marks: RandomState::new(),
        };
        assert_eq!(desk.write("a", "b"), Ok(()));
        assert_eq!(desk.write("a", "c"), Err(Refused::Stale));
        assert_eq!((fs::read_to_string(&real).unwrap(), fs::read_link(&link).unwrap()), ("b".to_owned(), real.clone()));
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o664);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn who_cannot_write_is_told_what_helps() {
        let file = Path::new("/etc/hearthd/config.toml");
        let cure = |kind: io::ErrorKind| cure(&io::Error::from(kind), file);
        assert!(cure(io::ErrorKind::ReadOnlyFilesystem).contains("ReadWritePaths=/etc/hearthd,"));
        assert!(cure(io::ErrorKind::PermissionDenied).contains("sudo chown hearthd /etc/hearthd`"));
        assert!(!cure(io::ErrorKind::StorageFull).contains("sudo"));
    }

    #[test]
    fn versions_are_told_newest_first_with_what_the_next_one_changed() {
        let earlier =
            |by: &str, text: &str| Earlier { until: chrono::DateTime::UNIX_EPOCH, by: by.into(), text: text.into() };
        let all = [(3, earlier("anna", "a\n")), (4, earlier("bob", "a\nb\n"))].into();
        let told = list(&all, "b\nc\n", |one| one.by.to_uppercase());
        let told: Vec<_> = told.iter().map(|one| (one.id, &*one.until, &*one.by, one.added, one.removed)).collect();
        assert_eq!(told, [(4, "BOB", "bob", 1, 1), (3, "ANNA", "anna", 1, 0)]);
    }
}
