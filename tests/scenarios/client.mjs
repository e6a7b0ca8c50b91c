// A plain HTTP client that says exactly what it was told to say: any method, any header, any bytes.
import { createHmac } from 'node:crypto';
import { Agent, request as send } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export function exchange(base, { method, path, headers, body, timeoutMs = 40_000 }) {
  const url = new URL(base);
  return new Promise((resolve, reject) => {
    const outgoing = send({ agent, host: url.hostname, port: url.port, method, path, headers, timeout: timeoutMs }, (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function closeConnections() {
  agent.destroy();
}

// Stripe's webhook signature.
export function stripeSignature(secret, body, ageSeconds) {
  const at = Math.floor(Date.now() / 1000) - ageSeconds;
  const digest = createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex');
  return `t=${at},v1=${digest}`;
}

// The bytes of a body: $variables, @repeat<n>(text), @times<n>(text with # for the number), @hex(ff00).
export function bodyBytes(text, variables) {
  const open = /@(?:(repeat|times)<(\d+)>|hex)\(/.exec(text);
  if (!open) return Buffer.from(variables.fill(text));
  const begin = open.index + open[0].length;
  let depth = 1, end = begin;
  for (; end < text.length && depth > 0; end += 1) depth += text[end] === '(' ? 1 : text[end] === ')' ? -1 : 0;
  if (depth > 0) throw new Error(`${open[0]} is not closed`);
  const inner = text.slice(begin, end - 1);
  return Buffer.concat([bodyBytes(text.slice(0, open.index), variables), expand(open[1], Number(open[2]), inner, variables), bodyBytes(text.slice(end), variables)]);
}

function expand(how, count, inner, variables) {
  if (how === undefined) return Buffer.from(inner.replace(/\s/g, ''), 'hex');
  if (how === 'repeat') return Buffer.from(variables.fill(inner).repeat(count));
  return Buffer.from(Array.from({ length: count }, (_, i) => variables.fill(inner).replaceAll('#', String(i + 1))).join(','));
}
