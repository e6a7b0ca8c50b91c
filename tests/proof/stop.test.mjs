// SIGTERM under load: no longer ready, what was asked is answered, exit 0, and the next start has everything.
import assert from 'node:assert/strict';
import test from 'node:test';
import { aCheckout, checkBooks, Client, compareWithLedger, inParallel, ledger, query, range, report, serve, settled, startSandbox, until, Wire, workspace } from './harness.mjs';

const readyMsMax = 15_000;  // the figure itself is for the report; a build with sanitizers is slow
const clients = 24;

test('SIGTERM under load', async (t) => {
  const place = workspace(t);
  const sandbox = await startSandbox(t, { data: place.path('sandbox'), args: ['--delay-ms', '1000'] });
  const data = place.path('data');
  const server = await serve(t, { data, sandbox });
  const residentMb = server.residentKb() / 1024;
  const client = new Client(server.url, server.key, clients);
  assert.equal((await client.get('/readyz')).status, 200);

  const answered = [], failed = [];
  let inFlight = 0;
  const checkOut = async (at, turn) => {
    inFlight += 1;
    await client.post('/checkout', aCheckout(1000 + at), `stop-${at}-${turn}`).then((answer) => answered.push(answer), (error) => failed.push(error.message));
    inFlight -= 1;
  };
  const wave = (turn) => Promise.all(range(clients).map((at) => checkOut(at, turn)));
  await wave(0);
  await wave(1);

  // A probe that is half sent is the one client sure to be answered after the signal.
  const probe = new Wire(server.url);
  await probe.opened;
  probe.send('GET /readyz HTTP/1.1\r\nHost: x\r\n');
  const load = wave(2);
  await until('the last wave is with the processor', 10_000, async () => (await query(server.database, "select count(*) n from payment_attempts where status = 'SENT'"))[0].n === clients);
  const waiting = inFlight;
  const signalled = performance.now();
  server.signal('SIGTERM');
  await until('it says that it stops', 10_000, () => server.errors.includes('"stopping"'));
  probe.send('\r\n');
  await probe.holds('draining');
  assert.deepEqual(probe.statuses(), [503]);

  await load;
  assert.deepEqual(failed, [], 'a request in flight was not answered');
  assert.deepEqual(answered.filter(({ status }) => status !== 200).map(({ text }) => text), []);
  assert.equal(waiting, clients, 'not all were in flight when the signal came');
  assert.deepEqual(await server.exit, { code: 0, signal: null });
  const stopMs = performance.now() - signalled;
  await assert.rejects(client.get('/livez'), /ECONNREFUSED/);
  client.close();

  const next = await serve(t, { data, sandbox });
  const again = new Client(next.url, next.key, clients);
  assert.equal((await again.get('/readyz')).status, 200);
  await inParallel(answered, clients, async ({ json: { order, payment } }) => {
    assert.equal((await again.read(`/orders/${order.id}`)).status, order.status);
    const now = await again.read(`/payments/${payment.id}`);
    assert.deepEqual([now.status, now.amount_authorized], ['AUTHORIZED', payment.amount]);
  });
  const [{ n }] = await query(next.database, 'select count(*) n from orders');
  assert.equal(n, answered.length, 'an order nobody was told of');
  await settled(next.database, 10_000);
  await compareWithLedger(next.database, await ledger(sandbox.url));
  await checkBooks(next.database);
  again.close();
  assert.equal((await next.stop()).code, 0);
  report(t, {
    'in flight at the signal': waiting,
    answered: answered.length,
    'stop ms': Math.round(stopMs),
    'first start ms': Math.round(server.readyMs),
    'second start ms': Math.round(next.readyMs),
    'resident MB at start': residentMb,
  });
  assert.ok(next.readyMs < readyMsMax);
  place.passed();
});

test('idle connections do not hold a stop up, nor does a second signal', async (t) => {
  const place = workspace(t);
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const server = await serve(t, { data: place.path('data') });
    const idle = range(50).map(() => new Wire(server.url).send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'));
    await Promise.all(idle.map((wire) => wire.holds('HTTP/1.1 200')));
    const began = performance.now();
    assert.deepEqual(await server.stop(signal), { code: 0, signal: null });
    assert.ok(performance.now() - began < 5_000, `${signal} took ${performance.now() - began} ms`);
    for (const wire of idle) wire.close();
  }
  place.passed();
});

test('what outlasts the grace is brought to its end by the next start', async (t) => {
  const place = workspace(t);
  const sandbox = await startSandbox(t, { data: place.path('sandbox'), args: ['--delay-ms', '4000'] });
  const data = place.path('data');
  const server = await serve(t, { data, sandbox, env: { PURSER_DRAIN_SECONDS: '1' } });
  const client = new Client(server.url, server.key, 8);
  const asked = range(8).map((at) => client.post('/checkout', aCheckout(2000 + at), `late-${at}`).catch((error) => error));
  await until('the attempts are stored', 20_000, async () => (await query(server.database, "select count(*) n from payment_attempts where status = 'SENT'"))[0].n === 8);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await Promise.all(asked);
  client.close();

  const next = await serve(t, { data, sandbox });
  const again = new Client(next.url, next.key, 8);
  await settled(next.database, 60_000);
  const answers = await inParallel(range(8), 8, (at) => again.post('/checkout', aCheckout(2000 + at), `late-${at}`));
  assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(200), answers.map(({ text }) => text).join('\n'));
  const orders = await again.list('/orders');
  assert.deepEqual(orders.map(({ payment_status }) => payment_status), Array(8).fill('AUTHORIZED'));
  const lines = await ledger(sandbox.url);
  assert.equal(lines.filter(({ kind }) => kind === 'authorized').length, 8);
  await compareWithLedger(next.database, lines);
  await checkBooks(next.database);
  again.close();
  place.passed();
});
