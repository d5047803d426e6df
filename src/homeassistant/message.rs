//! The messages of a session, apart from those about entities (`entities/`): number and fields of each.

/// What opens a session: who the client is.
pub mod hello {
    /// Of the request.
    pub const ASKED: u32 = 1;
    /// Of the answer.
    pub const ANSWERED: u32 = 2;

    /// See [`ASKED`].
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Asked {
        /// `Home Assistant 2026.2.3`.
        #[prost(string, tag = "1")]
        pub client: String,
    }

    /// See [`ANSWERED`].
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Answered {
        /// Of the API that we speak.
        #[prost(uint32, tag = "1")]
        pub major: u32,
        /// Likewise.
        #[prost(uint32, tag = "2")]
        pub minor: u32,
        /// Who we are.
        #[prost(string, tag = "3")]
        pub server: String,
        /// Our name, the same as in the device information.
        #[prost(string, tag = "4")]
        pub name: String,
    }
}

/// An old client asks whether its password is good: with none to ask for, each is.
pub const LOGIN_ASKED: u32 = 3;
/// Its answer, without fields.
pub const LOGIN_ANSWERED: u32 = 4;
/// Either end is about to go.
pub const LEAVE_ASKED: u32 = 5;
/// And the other has heard it.
pub const LEAVE_ANSWERED: u32 = 6;
/// Whether the other end is there.
pub const PING: u32 = 7;
/// It is.
pub const PONG: u32 = 8;
/// What entities there are.
pub const LIST_ASKED: u32 = 11;
/// These were all.
pub const LIST_ENDED: u32 = 19;
/// The states of all, and then each change.
pub const STATES_ASKED: u32 = 20;
/// What happens, for Home Assistant's own bus of events.
pub const HAPPENINGS_ASKED: u32 = 34;
/// The log.
pub mod log {
    /// It is wanted from now on.
    pub const ASKED: u32 = 28;
    /// An entry of it.
    pub const TOLD: u32 = 29;

    /// See [`ASKED`].
    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub struct Asked {
        /// The least grave level: 1 errors, 2 warnings, 3 information, 5 what helps to find faults; 0: no more of it.
        #[prost(int32, tag = "1")]
        pub level: i32,
    }

    /// See [`TOLD`].
    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub struct Told {
        /// As in [`Asked`].
        #[prost(int32, tag = "1")]
        pub level: i32,
        /// UTF-8.
        #[prost(bytes = "vec", tag = "3")]
        pub text: Vec<u8>,
    }
}

/// What time it is.
pub mod time {
    /// Of the request, which has no fields.
    pub const ASKED: u32 = 36;
    /// Of the answer.
    pub const TOLD: u32 = 37;

    /// See [`TOLD`]. Newer clients also tell their zone: that of the house stands in its file.
    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub struct Told {
        /// Since 1970.
        #[prost(fixed32, tag = "1")]
        pub seconds: u32,
    }
}

/// Home Assistant's own entities.
pub mod state {
    /// The client is ready to tell of them.
    pub const OFFERED: u32 = 38;
    /// It is asked for one.
    pub const ASKED: u32 = 39;
    /// What it tells.
    pub const TOLD: u32 = 40;

    /// See [`ASKED`].
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Asked {
        /// Such as `sensor.garden`.
        #[prost(string, tag = "1")]
        pub entity: String,
        /// Which of its attributes; empty: its state.
        #[prost(string, tag = "2")]
        pub attribute: String,
        /// As it is now, and not each change.
        #[prost(bool, tag = "3")]
        pub once: bool,
    }

    /// See [`TOLD`].
    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub struct Told {
        /// As it was asked.
        #[prost(string, tag = "1")]
        pub entity: String,
        /// It, also if it is a number.
        #[prost(string, tag = "2")]
        pub state: String,
        /// As it was asked.
        #[prost(string, tag = "3")]
        pub attribute: String,
    }
}

/// What a newer device can do besides.
pub const ABILITIES_ASKED: u32 = 149;
/// Nothing.
pub const ABILITIES_ANSWERED: u32 = 150;

/// A message without fields.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Nothing {}

/// What all commands of entities begin with.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Keyed {
    /// Of the entity.
    #[prost(fixed32, tag = "1")]
    pub key: u32,
}

/// The device: the hub, with its rooms.
pub mod device {
    /// Of the request.
    pub const ASKED: u32 = 9;
    /// Of the answer.
    pub const ANSWERED: u32 = 10;

    /// See [`ANSWERED`].
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Answered {
        /// Small letters, digits and hyphens.
        #[prost(string, tag = "2")]
        pub name: String,
        /// `02:AA:BB:CC:DD:EE`.
        #[prost(string, tag = "3")]
        pub mac: String,
        /// Shown as the version of the device.
        #[prost(string, tag = "4")]
        pub version: String,
        /// What it is.
        #[prost(string, tag = "6")]
        pub model: String,
        /// Of the page, where others get to it in the clear; 0: nowhere.
        #[prost(uint32, tag = "10")]
        pub page_port: u32,
        /// Who made it.
        #[prost(string, tag = "12")]
        pub manufacturer: String,
        /// What people call it.
        #[prost(string, tag = "13")]
        pub friendly_name: String,
        /// Whether a key is in use.
        #[prost(bool, tag = "19")]
        pub is_encrypted: bool,
        /// A device for each room.
        #[prost(message, repeated, tag = "20")]
        pub rooms: Vec<Room>,
        /// And an area for it.
        #[prost(message, repeated, tag = "21")]
        pub areas: Vec<Area>,
    }

    /// A part of the device.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Room {
        /// Which.
        #[prost(uint32, tag = "1")]
        pub id: u32,
        /// What people call it.
        #[prost(string, tag = "2")]
        pub name: String,
        /// Where it is.
        #[prost(uint32, tag = "3")]
        pub area: u32,
    }

    /// A part of the house.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Area {
        /// Which.
        #[prost(uint32, tag = "1")]
        pub id: u32,
        /// What people call it.
        #[prost(string, tag = "2")]
        pub name: String,
    }
}

/// What happens, told to Home Assistant's bus of events.
pub mod happening {
    /// Of the message.
    pub const TOLD: u32 = 35;

    /// See [`TOLD`].
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Told {
        /// The type of the event, `esphome.` before it.
        #[prost(string, tag = "1")]
        pub event: String,
        /// Its data.
        #[prost(message, repeated, tag = "2")]
        pub data: Vec<Fact>,
        /// Always: we call no actions of Home Assistant.
        #[prost(bool, tag = "5")]
        pub is_event: bool,
    }

    /// A part of the data.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Fact {
        /// What it is called.
        #[prost(string, tag = "1")]
        pub name: String,
        /// What it is.
        #[prost(string, tag = "2")]
        pub value: String,
    }
}
