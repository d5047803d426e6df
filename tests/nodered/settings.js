// Node-RED without its editor, on nothing but loopback.
module.exports = {
    uiHost: '127.0.0.1',
    uiPort: Number(process.env.HTTP_PORT),
    flowFile: process.env.FLOWS,
    httpAdminRoot: false,
    httpNodeRoot: false,
    credentialSecret: false,
    logging: {console: {level: 'info'}},
    telemetry: {enabled: false},
};
