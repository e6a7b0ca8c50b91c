// One fixed visit of a careful shop, step by step and always the same, and what must come of it whatever strikes the server on the
// way: the same answers, the same books, the same lines in the processor's ledger as when nothing strikes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  aCheckout, anOrder, checkBooks, Client, clearFaults, compareWithLedger, control, fault, inBetween, ledger, pause, query, range, serve, startSandbox, until,
} from '../proof/harness.mjs';
import { checkOrder, checkPayment } from '../proof/shop.mjs';

// A shop's side of one run: it owns the sandbox, starts the server again when it is gone, and repeats what was not answered.
export class Run {
  acknowledged = [];
  endings = [];  // what the server said last, each time it ended under us
  refused = [];  // 503 answers

  // `patienceMs` is how long anything may take to come to its end, a crash on the way included.
  constructor(t, folder, { onRefused, patienceMs }) {
    Object.assign(this, { t, folder, onRefused, patienceMs });
  }

  async open() {
    this.sandbox = await startSandbox(this.t, { data: join(this.folder, 'sandbox') });
    return this;
  }

  // `env` and `fatal` are of this life alone, `next` are those of the life after it. `fatal` tells whether a server may end, as its
  // last words say, before it listens.
  async start({ env = {}, fatal = () => false, next } = {}) {
    this.next = next;
    const life = { data: join(this.folder, 'data'), sandbox: this.sandbox, env: { PURSER_PROCESSOR_TOTAL_TIMEOUT_MS: '2000', ...env } };
    try {
      this.server = await serve(this.t, life);
    } catch (error) {
      if (!fatal(error.message)) throw error;
      this.endings.push(error.message);
      return this.start(this.next);
    }
    this.client = new Client(this.server.url, this.server.key, 4);
  }

  isDown() {
    return this.server.child.exitCode !== null || this.server.child.signalCode !== null;
  }

  // After a lost connection: the server has ended, and is started once more without what ended it.
  async startAgain() {
    const late = new AbortController();
    const ended = await Promise.race([this.server.lastWords, pause(10_000, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
    assert.equal(ended?.signal, 'SIGKILL', `a connection was lost and the server lives, or ended by itself: ${JSON.stringify(ended)} ${this.server.errors.slice(-2000)}`);
    this.endings.push(this.server.errors);
    this.client.close();
    await this.start(this.next);
  }

  async kill() {
    this.server.signal('SIGKILL');
    await this.startAgain();
  }

  // One answer. Where none comes the server has ended, and the same is asked of the next.
  async ask(method, path, options) {
    for (let tries = 0; tries < 5; ++tries) {
      if (this.isDown()) await this.startAgain();
      try {
        return await this.client.request(method, path, options);
      } catch {
        await this.startAgain();
      }
    }
    assert.fail(`${method} ${path}: no answer, though the server was started again and again`);
  }

  async read(path) {
    const answer = await this.ask('GET', path);
    assert.equal(answer.status, 200, `GET ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  // A step that must succeed in the end, under one key.
  async make(path, body, key) {
    const end = performance.now() + this.patienceMs;
    for (;;) {
      const answer = await this.ask('POST', path, { body, key });
      const { status, text, json } = answer;
      if (status === 200 || status === 201) {
        this.acknowledged.push({ path, body, key, status, text, json });
        return json;
      }
      const wait = status === 503 || status === 504 || (status === 409 && json.code === 'idempotency_key_in_use');
      assert.ok(wait && performance.now() < end, `POST ${path} under ${key}: ${status} ${text}`);
      if (status === 503) {
        this.refused.push({ key, path, answer });
        await this.onRefused?.(this, answer);
      }
      await pause(20);
    }
  }

  // The payment once none of its attempts is open.
  async decided({ id }) {
    let payment;
    const isOpen = ({ status }) => status === 'SENT' || status === 'IN_DOUBT' || status === 'REQUIRES_ACTION';
    await until(`${id} is decided`, this.patienceMs, async () => !(payment = await this.read(`/payments/${id}`)).attempts.some(isOpen), () => payment);
    return payment;
  }

  async close() {
    this.client?.close();
    await Promise.all([this.server?.stop('SIGKILL'), this.sandbox.stop('SIGKILL')]);
  }
}

// The steps. Amounts differ, so that each can be told in the ledger.
export async function goThrough(run) {
  const approve = async ({ id }) => {
    let payment;
    await until(`${id} waits for the buyer`, run.patienceMs, async () => (payment = await run.read(`/payments/${id}`)).status === 'REQUIRES_ACTION', () => payment);
    const answer = await fetch(payment.next_action.url, { method: 'POST', body: 'outcome=approve', redirect: 'manual' });
    assert.equal(answer.status, 303);
  };
  const held = await run.make('/checkout', aCheckout(9100), 'hold');
  await run.decided(held.payment);
  await run.make(`/payments/${held.payment.id}/capture`, { amount: 3100 }, 'capture-a-part');
  await run.decided(held.payment);
  await run.make(`/payments/${held.payment.id}/capture`, { amount: 5000, final: true }, 'capture-the-last-part');
  await run.decided(held.payment);
  await run.make(`/payments/${held.payment.id}/refund`, { amount: 1500 }, 'refund-a-part');
  await run.decided(held.payment);

  const sold = await run.make('/checkout', aCheckout(8200, { capture_method: 'AUTOMATIC' }), 'sale-to-be-cancelled');
  await run.decided(sold.payment);
  await run.make(`/orders/${sold.order.id}/cancel`, { reason: 'out of stock' }, 'cancel');

  const declined = await run.make('/checkout', aCheckout(7300, { payment_method: 'pm_card_chargeDeclined', capture_method: 'AUTOMATIC' }), 'declined');
  await run.decided(declined.payment);
  await run.make(`/payments/${declined.payment.id}/retry`, { payment_method: 'pm_card_visa' }, 'retry');

  const order = await run.make('/orders', anOrder(6400), 'order');
  // Without a webhook it is the janitor who finds out.
  await control(run.sandbox.url, 'settings', { webhook_url: null });
  await fault(run.sandbox.url, { fault: 'cut_response', bytes: 40, count: 1, match: { method: 'POST', path_prefix: '/v1/payment_intents' } });
  await run.decided(await run.make('/payments', { order_id: order.id, payment_method: 'pm_card_visa' }, 'sale-in-doubt'));
  await clearFaults(run.sandbox.url);
  await control(run.sandbox.url, 'settings', { webhook_url: `${run.server.url}/webhooks/stripe` });

  const asked = await run.make('/payments', { amount: 5500, currency: 'EUR', payment_method: 'pm_card_authenticationRequired', return_url: 'https://shop.example/' }, '3-D-Secure');
  await approve(asked);
  await run.decided(asked);

  const direct = await run.make('/payments', { amount: 4600, currency: 'EUR', payment_method: 'pm_card_visa', capture_method: 'MANUAL' }, 'hold-to-be-void');
  await run.decided(direct);
  await run.make(`/payments/${direct.id}/void`, {}, 'void');
  await run.decided(direct);

  for (const { path, body, key, text } of [...run.acknowledged]) {
    const again = await run.ask('POST', path, { body, key });
    assert.equal(again.text, text, `the second answer under "${key}" is another`);
  }
}

// Nothing under way with us, no webhook on its way.
export async function quiet(run) {
  const undelivered = async () => (await control(run.sandbox.url, 'deliveries?limit=1000')).data.filter(({ state }) => state === 'pending').length;
  await until(
    'nothing is in between',
    run.patienceMs,
    async () => {
      await run.ask('GET', '/livez');
      return (await inBetween(run.server.database)).sum === 0 && (await undelivered()) === 0;
    },
    async () => ({ ...(await inBetween(run.server.database)), undelivered: await undelivered() }),
  );
}

// Every answer that was given still holds: what it told of is there, and the same key gives the same bytes.
export async function checkAnswers(run) {
  for (const { path, body, key, status, text, json } of run.acknowledged) {
    const order = json.order ?? (json.id?.startsWith('ord_') ? json : undefined);
    const payment = json.payment ?? (json.id?.startsWith('pay_') ? json : undefined);
    if (order) checkOrder(order, await run.read(`/orders/${order.id}`));
    if (payment) checkPayment(payment, await run.read(`/payments/${payment.id}`));
    if (json.id?.startsWith('ref_')) assert.equal((await run.read(`/refunds/${json.id}`)).amount, json.amount);
    const again = await run.ask('POST', path, { body, key });
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [status, text, 'true'], `the same key, "${key}", is answered otherwise`);
  }
}

// What the visit came to, without the ids and times that differ between runs.
export async function summary(run) {
  const database = run.server.database;
  await checkBooks(database);
  const lines = await ledger(run.sandbox.url);
  await compareWithLedger(database, lines);
  return {
    orders: await query(database, 'select total, status, payment_status, amount_captured, amount_refunded from orders order by total'),
    payments: await query(database, 'select amount, currency, status, authorized, captured, refunded, closed from payments order by amount'),
    attempts: await query(database, 'select kind, amount, status, count(*) n from payment_attempts group by 1, 2, 3 order by 1, 2, 3'),
    ledger: lines.map(({ kind, amount, currency }) => `${kind} ${amount} ${currency}`).sort(),
  };
}

const lanes = 10;  // mostly they wait: for the janitor, for a webhook to come again

// Several visits at a time; after the first that fails no other begins.
export async function inLanes(goesOn, step) {
  let failed = false;
  const lane = async () => {
    while (!failed && goesOn()) await step().catch((error) => ((failed = true), Promise.reject(error)));
  };
  const results = await Promise.allSettled(range(lanes).map(lane));
  for (const { reason } of results) if (reason) throw reason;
}
