// The attester's side of ratls frames for node's own tls module: no package, no client certificate.
//
// The bytes are those of docs/protocol.md: sections 3 (evidence), 4 (REPORT_DATA), 5 (B_p) and 8
// (frames). What it needs of the guest is one function: 64 bytes of REPORT_DATA in, the report and
// its VCEK out.

import { createHash, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';

const DATA = 0, REQUEST = 1, EVIDENCE = 2, VERDICT = 3;
const LONGEST = [16384, 64, 8192, 1024];
const CLIENT_AFTER_HANDSHAKE = 2, LEVEL_EXPORTER = 3, SHA384 = 7;
const MOST_HELD = 1 << 20;

const hash = (name, ...parts) => parts.reduce((h, part) => h.update(part), createHash(name)).digest();

// -- Deterministic CBOR: only what evidence is made of ----------------------------------------

function head(major, value) {
  const kind = major << 5;
  if (value < 24) return Buffer.from([kind | value]);
  if (value < 256) return Buffer.from([kind | 24, value]);
  return Buffer.from([kind | 25, value >> 8, value & 255]);
}
const uint = (value) => head(0, value);
const bytes = (value) => Buffer.concat([head(2, value.length), value]);
const text = (value) => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
const array = (...items) => Buffer.concat([head(4, items.length), ...items]);
const map = (...pairs) => Buffer.concat([head(5, pairs.length / 2), ...pairs]);

// -- Evidence -----------------------------------------------------------------------------------

// A client without a certificate has the empty string for a key, and says so in its claims.
const noKey = hash('sha384');

function claimsFor(socket, ctx) {
  const context = Buffer.concat([ctx, Buffer.from([CLIENT_AFTER_HANDSHAKE]), noKey]);
  const binder = socket.exportKeyingMaterial(48, 'EXPERIMENTAL-ratls-v1-post', context);
  return map(
    text('nonce'), bytes(binder),
    text('ratls'), array(uint(1), uint(CLIENT_AFTER_HANDSHAKE), uint(LEVEL_EXPORTER)),
    text('pubkey-hash'), bytes(array(uint(SHA384), bytes(noKey))));
}

async function evidenceFor(socket, ctx, getReport) {
  const claims = claimsFor(socket, ctx);
  const leaf = hash('sha384', Buffer.from([0]), claims);  // alone in its tree: also the root
  const { report, vcek } = await getReport(hash('sha512', 'RATLS-SNP-v1', Buffer.from([0]), leaf));
  const vouched = vcek ? [uint(2), array(text('application/pkix-cert'), bytes(vcek), uint(2))] : [];
  return map(
    uint(1), array(text('application/vnd.amd.sev-snp.attestation-report'), bytes(report), uint(4)),
    ...vouched,
    uint(3), array(text('application/vnd.ratls.claims+cbor'), bytes(claims), uint(4)));
}

// -- Frames ---------------------------------------------------------------------------------------

function frame(type, body) {
  const header = Buffer.from([type, body.length >> 16, (body.length >> 8) & 255, body.length & 255]);
  return Buffer.concat([header, body]);
}

function readRequest(body) {
  const shaped = body.length === 36 && body.subarray(0, 3).toString('hex') === '825820';
  if (!shaped || body[35] > 23) throw new Error('malformed_frame: not a REQUEST');
  if (body[35] > LEVEL_EXPORTER) throw new Error(`level_unavailable: level ${body[35]}`);
  return body.subarray(3, 35);
}

function readVerdict(body) {
  let at = 0;
  const next = (major) => {
    const info = body[at] & 31, longer = info === 24 ? 1 : info === 25 ? 2 : 0;
    if (body[at] >> 5 !== major || info > 25 || at + longer >= body.length) {
      throw new Error('malformed_frame: not a VERDICT');
    }
    const value = longer ? body.readUIntBE(at + 1, longer) : info;
    at += 1 + longer;
    return value;
  };
  const words = () => {
    const size = next(3);
    if (at + size > body.length) throw new Error('malformed_frame: not a VERDICT');
    return body.subarray(at, at += size).toString('latin1').replace(/[^ -~]/g, '?');
  };
  if (next(4) !== 3) throw new Error('malformed_frame: not a VERDICT');
  return { code: next(0), reason: words(), hint: words() };
}

/// Does the server hold the key that is pinned? The only thing that says who it is.
export function holdsPin(socket, pin) {
  const key = socket.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' });
  const wanted = Buffer.from(pin.replace(/^sha256\/\//, ''), 'base64');
  return wanted.length === 32 && timingSafeEqual(hash('sha256', key), wanted);
}

/// A channel over a connected TLS 1.3 socket whose server is the right one (see holdsPin).
/// getReport(reportData) gives, or promises, { report: 1184 bytes, vcek: DER or null }.
/// Events: 'accepted' (the server accepted this guest), 'data' (Buffer), 'end', 'error'. Nothing is
/// delivered before an acceptance.
export class Channel extends EventEmitter {
  #socket; #getReport; #rest = Buffer.alloc(0); #held = []; #heldSize = 0;
  #mustBeAsked = true; #asked = false; #verdictDue = false; #used = new Set(); #over = false;

  constructor(socket, getReport) {
    super();
    this.#socket = socket;
    this.#getReport = getReport;
    socket.on('data', (chunk) => this.#guard(() => this.#take(chunk)));
    socket.on('end', () => this.#guard(() => this.#end()));
    socket.on('error', (error) => this.#fail(error));
  }

  /// Sends application bytes; those that come while evidence is due are sent after it.
  write(data) {
    for (let at = 0; at < data.length; at += 16380) {
      const one = frame(DATA, data.subarray(at, at + 16380));
      if (!this.#mustBeAsked && !this.#asked) { this.#socket.write(one); continue; }
      this.#heldSize += one.length;
      if (this.#heldSize > MOST_HELD) throw new Error('held_data_limit');
      this.#held.push(one);
    }
  }

  end() { this.#over = true; this.#socket.end(); }

  #take(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4 && !this.#socket.destroyed) {
      const type = this.#rest[0], size = this.#rest.readUIntBE(1, 3);
      if (type > VERDICT) throw new Error('framing_mismatch: the server is plain');
      if (size > LONGEST[type]) throw new Error(`malformed_frame: type ${type} of ${size} bytes`);
      if (this.#rest.length < 4 + size) return;
      const body = this.#rest.subarray(4, 4 + size);
      this.#rest = this.#rest.subarray(4 + size);
      [this.#data, this.#request, this.#unsolicited, this.#verdict][type].call(this, body);
    }
  }

  #data(body) {
    if (this.#mustBeAsked) throw new Error('evidence_not_requested: DATA came first');
    if (this.#asked || this.#verdictDue) throw new Error('frame_out_of_order: DATA before VERDICT');
    this.emit('data', body);
  }

  #unsolicited() { throw new Error('unsolicited_evidence'); }

  #request(body) {
    const ctx = Buffer.from(readRequest(body)), name = ctx.toString('hex');
    if (this.#asked || this.#verdictDue) throw new Error('duplicate_request');
    if (this.#used.has(name)) throw new Error('context_reused');
    this.#used.add(name);
    this.#mustBeAsked = false;
    this.#asked = true;
    this.#answer(ctx).catch((error) => this.#fail(error));
  }

  async #answer(ctx) {
    const evidence = await evidenceFor(this.#socket, ctx, this.#getReport);
    const body = array(bytes(ctx), evidence);  // the evidence lies in it as it is
    if (body.length > LONGEST[EVIDENCE]) throw new Error('malformed_evidence: too long');
    this.#socket.write(frame(EVIDENCE, body));
    this.#asked = false;
    this.#verdictDue = true;
    for (const one of this.#held.splice(0)) this.#socket.write(one);
    this.#heldSize = 0;
  }

  #verdict(body) {
    const { code, reason, hint } = readVerdict(body);
    if (code === 3) throw new Error(`cannot_judge_now: ${reason}`);
    if (code !== 0) throw new Error(`peer_refused: ${reason}${hint ? ` (${hint})` : ''}`);
    if (!this.#verdictDue) throw new Error('frame_out_of_order: a VERDICT over nothing');
    this.#verdictDue = false;
    this.emit('accepted');
  }

  #end() {
    if (this.#mustBeAsked) throw new Error('evidence_not_requested: the server closed instead');
    if (this.#asked || this.#verdictDue) throw new Error('verdict_missing');
    if (this.#rest.length > 0) throw new Error('truncated_stream');
    this.#over = true;
    this.emit('end');
  }

  #guard(step) { try { step(); } catch (error) { this.#fail(error); } }

  #fail(error) {
    if (this.#over) return;
    this.#over = true;
    this.#socket.destroy();
    this.emit('error', error);
  }
}
