// A TLS client or server on 127.0.0.1 that prints what it receives and each error.
//
//   node peer.mjs client PORT 1.2|1.3 CERT KEY     no certificate where both are ""
//   node peer.mjs server PORT 1.2|1.3 CERT KEY asks|""
//   node peer.mjs flood PORT 1.3 CERT KEY          refused clients that go on writing: one hundred
import fs from "node:fs";
import tls from "node:tls";

const [role, port, version, certificate, key, asks] = process.argv.slice(2);
const options = {
  host: "127.0.0.1",
  port: Number(port),
  minVersion: `TLSv${version}`,
  maxVersion: `TLSv${version}`,
  rejectUnauthorized: false,
  ...(certificate ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {}),
};

function client() {
  const socket = tls.connect(options, () => socket.write("top-secret-line\n"));
  socket.on("data", (bytes) => process.stdout.write(bytes));
  socket.on("error", (error) => console.log(error.code, error.message));
}

function server() {
  const listener = tls.createServer({ ...options, requestCert: asks === "asks" }, (socket) => {
    console.log("client certificate", socket.getPeerCertificate()?.raw?.toString("hex") ?? "none");
    socket.on("data", (bytes) => process.stdout.write(bytes));
    socket.on("error", (error) => console.log(error.code, error.message));
    socket.write("hello without a verdict\n");
  });
  listener.on("tlsClientError", (error) => console.log(error.code, error.message));
  listener.listen({ port: Number(port), host: "127.0.0.1" });
}

// Writes a little every millisecond until it fails; gives all that was read.
function floodOnce() {
  return new Promise((done) => {
    const read = [];
    let failure = "";
    const socket = tls.connect(options);
    const timer = setInterval(() => socket.writable && socket.write("still writing ".repeat(10)), 1);
    socket.on("data", (bytes) => read.push(bytes));
    socket.on("error", (error) => {
      failure ||= error.code;
      socket.destroy(); // node itself leaves it open as long as something is to be written
    });
    socket.on("close", () => {
      clearInterval(timer);
      done({ read: Buffer.concat(read).toString("latin1"), failure });
    });
  });
}

async function flood() {
  let good = 0;
  for (let run = 0; run < 100; run += 1) {
    const { read, failure } = await floodOnce();
    if (read.includes("not_authentic") && failure.includes("ALERT_ACCESS_DENIED")) good += 1;
    else console.log(`run ${run}: read ${JSON.stringify(read)}, failed with ${failure}`);
  }
  console.log(`${good} of 100`);
}

({ client, server, flood })[role]();
