// Stripe's own client, unchanged, against `purser sandbox`. The cases are the sandbox's (sandbox/tests/stripe_client.test.mjs);
// here they get a running sandbox and the client from tools/npm.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { root, startSandbox } from './harness.mjs';

if (existsSync(join(root, 'tools/npm/node_modules/stripe'))) process.env.PURSER_STRIPE_MODULE ??= createRequire(join(root, 'tools/npm/package.json')).resolve('stripe');

const folder = mkdtempSync(join(tmpdir(), 'purser-proof-'));
const sandbox = await startSandbox(undefined, { data: join(folder, 'sandbox') });
process.env.PURSER_SANDBOX_URL = sandbox.url;
after(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

await import(join(root, 'sandbox/tests/stripe_client.test.mjs'));
