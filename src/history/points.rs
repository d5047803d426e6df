//! The points of the file: each has a number, and what its values are.

use super::store::{Error, POINT_MASK, Result, Store};
use rusqlite::params;

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

impl Store {
    /// The number of a point, which it gets when it is first asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn number_of(&self, known: &Known) -> Result<i64> {
        let Known { name, was, title, kind, unit, decimals } = known;
        let decimals = decimals.map(|decimals| decimals as i64);
        // The newest is with the last one; where there is something under its own name, that is it.
        for was in was.iter().rev() {
            self.connection
                .prepare_cached("UPDATE OR IGNORE points SET name = ?1 WHERE name = ?2")?
                .execute([name, was])?;
        }
        self.connection
            .prepare_cached(
                "INSERT INTO points (name, title, kind, unit, decimals) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO UPDATE SET title = ?2, kind = ?3, unit = ?4, decimals = ?5
                 WHERE title <> ?2 OR kind <> ?3 OR unit <> ?4 OR decimals IS NOT ?5",
            )?
            .execute(params![name, title, kind.word(), unit, decimals])?;
        let id = self
            .connection
            .prepare_cached("SELECT id FROM points WHERE name = ?1")?
            .query_row([name], |row| row.get(0))?;
        if id > POINT_MASK { Err(Error::Damaged(format!("point {name} has the number {id}"))) } else { Ok(id) }
    }

    /// The points that were ever recorded.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn points(&self) -> Result<Vec<(i64, Known)>> {
        let mut all =
            self.connection.prepare("SELECT id, name, title, kind, unit, decimals FROM points ORDER BY id")?;
        let rows = all.query_map([], |row| {
            let kind: String = row.get(3)?;
            let shape = SHAPES.iter().find(|(word, _)| *word == kind).map_or(Shape::Number, |(_, shape)| *shape);
            let decimals: Option<i64> = row.get(5)?;
            let decimals = decimals.and_then(|decimals| usize::try_from(decimals).ok());
            Ok((
                row.get(0)?,
                Known {
                    name: row.get(1)?,
                    was: Vec::new(),
                    title: row.get(2)?,
                    kind: shape,
                    unit: row.get(4)?,
                    decimals,
                },
            ))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}
