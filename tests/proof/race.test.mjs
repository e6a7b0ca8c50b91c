// Two clients pay the same order at the same moment, the processor drops answers after it has charged, and every webhook comes
// three times at once. Each order must end paid, and charged once.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { anOrder, checkBooks, Client, compareWithLedger, control, fault, groupBy, inBetween, inParallel, ledger, query, range, report, serve, settled, sumUp, workspace } from './harness.mjs';

// Stands between the sandbox and us: hands each webhook on `copies` times at the same instant, byte for byte, signature included.
async function startRelay(t, copies) {
  const relay = { received: 0, sent: 0, refused: [], target: '' };
  const agent = new http.Agent({ keepAlive: true, maxSockets: 192 });
  const forward = (headers, body) =>
    new Promise((resolve, reject) => {
      const request = http.request(relay.target, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject);
      request.end(body);
    });
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const headers = { 'content-type': request.headers['content-type'], 'stripe-signature': request.headers['stripe-signature'], 'content-length': body.length };
    relay.received += 1;
    relay.sent += copies;
    const statuses = await Promise.all(range(copies).map(() => forward(headers, body).catch(() => 0)));
    relay.refused.push(...statuses.filter((status) => status !== 200));
    response.writeHead(statuses.every((status) => status === 200) ? 200 : 500).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay.url = `http://127.0.0.1:${server.address().port}/`;
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return relay;
}

// Both clients' answers to each order, and the moment it took.
async function payTwice(server, count) {
  const maker = new Client(server.url, server.key, 32);
  const [one, other] = [new Client(server.url, server.key, 32), new Client(server.url, server.key, 32)];
  const orders = await inParallel(range(count), 32, (at) => maker.make('/orders', anOrder(1000 + at)));
  const began = performance.now();
  const answers = await inParallel(orders, 32, async ({ id }) => {
    const pay = (client) => client.post('/payments', { order_id: id, payment_method: 'pm_card_visa' });
    return Promise.all([pay(one), pay(other)]);
  });
  const seconds = (performance.now() - began) / 1000;
  for (const client of [maker, one, other]) client.close();
  return { orders, answers, seconds };
}

function checkAnswers(orders, answers) {
  const odd = answers.flat().filter(({ status }) => status !== 201 && status !== 409);
  assert.deepEqual(odd.slice(0, 3).map(({ status, text }) => `${status} ${text}`), [], `${odd.length} answers other than 201 and 409`);
  const winners = answers.map((pair) => pair.filter(({ status }) => status === 201).length);
  assert.deepEqual(orders.filter((_, at) => winners[at] !== 1).map(({ id }, at) => `${id}: ${winners[at]}`), [], 'of two payments of an order exactly one is accepted');
  return answers.flat().filter(({ status }) => status === 409).length;
}

// One charge an order, of the order's amount, and nothing given back.
async function checkCharges(server, orders) {
  const lines = await ledger(server.sandboxUrl);
  const byOrder = groupBy(lines, ({ order_id }) => order_id);
  const wrong = orders.filter(({ id, total }) => {
    const own = byOrder.get(id) ?? [];
    return own.length !== 1 || own[0].kind !== 'charged' || own[0].amount !== total;
  });
  assert.deepEqual(wrong.map(({ id }) => [id, byOrder.get(id)]), [], 'each order has one line in the ledger: its charge');
  const expected = orders.reduce((sum, { total }) => sum + total, 0);
  assert.equal(sumUp(lines).kept, expected);
  await compareWithLedger(server.database, lines);
  const [books] = await query(server.database, 'select sum(captured) captured, sum(refunded) refunded, count(*) n from payments');
  assert.deepEqual(books, { captured: expected, refunded: 0, n: orders.length });
  assert.deepEqual(await query(server.database, 'select status, count(*) n from orders group by 1'), [{ status: 'PAYMENT_DONE', n: orders.length }]);
  return lines;
}

// What the API tells is what the tables hold.
async function checkApi(server, orders) {
  const client = new Client(server.url, server.key, 8);
  const told = await client.list('/orders?status=PAYMENT_DONE');
  assert.deepEqual(new Set(told.map(({ id }) => id)), new Set(orders.map(({ id }) => id)));
  assert.ok(told.every(({ total, amount_captured, payment_status }) => amount_captured === total && payment_status === 'CAPTURED'));
  const events = await client.list('/events');
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'an event is listed twice');
  const [{ n }] = await query(server.database, 'select count(*) n from outbox');
  assert.equal(events.length, n);
  for (const type of ['order.completed', 'payment.completed'])
    assert.equal(events.filter((event) => event.type === type).length, orders.length, `${type} once for each order`);
  client.close();
  return events.length;
}

async function race(t, { count, copies, dropped }) {
  const place = workspace(t);
  const server = await serve(t, { data: place.path('data'), env: { PURSER_PROCESSOR_TOTAL_TIMEOUT_MS: '2000' } });
  const relay = await startRelay(t, copies);
  relay.target = `${server.url}/webhooks/stripe`;
  await control(server.sandboxUrl, 'settings', { webhook_url: copies > 0 ? relay.url : null });
  await fault(server.sandboxUrl, { fault: 'drop_response', probability: dropped, match: { method: 'POST', path_prefix: '/v1/payment_intents' } });

  const { orders, answers, seconds } = await payTwice(server, count);
  const conflicts = checkAnswers(orders, answers);
  await settled(server.database, 60_000);
  const lines = await checkCharges(server, orders);
  await checkBooks(server.database);
  const events = await checkApi(server, orders);
  assert.deepEqual(relay.refused, [], 'a webhook was refused');
  const { data: rules } = await control(server.sandboxUrl, 'faults');
  const struck = rules.reduce((sum, rule) => sum + rule.struck, 0);
  assert.ok(struck > 0, 'no answer was dropped: the race did not happen');
  const { code } = await server.stop();
  assert.equal(code, 0);
  report(t, {
    orders: count,
    requests: answers.flat().length,
    conflicts,
    'dropped replies': struck,
    webhooks: relay.sent,
    charges: lines.length,
    duplicates: lines.length - count,
    stuck: (await inBetween(server.database)).sum,
    events,
    seconds,
  });
  place.passed();
}

test('500 orders, two payers each, thrice the webhooks, 5 % of the replies dropped', (t) => race(t, { count: 500, copies: 3, dropped: 0.05 }));
test('100 orders, no webhooks, 30 % of the replies dropped: the janitor alone', (t) => race(t, { count: 100, copies: 0, dropped: 0.3 }));
