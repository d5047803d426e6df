//! `hearthd detect` over folders that stand for machines: what it prints can be pasted, and what is missing has its cure.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

use hearthd::config;
use serde_json::Value;
use std::{fs, os::unix::fs::symlink, path::Path, process::Command};
use tempfile::TempDir;

/// The root folder of a machine.
struct Machine(TempDir);

impl Machine {
    fn new(files: &[(&str, &str)]) -> Machine {
        let machine = Machine(TempDir::new().unwrap());
        files.iter().for_each(|(path, text)| machine.write(path, text));
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn detect(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
        let output = command.arg("detect").arg("--root").arg(self.0.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

const PI: (&str, &str) = ("proc/device-tree/model", "Raspberry Pi 3 Model B Rev 1.2\0");

#[test]
fn what_the_kernel_reads_can_be_pasted() {
    let machine = Machine::new(&[
        PI,
        ("sys/bus/w1/devices/w1_bus_master1/w1_master_slave_count", "2\n"),
        ("sys/bus/w1/devices/28-0316a279f0ff/temperature", "21437\n"),
        ("sys/bus/w1/devices/28-0416b37a21ff/temperature", "-1250\n"),
        ("sys/bus/iio/devices/iio:device0/name", "dht11@0\n"),
        ("sys/bus/iio/devices/iio:device0/in_temp_input", "21400\n"),
        ("sys/bus/iio/devices/iio:device0/in_humidityrelative_input", "48000\n"),
        ("sys/bus/iio/devices/iio:device1/name", "ads1015\n"),
        ("sys/bus/iio/devices/iio:device1/in_voltage0_raw", "12\n"),
        ("sys/class/hwmon/hwmon0/name", "cpu_thermal\n"),
        ("sys/class/hwmon/hwmon0/temp1_input", "48312\n"),
        ("sys/class/hwmon/hwmon1/name", "sht3x\n"),
        ("sys/class/hwmon/hwmon1/temp1_input", "21400\n"),
        ("sys/class/hwmon/hwmon1/humidity1_input", "48000\n"),
        ("sys/class/pwm/pwmchip0/npwm", "2\n"),
    ]);
    let toml = machine.detect(&[]);
    let loaded = config::parse(Path::new("config.toml"), &format!("[hub]\nid = \"tried\"\n{toml}"));
    let loaded = loaded.unwrap_or_else(|report| panic!("{report}\n{toml}"));
    assert!(loaded.warnings.is_empty(), "{toml}");
    let sensors: Vec<_> = loaded.config.sensors.iter().map(|sensor| sensor.id.to_string()).collect();
    assert_eq!(sensors, ["ds18b20", "ds18b20_2", "dht11", "cpu", "sht3x"], "{toml}");
    assert!(toml.contains("\nonewire = \"28-0416b37a21ff\"\n"), "{toml}");
    assert!(toml.contains("# iio device ads1015: voltage0\n"), "what cannot be read is told: {toml}");
    assert!(toml.contains("# pwmchip0 (): 2 channels of PWM\n"), "{toml}");
}

#[test]
fn a_machine_with_nothing_says_so() {
    let text = Machine::new(&[]).detect(&[]);
    assert_eq!(text, "# This machine\n# Nothing is wired to it that hearthd could use.\n");
}

#[test]
fn a_pi_with_everything_switched_off_is_told_how() {
    let machine = Machine::new(&[PI, ("boot/config.txt", "")]);
    let toml = machine.detect(&[]);
    for cure in ["raspi-config nonint do_i2c 0", "dtparam=i2c_arm=on", "dtoverlay=w1-gpio ", "dtoverlay=pwm-2chan"] {
        assert!(toml.contains(cure), "{cure}: {toml}");
    }
    assert!(toml.contains("into /boot/config.txt and restart"), "where this system keeps it: {toml}");
    assert!(toml.lines().all(|line| line.is_empty() || line.starts_with('#')), "{toml}");

    fs::create_dir_all(machine.0.path().join("boot/firmware")).unwrap();
    fs::write(machine.0.path().join("boot/firmware/config.txt"), "").unwrap();
    assert!(machine.detect(&[]).contains("into /boot/firmware/config.txt"));
}

const PI_5: [(&str, &str); 3] = [
    ("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0"),
    ("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0"),
    ("dev/gpiomem0", ""),
];

#[test]
fn a_pi_5_is_told_of_its_own_overlays_and_why_it_has_no_rppal() {
    let machine = Machine::new(&PI_5);
    machine.write("dev/gpiochip11", "");
    machine.write("dev/gpiochip15", "");
    machine.write("sys/bus/gpio/devices/gpiochip15/label", "");
    machine.write("sys/module/pinctrl_rp1/parameters/persist_gpio_outputs", "Y\n");
    let toml = machine.detect(&[]);
    for told in [
        "backend = \"auto\" is chardev here (rppal cannot be used here: it needs /dev/gpiochip0, which this kernel does not have).",
        "An output whose program dies goes on as it was last driven",
        "write dtparam=strict_gpiod into config.txt",
        "write dtoverlay=w1-gpio-pi5 (GPIO 4; another one: dtoverlay=w1-gpio-pi5,gpiopin=17) into",
        "permission for /dev/gpiochip11, gpiochip15",
    ] {
        assert!(toml.contains(told), "{told}: {toml}");
    }
    machine.write("sys/module/pinctrl_rp1/parameters/persist_gpio_outputs", "N\n");
    let toml = machine.detect(&[]);
    assert!(toml.contains("dies becomes an input;") && !toml.contains("strict_gpiod"), "{toml}");

    // Switched on with the overlay of older boards.
    machine.write("sys/bus/w1/devices/w1_bus_master1/w1_master_slave_count", "0\n");
    machine.write("proc/device-tree/onewire@4/compatible", "w1-gpio\0");
    let toml = machine.detect(&[]);
    assert!(toml.contains("write dtoverlay=w1-gpio-pi5 in place of dtoverlay=w1-gpio,"), "{toml}");
    machine.write("proc/device-tree/onewire@4/raspberrypi,delay-needs-poll", "");
    let toml = machine.detect(&[]);
    assert!(!toml.contains("w1-gpio") && toml.contains("check the wires"), "{toml}");
}

#[test]
fn an_older_pi_is_told_of_its_kernel() {
    let machine = Machine::new(&[PI, ("dev/gpiochip0", ""), ("dev/gpiomem", "")]);
    let found: Value = serde_json::from_str(&machine.detect(&["--json"])).unwrap();
    assert_eq!((&found["backend"], &found["released"]), (&"rppal".into(), &"not_known".into()));
    fs::remove_file(machine.0.path().join("dev/gpiomem")).unwrap();
    machine.write("proc/sys/kernel/osrelease", "6.1.0-50-arm64\n");
    let toml = machine.detect(&[]);
    assert!(toml.contains("is chardev here (rppal cannot be used here: this kernel offers no /dev/gpiomem)"), "{toml}");
    assert!(toml.contains("dies becomes an input;"), "{toml}");
}

#[test]
fn pwm_is_told_with_the_pins_that_it_comes_out_of() {
    let machine = Machine::new(&[PI, ("sys/class/pwm/pwmchip0/npwm", "2\n")]);
    let chip = machine.0.path().join("sys/class/pwm/pwmchip0/device");
    machine.write("sys/devices/3f20c000.pwm/uevent", "");
    symlink(machine.0.path().join("sys/devices/3f20c000.pwm"), chip).unwrap();
    machine.write("proc/device-tree/soc/pwm@7e20c000/status", "okay\0");
    assert!(machine.detect(&[]).contains("(3f20c000.pwm): 2 channels of PWM\n#   at no pin: an overlay"));
    for (file, cell) in [("brcm,pins", 18), ("brcm,function", 2), ("phandle", 9)] {
        machine.write(
            &format!("proc/device-tree/soc/gpio@7e200000/pwm_pins/{file}"),
            &format!("\0\0\0{}", char::from(cell)),
        );
    }
    machine.write("proc/device-tree/soc/pwm@7e20c000/pinctrl-0", "\0\0\0\t");
    assert!(machine.detect(&[]).contains("2 channels of PWM\n#   GPIO 18 (channel 0)\n"), "{}", machine.detect(&[]));
}

#[test]
fn a_bus_without_its_node_or_its_group_is_told_how() {
    let machine = Machine::new(&[
        PI,
        ("sys/bus/i2c/devices/i2c-1/name", "bcm2835 (i2c@7e804000)\n"),
        ("sys/bus/i2c/devices/1-0068/name", "ds3231\n"),
        ("sys/bus/i2c/devices/1-0050/name", "24c32\n"),
        ("sys/bus/i2c/drivers/rtc-ds1307/module", ""),
        ("sys/bus/w1/devices/w1_bus_master1/w1_master_slave_count", "0\n"),
        ("etc/group", "root:x:0:\ngpio:x:997:\n"),
    ]);
    let devices = machine.0.path().join("sys/bus/i2c");
    symlink(devices.join("drivers/rtc-ds1307"), devices.join("devices/1-0068/driver")).unwrap();

    let found: Value = serde_json::from_str(&machine.detect(&["--json"])).unwrap();
    assert_eq!(found["board"], "Raspberry Pi 3 Model B Rev 1.2");
    let bus = &found["i2c"][0];
    assert_eq!(bus["number"], 1);
    // A device without a driver is one that somebody announced and nobody owns: it is asked like any other.
    assert_eq!(bus["devices"].as_array().unwrap().len(), 1, "{bus}");
    assert_eq!(bus["devices"][0]["address"], 0x68);
    assert_eq!(bus["devices"][0]["driver"], "rtc-ds1307");
    assert!(bus["not_scanned"].as_str().unwrap().contains("i2c-dev"), "{bus}");
    let missing: Vec<_> = found["missing"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect();
    assert_eq!(
        missing,
        [
            "a thermometer on the 1-Wire bus",
            "PWM by hardware (GPIO 18 and 19)",
            "the module i2c-dev, which makes /dev/i2c-N",
            "the group i2c"
        ]
    );
}

/// The buses of a PC lead to its memory modules. Nobody who tries hearthd on one should have them asked.
#[test]
fn the_buses_of_a_pc_are_not_scanned_unasked() {
    let machine = Machine::new(&[("sys/bus/i2c/devices/i2c-0/name", "SMBus I801 adapter at efa0\n")]);
    let toml = machine.detect(&[]);
    assert!(toml.starts_with("# This machine\n"), "{toml}");
    assert!(toml.contains("not scanned: memory modules"), "{toml}");
    let asked = machine.detect(&["--bus", "0"]);
    assert!(asked.contains("not scanned: no "), "there is no node, but it was tried: {asked}");
}
