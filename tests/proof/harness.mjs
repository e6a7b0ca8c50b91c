// What every proof needs: the real binary in a folder and on ports of its own, clients over keep-alive connections, and two
// independent looks at the truth: the API, and the database files read by the sqlite3 command line.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const binary = [process.env.PURSER_BINARY, join(root, 'build/release/app/purser'), join(root, 'build/dev/app/purser')].find(
  (file) => file && existsSync(file),
);
assert.ok(binary, 'Build first, or name the binary in PURSER_BINARY.');

export const webhookSecret = 'whsec_proof_' + randomUUID();
export const keySecret = 'proof-key-secret-' + randomUUID();

// ---- folders

// A folder that goes with the test; kept where the test failed, for whoever looks into it.
export function workspace(t) {
  const folder = mkdtempSync(join(tmpdir(), 'purser-proof-'));
  const scratch = { folder, failed: true };
  t.after(() => {
    if (scratch.failed || process.env.PURSER_KEEP) t.diagnostic(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    path: (name) => join(folder, name),
    passed: () => (scratch.failed = false),
  };
}

// ---- processes

// A running purser. `announced` is what it printed until `until` matched; `errors` collects its log.
export class Process {
  constructor(child, began) {
    this.child = child;
    this.pid = child.pid;
    this.announced = '';
    this.errors = '';
    this.began = began;
    this.exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    this.lastWords = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));  // all it wrote is in `errors`
  }

  async ready(until, timeoutMs = 30_000) {
    const exited = this.lastWords.then(({ code, signal }) => {
      throw new Error(`purser ended with ${code ?? signal} before it was ready: ${this.announced}${this.errors.slice(-2000)}`);
    });
    exited.catch(() => {});
    const told = new Promise((resolve) => {
      this.child.stdout.on('data', (bytes) => {
        this.announced += bytes;
        if (!until.test(this.announced)) return;
        this.readyMs ??= performance.now() - this.began;
        resolve();
      });
    });
    const late = new AbortController();
    try {
      await Promise.race([told, exited, pause(timeoutMs, undefined, { signal: late.signal }).then(() => assert.fail(`not ready: ${this.errors}`))]);
    } finally {
      late.abort();
    }
    return this;
  }

  signal(name) {
    this.child.kill(name);
  }

  // Asks it to stop and gives its exit.
  async stop(name = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal(name);
    return this.exit;
  }

  residentKb() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]);
  }
}

// `wrap` is put before the command: [] or, say, ['unshare', '--mount', …]. The log goes to `log` too, where one is named.
export function launch(args, { env = {}, log, wrap = [] } = {}) {
  const [command, ...rest] = [...wrap, binary, ...args];
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PURSER_')));
  const began = performance.now();
  const child = spawn(command, rest, { env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const launched = new Process(child, began);
  const file = log && createWriteStream(log, { flags: 'a' });
  child.stderr.on('data', (bytes) => {
    launched.errors = (launched.errors + bytes).slice(-200_000);
    file?.write(bytes);
  });
  child.stderr.once('close', () => file?.end());
  return launched;
}

// `purser serve --dev` with its own sandbox, or with the one at `sandbox`, where it is given. Without `dev` no key is made: `key`
// is then the caller's to set.
export async function serve(t, { data, sandbox, dev = true, env = {}, args = [], log = `${data}.log`, wrap } = {}) {
  const processor = sandbox && {
    PURSER_STRIPE_BASE_URL: sandbox.url,
    PURSER_STRIPE_SECRET_KEY: 'sk_test_proof',
    PURSER_STRIPE_WEBHOOK_SECRET: webhookSecret,
    PURSER_PROCESSOR_REQUESTS_PER_SECOND: '1000000',
  };
  const ports = ['--http-port', '0', '--grpc-port', '0', '--sandbox-port', '0'];
  const server = launch(['serve', ...(dev ? ['--dev'] : []), '--data-dir', data, ...ports, ...args], { env: { PURSER_KEY_SECRET: keySecret, ...processor, ...env }, log, wrap });
  t?.after(() => server.stop('SIGKILL'));
  await server.ready(dev ? /events -H/ : /Data +\S+\n/);
  server.url = /REST +(http:\S+)/.exec(server.announced)[1];
  server.grpc = /gRPC +(\S+)/.exec(server.announced)[1];
  server.sandboxUrl = sandbox?.url ?? /Sandbox +(http:\S+)/.exec(server.announced)[1];
  server.key = /API key +(\S+)/.exec(server.announced)?.[1];
  server.data = data;
  server.database = join(data, 'purser.db');
  if (sandbox) await control(sandbox.url, 'settings', { webhook_url: `${server.url}/webhooks/stripe` });
  return server;
}

// `purser sandbox`: the processor as a process of its own, which outlives the server.
export async function startSandbox(t, { data, args = [] }) {
  const sandbox = launch(['sandbox', '--data-dir', data, '--port', '0', ...args], {
    env: { PURSER_STRIPE_WEBHOOK_SECRET: webhookSecret },
    log: `${data}.log`,
  });
  t?.after(() => sandbox.stop('SIGKILL'));
  await sandbox.ready(/listens on http:\/\/\S+;/);
  sandbox.url = /listens on (http:\/\/[\d.:]+)/.exec(sandbox.announced)[1];
  return sandbox;
}

// A command that ends by itself: purser keys …
export async function command(args, env = {}) {
  const { stdout } = await run(binary, args, { env: { ...process.env, PURSER_KEY_SECRET: keySecret, ...env } });
  return stdout;
}

export async function createKey(data, ...args) {
  const text = await command(['keys', '--data-dir', data, 'create', ...args]);
  const field = (name) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(text)[1];
  return { id: field('id'), merchant: field('merchant'), secret: field('key') };
}

// ---- clients

export class Client {
  // `sockets` bounds the connections; each is kept alive.
  constructor(url, apiKey, sockets = 64) {
    this.url = url;
    this.apiKey = apiKey;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: sockets, scheduling: 'fifo' });
    this.requests = 0;
  }

  // Gives {status, headers, text, json}; throws where no whole answer came.
  request(method, path, { body, key, headers = {}, timeoutMs = 60_000 } = {}) {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all = { ...(this.apiKey && { authorization: `Bearer ${this.apiKey}` }), ...headers };
    if (key !== undefined) all['idempotency-key'] = `"${key}"`;
    if (text !== undefined) Object.assign(all, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    this.requests += 1;
    return new Promise((resolve, reject) => {
      const request = http.request(new URL(path, this.url), { method, headers: all, agent: this.agent, timeout: timeoutMs }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          if (!response.complete) return reject(new Error('the answer was cut'));
          const answer = Buffer.concat(parts).toString('utf8');
          const isJson = /json/.test(response.headers['content-type'] ?? '');
          resolve({ status: response.statusCode, headers: response.headers, text: answer, json: isJson ? JSON.parse(answer) : undefined });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', reject);
      request.end(text);
    });
  }

  get(path, options) {
    return this.request('GET', path, options);
  }
  post(path, body, key = randomUUID(), options = {}) {
    return this.request('POST', path, { body, key, ...options });
  }

  // A mutation that must succeed.
  async make(path, body, key) {
    const answer = await this.post(path, body, key);
    assert.ok(answer.status === 200 || answer.status === 201, `POST ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }
  async read(path) {
    const answer = await this.get(path);
    assert.equal(answer.status, 200, `GET ${path}: ${answer.text}`);
    return answer.json;
  }

  // All pages of a list, newest first.
  async list(path) {
    const all = [];
    for (let after = ''; ; after = `&starting_after=${all.at(-1).id}`) {
      const page = await this.read(`${path}${path.includes('?') ? '&' : '?'}limit=100${after}`);
      all.push(...page.data);
      if (!page.has_more) return all;
    }
  }

  close() {
    this.agent.destroy();
  }
}

export const line = (unitPrice, quantity = 1) => ({ sku: 'MUG', name: 'Mug', quantity, unit_price: unitPrice });
export const anOrder = (unitPrice, more = {}) => ({ user_id: 'user-1', currency: 'USD', items: [line(unitPrice)], ...more });
export const aCheckout = (unitPrice, more = {}) => ({ ...anOrder(unitPrice), payment_method: 'pm_card_visa', ...more });

// A bare socket, for what no client library would send. `text` is all that came, `closed` resolves once the server hangs up.
export class Wire {
  constructor(url, { reads = true } = {}) {
    this.text = '';
    this.socket = net.connect({ port: Number(new URL(url).port), host: '127.0.0.1', noDelay: true });
    this.opened = new Promise((resolve) => this.socket.once('connect', resolve));
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.closed.then(() => (this.isClosed = true));
    this.socket.on('error', (error) => (this.trouble = error.code));
    if (reads) this.socket.on('data', (bytes) => (this.text += bytes.toString('latin1')));
  }
  send(text) {
    this.socket.write(text);
    return this;
  }
  // The status codes of the answers so far.
  statuses() {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }
  async holds(what, timeoutMs = 10_000) {
    await until(`the wire shows ${what}`, timeoutMs, () => this.text.includes(what), () => this.text.slice(-500));
  }
  async ends(timeoutMs = 10_000) {
    await until('the server closes the connection', timeoutMs, () => this.isClosed, () => this.text.slice(-500));
  }
  close() {
    this.socket.destroy();
  }
}

// ---- the sandbox's side

export async function control(url, what, body, method = body ? 'POST' : 'GET') {
  const response = await fetch(`${url}/_sandbox/${what}`, { method, body: body && JSON.stringify(body) });
  assert.equal(response.status, 200, `${method} /_sandbox/${what}`);
  return response.json();
}
export const fault = (url, rule) => control(url, 'faults', rule);
export const clearFaults = (url) => control(url, 'faults', undefined, 'DELETE');
export const ledger = async (url) => (await control(url, 'ledger?limit=100000')).data;

// What the ledger's lines come to: of one intent, one order, or all.
export function sumUp(lines) {
  const sum = (...kinds) => lines.filter(({ kind }) => kinds.includes(kind)).reduce((total, { amount }) => total + amount, 0);
  const taken = sum('charged', 'captured');
  const refunded = sum('refunded') - sum('refund_failed');
  return {
    taken,
    refunded,
    kept: taken - refunded,
    held: sum('authorized') - sum('captured', 'released', 'canceled'),
    intents: new Set(lines.filter(({ kind }) => kind === 'charged' || kind === 'authorized').map((entry) => entry.payment_intent)).size,
  };
}

export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

// ---- our books, read past the program

// Of a file, or of {file, enter}: a file seen where the command `enter` leads.
export async function query(database, sql) {
  const { file, enter } = typeof database === 'string' ? { file: database, enter: [] } : database;
  const [program, ...args] = [...enter, 'sqlite3', '-readonly', '-json', '-cmd', '.timeout 10000', file, sql];
  const { stdout } = await run(program, args, { maxBuffer: 1 << 28 });
  return stdout.trim() ? JSON.parse(stdout) : [];
}

const orderEdges = {
  CREATED: ['PAYMENT_IN_PROGRESS', 'ORDER_CANCELLED', 'EXPIRED'],
  PAYMENT_IN_PROGRESS: ['PAYMENT_DONE', 'PAYMENT_FAILED'],
  PAYMENT_FAILED: ['PAYMENT_IN_PROGRESS', 'ORDER_CANCELLED', 'EXPIRED'],
  PAYMENT_DONE: ['PARTIALLY_REFUNDED', 'REFUNDED', 'ORDER_CANCELLED'],
  PARTIALLY_REFUNDED: ['REFUNDED'],
  ORDER_CANCELLED: [],
  EXPIRED: [],
  REFUNDED: [],
};
const paymentEdges = {
  CREATED: ['PROCESSING'],
  PROCESSING: ['REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'FAILED', 'IN_DOUBT'],
  REQUIRES_ACTION: ['AUTHORIZED', 'CAPTURED', 'FAILED', 'VOIDED', 'IN_DOUBT'],
  IN_DOUBT: ['REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'FAILED'],
  FAILED: ['PROCESSING'],
  AUTHORIZED: ['PARTIALLY_CAPTURED', 'CAPTURED', 'VOIDED'],
  PARTIALLY_CAPTURED: ['CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'],
  CAPTURED: ['PARTIALLY_REFUNDED', 'REFUNDED'],
  PARTIALLY_REFUNDED: ['REFUNDED'],
  REFUNDED: [],
  VOIDED: [],
};
const refundEdges = { PENDING: ['SUCCEEDED', 'FAILED'], SUCCEEDED: [], FAILED: [] };

function reaches(edges, from, to, seen = new Set()) {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return edges[from].some((next) => reaches(edges, next, to, seen));
}
// Whether a thing that was once seen as `before` may be `now`.
export const orderMayBecome = (before, now) => reaches(orderEdges, before, now);
export const paymentMayBecome = (before, now) => reaches(paymentEdges, before, now);
export const refundMayBecome = (before, now) => reaches(refundEdges, before, now);

// What is still under way: attempts whose end is not known, payments and cancellations between two states.
export async function inBetween(database) {
  const [counts] = await query(
    database,
    `select (select count(*) from payment_attempts where status in ('CREATED', 'SENT', 'IN_DOUBT')) as attempts,
            (select count(*) from payments where status in ('CREATED', 'PROCESSING', 'IN_DOUBT')) as payments,
            (select count(*) from refunds where status = 'PENDING') as refunds,
            (select count(*) from captures where status = 'PENDING') as captures,
            (select count(*) from orders where cancel_requested = 1) as cancellations`,
  );
  return { ...counts, sum: Object.values(counts).reduce((total, count) => total + count, 0) };
}

// Waits, within a limit, until nothing is under way.
export function settled(database, timeoutMs) {
  return until('nothing is in between', timeoutMs, async () => (await inBetween(database)).sum === 0, () => inBetween(database));
}

// The invariants of the books that hold whatever was done, read from the tables alone.
export async function checkBooks(database) {
  assert.deepEqual(await query(database, 'pragma integrity_check'), [{ integrity_check: 'ok' }]);
  assert.deepEqual(
    await query(database, 'select aggregate_id, count(*) n, min(sequence) a, max(sequence) b from outbox group by 1 having a <> 1 or b <> n'),
    [],
    'a gap in the sequence of an aggregate’s events',
  );
  const history = await query(database, 'select order_id, version, from_status a, to_status b from order_history order by order_id, version');
  let before;
  for (const entry of history) {
    const first = before?.order_id !== entry.order_id;
    assert.equal(entry.version, first ? 1 : before.version + 1, `history of ${entry.order_id} has a gap`);
    assert.equal(entry.a, first ? null : before.b, `history of ${entry.order_id} does not join at version ${entry.version}`);
    const legal = first ? entry.b === 'CREATED' : entry.a === entry.b || orderEdges[entry.a].includes(entry.b);
    assert.ok(legal, `${entry.order_id}: ${entry.a} → ${entry.b}`);
    before = entry;
  }
  assert.deepEqual(
    await query(
      database,
      `select o.id, o.status, o.version, h.to_status from orders o left join order_history h on h.order_id = o.id and h.version = o.version
       where h.to_status is null or h.to_status <> o.status`,
    ),
    [],
    'an order is not what its history says',
  );
  assert.deepEqual(
    await query(database, "select order_id, count(*) n from payments where order_id is not null and status not in ('FAILED', 'VOIDED', 'REFUNDED') group by 1 having n > 1"),
    [],
    'an order has two live payments',
  );
}

// Our books and the processor's ledger, payment by payment, to the last minor unit; and no order with two charges that stand.
export async function compareWithLedger(database, lines) {
  const payments = await query(database, 'select id, order_id, status, authorized, captured, refunded, closed from payments');
  const ours = await query(
    database,
    `select payment_id, processor_ref from payment_attempts where kind in ('AUTHORIZE', 'SALE') and status in ('SUCCEEDED', 'REVERSED') and processor_ref <> ''`,
  );
  const known = groupBy(ours, ({ payment_id }) => payment_id);
  const byIntent = groupBy(lines, ({ payment_intent }) => payment_intent);
  const differences = [];
  const accounted = new Set();
  for (const payment of payments) {
    const intents = (known.get(payment.id) ?? []).map(({ processor_ref }) => processor_ref);
    const theirs = sumUp(intents.flatMap((intent) => byIntent.get(intent) ?? []));
    for (const intent of intents) accounted.add(intent);
    const held = payment.closed || payment.status === 'VOIDED' ? 0 : payment.authorized - payment.captured;
    const same = theirs.kept === payment.captured - payment.refunded && theirs.held === held;
    if (!same) differences.push({ ...payment, theirs });
  }
  for (const [intent, entries] of byIntent) {
    const { kept, held } = sumUp(entries);
    if (!accounted.has(intent) && (kept !== 0 || held !== 0)) differences.push({ intent, kept, held, reference: entries[0].reference, why: 'unknown to us' });
  }
  assert.deepEqual(differences.slice(0, 5), [], `${differences.length} payments differ from the processor's ledger`);
  const twice = [...groupBy(lines.filter((entry) => entry.order_id), (entry) => entry.order_id)].filter(
    ([, entries]) => [...groupBy(entries, ({ payment_intent }) => payment_intent).values()].filter((own) => sumUp(own).kept + sumUp(own).held > 0).length > 1,
  );
  assert.deepEqual(twice, [], 'an order is charged twice');
  return { payments: payments.length, intents: byIntent.size };
}

// ---- time and order

// Asks until it holds. What is waited for happens elsewhere and has no signal; the limit makes it a finding if it does not.
export async function until(what, timeoutMs, holds, explain = () => '') {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await holds()) return;
    if (performance.now() > end) assert.fail(`not within ${timeoutMs} ms: ${what} ${JSON.stringify(await explain())}`);
    await pause(50);
  }
}

// Runs `work(item)` for each, `atOnce` at a time, and gives the results in order.
export async function inParallel(items, atOnce, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at], at);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

export const range = (count) => Array.from({ length: count }, (_, at) => at);

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function report(t, figures) {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : value}`);
  t.diagnostic(text.join(' · '));
}

export { pause, randomUUID, readFileSync, writeFileSync };
