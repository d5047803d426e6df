"""A Homie controller that finds the device by itself, reads all of it and commands it.

Usage: controller.py PORT DEVICE [NODE/PROPERTY=VALUE...]: what it commands, one after the other. Each must be shown by the device.
On standard input: what must have a value, a NODE/PROPERTY a line.
"""

import sys
import threading

from ebus_sdk import Controller

PATIENCE = 60.0

port, device_id, *commands = sys.argv[1:]
changed = threading.Condition()


def heard(*_):
    with changed:
        changed.notify_all()


def wait_until(what, is_so):
    with changed:
        assert changed.wait_for(is_so, PATIENCE), f"waited in vain for {what}: {controller.get_all_devices()}"


controller = Controller(mqtt_cfg={"host": "127.0.0.1", "port": int(port)}, homie_domain="homie")
controller.set_on_device_discovered_callback(heard)
controller.set_on_device_state_changed_callback(heard)
controller.set_on_description_received_callback(heard)
controller.set_on_property_changed_callback(heard)
controller.start_discovery()


def device():
    return controller.get_device(device_id)


wait_until("the device", lambda: device() and device().state == "ready" and device().description)
silent = lambda: [path for path in paths if device().get_property(*path.split("/")) is None]
paths = sys.stdin.read().split()
wait_until("the values", lambda: not silent())
for path in paths:
    node, name = path.split("/")
    assert device().get_node_properties(node)[name]["name"], f"{path} has a value and no description"

for command in commands:
    path, value = command.split("=")
    node, name = path.split("/")
    assert device().get_node_properties(node)[name]["settable"], path
    assert controller.set_property(device_id, node, name, value)
    wait_until(command, lambda: device().get_property(node, name) == value)
controller.stop()
