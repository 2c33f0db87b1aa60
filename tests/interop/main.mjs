// main.mjs KILN FOLDER: starts the server on a free port, in memory, and asks it through each client found in FOLDER/node_modules.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { webcrypto } from 'node:crypto';

import { report } from './check.mjs';
import fhirKitClient from './fhir_kit_client.mjs';
import fhirclient from './fhirclient.mjs';

const [kiln, folder] = process.argv.slice(2);
const require = createRequire(join(resolve(folder), 'package.json'));
globalThis.crypto ??= webcrypto; // node 18 has it, but not there

// Resolves to the base URL once the server says it.
function start() {
  const server = spawn(kiln, ['serve', '--memory', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const base = new Promise((done, fail) => {
    let text = '';
    server.stdout.on('data', (piece) => {
      text += piece;
      const found = /serves (http:\/\/\S+)/.exec(text);
      if (found) done(found[1]);
    });
    server.on('exit', (code) => fail(new Error(`the server stopped (${code}) before it served: ${text}`)));
    server.on('error', fail);
  });
  return { server, base };
}

const { server, base } = start();
const limit = setTimeout(() => {
  console.error('interop: not done after 60 seconds');
  server.kill('SIGKILL');
  process.exit(1);
}, 60_000);
let good = false;
try {
  const url = await base;
  await fhirKitClient(require('fhir-kit-client'), url);
  await fhirclient(require('fhirclient'), url);
  good = report();
} finally {
  clearTimeout(limit);
  const stopped = new Promise((done) => server.once('exit', (code) => done(code)));
  server.kill('SIGTERM');
  const code = await stopped;
  if (code !== 0) {
    console.error(`the server ended with ${code}`);
    good = false;
  }
}
process.exit(good ? 0 : 1);
