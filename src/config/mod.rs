//! The configuration file: TOML text in, a checked [`Config`](crate::model::Config) or all its problems out.
