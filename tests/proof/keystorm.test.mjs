// Sixty-four connections send the same request under the same key at the same moment: it is carried out once, and everyone is
// told the same, or told to ask again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { aCheckout, anOrder, checkBooks, Client, compareWithLedger, createKey, ledger, query, randomUUID, range, report, serve, settled, sumUp, until, workspace } from './harness.mjs';

const connections = 64;
const rounds = 5;

// Gives the answer they agree on.
async function storm(client, path, body, key, figures) {
  const answers = await Promise.all(range(connections).map(() => client.post(path, body, key)));
  const done = answers.filter(({ status }) => status === 200 || status === 201);
  const others = answers.filter((answer) => !done.includes(answer));
  for (const { status, text, json } of others) assert.ok(status === 409 && json.code === 'idempotency_key_in_use', `${status} ${text}`);
  for (const { headers } of others) assert.ok(Number(headers['retry-after']) >= 1, 'a 409 says when to ask again');
  assert.ok(done.length >= 1, 'somebody is answered');
  assert.equal(new Set(done.map(({ status, text }) => `${status} ${text}`)).size, 1, 'two answers to one request');
  assert.equal(done.filter(({ headers }) => headers['idempotent-replayed'] !== 'true').length, 1, 'exactly one answer is not a replay');
  figures.requests += answers.length;
  figures['in use'] += others.length;
  figures.replays += done.length - 1;

  const again = await client.post(path, body, key);
  assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [done[0].status, done[0].text, 'true']);
  return done[0];
}

async function refusesOtherUses(client, key, uses) {
  for (const [path, body] of uses) {
    const { status, json } = await client.post(path, body, key);
    assert.deepEqual([status, json.code], [422, 'idempotency_key_reused'], `${path} ${JSON.stringify(body)}`);
  }
}

test('one key, 64 connections: one execution', async (t) => {
  const place = workspace(t);
  const server = await serve(t, { data: place.path('data') });
  const client = new Client(server.url, server.key, connections);
  const stranger = new Client(server.url, (await createKey(server.data)).secret, connections);
  // Every connection is open before the storm, so that its requests leave together.
  await Promise.all(range(connections).map(() => client.get('/livez')));
  const figures = { requests: 0, 'in use': 0, replays: 0 };
  const count = async (sql) => (await query(server.database, sql))[0].n;

  await t.test('POST /orders', async () => {
    for (const round of range(rounds)) {
      const key = randomUUID(), body = anOrder(500 + round);
      const before = await count('select count(*) n from orders');
      const first = await storm(client, '/orders', body, key, figures);
      assert.equal(first.status, 201);
      assert.equal(await count('select count(*) n from orders'), before + 1);
      await refusesOtherUses(client, key, [['/orders', anOrder(9999)], ['/orders', { ...body, user_id: 'user-2' }], ['/payments', { amount: 5, currency: 'USD', payment_method: 'pm_card_visa' }]]);
      const theirs = await storm(stranger, '/orders', body, key, figures);
      assert.notEqual(theirs.json.id, first.json.id, 'a key belongs to its merchant');
    }
  });

  await t.test('POST /checkout', async () => {
    for (const round of range(rounds)) {
      const key = randomUUID(), body = aCheckout(700 + round, { capture_method: round % 2 ? 'AUTOMATIC' : 'MANUAL', metadata: { b: '2', a: '1' } });
      const before = await count('select count(*) n from orders');
      const first = await storm(client, '/checkout', body, key, figures);
      assert.equal(await count('select count(*) n from orders'), before + 1);
      const { id } = first.json.order;
      const lines = (await ledger(server.sandboxUrl)).filter(({ order_id }) => order_id === id);
      assert.deepEqual(lines.map(({ kind, amount }) => [kind, amount]), [[round % 2 ? 'charged' : 'authorized', 700 + round]]);
      await refusesOtherUses(client, key, [
        ['/checkout', { ...body, items: aCheckout(1).items }],
        ['/checkout', { ...body, payment_method: 'pm_card_mastercard' }],
        ['/checkout', { ...body, metadata: { a: '1' } }],
        ['/orders', anOrder(700 + round)],
      ]);
      const theirs = await storm(stranger, '/checkout', body, key, figures);
      assert.notEqual(theirs.json.order.id, id);
    }
  });

  await t.test('POST /payments and /payments/{id}/refund', async () => {
    for (const round of range(rounds)) {
      const order = await client.make('/orders', anOrder(2000 + round));
      const paid = await storm(client, '/payments', { order_id: order.id, payment_method: 'pm_card_visa' }, randomUUID(), figures);
      const { id } = paid.json;
      await until('the order is paid', 10_000, async () => (await client.read(`/orders/${order.id}`)).status === 'PAYMENT_DONE');
      const key = randomUUID(), body = { amount: 300, reason: 'one cup broke' };
      const back = await storm(client, `/payments/${id}/refund`, body, key, figures);
      const own = async () => (await ledger(server.sandboxUrl)).filter(({ order_id }) => order_id === order.id);
      assert.deepEqual((await own()).map(({ kind, amount }) => [kind, amount]), [['charged', 2000 + round], ['refunded', 300]]);
      assert.equal(await count(`select count(*) n from refunds where payment_id = '${id}'`), 1);
      await refusesOtherUses(client, key, [[`/payments/${id}/refund`, { amount: 301, reason: 'one cup broke' }]]);
      // Another key is another refund; the sum is bounded by what was taken.
      const rest = await Promise.all(range(8).map(() => client.post(`/payments/${id}/refund`, { amount: 1000 })));
      const exceeding = rest.filter(({ status, json }) => status === 422 && json.errors[0].code === 'amount_exceeds_captured');
      assert.deepEqual([rest.filter(({ status }) => status === 200).length, exceeding.length], [1, 7], rest.map(({ text }) => text).join('\n'));
      assert.equal(sumUp(await own()).refunded, 1300);
      assert.equal((await client.read(`/refunds/${back.json.id}`)).status, 'SUCCEEDED');
      assert.equal((await stranger.get(`/payments/${id}`)).status, 404);
      assert.equal((await stranger.post(`/payments/${id}/refund`, body, key)).status, 404);
    }
  });

  await t.test('keys that look like each other', async () => {
    const key = randomUUID();
    const { order } = await client.make('/checkout', aCheckout(1100), key);
    for (const other of [`${key}/order`, `${key}/payment`, `${key}/read`, `cancel/${order.id}/1`, `cancel/${order.id}/2`, `cancel/${order.id}/3`]) {
      const made = await client.post('/orders', anOrder(1200), other);
      assert.deepEqual([made.status, made.headers['idempotent-replayed']], [201, undefined], `${other}: ${made.text}`);
    }
    const cancelled = await client.post(`/orders/${order.id}/cancel`, {});
    assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'ORDER_CANCELLED'], cancelled.text);
  });

  await settled(server.database, 20_000);
  await compareWithLedger(server.database, await ledger(server.sandboxUrl));
  await checkBooks(server.database);
  assert.equal(await count('select count(*) n from idempotency_keys where state = 0'), 0, 'a key is left under way');
  report(t, figures);
  client.close();
  stranger.close();
  place.passed();
});
