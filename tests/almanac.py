"""Writes almanac.csv: the sun's events at 200 places on two dates each, by PyEphem (pip install ephem).

Altitudes are those of PyEphem's own theory of the sun (VSOP87) without refraction; the instants at which one is reached
are found by bisection between noon and the solar midnights on either side of it. `-` means that there is no such event.
Usage: python3 tests/almanac.py > tests/almanac.csv
"""

import datetime
import math
import random
import re
import zoneinfo

import ephem

# Beyond 65 degrees: the time zone database has few.
POLAR = """
Tromso 69.65 18.96 Europe/Oslo; Hammerfest 70.66 23.68 Europe/Oslo; Longyearbyen 78.22 15.63 Arctic/Longyearbyen
Kiruna 67.86 20.23 Europe/Stockholm; Rovaniemi 66.5 25.73 Europe/Helsinki; Utsjoki 69.91 27.03 Europe/Helsinki
Murmansk 68.97 33.08 Europe/Moscow; Norilsk 69.35 88.2 Asia/Krasnoyarsk; Dikson 73.51 80.52 Asia/Krasnoyarsk
Tiksi 71.64 128.87 Asia/Yakutsk; Pevek 69.7 170.31 Asia/Anadyr; Uelen 66.16 -169.81 Asia/Anadyr
Utqiagvik 71.29 -156.79 America/Anchorage; Kotzebue 66.9 -162.6 America/Nome; Prudhoe_Bay 70.26 -148.71 America/Anchorage
Alert 82.5 -62.35 America/Iqaluit; Grise_Fiord 76.42 -82.9 America/Iqaluit; Ilulissat 69.22 -51.1 America/Nuuk
Qaanaaq 77.47 -69.23 America/Thule; Akureyri 65.68 -18.1 Atlantic/Reykjavik; Grimsey 66.54 -18.02 Atlantic/Reykjavik
Halley -75.58 -26.54 UTC; Neumayer -70.67 -8.27 UTC; Dome_C -75.1 123.35 Antarctica/Vostok
"""
PLACES, LIMIT = 200, 65


def zone_places():
    """The places of the time zone database, from south to north."""
    places = []
    for line in open("/usr/share/zoneinfo/zone.tab", encoding="utf-8"):
        if line.startswith("#"):
            continue
        _, coordinates, zone = line.split("\t")[:3]
        degrees = [
            (-1 if sign == "-" else 1) * (int(d) + int(m) / 60 + int(s or 0) / 3600)
            for sign, d, m, s in re.findall(r"([+-])(\d{2,3}?)(\d\d)(\d\d)?(?=[+-]|$)", coordinates)
        ]
        # The pole itself has no noon.
        if abs(degrees[0]) < 89:
            places.append((zone.strip().rsplit("/")[-1], *[round(d, 2) for d in degrees], zone.strip()))
    return sorted(places, key=lambda place: place[1])


def places():
    polar = [entry.split() for line in POLAR.strip().splitlines() for entry in line.split(";")]
    polar = [(name, float(latitude), float(longitude), zone) for name, latitude, longitude, zone in polar]
    named = {name for name, *_ in polar}
    others = [place for place in zone_places() if place[0] not in named]
    polar += [place for place in others if abs(place[1]) >= LIMIT]
    others = [place for place in others if abs(place[1]) < LIMIT]
    wanted = PLACES - len(polar)
    return polar + [others[index * len(others) // wanted] for index in range(wanted)]


class Sky:
    def __init__(self, latitude, longitude):
        self.observer = ephem.Observer()
        self.observer.lat, self.observer.lon, self.observer.pressure = str(latitude), str(longitude), 0
        self.sun = ephem.Sun()

    def height(self, at, limb):
        """Degrees over the horizon of the sun's centre, or of its upper limb."""
        self.observer.date = at
        self.sun.compute(self.observer)
        return math.degrees(self.sun.alt + (self.sun.radius if limb else 0))

    def crossing(self, low, high, degrees, limb):
        """When the height is reached between a solar midnight and noon, either way; nothing if it is not."""
        if not self.height(low, limb) < degrees < self.height(high, limb):
            return None
        while abs(high - low) > 0.1 * ephem.second:
            middle = (low + high) / 2
            low, high = (middle, high) if self.height(middle, limb) < degrees else (low, middle)
        return high


def row(place, date):
    name, latitude, longitude, zone = place
    local = datetime.datetime.combine(date, datetime.time(), zoneinfo.ZoneInfo(zone))
    sky = Sky(latitude, longitude)
    sky.observer.date = ephem.Date(local.astimezone(datetime.timezone.utc).replace(tzinfo=None))
    noon = float(sky.observer.next_transit(ephem.Sun()))
    sky.observer.date = noon
    before = float(sky.observer.previous_antitransit(ephem.Sun()))
    sky.observer.date = noon
    after = float(sky.observer.next_antitransit(ephem.Sun()))
    heights = [(-18, False), (-12, False), (-6, False), (-34 / 60, True)]
    events = [sky.crossing(before, noon, *height) for height in heights] + [noon]
    events += [sky.crossing(after, noon, *height) for height in reversed(heights)]
    shown = [
        ephem.Date(event + 0.5 * ephem.second).datetime().strftime("%Y-%m-%dT%H:%M:%SZ") if event else "-"
        for event in events
    ]
    return ",".join([name, str(latitude), str(longitude), zone, str(date), *shown])


def main():
    chance = random.Random(3)
    print("place,latitude,longitude,zone,date,astronomical dawn,nautical dawn,dawn,sunrise,noon,sunset,dusk,nautical dusk,"
          "astronomical dusk")
    for place in places():
        # One date around the solstices, when twilights are longest, and one of all year.
        solstice = datetime.date(chance.randint(2025, 2045), chance.choice([6, 12]), 21)
        solstice += datetime.timedelta(chance.randint(-40, 40))
        any_day = datetime.date(chance.randint(2025, 2045), 1, 1) + datetime.timedelta(chance.randint(0, 364))
        for date in sorted([solstice, any_day]):
            print(row(place, date))


main()
