// The first fsync of the server fails with EIO, then the second, the third … until a visit needs no more. What could not be made
// durable is answered 503 and is not there, or is wholly there; nobody is charged for an intention that was not stored; and the
// same visit, repeated where it was refused, comes to the same.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import test from 'node:test';
import { checkBooks, groupBy, ledger, query, report, workspace } from '../proof/harness.mjs';
import { shimIsMissing, withShim } from './disk_shim.mjs';
import { checkAnswers, goThrough, inLanes, quiet, Run, summary } from './script.mjs';

// An outcome that could not be stored is found out when its reply is overdue, after 34 s.
const patienceMs = 60_000;
const passesInARow = 3;  // commits gather what waits, so two visits may sync a few times more or less

const failedSync = (text) => /disk shim: sync \d+ fails: (\S*)/.exec(text)?.[1];
const endsAtTheStart = (message) => /ended with 1 before it was ready/.test(message) && failedSync(message) !== undefined;

// What the processor was asked for was stored before.
async function checkIntentions(run) {
  const references = new Set((await query(run.server.database, 'select reference from payment_attempts')).map(({ reference }) => reference));
  for (const { kind, reference } of await ledger(run.sandbox.url))
    if (reference) assert.ok(references.has(reference), `${kind} under ${reference}, of which nothing is stored`);
}

async function visit(t, folder, n) {
  mkdirSync(folder);
  // After a refusal every second visit goes on with the next start, every other with the process it has.
  const onRefused = async (run, { json, headers, text }) => {
    assert.ok(json?.code === 'store_unavailable' && Number(headers['retry-after']) >= 1, text);
    await checkBooks(run.server.database);
    await checkIntentions(run);
    if (n % 2 === 0) await run.kill();
  };
  const run = await new Run(t, folder, { onRefused, patienceMs }).open();
  try {
    await run.start({ env: withShim({ DISK_SHIM_SYNC_FAILS_AT: `${n}` }), fatal: endsAtTheStart });
    await goThrough(run);
    await quiet(run);
    await checkIntentions(run);
    const came = await summary(run);
    const said = [...run.endings, run.server.errors].join('\n');
    // And all of it is on the disk: read by the next life.
    await run.kill();
    await checkAnswers(run);
    assert.equal((await run.server.stop()).code, 0);
    rmSync(folder, { recursive: true });
    return { came, file: failedSync(said), refused: run.refused.length, endedAtTheStart: run.endings.some(endsAtTheStart), said };
  } catch (error) {
    error.message = `sync ${n}, of ${failedSync([...run.endings, run.server?.errors].join('\n')) ?? 'none'}: ${error.message}`;
    throw error;
  } finally {
    await run.close();
  }
}

test('the nth fsync fails', async (t) => {
  const missing = shimIsMissing();
  if (missing) return t.skip(missing);
  const began = performance.now();
  const place = workspace(t);
  const { came: untouched } = await visit(t, place.path('untouched'), 0);
  const failed = [];
  let next = 1, passes = 0, refused = 0, starts = 0;
  await inLanes(() => passes < passesInARow, async () => {
    const n = next++;
    const { came, file, said, ...told } = await visit(t, place.path(`at-${n}`), n);
    assert.deepEqual(came, untouched, `after sync ${n} of ${file} failed it came to something else`);
    if (file === undefined) return void ++passes;
    passes = 0;
    // SQLite syncs the folder once, after making a file in it, and does not look at what comes of it.
    const noticed = file === 'data' || told.refused > 0 || told.endedAtTheStart || said.includes('store trouble') || said.includes('could not be moved');
    assert.ok(noticed, `sync ${n} of ${file} failed and nobody noticed`);
    failed.push({ file });
    refused += told.refused;
    starts += told.endedAtTheStart;
  });
  assert.ok(refused > 0, 'no client was ever refused');
  const byFile = Object.fromEntries([...groupBy(failed, ({ file }) => file)].map(([file, all]) => [file, all.length]));
  report(t, { 'syncs failed': failed.length, ...byFile, 'answered 503': refused, 'did not start': starts, seconds: (performance.now() - began) / 1000 });
  place.passed();
});
