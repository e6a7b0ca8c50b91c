// The connection to the processor is cut after every single byte of a request to authorise, and of the reply to it; then the wire is
// whole again. Each payment ends authorised, charged once, and our books equal the processor's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { aCheckout, checkBooks, Client, compareWithLedger, groupBy, inParallel, ledger, pause, query, range, report, serve, settled, startSandbox, workspace } from '../proof/harness.mjs';
import { startCutWire } from './cut_wire.mjs';

const shoppers = 12;
const firstAmount = 10_000;  // five digits each, so that every request is as long as every other

// Asks until there is an answer: the circuit may be open for a while, and what is in doubt keeps its key.
async function pay(client, path, body, key) {
  for (const end = performance.now() + 60_000; ; ) {
    const answer = await client.post(path, body, key);
    if (answer.status === 200 || answer.status === 201) return answer;
    const wait = answer.json?.code === 'processor_unavailable' || answer.json?.code === 'idempotency_key_in_use';
    assert.ok(wait && performance.now() < end, `${path}: ${answer.status} ${answer.text}`);
    await pause(100);
  }
}

test('the wire to the processor is cut at every byte', async (t) => {
  const began = performance.now();
  const place = workspace(t);
  const sandbox = await startSandbox(t, { data: place.path('sandbox') });
  const plans = new Map();  // amount → where to cut its first request
  const planOf = (request) => {
    const amount = request.startsWith('POST /v1/payment_intents ') ? Number(/(?:^|&|\n)amount=(\d+)/.exec(request)?.[1]) : undefined;
    const plan = plans.get(amount);
    plans.delete(amount);
    return plan;
  };
  const wire = await startCutWire(t, sandbox.url, planOf);
  const server = await serve(t, { data: place.path('data'), sandbox: wire });
  // No webhook helps: what was cut has to be found out.
  await fetch(`${sandbox.url}/_sandbox/settings`, { method: 'POST', body: '{"webhook_url":null}' });
  const client = new Client(server.url, server.key, shoppers);

  await pay(client, '/checkout', aCheckout(firstAmount), 'uncut');
  const size = wire.seen;
  const cuts = ['request', 'reply'].flatMap((of) => range(size[of]).map((at) => ({ of, at })));
  cuts.forEach((plan, index) => plans.set(firstAmount + 1 + index, plan));
  const told = await inParallel(cuts, shoppers, async (_, index) => {
    const body = aCheckout(firstAmount + 1 + index), key = `cut-${index}`;
    const answer = await pay(client, '/checkout', body, key);
    // A processor that is seen to work keeps the circuit closed.
    await pay(client, '/payments', { amount: 100, currency: 'USD', payment_method: 'pm_card_visa' }, `whole-${index}`);
    return { body, key, answer };
  });
  assert.equal(plans.size, 0, 'a request never came, so it was not cut');
  assert.deepEqual(wire.cuts, size);
  // Once a byte has left nobody knows more. A few may meet a connection that had just gone, which libcurl replaces by itself.
  const inDoubt = told.filter(({ answer }) => answer.json.payment.status === 'IN_DOUBT').length;
  assert.ok(inDoubt > 0.9 * cuts.length, `only ${inDoubt} of ${cuts.length} were in doubt`);

  await settled(server.database, 120_000);
  const ends = await query(server.database, 'select status, count(*) n from payments where order_id is not null group by 1');
  assert.deepEqual(ends, [{ status: 'AUTHORIZED', n: cuts.length + 1 }]);
  const lines = await ledger(sandbox.url);
  const charges = groupBy(lines.filter(({ order_id }) => order_id), ({ order_id }) => order_id);
  assert.equal(charges.size, cuts.length + 1);
  for (const [order, [line, ...more]] of charges) assert.deepEqual([line.kind, more], ['authorized', []], `${order} is charged otherwise than once`);
  await compareWithLedger(server.database, lines);
  await checkBooks(server.database);
  await inParallel(told, shoppers, async ({ body, key, answer }) => {
    const again = await client.post('/checkout', body, key);
    assert.deepEqual([again.status, again.text], [answer.status, answer.text], 'the same key is answered otherwise');
  });
  assert.equal((await server.stop()).code, 0);
  client.close();
  report(t, {
    'offsets of the request': size.request,
    'of the reply': size.reply,
    'in doubt at first': inDoubt,
    payments: cuts.length + 1,
    'passed whole': wire.passed,
    seconds: (performance.now() - began) / 1000,
  });
  place.passed();
});
