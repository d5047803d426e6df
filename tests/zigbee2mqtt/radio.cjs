// zigbee2mqtt itself, with a radio that is played: a motion sensor and a bulb, which speak the frames of Zigbee.
// Usage: node radio.cjs FOLDER PORT
// FOLDER is where zigbee2mqtt keeps what it knows, PORT that of the broker. On standard input come lines `motion on`,
// `motion off` and `bulb off`, as if by hand; what reaches the bulb is told on standard output.

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const [folder, port] = process.argv.slice(2);
process.env.ZIGBEE2MQTT_DATA = folder;

const {Adapter} = require('zigbee-herdsman/dist/adapter');
const {Zcl} = require('zigbee-herdsman');

// What each answers when it is asked for one of its attributes; 48 is how sensitive it is, of this maker's sensors alone.
const motion = {zclVersion: 3, batteryPercentageRemaining: 192, occupancy: 0, measuredValue: 2150, pirOToUDelay: 0, 48: 2};
const bulb = {zclVersion: 3, onOff: 0, currentLevel: 254};
const MOTION = {ieee: '0x0017880100000001', network: 0x1001, endpoint: 2, attributes: motion};
const BULB = {ieee: '0x0017880100000002', network: 0x1002, endpoint: 1, attributes: bulb};

const cluster = (name) => Zcl.Utils.getCluster(name, undefined, {}).ID;

// What zigbee2mqtt knows of both from when they were paired.
function known() {
    const endpoint = (id, profile, device, input) => ({
        profId: profile, epId: id, devId: device, inClusterList: input.map(cluster), outClusterList: [],
        clusters: {}, binds: [], configuredReportings: [], meta: {},
    });
    const device = (id, type, of, manufacturer, name, model, power, endpoints) => ({
        id, type, ieeeAddr: of.ieee, nwkAddr: of.network, manufId: manufacturer, manufName: name, modelId: model,
        powerSource: power, epList: endpoints.map((e) => e.epId), interviewCompleted: true, meta: {}, lastSeen: Date.now(),
        endpoints: Object.fromEntries(endpoints.map((e) => [e.epId, e])), useImplicitCheckin: true,
    });
    const coordinator = {ieee: '0x00124b0000000000', network: 0};
    return [
        device(1, 'Coordinator', coordinator, 0, undefined, undefined, undefined, [endpoint(1, 260, 5, [])]),
        device(2, 'EndDevice', MOTION, 4107, 'Philips', 'SML001', 'Battery', [
            endpoint(2, 260, 263,
                ['genBasic', 'genPowerCfg', 'msIlluminanceMeasurement', 'msTemperatureMeasurement', 'msOccupancySensing']),
        ]),
        device(3, 'Router', BULB, 4476, 'IKEA of Sweden', 'TRADFRI bulb E27 W opal 1000lm', 'Mains (single phase)', [
            endpoint(1, 260, 257, ['genBasic', 'genOnOff', 'genLevelCtrl']),
        ]),
    ];
}

const SETTINGS = {
    version: 4,
    mqtt: {base_topic: 'zigbee2mqtt', server: `mqtt://127.0.0.1:${port}`},
    serial: {port: 'played', adapter: 'ember'},
    advanced: {log_output: ['console'], log_level: 'info', pan_id: 6754, ext_pan_id: [1, 2, 3, 4, 5, 6, 7, 8],
        network_key: [1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13], channel: 11, last_seen: 'ISO_8601'},
    availability: {enabled: true},
    frontend: {enabled: false},
    homeassistant: {enabled: false},
    devices: {
        [MOTION.ieee]: {friendly_name: 'hall_motion'},
        [BULB.ieee]: {friendly_name: 'hall_bulb'},
    },
};

let sequence = 0;

// A frame that a device sends, as the radio hands it on.
function frame(device, clusterId, command, payload) {
    sequence = (sequence + 1) % 256;
    const sent = Zcl.Frame.create(
        Zcl.FrameType.GLOBAL, Zcl.Direction.SERVER_TO_CLIENT, true, undefined, sequence, command, clusterId, payload, {});
    const data = sent.toBuffer();
    return {
        clusterID: clusterId, header: Zcl.Header.fromBuffer(data), data, address: device.network, endpoint: device.endpoint,
        linkquality: 120, groupID: 0, wasBroadcast: false, destinationEndpoint: 1,
    };
}

class Radio extends Adapter {
    async start() { return 'resumed'; }
    async stop() {}
    async getCoordinatorIEEE() { return '0x00124b0000000000'; }
    async getCoordinatorVersion() { return {type: 'played', meta: {}}; }
    async reset() {}
    async supportsBackup() { return false; }
    async getNetworkParameters() {
        return {panID: 6754, extendedPanID: '0x0102030405060708', channel: 11, nwkUpdateID: 0};
    }
    waitFor() { return {promise: new Promise(() => {}), cancel() {}}; }
    async sendZdo() { return [0, undefined]; }
    async permitJoin() {}
    async sendZclFrameToGroup() {}
    async sendZclFrameToAll() {}

    async sendZclFrameToEndpoint(ieee, _network, _endpoint, asked) {
        const answer = this.answer(ieee === BULB.ieee ? BULB : MOTION, asked);
        this.emit('zclPayload', answer);
        return answer;
    }

    answer(device, asked) {
        const {ID: clusterId, attributes} = asked.cluster;
        switch (asked.command.name) {
            case 'read': {
                const answers = asked.payload.map(({attrId}) => {
                    const [name, known] = Object.entries(attributes).find(([, one]) => one.ID === attrId) ?? [];
                    const attrData = device.attributes[name] ?? device.attributes[attrId];
                    if (attrData === undefined) return {attrId, status: Zcl.Status.UNSUPPORTED_ATTRIBUTE};
                    return {attrId, status: Zcl.Status.SUCCESS, dataType: known?.type ?? Zcl.DataType.UINT8, attrData};
                });
                return frame(device, clusterId, 'readRsp', answers);
            }
            case 'configReport':
                return frame(device, clusterId, 'configReportRsp', [{status: 0}]);
            case 'on':
            case 'off':
                bulb.onOff = asked.command.name === 'on' ? 1 : 0;
                break;
            case 'moveToLevelWithOnOff':
                bulb.onOff = asked.payload.level > 0 ? 1 : 0;
                bulb.currentLevel = asked.payload.level;
                break;
            default:
                return frame(device, clusterId, 'defaultRsp', {cmdId: asked.command.ID, statusCode: 0});
        }
        console.log(`> ${asked.command.name} ${JSON.stringify(bulb)}`);
        return frame(device, clusterId, 'defaultRsp', {cmdId: asked.command.ID, statusCode: 0});
    }
}

let radio;
Adapter.create = async (...options) => (radio = new Radio(...options));

const report = (device, name, attrId, dataType, attrData) =>
    radio.emit('zclPayload', frame(device, cluster(name), 'report', [{attrId, dataType, attrData}]));

const PLAYED = {
    'motion on': () => report(MOTION, 'msOccupancySensing', 0, Zcl.DataType.BITMAP8, 1),
    'motion off': () => report(MOTION, 'msOccupancySensing', 0, Zcl.DataType.BITMAP8, 0),
    'temperature 21.5': () => report(MOTION, 'msTemperatureMeasurement', 0, Zcl.DataType.INT16, 2150),
    'bulb off': () => {
        bulb.onOff = 0;
        report(BULB, 'genOnOff', 0, Zcl.DataType.BOOLEAN, 0);
    },
};

fs.writeFileSync(path.join(folder, 'configuration.yaml'), JSON.stringify(SETTINGS));
fs.writeFileSync(path.join(folder, 'database.db'), known().map((one) => JSON.stringify(one)).join('\n'));

const main = require.resolve('zigbee2mqtt');
const {Controller} = require(path.join(path.dirname(main), 'dist/controller'));
const controller = new Controller(async () => {}, async (code) => process.exit(code));
readline.createInterface({input: process.stdin})
    .on('line', (line) => PLAYED[line]())
    .on('close', () => controller.stop());
controller.start();
