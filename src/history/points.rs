//! The points of the file: each has a number, and what its values are.

use super::store::{Error, POINT_MASK, Result, Store};
use rusqlite::{OptionalExtension, Row, params};

/// What is known of a point besides its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its dotted name.
    pub name: String,
    /// Its names before it was renamed: what is recorded under them is its own.
    pub was: Vec<String>,
    /// What people call it.
    pub title: String,
    /// What its samples are.
    pub kind: Shape,
    /// Its unit; empty: none.
    pub unit: String,
    /// How many decimals are shown; None: as many as there are.
    pub decimals: Option<usize>,
}

/// What the samples of a point are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number.
    Number,
    /// A number that grows, such as a meter's.
    Total,
    /// 0 or 1.
    Switch,
    /// 0 to 100.
    Level,
    /// It has none, only words in the log.
    Word,
}

const SHAPES: [(&str, Shape); 5] = [
    ("number", Shape::Number),
    ("total", Shape::Total),
    ("switch", Shape::Switch),
    ("level", Shape::Level),
    ("word", Shape::Word),
];

impl Shape {
    /// Its word in the file and in answers.
    pub fn word(self) -> &'static str {
        SHAPES.iter().find(|(_, shape)| *shape == self).map_or("", |(word, _)| word)
    }
}

/// What tells one series of values from another: a name, and what is measured by it.
pub type Series = (String, String);

impl Known {
    /// Values of another unit are none of this series, though their point has the same name.
    pub fn series(&self) -> Series {
        (self.name.clone(), self.mark().to_owned())
    }

    fn mark(&self) -> &str {
        if self.unit.is_empty() { self.kind.word() } else { &self.unit }
    }

    /// What it is called when its name is another series'.
    fn former(&self) -> String {
        format!("{} ({})", self.name, self.mark())
    }
}

impl Store {
    /// The number of a point, which it gets when it is first asked for. A point of this name with another unit is called by
    /// its name and its unit from now on, such as `living.temperature (°F)`.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is.
    pub fn number_of(&mut self, known: &Known) -> Result<i64> {
        if let Some((id, same)) = self.point(&known.name)?
            && (Known { was: known.was.clone(), ..same }) == *known
        {
            return Ok(id);
        }
        self.at_once(|store| {
            let rename = |id: i64, name: &str| {
                store.connection.execute("UPDATE points SET name = ?2 WHERE id = ?1", params![id, name])
            };
            let Known { name, was, title, kind, unit, decimals } = known;
            // The newest is with the last one; where there is something under its own name, that is it.
            for was in was.iter().rev() {
                if let Some((id, _)) = store.point(was)?
                    && store.point(name)?.is_none()
                {
                    rename(id, name)?;
                }
            }
            if let Some((id, other)) = store.point(name)?
                && other.mark() != known.mark()
            {
                rename(id, &other.former())?;
                if let Some((id, _)) = store.point(&known.former())? {
                    rename(id, name)?;
                }
            }
            let decimals = decimals.map(|decimals| decimals as i64);
            let id = store.connection.query_row(
                "INSERT INTO points (name, title, kind, unit, decimals) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO UPDATE SET title = ?2, kind = ?3, unit = ?4, decimals = ?5 RETURNING id",
                params![name, title, kind.word(), unit, decimals],
                |row| row.get(0),
            )?;
            if id > POINT_MASK { Err(Error::Damaged(format!("point {name} has the number {id}"))) } else { Ok(id) }
        })
    }

    /// The point of this name, if it was ever recorded.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn point(&self, name: &str) -> Result<Option<(i64, Known)>> {
        let sql = format!("{POINTS} WHERE name = ?1");
        Ok(self.connection.prepare_cached(&sql)?.query_row([name], known).optional()?)
    }

    /// The points that were ever recorded.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn points(&self) -> Result<Vec<(i64, Known)>> {
        let mut all = self.connection.prepare_cached(&format!("{POINTS} ORDER BY id"))?;
        let rows = all.query_map([], known)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

const POINTS: &str = "SELECT id, name, title, kind, unit, decimals FROM points";

fn known(row: &Row<'_>) -> rusqlite::Result<(i64, Known)> {
    let kind: String = row.get(3)?;
    let kind = SHAPES.iter().find(|(word, _)| *word == kind).map_or(Shape::Number, |(_, shape)| *shape);
    let decimals: Option<i64> = row.get(5)?;
    let decimals = decimals.and_then(|decimals| usize::try_from(decimals).ok());
    Ok((
        row.get(0)?,
        Known { name: row.get(1)?, was: Vec::new(), title: row.get(2)?, kind, unit: row.get(4)?, decimals },
    ))
}
