// Clients that are slow, greedy or malicious get their answer or lose their connection, and the others do not notice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { anOrder, Client, inParallel, pause, percentile, range, report, serve, until, Wire, workspace } from './harness.mjs';

const good = 20;

// Latencies in milliseconds of `each` requests by each of the good clients; every one must succeed.
async function latencies(server, orderId, each) {
  const client = new Client(server.url, server.key, good);
  const all = [];
  await Promise.all(
    range(good).map(async () => {
      for (let turn = 0; turn < each; ++turn) {
        const began = performance.now();
        const answer = turn % 4 ? await client.get(`/orders/${orderId}`) : await client.post('/orders', anOrder(100));
        all.push(performance.now() - began);
        assert.ok(answer.status === 200 || answer.status === 201, answer.text);
      }
    }),
  );
  client.close();
  return all;
}

// Sends `text` a byte at a time, for as long as the server listens.
async function trickle(wire, text, every) {
  await wire.opened;
  for (const byte of text) {
    if (wire.isClosed || wire.text) return;
    wire.send(byte);
    await pause(every);
  }
}

test('slow clients cost their own connections only', async (t) => {
  const place = workspace(t);
  const server = await serve(t, { data: place.path('data'), env: { PURSER_REQUEST_TIMEOUT_MS: '4000', PURSER_WRITE_TIMEOUT_MS: '3000' } });
  const { id } = await new Client(server.url, server.key, 1).make('/orders', anOrder(100));
  const before = await latencies(server, id, 60);

  const slowHead = range(100).map(() => new Wire(server.url));
  const slowBody = range(100).map(() => new Wire(server.url));
  const slowReader = range(50).map(() => new Wire(server.url, { reads: false }));
  const head = `POST /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\nIdempotency-Key: slow\r\nContent-Type: application/json\r\n`;
  const began = performance.now();
  const trickling = [
    ...slowHead.map((wire) => trickle(wire, 'GET /orders HTTP/1.1\r\nHost: ' + 'x'.repeat(4000), 100)),
    ...slowBody.map((wire) => trickle(wire.send(`${head}Content-Length: 5000\r\n\r\n`), '{' + ' '.repeat(4998) + '}', 100)),
  ];
  // Asks for more than any buffer between us holds, and reads none of it.
  for (const wire of slowReader) wire.send('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200));
  const during = await latencies(server, id, 100);
  assert.ok([...slowHead, ...slowBody].some((wire) => !wire.isClosed), 'the slow clients were gone before they could disturb');

  await Promise.all([...slowHead, ...slowBody].map((wire) => wire.ends(20_000)));
  for (const wire of [...slowHead, ...slowBody]) assert.deepEqual(wire.statuses(), [408]);
  await Promise.all(trickling);
  await until('those who do not read are cut', 30_000, async () => {
    for (const wire of slowReader) if (!wire.isClosed) wire.send('x');  // a write shows a reset without reading
    return slowReader.every((wire) => wire.isClosed || wire.trouble);
  });
  const seconds = (performance.now() - began) / 1000;
  for (const wire of slowReader) wire.close();
  const [calm, disturbed] = [percentile(before, 0.95), percentile(during, 0.95)];
  assert.ok(disturbed < 4 * calm + 50, `p95 went from ${calm} to ${disturbed} ms`);
  assert.equal((await server.stop()).code, 0);
  report(t, { 'slow clients': 250, 'p95 before ms': calm, 'p95 during ms': disturbed, seconds });
  place.passed();
});

test('what is too large or ambiguous', async (t) => {
  const place = workspace(t);
  const server = await serve(t, { data: place.path('data'), env: { PURSER_BODY_BYTES_MAX: '65536', PURSER_HEADER_BYTES_MAX: '8192' } });
  const auth = `Authorization: Bearer ${server.key}`;
  const post = (...headers) => ['POST /orders HTTP/1.1', 'Host: x', auth, 'Idempotency-Key: k', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');
  const get = (...headers) => ['GET /livez HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n');
  const smuggled = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';
  const body = JSON.stringify(anOrder(100));
  const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;

  const refusals = [
    ['a body announced too large', 413, post('Content-Length: 65537')],
    ['chunks too large', 413, post('Transfer-Encoding: chunked') + chunk('x'.repeat(40_000)) + chunk('x'.repeat(40_000)) + '0\r\n\r\n'],
    ['a header too large', 431, get(`X-Large: ${'x'.repeat(9000)}`)],
    ['headers too many', 431, get(...range(1000).map((at) => `X-${at}: ${'y'.repeat(20)}`))],
    ['a target too long', 431, `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a length and an encoding', 400, post(`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked') + '0\r\n\r\n' + smuggled],
    ['an encoding and a length', 400, post('Transfer-Encoding: chunked', 'Content-Length: 4') + '0\r\n\r\n' + smuggled],
    ['two lengths', 400, post('Content-Length: 0', `Content-Length: ${smuggled.length}`) + smuggled],
    ['two lengths in one', 400, post(`Content-Length: 0, ${smuggled.length}`) + smuggled],
    ['a signed length', 400, post('Content-Length: +2') + '{}' + smuggled],
    ['a negative length', 400, post('Content-Length: -1') + smuggled],
    ['two encodings', 400, post('Transfer-Encoding: gzip, chunked') + '0\r\n\r\n' + smuggled],
    ['an unknown encoding', 400, post('Transfer-Encoding: xchunked') + '0\r\n\r\n' + smuggled],
    ['a chunk size that is none', 400, post('Transfer-Encoding: chunked') + 'zz\r\n\r\n' + smuggled],
    ['a space before the colon', 400, get('Content-Length : 0') + smuggled],
    ['no Host', 400, 'GET /livez HTTP/1.1\r\n\r\n' + smuggled],
    ['two Hosts', 400, get('Host: y') + smuggled],
    ['no HTTP', 400, 'hello\r\n\r\n' + smuggled],
  ];
  for (const [what, status, bytes] of refusals) {
    await t.test(`${what}: ${status}`, async () => {
      const wire = new Wire(server.url);
      await wire.opened;
      wire.send(bytes);
      await wire.ends();
      assert.deepEqual(wire.statuses(), [status], 'one answer, and nothing after it is read as a request');
      assert.match(wire.text, /application\/problem\+json/);
    });
  }
  const client = new Client(server.url, server.key, 1);
  assert.deepEqual((await client.list('/orders')).length, 0, 'nothing of all that was taken');
  client.close();
  place.passed();
});

test('keep-alive: one connection, many requests, in order', async (t) => {
  const place = workspace(t);
  const server = await serve(t, { data: place.path('data') });
  const wire = new Wire(server.url);
  for (const at of range(100)) wire.send(`GET /livez HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: c-${at}.\r\n\r\n`);
  await wire.holds('c-99.');
  assert.deepEqual([...wire.text.matchAll(/^X-Correlation-Id: c-(\d+)\./gim)].map(([, at]) => Number(at)), range(100));
  wire.send('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await wire.ends();
  assert.deepEqual(new Set(wire.statuses()), new Set([200]));
  assert.equal(wire.statuses().length, 101);
  place.passed();
});

test('connections beyond the cap are told so', async (t) => {
  const place = workspace(t);
  const server = await serve(t, { data: place.path('data'), env: { PURSER_CONNECTIONS_MAX: '8' } });
  const ask = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';
  const held = range(8).map(() => new Wire(server.url).send(ask));
  await inParallel(held, 8, (wire) => wire.holds('HTTP/1.1 200'));
  const beyond = range(4).map(() => new Wire(server.url));
  await inParallel(beyond, 4, (wire) => wire.ends());
  for (const wire of beyond) {
    assert.deepEqual(wire.statuses(), [503]);
    assert.match(wire.text, /too_many_connections/);
  }
  for (const wire of held) wire.send(ask);
  await inParallel(held, 8, (wire) => until('the held ones are served', 5_000, () => wire.statuses().length === 2));
  held[0].close();
  await until('there is room again', 5_000, async () => {
    const wire = new Wire(server.url).send(ask);
    await until('an answer', 5_000, () => wire.statuses().length === 1);
    wire.close();
    return wire.statuses()[0] === 200;
  });
  for (const wire of held) wire.close();
  place.passed();
});
