"""Tells what is announced on this machine's loopback: `found NAME {...}` and `gone NAME`, a line each.

Usage: find.py SERVICE NAME, such as _http._tcp.local. Hut; until standard input ends.
"""

import json
import sys
import time

from zeroconf import IPVersion, ServiceBrowser, ServiceListener, Zeroconf

kind, wanted = sys.argv[1:]


class Listener(ServiceListener):
    def add_service(self, zeroconf, kind, name):
        if name != f"{wanted}.{kind}":
            return
        info = self.info(zeroconf, kind, name)
        facts = info and {
            "host": info.server,
            "port": info.port,
            "addresses": info.parsed_addresses(),
            "txt": {key.decode(): (value or b"").decode() for key, value in info.properties.items()},
        }
        print("found", json.dumps(facts, ensure_ascii=False), flush=True)

    update_service = add_service

    def info(self, zeroconf, kind, name):
        """What is known of it once the loopback tells it: this hears the other interfaces, too, and each tells its own address."""
        for _ in range(300):
            info = zeroconf.get_service_info(kind, name, timeout=10_000)
            if not info or "127.0.0.1" in info.parsed_addresses():
                break
            time.sleep(0.1)
        return info

    def remove_service(self, zeroconf, kind, name):
        if name == f"{wanted}.{kind}":
            print("gone", flush=True)


with Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only) as found:
    ServiceBrowser(found, kind, Listener())
    print("listening", flush=True)
    sys.stdin.read()
