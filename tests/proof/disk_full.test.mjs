// The disk fills up, or refuses writes, under a running server: it says 503, asks no processor, leaves nothing half-done, still
// reads, and goes on by itself once there is room.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { shimIsMissing, withShim } from '../crash/disk_shim.mjs';
import { anOrder, checkBooks, Client, compareWithLedger, inParallel, ledger, query, range, report, serve, settled, startSandbox, until, workspace } from './harness.mjs';

function works(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const needsRoot = 'a mount namespace and a tmpfs in it need root';

// A disk of 16 MB of its own, in a mount namespace of the server's own: full when a file takes the rest of it.
const smallDisk = {
  missing: (folder) => (works('unshare', '--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder) ? undefined : needsRoot),
  wrap: (folder) => ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"', folder],
  // The server's database, from where we stand.
  database: (server) => ({ file: server.database, enter: ['nsenter', '--target', `${server.pid}`, '--mount'] }),
  fill(server, folder) {
    const file = openSync(join(`/proc/${server.pid}/root`, folder, 'filler'), 'w');
    for (const piece of [1 << 20, 1 << 12, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(piece));
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
      }
    }
    closeSync(file);
  },
  free: (server, folder) => rmSync(join(`/proc/${server.pid}/root`, folder, 'filler')),
};

// A limit on the size of files: every write fails with EFBIG, as on a disk that is broken for writing.
const brokenDisk = {
  missing: () => (works('prlimit', '--version') ? undefined : 'there is no prlimit'),
  wrap: () => ['sh', '-c', 'trap "" XFSZ; exec "$@"', 'sh'],
  database: (server) => server.database,
  fill: (server) => execFileSync('prlimit', ['--pid', `${server.pid}`, '--fsize=0:unlimited']),
  free: (server) => execFileSync('prlimit', ['--pid', `${server.pid}`, '--fsize=unlimited:unlimited']),
};

// Room for everything but one file: `suffix` is how its name ends.
const fullFor = (suffix) => ({
  missing: shimIsMissing,
  wrap: () => [],
  env: (folder) => withShim({ DISK_SHIM_FULL: suffix, DISK_SHIM_FULL_WHILE: join(folder, 'full') }),
  database: (server) => server.database,
  fill: (_, folder) => writeFileSync(join(folder, 'full'), ''),
  free: (_, folder) => rmSync(join(folder, 'full')),
});

const isUnavailable = ({ status, json, headers }) => status === 503 && json?.code === 'store_unavailable' && Number(headers['retry-after']) >= 1;

async function proof(t, disk) {
  const place = workspace(t);
  const folder = place.path('disk');
  mkdirSync(folder);
  const missing = disk.missing(folder);
  if (missing) {
    place.passed();
    return t.skip(missing);
  }
  const sandbox = await startSandbox(t, { data: place.path('sandbox') });
  const server = await serve(t, { data: join(folder, 'data'), sandbox, log: place.path('server.log'), wrap: disk.wrap(folder), env: disk.env?.(folder) });
  const database = disk.database(server);
  const client = new Client(server.url, server.key, 16);
  const count = 40;
  const orders = await inParallel(range(count), 8, (at) => client.make('/orders', anOrder(1000 + at)));
  await client.make('/payments', { order_id: orders[0].id, payment_method: 'pm_card_visa' });
  await settled(database, 10_000);

  // Room that was set aside before (a log that is used again) may serve a few writes more.
  disk.fill(server, folder);
  const madeWhileFilling = [], refusedWhileFilling = [];
  for (let at = 0, inARow = 0; inARow < 20; ++at) {
    assert.ok(at < 5_000, 'the disk is full and the server does not notice');
    const answer = await client.post('/orders', anOrder(77, { client_reference: `filling-${at}` }), `filling-${at}`);
    inARow = isUnavailable(answer) ? inARow + 1 : 0;
    assert.ok(answer.status === 201 || isUnavailable(answer), `${answer.status} ${answer.text}`);
    (answer.status === 201 ? madeWhileFilling : refusedWhileFilling).push(`filling-${at}`);
  }
  const before = await ledger(sandbox.url);

  const pay = ({ id }) => client.post('/payments', { order_id: id, payment_method: 'pm_card_visa' }, `pay-${id}`);
  const checkOut = (at) => client.post('/checkout', { ...anOrder(2000 + at), payment_method: 'pm_card_visa' }, `checkout-${at}`);
  const refused = [...(await inParallel(orders.slice(1), 16, pay)), ...(await inParallel(range(20), 16, checkOut))];
  assert.deepEqual(refused.filter((answer) => !isUnavailable(answer)).map(({ status, text }) => `${status} ${text}`), []);
  assert.deepEqual(await ledger(sandbox.url), before, 'the processor was asked though the intent could not be stored');

  assert.equal((await client.get(`/orders/${orders[3].id}`)).status, 200, 'reading goes on');
  assert.equal((await client.get('/livez')).status, 200);
  await until('not ready', 5_000, async () => (await client.get('/readyz')).status === 503);

  disk.free(server, folder);
  await until('ready again', 10_000, async () => (await client.get('/readyz')).status === 200);
  const references = new Set((await client.list('/orders')).map(({ client_reference }) => client_reference).filter(Boolean));
  assert.deepEqual(references, new Set(madeWhileFilling), 'exactly the orders that were acknowledged are there');
  assert.equal((await query(database, 'select count(*) n from payments'))[0].n, 1, 'a payment was half made');

  // The same keys again: carried out now, once.
  const done = [...(await inParallel(orders.slice(1), 16, pay)), ...(await inParallel(range(20), 16, checkOut))];
  assert.deepEqual(done.filter(({ status }) => status !== 201 && status !== 200).map(({ text }) => text), []);
  for (const key of refusedWhileFilling.slice(-5)) assert.equal((await client.post('/orders', anOrder(77, { client_reference: key }), key)).status, 201);
  await settled(database, 20_000);
  await checkBooks(database);
  const lines = await ledger(sandbox.url);
  await compareWithLedger(database, lines);
  assert.equal(lines.filter(({ kind }) => kind === 'charged').length, count);
  assert.equal(lines.filter(({ kind }) => kind === 'authorized').length, 20);
  client.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, 'the same process, to the end');
  report(t, { 'answered 503': refused.length + refusedWhileFilling.length, 'stored in what was left': madeWhileFilling.length });
  place.passed();
}

test('the disk is full', (t) => proof(t, smallDisk));
test('the disk refuses every write', (t) => proof(t, brokenDisk));
test('the write-ahead log has no room', (t) => proof(t, fullFor('purser.db-wal')));

// Commits need the log alone: while only the database cannot grow they go on, the log grows, and empties when there is room again.
test('the database has no room, the log has', async (t) => {
  const disk = fullFor('purser.db');
  const missing = disk.missing();
  if (missing) return t.skip(missing);
  const place = workspace(t);
  const folder = place.path('disk');
  mkdirSync(folder);
  const sandbox = await startSandbox(t, { data: place.path('sandbox') });
  const start = () => serve(t, { data: join(folder, 'data'), sandbox, log: place.path('server.log'), env: disk.env(folder) });
  let server = await start();
  const client = new Client(server.url, server.key, 16);
  const checkOut = (at) => client.post('/checkout', { ...anOrder(2000 + at), payment_method: 'pm_card_visa' }, `checkout-${at}`);
  disk.fill(server, folder);
  const refusedToGrow = () => server.errors.includes('the write-ahead log could not be moved into the database');
  const told = [];
  while (!refusedToGrow()) {
    assert.ok(told.length < 5_000, 'the log never had to be moved');
    told.push(...(await inParallel(range(50), 16, (at) => checkOut(told.length + at))));
  }
  assert.deepEqual(told.filter(({ status }) => status !== 200).map(({ text }) => text), [], 'there was room for every commit');
  assert.equal((await client.get('/readyz')).status, 200);
  const sizeBefore = statSync(server.database).size;
  disk.free(server, folder);
  await until('the log is moved', 20_000, async () => {
    told.push(...(await inParallel(range(50), 16, (at) => checkOut(told.length + at))));
    return statSync(server.database).size > sizeBefore;
  });
  await settled(server.database, 20_000);
  await checkBooks(server.database);
  await compareWithLedger(server.database, await ledger(sandbox.url));
  client.close();
  server.signal('SIGKILL');
  await server.exit;
  server = await start();
  const again = new Client(server.url, server.key, 16);
  await inParallel(told, 16, async ({ json }) => assert.equal((await again.get(`/orders/${json.order.id}`)).status, 200));
  again.close();
  assert.equal((await server.stop()).code, 0);
  report(t, { 'stored while the database could not grow': told.length });
  place.passed();
});
