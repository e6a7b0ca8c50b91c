// Runs the scenarios of this folder against the real binary. README.md tells how, and how they are written.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeConnections } from './client.mjs';
import { readScenario } from './format.mjs';
import { Server, killAll } from './server.mjs';
import { runScenario } from './steps.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? process.env[`PURSER_SCENARIOS_${name.slice(2).toUpperCase()}`] : process.argv[at + 1] ?? '';
};
const only = argument('--only');
const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith('.scenario') && (!only || name.includes(only)))
  .sort()
  .map((name) => readScenario(join(folder, name)));

if (process.argv.includes('--list')) {
  for (const { name, header } of scenarios) console.log(`${name.padEnd(44)} ${header.title}`);
} else {
  play();
}

// The server most scenarios share, and who asks it. Made when first needed.
let shared;
const sharedServer = () =>
  (shared ??= (async () => {
    const server = new Server();
    await server.start();
    return { server, keys: { ...server.makeMerchant(), other: server.makeKey('merchant') } };
  })());

async function playOne(scenario) {
  const { server: settings, merchant } = scenario.header;
  if (settings === undefined) {
    const { server, keys } = await sharedServer();
    return runScenario(scenario, server, merchant === 'own' ? { ...keys, ...server.makeMerchant() } : keys);
  }
  const server = new Server(settings.split(' ').slice(1));
  try {
    await server.start();
    await runScenario(scenario, server, { ...server.makeMerchant(), other: server.makeKey('merchant') });
  } finally {
    await server.end();
  }
  if (server.trouble.length > 0) throw new Error(`${server.trouble.join('\n')}\nits log: ${server.logFile}`);
}

function play() {
  const seconds = Number(process.env.PURSER_SCENARIOS_SECONDS ?? 120);
  describe('scenarios', { concurrency: Number(process.env.PURSER_SCENARIOS_JOBS ?? 4) }, () => {
    for (const scenario of scenarios)
      it(`${scenario.name}: ${scenario.header.title}`, { timeout: seconds * 1000, todo: scenario.header.todo ?? false }, () => playOne(scenario));
  });
  describe('afterwards', () => {
    it('the shared server ran to the end, stops when asked to, and logged no mistake of its own', async () => {
      if (!shared) return;
      const { server } = await shared;
      await server.end();
      if (server.trouble.length + server.errors.length > 0) throw new Error([...server.trouble, ...server.errors].join('\n'));
    });
  });
  after(() => (closeConnections(), killAll()));
}
