// Carries out the steps of one scenario. The first one that does not come out as expected ends it, with file and line.
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bodyBytes, exchange, stripeSignature } from './client.mjs';
import { parseJson } from './json.mjs';
import { Mismatch, Variables, match, matchText } from './match.mjs';
import { webhookSecret } from './server.mjs';

// Random text without digits: sixteen of them in a row could pass for a card number, which a server refuses anywhere.
const letters = (bytes) => randomBytes(bytes).toString('hex').replace(/[0-9]/g, (digit) => 'ghijklmnop'[digit]);

const leaks = /\.(cpp|hpp|cc|h):\d|std::|boost::|purser::|sqlite|select .* from|insert into|terminate|(?<![0-9a-z])0x[0-9a-f]{8}|stack trace|\/home\/|\/tmp\//i;
const pollMs = 60;

export async function runScenario(scenario, server, keys) {
  const player = new Player(scenario, server, keys);
  for (const step of scenario.steps) {
    try {
      await player[step.kind](step);
    } catch (error) {
      const line = error.number ?? step.number;
      error.message = `${basename(scenario.file)}:${line}: ${error.message}`;
      if (error instanceof Mismatch) error.stack = error.message;
      throw error;
    }
  }
}

class Player {
  constructor(scenario, server, keys) {
    this.server = server;
    this.keys = keys;
    this.variables = new Variables({
      run: `${scenario.name}-${letters(4)}`,
      http: server.http,
      sandbox: server.sandbox,
      data: server.data,
      webhook_secret: webhookSecret,
    });
    for (const [who, { id, merchant, key }] of Object.entries(keys)) {
      this.variables.set(`${who}_key`, key);
      this.variables.set(`${who}_key_id`, id);
      this.variables.set(`${who}_id`, merchant);
    }
  }

  let(step) {
    this.variables.set(step.name, this.variables.fill(step.value));
  }

  async restart() {
    await this.server.stop();
    await this.server.start();
  }

  async crash() {
    await this.server.stop('SIGKILL');
    await this.server.start();
  }

  nowhere(step) {
    const text = this.variables.fill(step.text);
    const files = this.server.holding(text);
    if (files.length > 0) throw new Mismatch(`"${text}" should be nowhere; it is in ${files.map((file) => basename(file)).join(', ')}`);
  }

  run(step) {
    const words = step.words.map((word) => this.variables.fill(word));
    const { status, output } = this.server.run(words);
    const told = (what) => new Mismatch(`purser ${words.join(' ')}\n  ${what}\n  it said: ${output}`);
    if (status !== (step.expect?.exit ?? 0)) throw told(`expected exit ${step.expect?.exit ?? 0}, came ${status}`);
    this.checkTexts(step.expect, output, told);
  }

  // A request, repeated until its expectation holds where `within` allows it, and sent several times at once where `times` says so.
  async request(step) {
    const until = Date.now() + step.within * 1000;
    for (;;) {
      const sent = Array.from({ length: step.times }, () => this.outgoing(step));
      const answers = await Promise.all(sent.map((one) => exchange(one.base, one)));
      const before = this.variables.copy();
      try {
        answers.forEach((answer, i) => this.check(step, sent[i], answer));
        checkOnce(step.expect, answers);
        return;
      } catch (error) {
        if (!(error instanceof Mismatch) || Date.now() >= until) throw error;
        this.variables = before;
        await pause(pollMs);
      }
    }
  }

  outgoing(step) {
    const target = this.variables.fill(step.path);
    const elsewhere = /^(http:\/\/[^/]+)(\/.*)$/.exec(target);
    const body = step.body === undefined ? undefined : bodyBytes(step.body, this.variables);
    const headers = {};
    this.addKeys(step, Boolean(elsewhere) || step.sandbox, headers);
    if (body !== undefined) {
      const json = /^\s*[{[]/.test(step.body) || !(elsewhere || step.sandbox);
      headers['Content-Type'] = json ? 'application/json' : 'application/x-www-form-urlencoded';
      headers['Content-Length'] = String(body.length);
    } else if (['POST', 'PUT', 'PATCH'].includes(step.method)) {
      headers['Content-Length'] = '0';
    }
    if (step.signed) headers['Stripe-Signature'] = stripeSignature(step.signed.secret ?? webhookSecret, body ?? '', step.signed.age);
    // One that a step names twice is sent twice.
    const given = new Set();
    for (const [name, value] of step.headers) {
      const text = bodyBytes(value, this.variables).toString('latin1');
      if (given.has(name)) headers[name] = [headers[name], text].flat();
      else this.setHeader(headers, name, text);
      given.add(name);
    }
    const base = elsewhere ? elsewhere[1] : step.sandbox ? this.server.sandbox : this.server.http;
    const ours = base === this.server.http;
    return { base, ours, method: step.method, path: elsewhere ? elsewhere[2] : encodeRaw(target), headers, body };
  }

  setHeader(headers, name, value) {
    for (const other of Object.keys(headers)) if (other.toLowerCase() === name.toLowerCase()) delete headers[other];
    if (value !== '<none>') headers[name] = value;
  }

  // Who asks, and under which idempotency key: a mutation gets a new one unless the step names one or says "no key".
  addKeys(step, foreign, headers) {
    if (foreign) headers.Authorization = 'Bearer sk_test_sandbox';
    else if (step.as) headers.Authorization = `Bearer ${this.keys[step.as]?.key ?? this.variables.fill(step.as)}`;
    const mutation = step.as && ['POST', 'PUT', 'PATCH', 'DELETE'].includes(step.method);
    const run = this.variables.get('run');
    if (step.key === undefined && mutation) headers['Idempotency-Key'] = `${run}-${letters(6)}`;
    if (step.key) headers['Idempotency-Key'] = step.key.startsWith('"') ? `"${run}-${step.key.slice(1)}` : `${run}-${step.key}`;
  }

  check(step, sent, answer) {
    const expect = step.expect ?? { statuses: [200], problems: [], headers: [], texts: [], json: '', number: step.number };
    const told = (what) => {
      const error = new Mismatch(
        `${sent.method} ${sent.path}${sent.body ? `\n  sent: ${sent.body.toString('utf8').slice(0, 600)}` : ''}\n  ${what}\n  came: ${answer.status} ${JSON.stringify(answer.headers)}\n        ${answer.body.slice(0, 3000)}`,
      );
      error.number = expect.number;
      return error;
    };
    if (!expect.statuses.includes(answer.status)) throw told(`expected status ${expect.statuses.join(' or ')}`);
    if (sent.ours) this.checkForm(sent, answer, told);
    if (expect.problems.length > 0) checkProblems(expect.problems, answer, told);
    for (const [name, pattern] of expect.headers) this.checkHeader(name, pattern, answer, told);
    this.checkTexts(expect, answer.body, told);
    if (expect.bodyIs && answer.body !== this.variables.get(expect.bodyIs)) throw told(`expected exactly the body ${this.variables.get(expect.bodyIs)}`);
    if (expect.saveBody) this.variables.set(expect.saveBody, answer.body);
    if (expect.json) this.checkJson(expect, answer, told);
  }

  // What every answer of the product keeps, whatever was asked.
  checkForm(sent, answer, told) {
    if (!/^req_[0-9a-z]{26}$/.test(answer.headers['request-id'] ?? '') && ![400, 408, 413, 431, 503].includes(answer.status))
      throw told('expected a Request-Id');
    if (sent.method === 'HEAD' || answer.body === '') return;
    const type = answer.headers['content-type'] ?? '';
    if (/json/.test(type)) {
      try {
        answer.json = parseJson(answer.body);
      } catch (error) {
        throw told(`expected JSON: ${error.message}`);
      }
    }
    if (answer.status >= 400 && !(answer.status === 503 && answer.json?.status === 'unavailable')) checkProblemForm(answer, told);
  }

  checkHeader(name, pattern, answer, told) {
    const value = answer.headers[name.toLowerCase()];
    matchText(pattern, value, this.variables, (wanted) => {
      throw told(`expected the header ${name} to be ${wanted}; it is ${value ?? 'missing'}`);
    });
  }

  checkTexts(expect, text, told) {
    for (const [how, wanted] of expect?.texts ?? []) {
      const filled = this.variables.fill(wanted);
      if (how === 'has' && !text.includes(filled)) throw told(`expected the text ${filled}`);
      if (how === 'lacks' && text.includes(filled)) throw told(`expected not the text ${filled}`);
      if (how !== 'matches') continue;
      const found = new RegExp(filled, 'm').exec(text);
      if (!found) throw told(`expected a text like ${filled}`);
      for (const [name, value] of Object.entries(found.groups ?? {})) this.variables.set(name, value);
    }
  }

  checkJson(expect, answer, told) {
    let pattern;
    try {
      pattern = parseJson(expect.json.replace(/(^|[[{:,\s])\.\.\.(?=[\s\],])/g, '$1"..."'));
    } catch (error) {
      throw Object.assign(new Error(`the pattern is ${error.message}`), { number: expect.jsonAt });
    }
    try {
      answer.json ??= parseJson(answer.body);
      match(pattern, answer.json, this.variables);
    } catch (error) {
      if (error instanceof Mismatch || error instanceof SyntaxError) throw told(error.message);
      throw error;
    }
  }
}

function checkOnce(expect, answers) {
  const first = answers.filter(({ status }) => status === expect?.statuses[0]).length;
  if (expect?.once && first !== 1) throw Object.assign(new Mismatch(`expected ${expect.statuses[0]} once, came ${first} times`), { number: expect.number });
}

// RFC 9457, with our extensions, and nothing of our insides.
function checkProblemForm(answer, told) {
  if (answer.headers['content-type'] !== 'application/problem+json') throw told('expected Content-Type application/problem+json');
  const { json } = answer;
  for (const name of ['type', 'title', 'detail', 'code']) if (typeof json[name] !== 'string' || json[name] === '') throw told(`expected ${name} in the problem`);
  if (json.status !== answer.status) throw told('expected the status in the problem too');
  if (!/^[a-z][a-z0-9_]*$/.test(json.code)) throw told('expected a code in snake_case');
  const bySocket = [400, 408, 413, 431, 503].includes(answer.status) && answer.headers['request-id'] === undefined;
  if (!bySocket && json.request_id !== answer.headers['request-id']) throw told('expected the Request-Id as request_id too');
  for (const error of json.errors ?? [])
    if (typeof error.pointer !== 'string' || !error.detail || !error.code) throw told('expected pointer, detail and code in each of errors');
  if (leaks.test(answer.body)) throw told(`expected nothing of our insides, but it says ${leaks.exec(answer.body)[0]}`);
  if (answer.status >= 500 && answer.status !== 503 && answer.status !== 504) throw told('a scenario never expects a 500');
}

function checkProblems(problems, answer, told) {
  for (const { code, pointer } of problems) {
    if (pointer === undefined && answer.json?.code !== code) throw told(`expected the code ${code}`);
    if (pointer === undefined) continue;
    const found = (answer.json?.errors ?? []).some((error) => error.pointer === pointer && error.code === code);
    if (!found) throw told(`expected ${code} at ${pointer || 'the root'}`);
  }
}

// Node refuses a path with characters that a URL cannot hold; scenarios write them plainly.
const encodeRaw = (path) => path.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(c));
