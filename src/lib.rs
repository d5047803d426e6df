//! hearthd: the home automation daemon of a Raspberry Pi, as a library of the parts that the binary puts together.
//!
//! ```text
//! config.toml ──> config (parse, validate, diagnose) ──> model::Config
//!                                                            │
//!  hardware ──readings, edges──>  ┌──────────────┐  ──drive──> hardware
//!  mqtt     ──commands─────────>  │    engine    │  ──snapshots──> mqtt, http
//!  http     ──commands─────────>  │ (pure)       │  ──next wake-up──> the one timer
//!  clock    ──now──────────────>  └──────────────┘
//!                                   daemon holds them together
//! ```
//!
//! The modules, in reading order:

pub mod model;

pub mod files;

pub mod clock;

pub mod almanac;

pub mod config;

pub mod engine;

pub mod house;

pub mod daemon;

mod threads;

pub mod hardware;

pub mod history;

pub mod links;

pub mod mqtt;
mod remote;

pub mod homeassistant;

pub mod http;

pub mod mdns;

pub mod html;

pub mod report;

pub mod simulator;
