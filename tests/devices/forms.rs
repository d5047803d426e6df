//! Each kind of device that has a short form, in the words of its maker: what the house knows after its messages, and what it
//! is told. A row for each thing that it tells or takes; all are devices of one house.

use super::{devices, house};
use crate::support::{Broker, House, Watcher, wait_until};
use Step::*;
use std::collections::BTreeMap;

/// One of them: its tables in the file, and what happens, one after the other.
struct Row {
    tables: &'static str,
    steps: &'static [Step],
}

#[derive(Clone, Copy)]
enum Step {
    /// It publishes this.
    Says(&'static str, &'static str),
    /// And the broker keeps it.
    Keeps(&'static str, &'static str),
    /// The house knows this of a point.
    Is(&'static str, &'static str),
    /// A button was clicked so since the start, and not otherwise.
    Clicks(&'static str, &'static [&'static str]),
    /// A point of the house is commanded.
    Set(&'static str, &'static str),
    /// The device is told this, after what it was told before.
    Told(&'static str, &'static str),
    /// A point is not to be believed.
    Gone(&'static str),
    /// A point is still believed, whatever was said.
    Stays(&'static str),
}

const ROWS: &[Row] = &[
    // zigbee2mqtt
    Row {
        tables: "[inputs.z_motion]\nkind = \"motion\"\nzigbee2mqtt = \"Hall motion\"\n\
                 [sensors.z_lux]\nzigbee2mqtt = \"Hall motion\"\nquantities = [\"illuminance\", \"battery\"]",
        steps: &[
            Says("zigbee2mqtt/Hall motion", r#"{"battery":96,"illuminance":12,"linkquality":120,"occupancy":true}"#),
            Is("z_motion", "ON"),
            Is("z_lux/illuminance", "12.0"),
            Is("z_lux/battery", "96"),
            Says("zigbee2mqtt/Hall motion", r#"{"battery":96,"illuminance":12,"linkquality":120,"occupancy":false}"#),
            Is("z_motion", "OFF"),
            Says("zigbee2mqtt/Hall motion/availability", r#"{"state":"offline"}"#),
            Gone("z_motion"),
            Gone("z_lux/battery"),
            Says("zigbee2mqtt/Hall motion/availability", r#"{"state":"online"}"#),
            Says("zigbee2mqtt/Hall motion", r#"{"occupancy":true}"#),
            Stays("z_motion"),
            Is("z_motion", "ON"),
        ],
    },
    Row {
        tables: "[inputs.z_door]\nkind = \"door\"\nzigbee2mqtt = \"door\"\n\
                 [inputs.z_window]\nkind = \"window\"\nzigbee2mqtt = \"window\"\n\
                 [inputs.z_contact]\nkind = \"contact\"\nzigbee2mqtt = \"door\"",
        steps: &[
            Says("zigbee2mqtt/door", r#"{"contact":true,"battery":100}"#),
            Is("z_door", "OFF"),
            Is("z_contact", "OFF"),
            Says("zigbee2mqtt/door", r#"{"contact":false,"battery":100}"#),
            Is("z_door", "ON"),
            Is("z_contact", "ON"),
            Says("zigbee2mqtt/window", r#"{"contact":false}"#),
            Is("z_window", "ON"),
        ],
    },
    Row {
        tables: "[inputs.z_button]\nkind = \"button\"\nzigbee2mqtt = \"button\"\n\
                 [inputs.z_on]\nkind = \"button\"\nzigbee2mqtt = \"remote\"\nclicks = { on = \"click\", brightness_move_up = \"long\" }\n\
                 [inputs.z_off]\nkind = \"button\"\nzigbee2mqtt = \"remote\"\nclicks = { off = \"click\" }",
        steps: &[
            Says("zigbee2mqtt/button", r#"{"action":"single","battery":100}"#),
            Says("zigbee2mqtt/button", r#"{"action":"","battery":100}"#),
            Says("zigbee2mqtt/button", r#"{"action":"double"}"#),
            Says("zigbee2mqtt/button", r#"{"action":null}"#),
            Says("zigbee2mqtt/button", r#"{"action":"release"}"#),
            Says("zigbee2mqtt/button", r#"{"action":"hold"}"#),
            Clicks("z_button", &["click", "double", "long"]),
            Says("zigbee2mqtt/remote", r#"{"action":"on"}"#),
            Says("zigbee2mqtt/remote", r#"{"action":"off"}"#),
            Says("zigbee2mqtt/remote", r#"{"action":"brightness_move_up"}"#),
            Clicks("z_on", &["click", "long"]),
            Clicks("z_off", &["click"]),
        ],
    },
    Row {
        tables: "[sensors.z_climate]\nzigbee2mqtt = \"climate\"\n[sensors.z_plug]\nzigbee2mqtt = \"plug\"\n\
                 quantities = [\"power\", \"voltage\", \"current\", \"energy\"]",
        steps: &[
            Says("zigbee2mqtt/climate", r#"{"temperature":21.5,"humidity":44.21,"battery":88,"voltage":2950}"#),
            Is("z_climate/temperature", "21.50"),
            Is("z_climate/humidity", "44.2"),
            Is("z_climate/battery", "88"),
            Says("zigbee2mqtt/plug", r#"{"power":42,"voltage":231,"current":0.187,"energy":3.185,"state":"ON"}"#),
            Is("z_plug/power", "42.00"),
            Is("z_plug/voltage", "231.000"),
            Is("z_plug/energy", "3.185"),
        ],
    },
    Row {
        tables: "[inputs.z_leak]\nkind = \"leak\"\nzigbee2mqtt = \"leak\"\n\
                 [inputs.z_smoke]\nkind = \"smoke\"\nzigbee2mqtt = \"smoke\"\n\
                 [inputs.z_switch]\nkind = \"switch\"\nzigbee2mqtt = \"wall\"",
        steps: &[
            Says("zigbee2mqtt/leak", r#"{"water_leak":true,"battery":100}"#),
            Is("z_leak", "ON"),
            Says("zigbee2mqtt/smoke", r#"{"smoke":false}"#),
            Is("z_smoke", "OFF"),
            Says("zigbee2mqtt/wall", r#"{"state":"ON"}"#),
            Is("z_switch", "ON"),
        ],
    },
    Row {
        tables: "[outputs.z_relay]\nkind = \"switch\"\nzigbee2mqtt = \"relay\"",
        steps: &[
            Told("zigbee2mqtt/relay/set", r#"{"state":"OFF"}"#),
            Says("zigbee2mqtt/relay", r#"{"state":"OFF","power":0}"#),
            Is("z_relay", "OFF"),
            Set("z_relay", "ON"),
            Told("zigbee2mqtt/relay/set", r#"{"state":"ON"}"#),
            Says("zigbee2mqtt/relay", r#"{"state":"ON","power":12}"#),
            Is("z_relay", "ON"),
        ],
    },
    // A relay with two gangs: one message tells of both.
    Row {
        tables: "[outputs.z_left]\nkind = \"switch\"\nzigbee2mqtt = \"gangs\"\nchannel = \"left\"\n\
                 [outputs.z_right]\nkind = \"light\"\nzigbee2mqtt = \"gangs\"\nchannel = \"right\"\nlevels = true\n\
                 [inputs.z_second]\nkind = \"switch\"\nzigbee2mqtt = \"gangs\"\nchannel = 2\n\
                 [sensors.z_left_meter]\nzigbee2mqtt = \"gangs\"\nchannel = \"left\"\nquantities = [\"power\"]",
        steps: &[
            Told("zigbee2mqtt/gangs/set", r#"{"state_left":"OFF"}"#),
            Told("zigbee2mqtt/gangs/set", r#"{"state_right":"OFF"}"#),
            Says(
                "zigbee2mqtt/gangs",
                r#"{"state_left":"OFF","state_right":"OFF","brightness_right":100,"state_2":"ON","power_left":0,"power":9}"#,
            ),
            Is("z_left", "OFF"),
            Is("z_right", "OFF"),
            Is("z_second", "ON"),
            Is("z_left_meter/power", "0.00"),
            Set("z_left", "ON"),
            Told("zigbee2mqtt/gangs/set", r#"{"state_left":"ON"}"#),
            Says("zigbee2mqtt/gangs", r#"{"state_left":"ON","state_right":"OFF","power_left":12}"#),
            Is("z_left", "ON"),
            Is("z_left_meter/power", "12.00"),
            Set("z_right", "50"),
            Told("zigbee2mqtt/gangs/set", r#"{"state_right":"ON","brightness_right":127}"#),
            Says("zigbee2mqtt/gangs", r#"{"state_left":"ON","state_right":"ON","brightness_right":127}"#),
            Is("z_right/level", "50"),
            Is("z_right", "ON"),
            Is("z_left", "ON"),
            Says("zigbee2mqtt/gangs/availability", r#"{"state":"offline"}"#),
            Gone("z_left"),
            Gone("z_right"),
        ],
    },
    Row {
        tables: "[outputs.z_lamp]\nkind = \"light\"\nzigbee2mqtt = \"lamp\"\nlevels = true",
        steps: &[
            Told("zigbee2mqtt/lamp/set", r#"{"state":"OFF"}"#),
            Says("zigbee2mqtt/lamp", r#"{"brightness":254,"state":"OFF"}"#),
            Is("z_lamp", "OFF"),
            Set("z_lamp", "40"),
            Told("zigbee2mqtt/lamp/set", r#"{"state":"ON","brightness":102}"#),
            Says("zigbee2mqtt/lamp", r#"{"brightness":102,"color_mode":"color_temp","state":"ON"}"#),
            Is("z_lamp/level", "40"),
            Is("z_lamp", "ON"),
        ],
    },
    // Tasmota
    Row {
        tables: "[outputs.t_plug]\nkind = \"switch\"\ntasmota = \"plug3\"\n[sensors.t_use]\ntasmota = \"plug3\"",
        steps: &[
            Keeps("tele/plug3/LWT", "Online"),
            Told("cmnd/plug3/POWER", "OFF"),
            Says("stat/plug3/RESULT", r#"{"POWER":"OFF"}"#),
            Says("stat/plug3/POWER", "OFF"),
            Is("t_plug", "OFF"),
            Set("t_plug", "ON"),
            Told("cmnd/plug3/POWER", "ON"),
            Says("stat/plug3/POWER", "ON"),
            Is("t_plug", "ON"),
            Says(
                "tele/plug3/SENSOR",
                r#"{"Time":"2026-11-29T08:00:00","ENERGY":{"Total":3.185,"Power":42,"Voltage":231,"Current":0.187}}"#,
            ),
            Is("t_use/power", "42.00"),
            Is("t_use/voltage", "231.000"),
            Is("t_use/energy", "3.185"),
            Keeps("tele/plug3/LWT", "Offline"),
            Gone("t_plug"),
            Gone("t_use/power"),
            Keeps("tele/plug3/LWT", "Online"),
            Told("cmnd/plug3/POWER", "ON"),
            Says("stat/plug3/POWER", "ON"),
            Stays("t_plug"),
        ],
    },
    Row {
        tables: "[outputs.t_second]\nkind = \"switch\"\ntasmota = \"strip\"\nchannel = 2\n\
                 [outputs.t_first]\nkind = \"switch\"\ntasmota = \"strip\"\nchannel = 1",
        steps: &[
            Told("cmnd/strip/POWER2", "OFF"),
            Told("cmnd/strip/POWER1", "OFF"),
            Says("stat/strip/POWER1", "OFF"),
            Says("stat/strip/POWER2", "OFF"),
            Is("t_second", "OFF"),
            Set("t_second", "ON"),
            Told("cmnd/strip/POWER2", "ON"),
            Says("stat/strip/POWER2", "ON"),
            Is("t_second", "ON"),
            Is("t_first", "OFF"),
        ],
    },
    // SetOption73 1 and SetOption114 1
    Row {
        tables: "[inputs.t_button]\nkind = \"button\"\ntasmota = \"wall\"\nchannel = 2\n\
                 [inputs.t_switch]\nkind = \"switch\"\ntasmota = \"wall\"",
        steps: &[
            Says("stat/wall/RESULT", r#"{"Button1":{"Action":"SINGLE"}}"#),
            Says("stat/wall/RESULT", r#"{"Button2":{"Action":"SINGLE"}}"#),
            Says("stat/wall/RESULT", r#"{"Button2":{"Action":"QUAD"}}"#),
            Says("stat/wall/RESULT", r#"{"Button2":{"Action":"CLEAR"}}"#),
            Says("stat/wall/RESULT", r#"{"Button2":{"Action":"HOLD"}}"#),
            Clicks("t_button", &["click", "many", "long"]),
            Says("stat/wall/RESULT", r#"{"Switch1":{"Action":"ON"}}"#),
            Is("t_switch", "ON"),
            Says("stat/wall/RESULT", r#"{"Switch1":{"Action":"OFF"}}"#),
            Is("t_switch", "OFF"),
        ],
    },
    Row {
        tables: "[outputs.t_dimmer]\nkind = \"light\"\ntasmota = \"dimmer\"\nlevels = true",
        steps: &[
            Told("cmnd/dimmer/POWER", "OFF"),
            Says("stat/dimmer/POWER", "OFF"),
            Is("t_dimmer", "OFF"),
            Set("t_dimmer", "40"),
            Told("cmnd/dimmer/Dimmer", "40"),
            Told("cmnd/dimmer/POWER", "?"),
            Says("stat/dimmer/RESULT", r#"{"POWER":"ON","Dimmer":40}"#),
            Says("stat/dimmer/POWER", "ON"),
            Is("t_dimmer/level", "40"),
            Is("t_dimmer", "ON"),
            // Somebody dims it by hand: it is driven back.
            Says("stat/dimmer/RESULT", r#"{"POWER":"ON","Dimmer":80}"#),
            Told("cmnd/dimmer/Dimmer", "40"),
        ],
    },
    Row {
        tables: "[sensors.t_climate]\ntasmota = \"climate\"\nquantities = [\"temperature\", \"humidity\"]\n\
                 [sensors.t_probe]\ntasmota = \"probes\"\nquantities = { temperature = \"/DS18B20-2/Temperature\" }",
        steps: &[
            Says(
                "tele/climate/SENSOR",
                r#"{"Time":"2026-11-29T08:00:00","AM2301":{"Temperature":20.5,"Humidity":44.2,"DewPoint":8.0},"ESP32":{"Temperature":41.7},"TempUnit":"C"}"#,
            ),
            Is("t_climate/temperature", "20.50"),
            Is("t_climate/humidity", "44.2"),
            Says(
                "tele/probes/SENSOR",
                r#"{"Time":"2026-11-29T08:00:00","DS18B20-1":{"Id":"01","Temperature":60},"DS18B20-2":{"Id":"02","Temperature":35.5},"TempUnit":"C"}"#,
            ),
            Is("t_probe/temperature", "35.50"),
        ],
    },
    // Shelly, first generation
    Row {
        tables: "[outputs.g1_relay]\nkind = \"switch\"\nshelly = \"shellyswitch25-77aa\"\nchannel = 1\n\
                 [sensors.g1_use]\nshelly = \"shellyswitch25-77aa\"\nchannel = 1\n\
                 [inputs.g1_input]\nkind = \"switch\"\nshelly = \"shellyswitch25-77aa\"",
        steps: &[
            Keeps("shellies/shellyswitch25-77aa/online", "true"),
            Told("shellies/shellyswitch25-77aa/relay/1/command", "off"),
            Says("shellies/shellyswitch25-77aa/relay/1", "off"),
            Is("g1_relay", "OFF"),
            Set("g1_relay", "ON"),
            Told("shellies/shellyswitch25-77aa/relay/1/command", "on"),
            Says("shellies/shellyswitch25-77aa/relay/0", "off"),
            Says("shellies/shellyswitch25-77aa/relay/1", "on"),
            Is("g1_relay", "ON"),
            Says("shellies/shellyswitch25-77aa/relay/1/power", "41.87"),
            Is("g1_use/power", "41.87"),
            Says("shellies/shellyswitch25-77aa/relay/1/energy", "120000"),
            Is("g1_use/energy", "2.000"),
            Says("shellies/shellyswitch25-77aa/input/0", "1"),
            Is("g1_input", "ON"),
            Keeps("shellies/shellyswitch25-77aa/online", "false"),
            Gone("g1_relay"),
            Gone("g1_use/power"),
            Gone("g1_input"),
        ],
    },
    Row {
        tables: "[outputs.g1_lamp]\nkind = \"light\"\nshelly = \"shellydimmer2-b1\"\nlevels = true",
        steps: &[
            Told("shellies/shellydimmer2-b1/light/0/command", "off"),
            Says("shellies/shellydimmer2-b1/light/0", "off"),
            Is("g1_lamp", "OFF"),
            Set("g1_lamp", "40"),
            Told("shellies/shellydimmer2-b1/light/0/set", r#"{"turn":"on","brightness":40}"#),
            Says("shellies/shellydimmer2-b1/light/0", "on"),
            Says("shellies/shellydimmer2-b1/light/0/status", r#"{"ison":true,"mode":"white","brightness":40}"#),
            Is("g1_lamp/level", "40"),
            Is("g1_lamp", "ON"),
        ],
    },
    Row {
        tables: "[inputs.g1_button]\nkind = \"button\"\nshelly = \"shellyix3-c2\"\nchannel = 1",
        steps: &[
            Keeps("shellies/shellyix3-c2/input_event/1", r#"{"event":"L","event_cnt":6}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"L","event_cnt":6}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"S","event_cnt":7}"#),
            Says("shellies/shellyix3-c2/input_event/0", r#"{"event":"L","event_cnt":3}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"S","event_cnt":7}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"SL","event_cnt":8}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"SSS","event_cnt":9}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"SSS","event_cnt":9}"#),
            Says("shellies/shellyix3-c2/input_event/1", r#"{"event":"L","event_cnt":10}"#),
            Clicks("g1_button", &["click", "triple", "long"]),
        ],
    },
    // They sleep, and call themselves away then.
    Row {
        tables: "[sensors.g1_climate]\nshelly = \"shellyht-d3\"\nquantities = [\"temperature\", \"humidity\", \"battery\"]\n\
                 [inputs.g1_door]\nkind = \"door\"\nshelly = \"shellydw2-e4\"\n\
                 [inputs.g1_leak]\nkind = \"leak\"\nshelly = \"shellyflood-f5\"\n\
                 [inputs.g1_smoke]\nkind = \"smoke\"\nshelly = \"shellysmoke-a6\"",
        steps: &[
            Keeps("shellies/shellyht-d3/online", "true"),
            Says("shellies/shellyht-d3/sensor/temperature", "21.5"),
            Says("shellies/shellyht-d3/sensor/humidity", "44.5"),
            Says("shellies/shellyht-d3/sensor/battery", "74"),
            Is("g1_climate/temperature", "21.50"),
            Is("g1_climate/humidity", "44.5"),
            Is("g1_climate/battery", "74"),
            Keeps("shellies/shellyht-d3/online", "false"),
            Stays("g1_climate/temperature"),
            Says("shellies/shellydw2-e4/sensor/state", "open"),
            Is("g1_door", "ON"),
            Keeps("shellies/shellydw2-e4/online", "false"),
            Says("shellies/shellydw2-e4/sensor/state", "close"),
            Is("g1_door", "OFF"),
            Stays("g1_door"),
            Says("shellies/shellyflood-f5/sensor/flood", "true"),
            Is("g1_leak", "ON"),
            Says("shellies/shellysmoke-a6/sensor/smoke", "false"),
            Is("g1_smoke", "OFF"),
        ],
    },
    Row {
        tables: "[inputs.g1_motion]\nkind = \"motion\"\nshelly = \"shellymotionsensor-b7\"",
        steps: &[
            Says("shellies/shellymotionsensor-b7/status", r#"{"motion":true,"vibration":false,"lux":12,"bat":84}"#),
            Is("g1_motion", "ON"),
            Keeps("shellies/shellymotionsensor-b7/online", "false"),
            Gone("g1_motion"),
        ],
    },
    // Shelly since
    Row {
        tables: "[outputs.g2_relay]\nkind = \"switch\"\nshelly = \"shellyplus1pm-a8032a\"\n\
                 [sensors.g2_use]\nshelly = \"shellyplus1pm-a8032a\"\n\
                 [inputs.g2_input]\nkind = \"switch\"\nshelly = \"shellyplus1pm-a8032a\"",
        steps: &[
            Keeps("shellyplus1pm-a8032a/online", "true"),
            Told("shellyplus1pm-a8032a/command/switch:0", "off"),
            Told("shellyplus1pm-a8032a/command/switch:0", "status_update"),
            Says(
                "shellyplus1pm-a8032a/status/switch:0",
                r#"{"id":0,"source":"MQTT","output":false,"apower":11.5,"voltage":230.1,"current":0.05,"aenergy":{"total":2500.0},"temperature":{"tC":40.1}}"#,
            ),
            Is("g2_relay", "OFF"),
            Is("g2_use/power", "11.50"),
            Is("g2_use/energy", "2.500"),
            Set("g2_relay", "ON"),
            Told("shellyplus1pm-a8032a/command/switch:0", "on"),
            Says("shellyplus1pm-a8032a/status/switch:0", r#"{"id":0,"source":"MQTT","output":true}"#),
            Is("g2_relay", "ON"),
            Says("shellyplus1pm-a8032a/status/input:0", r#"{"id":0,"state":true}"#),
            Is("g2_input", "ON"),
            Keeps("shellyplus1pm-a8032a/online", "false"),
            Gone("g2_relay"),
            Gone("g2_use/power"),
        ],
    },
    Row {
        tables: "[inputs.g2_button]\nkind = \"button\"\nshelly = \"shellyplusi4-b1\"\nchannel = 2",
        steps: &[
            Says(
                "shellyplusi4-b1/events/rpc",
                r#"{"src":"shellyplusi4-b1","method":"NotifyEvent","params":{"ts":1795953600.11,"events":[{"component":"input:1","id":1,"event":"long_push","ts":1795953600.11}]}}"#,
            ),
            Says(
                "shellyplusi4-b1/events/rpc",
                r#"{"src":"shellyplusi4-b1","method":"NotifyEvent","params":{"ts":1795953600.2,"events":[{"component":"input:2","id":2,"event":"btn_down","ts":1795953600.2}]}}"#,
            ),
            Says(
                "shellyplusi4-b1/events/rpc",
                r#"{"src":"shellyplusi4-b1","method":"NotifyStatus","params":{"ts":1795953600.3,"input:2":{"id":2,"state":null}}}"#,
            ),
            Says(
                "shellyplusi4-b1/events/rpc",
                r#"{"src":"shellyplusi4-b1","method":"NotifyEvent","params":{"ts":1795953601.1,"events":[{"component":"input:2","id":2,"event":"double_push","ts":1795953601.1}]}}"#,
            ),
            Says(
                "shellyplusi4-b1/events/rpc",
                r#"{"src":"shellyplusi4-b1","method":"NotifyEvent","params":{"ts":1795953602.1,"events":[{"component":"input:2","id":2,"event":"long_push","ts":1795953602.1}]}}"#,
            ),
            Clicks("g2_button", &["double", "long"]),
        ],
    },
    Row {
        tables: "[outputs.g2_lamp]\nkind = \"light\"\nshelly = \"shellydimmerg3-c9\"\nlevels = true",
        steps: &[
            Told("shellydimmerg3-c9/command/light:0", "off"),
            Says("shellydimmerg3-c9/status/light:0", r#"{"id":0,"source":"MQTT","output":false,"brightness":100}"#),
            Is("g2_lamp", "OFF"),
            Set("g2_lamp", "40"),
            Told(
                "shellydimmerg3-c9/rpc",
                r#"{"id":1,"src":"hearthd","method":"Light.Set","params":{"id":0,"on":true,"brightness":40}}"#,
            ),
            Says("shellydimmerg3-c9/status/light:0", r#"{"id":0,"source":"MQTT","output":true,"brightness":40}"#),
            Is("g2_lamp/level", "40"),
            Is("g2_lamp", "ON"),
        ],
    },
    Row {
        tables: "[sensors.g2_climate]\nshelly = \"shellyhtg3-d1\"\nquantities = [\"temperature\", \"humidity\", \"battery\"]\n\
                 [inputs.g2_leak]\nkind = \"leak\"\nshelly = \"shellyfloodg4-e1\"\n\
                 [inputs.g2_smoke]\nkind = \"smoke\"\nshelly = \"shellyplussmoke-f1\"",
        steps: &[
            Says("shellyhtg3-d1/status/temperature:0", r#"{"id":0,"tC":19.5,"tF":67.1}"#),
            Says("shellyhtg3-d1/status/humidity:0", r#"{"id":0,"rh":51.0}"#),
            Says("shellyhtg3-d1/status/devicepower:0", r#"{"id":0,"battery":{"V":5.37,"percent":80}}"#),
            Is("g2_climate/temperature", "19.50"),
            Is("g2_climate/humidity", "51.0"),
            Is("g2_climate/battery", "80"),
            Keeps("shellyhtg3-d1/online", "false"),
            Stays("g2_climate/temperature"),
            Says("shellyfloodg4-e1/status/flood:0", r#"{"id":0,"alarm":true,"mute":false}"#),
            Is("g2_leak", "ON"),
            Says("shellyplussmoke-f1/status/smoke:0", r#"{"id":0,"alarm":false,"mute":false}"#),
            Is("g2_smoke", "OFF"),
        ],
    },
    // ESPHome
    Row {
        tables: "[inputs.e_door]\nkind = \"door\"\nesphome = \"porch/front_door\"\n\
                 [sensors.e_porch]\nesphome = \"porch/temperature\"\n\
                 [outputs.e_pump]\nkind = \"switch\"\nesphome = \"porch/pump\"\n\
                 [outputs.e_fan]\nkind = \"fan\"\nesphome = \"porch/vent\"\n\
                 [outputs.e_speeds]\nkind = \"fan\"\nesphome = \"porch/duct\"\nlevels = true\nspeed_count = 3\n\
                 [outputs.e_lamp]\nkind = \"light\"\nesphome = \"porch/counter\"\nlevels = true",
        steps: &[
            Keeps("porch/status", "online"),
            Keeps("porch/binary_sensor/front_door/state", "ON"),
            Is("e_door", "ON"),
            Keeps("porch/sensor/temperature/state", "7.3"),
            Is("e_porch/temperature", "7.30"),
            Told("porch/switch/pump/command", "OFF"),
            Keeps("porch/switch/pump/state", "OFF"),
            Is("e_pump", "OFF"),
            Set("e_pump", "ON"),
            Told("porch/switch/pump/command", "ON"),
            Keeps("porch/switch/pump/state", "ON"),
            Is("e_pump", "ON"),
            Told("porch/fan/vent/command", "OFF"),
            Keeps("porch/fan/vent/state", "OFF"),
            Is("e_fan", "OFF"),
            Told("porch/fan/duct/command", "OFF"),
            Keeps("porch/fan/duct/state", "OFF"),
            Is("e_speeds", "OFF"),
            // A speed alone does not switch it on.
            Set("e_speeds", "67"),
            Told("porch/fan/duct/speed_level/command", "2"),
            Told("porch/fan/duct/command", "ON"),
            Keeps("porch/fan/duct/state", "ON"),
            Keeps("porch/fan/duct/speed_level/state", "2"),
            Is("e_speeds/level", "67"),
            Is("e_speeds", "ON"),
            Told("porch/light/counter/command", r#"{"state":"OFF"}"#),
            Keeps("porch/light/counter/state", r#"{"state":"OFF"}"#),
            Is("e_lamp", "OFF"),
            Set("e_lamp", "50"),
            Told("porch/light/counter/command", r#"{"state":"ON","brightness":128}"#),
            Keeps("porch/light/counter/state", r#"{"state":"ON","brightness":128,"color_mode":"brightness"}"#),
            Is("e_lamp/level", "50"),
            Is("e_lamp", "ON"),
            Keeps("porch/status", "offline"),
            Gone("e_door"),
            Gone("e_porch/temperature"),
            Gone("e_lamp"),
        ],
    },
    // Home Assistant's statestream
    Row {
        tables: "[inputs.h_garage]\nkind = \"door\"\nhomeassistant = \"binary_sensor.garage\"\n\
                 [sensors.h_outside]\nhomeassistant = \"sensor.outside_temperature\"",
        steps: &[
            Keeps("homeassistant/binary_sensor/garage/state", "on"),
            Is("h_garage", "ON"),
            Keeps("homeassistant/sensor/outside_temperature/state", "7.5"),
            Is("h_outside/temperature", "7.50"),
            Keeps("homeassistant/binary_sensor/garage/state", "unavailable"),
            Gone("h_garage"),
            Keeps("homeassistant/sensor/outside_temperature/state", "unavailable"),
            Gone("h_outside/temperature"),
            Keeps("homeassistant/binary_sensor/garage/state", "off"),
            Is("h_garage", "OFF"),
        ],
    },
];

/// By its topic it is asked for after all others, and by its place in the file it is told after all others.
const LAST: &str = "zz/marker";
const LAST_STATE: &str = "hearthd/cottage/marker/temperature/state";

/// The devices of a house, and what they have heard.
struct Played {
    device: Watcher,
    /// By topic: how many messages were looked at.
    heard: BTreeMap<&'static str, usize>,
    marker: u32,
}

impl Played {
    fn step(&mut self, step: Step) {
        let point = |name: &str, part: &str| format!("hearthd/cottage/{name}/{part}");
        match step {
            Says(topic, payload) => self.device.publish(topic, payload),
            Keeps(topic, payload) => self.device.publish_retained(topic, payload),
            Is(name, value) => self.device.wait_for(&point(name, "state"), value),
            Set(name, word) => self.device.publish(&point(name, "set"), word),
            Gone(name) => {
                // What it was before is over: it was not there at the start, either.
                self.pass();
                self.device.wait_for(&point(name, "availability"), "offline");
            }
            Stays(name) => {
                self.pass();
                assert_eq!(self.device.last(&point(name, "availability")).as_deref(), Some("online"), "{name}");
            }
            Clicks(name, clicks) => {
                let topic = point(name, "event/state");
                wait_until(&format!("{name} has told {clicks:?}"), || self.device.all(&topic).len() >= clicks.len());
                let told: Vec<String> = self.device.all(&topic).into_iter().map(|message| message.payload).collect();
                assert_eq!(told, clicks, "{name}");
            }
            Told(topic, payload) => {
                let heard = self.heard.entry(topic).or_default();
                wait_until(&format!("{topic} is told {payload}"), || {
                    let all = self.device.all(topic);
                    let found = all.iter().skip(*heard).position(|message| message.payload == payload);
                    found.inspect(|at| *heard += at + 1).is_some()
                });
            }
        }
    }

    /// What was said until now has had its effect, and was published.
    fn pass(&mut self) {
        self.marker = 1 + self.marker % 100;
        self.device.publish(LAST, self.marker.to_string());
        self.device.wait_for(LAST_STATE, &format!("{}.00", self.marker));
    }

    /// The house hears all of them.
    fn begin(broker: &Broker, house: &mut House) -> Played {
        let device = devices(broker.port);
        house.up(&[]);
        device.wait_for("hearthd/cottage/availability", "online");
        wait_until("hearthd listens", || {
            device.publish(LAST, "1");
            device.last(LAST_STATE).as_deref() == Some("1.00")
        });
        Played { device, heard: BTreeMap::new(), marker: 1 }
    }
}

#[test]
fn each_kind_of_device_is_heard_and_told_in_its_own_words() {
    let broker = Broker::start();
    let tables: Vec<&str> = ROWS.iter().map(|row| row.tables).collect();
    let marker = format!("[sensors.marker]\nmqtt = \"{LAST}\"\nquantities = {{ temperature = \"\" }}\n");
    let mut house = house(broker.port, &format!("{}\n{marker}", tables.join("\n")));
    let mut played = Played::begin(&broker, &mut house);
    for step in ROWS.iter().flat_map(|row| row.steps) {
        played.step(*step);
    }
    // What was no click is none now.
    ROWS.iter().flat_map(|row| row.steps).filter(|step| matches!(step, Clicks(..))).for_each(|step| played.step(*step));
    // Commands are for now: the broker keeps none for who comes later.
    let late = Watcher::start(broker.port, "#");
    late.publish("zz/late", "x");
    late.wait_for("zz/late", "x");
    for topic in played.heard.keys() {
        assert!(late.all(topic).iter().all(|message| !message.retained), "{topic}");
    }
    assert!(house.stop());
}
