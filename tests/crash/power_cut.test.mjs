// The power goes, again and again: the server works on a file system of its own in an image file; under load all its threads are
// stopped, the image is copied as it is then, with what was synced and without what was not, and the next server starts on the copy.
// Nothing that was acknowledged may be missing there, and our books must equal the processor's, which lives on.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { checkBooks, compareWithLedger, ledger, pause, query, range, report, serve, startSandbox, until, workspace } from '../proof/harness.mjs';
import { checkAcknowledged, closeShop, goShopping, Shop, shoppers } from '../proof/shop.mjs';
import { lasting } from './minutes.mjs';

const run = promisify(execFile);
const cutsAtLeast = 12;
const imageBytes = 512 << 20;  // sparse: what is not written takes no room

const mountThen = ['unshare', '--mount', 'sh', '-c', 'mount -o loop "$0" "$1" && shift && exec "$@"'];

function makeImage(image) {
  writeFileSync(image, '');
  truncateSync(image, imageBytes);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
}

// Why it cannot be done here; nothing where it can.
function isNotPossible(place, folder) {
  if (process.getuid() !== 0) return 'mounting a file system needs root';
  try {
    makeImage(place.path('trial'));
    const [command, ...args] = [...mountThen, place.path('trial'), folder, 'true'];
    execFileSync(command, args, { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no file system can be mounted from a file: ${String(error.stderr || error.message).trim()}`;
  }
}

// A file as the server's namespace shows it.
const seenBy = (server, file) => join(`/proc/${server.pid}/root`, file);
const stateOf = (server, thread) => /\) (\S)/.exec(readFileSync(`/proc/${server.pid}/task/${thread}/stat`, 'utf8'))[1];

// All threads, also one that waits for the disk: it stops when the disk has answered.
async function freeze(server) {
  server.signal('SIGSTOP');
  const moving = () => readdirSync(`/proc/${server.pid}/task`).filter((thread) => stateOf(server, thread) !== 'T');
  await until('all threads stand still', 20_000, () => moving().length === 0, moving);
}

// Stands the server still and gives a copy of what its disk holds.
async function copyDisk(server, image, copy, canary) {
  // Written and not synced, as a program does that trusts the cache: it must be missing in the copy, or this cuts nothing.
  writeFileSync(seenBy(server, canary), Buffer.alloc(1 << 16, 'x'));
  await freeze(server);
  await run('cp', ['--sparse=always', image, copy]);
}

const lostCanary = (server, canary) => !existsSync(seenBy(server, canary)) || statSync(seenBy(server, canary)).size === 0;

// Whatever was acknowledged up to now is there, by id; what it has become is compared at the end.
async function countLost(shop, database) {
  const ids = shop.acknowledged.flatMap(({ json }) => [json.id, json.order?.id, json.payment?.id].filter(Boolean));
  const there = new Set((await query(database, 'select id from orders union all select id from payments union all select id from refunds')).map(({ id }) => id));
  return ids.filter((id) => !there.has(id)).length;
}

test('power cuts under load', async (t) => {
  const began = performance.now();
  const place = workspace(t);
  const folder = place.path('disk'), data = join(folder, 'data');
  mkdirSync(folder);
  const why = isNotPossible(place, folder);
  if (why) {
    place.passed();
    return t.skip(why);
  }
  const sandbox = await startSandbox(t, { data: place.path('sandbox'), args: ['--delay-ms', '5'] });
  let image = place.path('image-0');
  makeImage(image);
  const start = () =>
    serve(t, { data, sandbox, log: place.path('server.log'), wrap: [...mountThen, image, folder], env: { PURSER_PROCESSOR_TOTAL_TIMEOUT_MS: '3000' } });
  const booksOf = (server) => ({ file: server.database, enter: ['nsenter', '--target', `${server.pid}`, '--mount'] });

  const shop = new Shop(t);
  let server = await start();
  shop.isUp(server);
  const shopping = Promise.all(range(shoppers).map(() => goShopping(shop)));
  shopping.catch(() => (shop.open = false));
  const goOn = lasting({ atLeast: cutsAtLeast, share: 0.35 });
  let cuts = 0, canariesLost = 0, lost = 0;
  while (goOn(cuts) && shop.open) {
    await pause(150 + Math.random() * 600);
    const copy = place.path(`image-${++cuts}`), canary = join(folder, `canary-${cuts}`);
    await copyDisk(server, image, copy, canary);
    shop.isDown();
    server.signal('SIGKILL');
    await server.exit;
    rmSync(image);
    image = copy;
    server = await start();
    canariesLost += lostCanary(server, canary);
    lost += await countLost(shop, booksOf(server));
    assert.equal(lost, 0, `${lost} acknowledged orders, payments or refunds are gone after cut ${cuts}`);
    shop.isUp(server);
  }
  shop.open = false;
  await shopping;
  assert.equal(canariesLost, cuts, 'what was not synced outlived a cut: the copy is not what a power cut leaves');

  const { setAside } = await closeShop(shop, booksOf(server));
  await checkAcknowledged(shop);
  await checkBooks(booksOf(server));
  const lines = await ledger(sandbox.url);
  const compared = await compareWithLedger(booksOf(server), lines);
  assert.ok(shop.acknowledged.length > cuts && shop.lostAnswers > 0, 'there was no load to speak of');
  assert.equal((await server.stop()).code, 0);
  shop.client.close();
  report(t, {
    cuts,
    acknowledged: shop.acknowledged.length,
    'acknowledged and lost': lost,
    'unsynced files lost': canariesLost,
    'cut requests': shop.lostAnswers,
    'set aside': setAside,
    payments: compared.payments,
    'ledger lines': lines.length,
    seconds: (performance.now() - began) / 1000,
  });
  place.passed();
});
