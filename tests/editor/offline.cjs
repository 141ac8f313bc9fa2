// Loaded into the server before anything else: whoever asks for the network fails, and is noted.
const fs = require('fs');
const net = require('net');
const dns = require('dns');

function refuse(what) {
  fs.appendFileSync(process.env.OFFLINE_LOG, what + '\n');
  throw new Error('there is no network here: ' + what);
}

net.Socket.prototype.connect = () => refuse('connect');
dns.lookup = (name) => refuse('lookup ' + name);
