// Stripe's own client against the sandbox, unchanged. PURSER_SANDBOX_URL says where the sandbox listens; PURSER_STRIPE_MODULE may
// name the module file where "stripe" does not resolve by itself. The webhook test points the sandbox at a server of its own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import test from 'node:test';

const { default: Stripe } = await import(process.env.PURSER_STRIPE_MODULE ?? 'stripe');

const base = new URL(process.env.PURSER_SANDBOX_URL ?? 'http://127.0.0.1:12111');
const stripe = new Stripe('sk_test_sandbox', {
  host: base.hostname,
  port: base.port,
  protocol: base.protocol.replace(':', ''),
  maxNetworkRetries: 0,
  timeout: 20_000,
});

const control = async (path, body, method = body ? 'POST' : 'GET') => {
  const response = await fetch(new URL(path, base), { method, body: body && JSON.stringify(body) });
  assert.equal(response.status, 200, `${method} ${path}`);
  return response.json();
};
const ledgerOf = async (intent) => {
  const { data } = await control(`/_sandbox/ledger?payment_intent=${intent}`);
  return data.map(({ kind, amount }) => `${kind} ${amount}`);
};
const visa = { amount: 2000, currency: 'usd', payment_method: 'pm_card_visa', confirm: true };
const rejection = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('it should have been refused');
};

test('creates and confirms', async () => {
  const intent = await stripe.paymentIntents.create({ ...visa, metadata: { order_id: 'ord 1' }, expand: ['latest_charge'] });
  assert.equal(intent.status, 'succeeded');
  assert.equal(intent.amount_received, 2000);
  assert.equal(intent.metadata.order_id, 'ord 1');
  assert.equal(intent.latest_charge.object, 'charge');
  assert.equal(intent.latest_charge.payment_method_details.card.last4, '4242');
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).latest_charge, intent.latest_charge.id);
  assert.deepEqual(await ledgerOf(intent.id), ['charged 2000']);
});

test('confirms later, after an update', async () => {
  const made = await stripe.paymentIntents.create({ amount: 900, currency: 'eur' });
  assert.equal(made.status, 'requires_payment_method');
  await stripe.paymentIntents.update(made.id, { amount: 950, description: 'Tea' });
  const paid = await stripe.paymentIntents.confirm(made.id, { payment_method: 'pm_card_mastercard' });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.amount_received, 950);
  assert.equal(paid.description, 'Tea');
});

test('declines as a StripeCardError', async () => {
  const error = await rejection(stripe.paymentIntents.create({ ...visa, payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }));
  assert.ok(error instanceof Stripe.errors.StripeCardError);
  assert.equal(error.statusCode, 402);
  assert.equal(error.code, 'card_declined');
  assert.equal(error.decline_code, 'insufficient_funds');
  assert.equal(error.payment_intent.status, 'requires_payment_method');
  assert.equal(error.payment_intent.last_payment_error.decline_code, 'insufficient_funds');
  assert.deepEqual(await ledgerOf(error.payment_intent.id), ['declined 2000']);
});

test('refuses with the errors the client knows', async () => {
  const missing = await rejection(stripe.paymentIntents.retrieve('pi_none'));
  assert.ok(missing instanceof Stripe.errors.StripeInvalidRequestError);
  assert.equal(missing.code, 'resource_missing');
  const stranger = new Stripe('sk_live_x', { host: base.hostname, port: base.port, protocol: 'http', maxNetworkRetries: 0 });
  assert.ok((await rejection(stranger.balance.retrieve())) instanceof Stripe.errors.StripeAuthenticationError);
});

test('authorizes, then captures a part', async () => {
  const held = await stripe.paymentIntents.create({ ...visa, capture_method: 'manual' });
  assert.equal(held.status, 'requires_capture');
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500 });
  assert.equal(captured.status, 'succeeded');
  assert.equal(captured.amount_received, 1500);
  const again = await rejection(stripe.paymentIntents.capture(held.id));
  assert.equal(again.code, 'payment_intent_unexpected_state');
  assert.equal(again.payment_intent.id, held.id);
  assert.deepEqual(await ledgerOf(held.id), ['authorized 2000', 'captured 1500', 'released 500']);
});

test('captures several times where that was asked for', async () => {
  const held = await stripe.paymentIntents.create({
    ...visa,
    capture_method: 'manual',
    payment_method_options: { card: { request_multicapture: 'if_available' } },
  });
  const first = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 500, final_capture: false });
  assert.equal(first.status, 'requires_capture');
  assert.equal(first.amount_capturable, 1500);
  const last = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 700, final_capture: true });
  assert.equal(last.status, 'succeeded');
  assert.equal(last.amount_received, 1200);
});

test('cancels', async () => {
  const held = await stripe.paymentIntents.create({ ...visa, capture_method: 'manual' });
  const canceled = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'abandoned' });
  assert.equal(canceled.status, 'canceled');
  assert.deepEqual(await ledgerOf(held.id), ['authorized 2000', 'canceled 2000']);
});

test('refunds in parts, never more than was taken', async () => {
  const paid = await stripe.paymentIntents.create(visa);
  const part = await stripe.refunds.create({ payment_intent: paid.id, amount: 500, reason: 'requested_by_customer' });
  assert.equal(part.status, 'succeeded');
  assert.equal((await rejection(stripe.refunds.create({ payment_intent: paid.id, amount: 1501 }))).param, 'amount');
  assert.equal((await stripe.refunds.create({ charge: paid.latest_charge })).amount, 1500);
  assert.equal((await rejection(stripe.refunds.create({ payment_intent: paid.id }))).code, 'charge_already_refunded');
  const { data } = await stripe.refunds.list({ payment_intent: paid.id });
  assert.deepEqual(data.map((refund) => refund.amount), [1500, 500]);
});

test('replays an idempotency key', async () => {
  const idempotencyKey = randomUUID();
  const first = await stripe.paymentIntents.create(visa, { idempotencyKey });
  const again = await stripe.paymentIntents.create(visa, { idempotencyKey });
  assert.equal(again.id, first.id);
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(again.lastResponse.idempotencyKey, idempotencyKey);
  const other = await rejection(stripe.paymentIntents.create({ ...visa, amount: 1 }, { idempotencyKey }));
  assert.ok(other instanceof Stripe.errors.StripeIdempotencyError);
});

test('recovers from a dropped answer under the same key', async () => {
  const retrying = new Stripe('sk_test_x', { host: base.hostname, port: base.port, protocol: 'http', maxNetworkRetries: 2 });
  const order = randomUUID();
  const paid = await retrying.paymentIntents.create({ ...visa, metadata: { order_id: order, sandbox_fault: 'drop_response' } });
  assert.equal(paid.status, 'succeeded');
  const { data } = await control(`/_sandbox/ledger?order_id=${order}`);
  assert.equal(data.length, 1);
});

test('lists newest first, page by page', async () => {
  for (let i = 0; i < 3; ++i) await stripe.paymentIntents.create({ amount: 100 + i, currency: 'usd' });
  const ids = [];
  for await (const intent of stripe.paymentIntents.list({ limit: 2, created: { gte: 1 } })) {
    ids.push(intent.id);
    if (ids.length === 5) break;
  }
  assert.deepEqual(ids, [...ids].sort().reverse());
  assert.equal(new Set(ids).size, 5);
});

test('search finds by metadata once the lag has passed', async () => {
  const order = randomUUID();
  const query = `metadata['order_id']:'${order}' AND status:'succeeded'`;
  await stripe.paymentIntents.create({ ...visa, metadata: { order_id: order } });
  assert.equal((await stripe.paymentIntents.search({ query })).data.length, 0);
  await control('/_sandbox/settings', { visibility_lag_ms: 0 });
  try {
    const found = await stripe.paymentIntents.search({ query });
    assert.equal(found.object, 'search_result');
    assert.deepEqual(found.data.map((intent) => intent.metadata.order_id), [order]);
  } finally {
    await control('/_sandbox/settings', { visibility_lag_ms: 60_000 });
  }
});

test('asks the customer, who approves', async () => {
  const made = await stripe.paymentIntents.create({ ...visa, payment_method: 'pm_card_authenticationRequired', return_url: 'http://shop.test/back' });
  assert.equal(made.status, 'requires_action');
  assert.equal(made.next_action.type, 'redirect_to_url');
  const page = made.next_action.redirect_to_url.url;
  assert.match(await (await fetch(page)).text(), /Approve/);
  const answered = await fetch(page, { method: 'POST', body: new URLSearchParams({ outcome: 'approve' }), redirect: 'manual' });
  assert.equal(answered.status, 303);
  assert.match(answered.headers.get('location'), /redirect_status=succeeded/);
  assert.equal((await stripe.paymentIntents.retrieve(made.id)).status, 'succeeded');

  const offSession = await rejection(stripe.paymentIntents.create({ ...visa, payment_method: 'pm_card_authenticationRequired', off_session: true }));
  assert.equal(offSession.code, 'authentication_required');
});

test('webhooks are signed so that constructEvent accepts them', async () => {
  const secret = 'whsec_' + randomUUID();
  const order = randomUUID();
  let received;
  const arrived = new Promise((resolve) => (received = resolve));
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    response.end();
    if (body.includes(order)) received({ body, signature: request.headers['stripe-signature'] });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = await control('/_sandbox/settings');
  await control('/_sandbox/settings', {
    webhook_url: `http://127.0.0.1:${server.address().port}/webhooks`,
    webhook_secret: secret,
    webhook_types: ['payment_intent.succeeded'],
  });
  try {
    const paid = await stripe.paymentIntents.create({ ...visa, metadata: { order_id: order } });
    const { body, signature } = await arrived;
    const event = stripe.webhooks.constructEvent(body, signature, secret);
    assert.equal(event.type, 'payment_intent.succeeded');
    assert.equal(event.data.object.id, paid.id);
    assert.throws(() => stripe.webhooks.constructEvent(body + ' ', signature, secret), Stripe.errors.StripeSignatureVerificationError);
    assert.equal((await stripe.events.retrieve(event.id)).id, event.id);
  } finally {
    await control('/_sandbox/settings', { webhook_url: before.webhook_url, webhook_types: before.webhook_types });
    server.closeAllConnections();
    server.close();
  }
});
