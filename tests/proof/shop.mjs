// A shop with many shoppers whose server may go away at any moment: they repeat what was not answered under the same key, and keep
// what was acknowledged, so that it can be held against the books afterwards.
import assert from 'node:assert/strict';
import { aCheckout, anOrder, Client, inParallel, orderMayBecome, pause, paymentMayBecome, randomUUID, range, refundMayBecome, settled } from './harness.mjs';

export const shoppers = 16;

const pick = (...choices) => choices[Math.floor(Math.random() * choices.length)];
const amount = () => 1000 + Math.floor(Math.random() * 9000);

// The shop's view: where the server is now, what was acknowledged, what waits to be asked again.
export class Shop {
  acknowledged = [];   // {path, body, key, status, text, json}
  unanswered = [];     // requests set aside because their first copy is still under way
  refused = new Map();
  lostAnswers = 0;
  open = true;

  constructor(t) {
    this.t = t;
    this.up = new Promise((resolve) => (this.goUp = resolve));
  }

  isUp(server) {
    this.client = new Client(server.url, server.key, shoppers);
    this.goUp();
  }
  isDown() {
    this.client.close();
    this.up = new Promise((resolve) => (this.goUp = resolve));
  }

  // One try; nothing where no answer came.
  async ask(method, path, options) {
    await this.up;
    try {
      return await this.client.request(method, path, options);
    } catch {
      this.lostAnswers += method === 'POST';
      await pause(5);
      return undefined;
    }
  }

  // Repeats a request under its key until it is answered. A refusal gives undefined; so does one that is set aside for later.
  async send(path, body, key = randomUUID(), patience = 40) {
    for (let busy = 0; ; ) {
      const answer = await this.ask('POST', path, { body, key });
      if (!answer || answer.status === 503 || answer.status === 504) {
        if (answer) await pause(20);
        continue;
      }
      const { status, text, json } = answer;
      assert.ok(status < 500, `POST ${path}: ${status} ${text}`);
      if (status === 409 && json.code === 'idempotency_key_in_use') {
        if (++busy < patience) await pause(25);
        else return void this.unanswered.push({ path, body, key });
        continue;
      }
      if (status === 200 || status === 201) {
        this.acknowledged.push({ path, body, key, status, text, json });
        return json;
      }
      assert.equal(status, 409, `POST ${path}: ${status} ${text}`);
      this.refused.set(json.code, (this.refused.get(json.code) ?? 0) + 1);
      return undefined;
    }
  }

  async read(path) {
    for (;;) {
      const answer = await this.ask('GET', path);
      if (answer?.status === 200) return answer.json;
      if (answer) assert.equal(answer.status, 503, `GET ${path}: ${answer.status} ${answer.text}`);
    }
  }

  // The payment once nothing of it is open, or as it is after a while.
  async decided(payment) {
    for (let tries = 0; payment && tries < 80; ++tries) {
      const open = payment.attempts.some(({ status }) => status === 'SENT' || status === 'IN_DOUBT');
      if (!open && payment.status !== 'PROCESSING') return payment;
      await pause(25);
      payment = await this.read(`/payments/${payment.id}`);
    }
    return payment;
  }
}

// What a shop does with one order, from beginning to end. Every step may be cut by a kill.
const visits = {
  async authorizeAndCapture(shop) {
    const sum = amount();
    const made = await shop.send('/checkout', aCheckout(sum));
    const payment = await shop.decided(made?.payment);
    if (!payment) return;
    await shop.send(`/payments/${payment.id}/capture`, pick({}, { amount: 400, final: true }));
    await shop.decided(await shop.read(`/payments/${payment.id}`));
    if (pick(true, false)) await shop.send(`/payments/${payment.id}/refund`, { amount: 150 });
  },
  async captureInParts(shop) {
    const made = await shop.send('/checkout', aCheckout(amount()));
    const payment = await shop.decided(made?.payment);
    if (!payment) return;
    await shop.send(`/payments/${payment.id}/capture`, { amount: 300 });
    await shop.decided(await shop.read(`/payments/${payment.id}`));
    await shop.send(`/payments/${payment.id}/capture`, {});
  },
  async orderThenPay(shop) {
    const order = await shop.send('/orders', anOrder(amount(), { client_reference: randomUUID() }));
    if (!order) return;
    const payment = await shop.decided(await shop.send('/payments', { order_id: order.id, payment_method: 'pm_card_visa' }));
    if (!payment) return;
    await shop.send(`/payments/${payment.id}/refund`, { amount: 200 });
    await shop.send(`/payments/${payment.id}/refund`, { amount: 300 });
  },
  async payTwiceAtOnce(shop) {
    const order = await shop.send('/orders', anOrder(amount()));
    if (!order) return;
    const pay = () => shop.send('/payments', { order_id: order.id, payment_method: 'pm_card_visa' });
    await Promise.all([pay(), pay()]);
  },
  async cancelUnpaid(shop) {
    const order = await shop.send('/orders', anOrder(amount()));
    if (order) await shop.send(`/orders/${order.id}/cancel`, { reason: 'changed my mind' });
  },
  async cancelAuthorized(shop) {
    const made = await shop.send('/checkout', aCheckout(amount()));
    if (await shop.decided(made?.payment)) await shop.send(`/orders/${made.order.id}/cancel`, { reason: 'out of stock' });
  },
  async cancelPaid(shop) {
    const made = await shop.send('/checkout', aCheckout(amount(), { capture_method: 'AUTOMATIC' }));
    if (await shop.decided(made?.payment)) await shop.send(`/orders/${made.order.id}/cancel`, { reason: 'out of stock' });
  },
  async declinedThenRetried(shop) {
    const made = await shop.send('/checkout', aCheckout(amount(), { payment_method: 'pm_card_chargeDeclined', capture_method: 'AUTOMATIC' }));
    const payment = await shop.decided(made?.payment);
    if (payment) await shop.send(`/payments/${payment.id}/retry`, { payment_method: 'pm_card_visa' });
  },
  async directAndVoid(shop) {
    const payment = await shop.send('/payments', { amount: amount(), currency: 'EUR', payment_method: 'pm_card_visa', capture_method: 'MANUAL' });
    if (await shop.decided(payment)) await shop.send(`/payments/${payment.id}/void`, {});
  },
};

export async function goShopping(shop) {
  while (shop.open) await pick(...Object.values(visits))(shop);
}

const look = async (shop, path) => {
  const answer = await shop.ask('GET', path);
  assert.equal(answer?.status, 200, `acknowledged and gone: ${path}: ${answer?.status}`);
  return answer.json;
};

export function checkOrder(was, now) {
  assert.ok(orderMayBecome(was.status, now.status), `${was.id} was acknowledged as ${was.status} and is ${now.status}`);
  assert.ok(now.version >= was.version && now.amount_captured >= was.amount_captured && now.amount_refunded >= was.amount_refunded, was.id);
  assert.deepEqual([now.total, now.user_id, now.items], [was.total, was.user_id, was.items]);
}
export function checkPayment(was, now) {
  assert.ok(paymentMayBecome(was.status, now.status), `${was.id} was acknowledged as ${was.status} and is ${now.status}`);
  assert.ok(now.version >= was.version && now.amount_captured >= was.amount_captured && now.amount_refunded >= was.amount_refunded, was.id);
  for (const { id } of was.captures ?? []) assert.ok(now.captures.some((capture) => capture.id === id), `capture ${id} is gone`);
  for (const { id } of was.refunds ?? []) assert.ok(now.refunds.some((refund) => refund.id === id), `refund ${id} is gone`);
}

// Everything a client was told is still there, and the same question has the same answer.
export async function checkAcknowledged(shop) {
  await inParallel(shop.acknowledged, shoppers, async ({ path, body, key, status, text, json }) => {
    const order = json.order ?? (json.id.startsWith('ord_') ? json : undefined);
    const payment = json.payment ?? (json.id?.startsWith('pay_') ? json : undefined);
    if (order) checkOrder(order, await look(shop, `/orders/${order.id}`));
    if (payment) checkPayment(payment, await look(shop, `/payments/${payment.id}`));
    if (json.id?.startsWith('ref_')) {
      const now = await look(shop, `/refunds/${json.id}`);
      assert.ok(refundMayBecome(json.status, now.status) && now.amount === json.amount, `${json.id}: ${json.status} became ${now.status}`);
    }
    const again = await shop.ask('POST', path, { body, key });
    assert.deepEqual([again?.status, again?.text], [status, text], `the same key at ${path} is answered otherwise`);
    assert.equal(again.headers['idempotent-replayed'], 'true');
  });
}

// Lets the shoppers go home: nothing stays under way, what was set aside is answered, no refusal was without cause.
export async function closeShop(shop, database) {
  await settled(database, 90_000);
  const setAside = shop.unanswered.splice(0);
  await inParallel(setAside, 8, ({ path, body, key }) => shop.send(path, body, key));
  await settled(database, 30_000);
  assert.deepEqual(shop.unanswered, [], 'a key is in use though nothing is under way');
  const expected = new Set(['illegal_transition', 'attempt_in_progress']);
  assert.deepEqual([...shop.refused.keys()].filter((code) => !expected.has(code)), [], 'a refusal that no shopper gave cause for');
  return { setAside: setAside.length };
}
