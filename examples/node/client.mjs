// A guest that runs on node and attests itself without a TLS client certificate.
//
//   node client.mjs --connect HOST:PORT --pin sha256//... --report-command COMMAND
//                   [--vcek FILE] [--line TEXT]... [--deadline SECONDS]
//
// COMMAND is run with 128 hex digits of REPORT_DATA behind it and writes the 1184 bytes of a report
// to standard output. With the simulator, which proves nothing:
//
//   ratls sim report sim --out /dev/null --endorsement-out vcek.der
//   node client.mjs ... --report-command 'ratls sim report sim --out - --report-data' --vcek vcek.der
//
// Exit codes: 0 answered, 64 usage, 69 unavailable, 77 refused by the server.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { parseArgs, promisify } from 'node:util';

import { Channel, holdsPin } from './ratls.mjs';

const string = { type: 'string' };

function usage(what) {
  console.error(`client.mjs: ${what}; the head of this file says how it is called`);
  process.exit(64);
}

function readArguments() {
  const options = { connect: string, pin: string, 'report-command': string, vcek: string,
    line: { type: 'string', multiple: true, default: ['hello'] },
    deadline: { type: 'string', default: '30' } };
  try {
    const { values } = parseArgs({ options });
    for (const name of ['connect', 'pin', 'report-command']) {
      if (!values[name]) usage(`--${name} is missing`);
    }
    return values;
  } catch (error) {
    return usage(error.message);
  }
}

function leave(code, what) {
  console.error(`client.mjs: ${what}`);
  process.exit(code);
}

const given = readArguments();
const [program, ...words] = given['report-command'].split(' ');
const getReport = async (reportData) => {
  const run = promisify(execFile)(program, [...words, reportData.toString('hex')],
    { encoding: 'buffer', timeout: 15000 });
  const { stdout } = await run;
  if (stdout.length !== 1184) throw new Error(`a report of ${stdout.length} bytes`);
  return { report: stdout, vcek: given.vcek ? readFileSync(given.vcek) : null };
};

const colon = given.connect.lastIndexOf(':');
const socket = tls.connect({
  host: given.connect.slice(0, colon), port: Number(given.connect.slice(colon + 1)),
  minVersion: 'TLSv1.3',
  rejectUnauthorized: false,  // no CA knows the server: its pinned key does, below
});
setTimeout(() => leave(69, 'handshake_timeout'), Number(given.deadline) * 1000).unref();
socket.on('error', (error) => leave(69, error.message));
socket.once('secureConnect', () => {
  if (!holdsPin(socket, given.pin)) leave(69, 'pin_mismatch: this is not the server that is pinned');
  const channel = new Channel(socket, getReport);
  const lines = [...given.line];
  const say = () => (lines.length > 0 ? channel.write(Buffer.from(lines.shift())) : channel.end());
  channel.once('accepted', say);
  channel.on('data', (answer) => { console.log(answer.toString()); say(); });
  channel.on('end', () => { if (lines.length > 0) leave(69, 'the server ended early'); });
  channel.on('error', (error) => leave(error.message.startsWith('peer_refused') ? 77 : 69, error.message));
});
