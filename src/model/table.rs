//! Enums as tables: what is known of a variant stands in its row, and a new one is one row.

/// Declares an enum, each variant with its word and, where `: Facts` stands behind the name, what else is known of it.
macro_rules! table {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$doc:meta])* $variant:ident = $word:literal;)+
    }) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: [$name; $name::WORDS.len()] = [$($name::$variant),+];
            /// The word for each.
            pub const WORDS: [(&'static str, $name); [$($word),+].len()] = [$(($word, $name::$variant)),+];

            /// The word for it, in configurations, topics and answers.
            pub const fn word(self) -> &'static str {
                $name::WORDS[self as usize].0
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis enum $name:ident: $facts:ty {
        $($(#[$doc:meta])* $variant:ident = $word:literal, $row:expr;)+
    }) => {
        table! { $(#[$meta])* $vis enum $name { $($(#[$doc])* $variant = $word;)+ } }

        impl $name {
            /// What else is known of it.
            pub const fn facts(self) -> &'static $facts {
                const ROWS: &[$facts] = &[$($row),+];
                &ROWS[self as usize]
            }
        }
    };
}

pub(super) use table;
