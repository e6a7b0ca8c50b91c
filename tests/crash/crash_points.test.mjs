// The server ends, as by kill -9, at the first point at which it can, at the second, at the third … until a visit passes without.
// Whatever the point, the visit comes to the same: no answer is lost or changed, nobody is charged twice, no line of the
// processor's ledger is other than when nothing strikes.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { groupBy, range, report, root, workspace } from '../proof/harness.mjs';
import { checkAnswers, goThrough, inLanes, quiet, Run, summary } from './script.mjs';
import { lasting } from './minutes.mjs';

// Less than the janitor waits for a reply that may still come (34 s here): only a start that takes up what it finds is that quick.
const patienceMs = 25_000;
// Commits gather what waits, and webhooks come when they come: the last points of one run may not be there in the next.
const passesInARow = 3;

let pointsOfAVisit = 150;  // until it is known

const lastWords = (text) => /crash point (\d+): (.+)/.exec(text)?.slice(1);

// The names of all points in the code, so that a new one must be covered.
function namesInTheCode() {
  const names = new Set();
  for (const folder of ['platform', 'contexts', 'app'])
    for (const file of readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.cpp') && !name.includes('tests/')))
      for (const [, name] of readFileSync(join(root, folder, file), 'utf8').matchAll(/pass_crash_point\("([^"]+)"\)/g)) names.add(name);
  return names;
}

// One visit whose server ends at point `first`, and its successor at point `second`, where one is given.
async function visit(t, folder, first, second) {
  mkdirSync(folder);
  const run = await new Run(t, folder, { patienceMs }).open();
  try {
    await run.start({ env: { PURSER_CRASH_AT: `${first}` }, fatal: lastWords, next: second && { env: { PURSER_CRASH_AT: `${second}` }, fatal: lastWords } });
    await goThrough(run);
    await quiet(run);
    await checkAnswers(run);
    const came = await summary(run);
    assert.equal((await run.server.stop()).code, 0);
    rmSync(folder, { recursive: true });
    return { came, hit: run.endings.map(lastWords) };
  } catch (error) {
    error.message = `crash point ${first}${second ? ` and then ${second}` : ''} (${run.endings.map(lastWords).join('; ') || 'not reached'}): ${error.message}`;
    throw error;
  } finally {
    await run.close();
  }
}

const countByName = (hits) => Object.fromEntries([...groupBy(hits, ([, name]) => name)].map(([name, all]) => [name, all.length]));

test('kill -9 at every crash point', async (t) => {
  const began = performance.now();
  const place = workspace(t);
  const { came: untouched } = await visit(t, place.path('untouched'), 0);
  const hits = [];
  let next = 1, passes = 0;
  await inLanes(() => passes < passesInARow, async () => {
    const n = next++;
    const { came, hit } = await visit(t, place.path(`at-${n}`), n);
    assert.deepEqual(came, untouched, `after crash point ${n} (${hit}) it came to something else`);
    passes = hit.length === 0 ? passes + 1 : 0;
    hits.push(...hit);
  });

  pointsOfAVisit = Math.max(...hits.map(([number]) => Number(number)));
  assert.deepEqual(new Set(hits.map(([, name]) => name)), namesInTheCode(), 'a named point was never passed, or has a name nobody wrote');
  report(t, { visits: next - 1, 'points hit': hits.length, ...countByName(hits), seconds: (performance.now() - began) / 1000 });
  place.passed();
});

// Recovery is struck too: the life after the first crash ends at a point of its own.
test('kill -9 at a crash point, and again while it recovers', async (t) => {
  const place = workspace(t);
  const { came: untouched } = await visit(t, place.path('untouched'), 0);
  const hits = [];
  let visits = 0;
  const goOn = lasting({ atLeast: 16, share: 0.3 });
  await inLanes(() => goOn(visits), async () => {
    const [first, second] = [1 + Math.floor(Math.random() * pointsOfAVisit), 1 + Math.floor(Math.random() * 30)];
    const { came, hit } = await visit(t, place.path(`twice-${visits++}`), first, second);
    assert.deepEqual(came, untouched, `after crash points ${first} and ${second} (${hit.join('; ')}) it came to something else`);
    hits.push(...hit);
  });
  report(t, { visits, kills: hits.length, ...countByName(hits) });
  place.passed();
});
