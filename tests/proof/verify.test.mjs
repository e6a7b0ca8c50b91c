// `purser verify`, as its operator runs it: clean beside a server under load, also while the processor's answers are lost; and what
// other hands do to the books or at the processor is told, by name.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { aCheckout, anOrder, binary, clearFaults, Client, fault, inParallel, query, range, report, serve, settled, startSandbox, workspace } from './harness.mjs';

// Runs it to its end: {code, text, errors}.
function verify(data, args = [], env = {}) {
  return new Promise((resolve) => {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PURSER_')));
    execFile(binary, ['verify', '--data-dir', data, ...args], { env: { ...clean, ...env }, maxBuffer: 1 << 26 }, (error, text, errors) =>
      resolve({ code: error ? error.code : 0, text, errors }),
    );
  });
}

test('the books are checked beside a running server and against its processor', async (t) => {
  const place = workspace(t);
  const sandbox = await startSandbox(t, { data: place.path('sandbox') });
  const server = await serve(t, { data: place.path('data'), sandbox });
  const client = new Client(server.url, server.key, 16);
  const compare = (...args) =>
    verify(server.data, ['--processor', 'stripe', ...args], { PURSER_STRIPE_BASE_URL: sandbox.url, PURSER_STRIPE_SECRET_KEY: 'sk_test_proof' });
  const cleanly = (answer) => assert.equal(answer.code, 0, answer.text + answer.errors);

  // Checks over and over, while buyers and clerks are at work and every twentieth answer of the processor is lost.
  await fault(sandbox.url, { fault: 'drop_response', probability: 0.05, count: 1_000_000, match: { method: 'POST' } });
  let trading = true, looks = 0;
  const watch = (async () => {
    for (; trading; ++looks) cleanly(await compare());
  })();
  const trade = async (at) => {
    const unit = 1000 + at;
    if (at % 4 === 0) return client.make('/orders', anOrder(unit));
    if (at % 4 === 1) {
      const { order, payment } = await client.make('/checkout', aCheckout(unit));
      if (payment.status === 'AUTHORIZED') await client.post(at % 8 === 1 ? `/orders/${order.id}/cancel` : `/payments/${payment.id}/capture`, at % 8 === 1 ? {} : { amount: 500, final: true });
      return;
    }
    const order = await client.make('/orders', anOrder(unit));
    const payment = await client.make('/payments', { order_id: order.id, payment_method: at % 4 === 2 ? 'pm_card_visa' : 'pm_card_chargeDeclined' });
    if (payment.status === 'CAPTURED') await client.post(`/payments/${payment.id}/refund`, { amount: 100 });
    if (payment.status === 'FAILED') await client.post(`/payments/${payment.id}/retry`, { payment_method: 'pm_card_visa' });
  };
  await inParallel(range(200), 8, trade);
  trading = false;
  await watch;
  await clearFaults(sandbox.url);
  await settled(server.database, 60_000);
  const clean = await compare('--settled-within', '0');
  cleanly(clean);
  assert.match(clean.text, /Looked at \d+ orders .*\d+ charges at the processor/);
  assert.match(clean.text, /one_live_charge_per_order_step +OK/);
  assert.match(clean.text, /No violations\./);
  const json = JSON.parse((await compare('--json')).text);
  assert.ok(json.clean && json.checks.length > 25 && json.looked_at.orders >= 200 && json.looked_at.processor_charges >= 100, JSON.stringify(json.looked_at));

  // Somebody charges at the processor, past us.
  const form = new URLSearchParams({ amount: '777', currency: 'usd', payment_method: 'pm_card_visa', confirm: 'true', 'payment_method_types[]': 'card' });
  const answer = await fetch(`${sandbox.url}/v1/payment_intents`, { method: 'POST', headers: { authorization: 'Bearer sk_test_proof' }, body: form });
  const stray = await answer.json();
  const unknown = await compare();
  assert.equal(unknown.code, 1);
  assert.match(unknown.text, new RegExp(`processor_charges_are_booked\\n  about   ${stray.id}\\n  found   .*777.*\\n  remedy  `));
  cleanly(await compare('--shared-account'));
  assert.equal((await verify(server.data)).code, 0, 'our own books are in order');
  assert.equal((await compare('--since', '2126-01-01')).code, 0);

  // Somebody edits a row, the server being stopped.
  client.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  const [{ id, payment_id }] = await query(server.database, "select id, payment_id from orders where status = 'PARTIALLY_REFUNDED' order by id limit 1");
  execFileSync('sqlite3', [server.database, `update payments set refunded = 0 where id = '${payment_id}'`]);
  const edited = await verify(server.data, ['--at-rest']);
  assert.equal(edited.code, 1);
  assert.match(edited.text, new RegExp(`refunds_add_up\\n  about   ${payment_id}\\n  found   the payment says 0 refunded`));
  assert.match(edited.text, new RegExp(`order_and_payment_agree\\n  about   ${id} ${payment_id}\\n`));
  assert.match(edited.text, /captures_add_up +OK/);
  report(t, { 'looks under load': looks, 'orders': json.looked_at.orders, 'ms for all of it': json.took_ms });
  place.passed();
});

test('what cannot be checked is said, and nothing is made', async (t) => {
  const place = workspace(t);
  const none = await verify(place.path('nowhere'));
  assert.equal(none.code, 2);
  assert.match(none.errors, /There is no database at .*nowhere\/purser\.db/);
  assert.ok(!existsSync(place.path('nowhere')));

  mkdirSync(place.path('other'));
  execFileSync('sqlite3', [`${place.path('other')}/purser.db`, 'create table orders (id text)']);
  assert.equal((await verify(place.path('other'))).code, 2, 'another database');
  assert.deepEqual(readdirSync(place.path('other')), ['purser.db']);

  const server = await serve(t, { data: place.path('data') });
  const keyless = await verify(server.data, ['--processor', 'stripe', '--stripe-base-url', server.sandboxUrl]);
  assert.equal(keyless.code, 2);
  assert.match(keyless.errors, /PURSER_STRIPE_SECRET_KEY/);
  const refused = await verify(server.data, ['--processor', 'stripe', '--stripe-base-url', server.sandboxUrl], { PURSER_STRIPE_SECRET_KEY: 'sk_live_1' });
  assert.equal(refused.code, 2);
  assert.match(refused.errors, /The processor answered 401/);
  assert.equal((await verify(server.data, ['--settled-within', 'soon'])).code, 2);
  await server.stop();
  execFileSync('sqlite3', [server.database, "insert into schema_migrations values ('orders', '0099_future', '', 0)"]);
  const newer = await verify(server.data);
  assert.equal(newer.code, 2);
  assert.match(newer.errors, /orders\/0099_future/);
  place.passed();
});
