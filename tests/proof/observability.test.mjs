// One checkout can be followed: its spans reach a collector as OTLP/HTTP JSON in one trace from the API to the processor, its log
// lines carry the same ids, and the metrics are ones that Prometheus' own linter accepts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import test from 'node:test';
import { aCheckout, Client, readFileSync, serve, until, workspace } from './harness.mjs';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736', parentSpan = '00f067aa0ba902b7';

// A collector that keeps what it is sent.
async function collector(t) {
  const spans = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += bytes));
    request.on('end', () => {
      if (request.url === '/v1/traces' && request.headers['content-type'].startsWith('application/json'))
        for (const resource of JSON.parse(body).resourceSpans) for (const scope of resource.scopeSpans) spans.push(...scope.spans);
      response.end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, spans };
}

test('a checkout can be followed in spans, logs and metrics', async (t) => {
  const place = workspace(t);
  const otlp = await collector(t);
  const data = place.path('data');
  const server = await serve(t, { data, env: { PURSER_OTLP_ENDPOINT: otlp.url } });
  const client = new Client(server.url, server.key, 1);
  const headers = { traceparent: `00-${traceId}-${parentSpan}-01`, 'X-Correlation-Id': 'till-7' };
  const { status, json } = await client.post('/checkout', aCheckout(1500), undefined, { headers });
  assert.equal(status, 200);

  await until('both spans are exported', 10_000, () => otlp.spans.filter((span) => span.traceId === traceId).length >= 2);
  const ours = otlp.spans.filter((span) => span.traceId === traceId);
  const served = ours.find((span) => span.kind === 2), asked = ours.find((span) => span.kind === 3);
  assert.equal(served.parentSpanId, parentSpan);
  assert.equal(asked.parentSpanId, served.spanId);
  const attributes = Object.fromEntries(asked.attributes.map(({ key, value }) => [key, value.stringValue]));
  assert.equal(attributes['purser.payment_id'], json.payment.id);
  assert.equal(attributes['purser.order_id'], json.order.id);
  assert.equal(typeof served.startTimeUnixNano, 'string');

  const metrics = await client.get('/metrics');
  const lint = spawnSync('promtool', ['check', 'metrics'], { input: metrics.text, encoding: 'utf8' });
  if (lint.error) t.diagnostic('promtool is not installed: ./dev setup');
  else assert.equal(lint.status, 0, lint.stdout + lint.stderr);
  for (const name of ['purser_http_request_duration_seconds_bucket', 'purser_processor_requests_total', 'purser_store_commits_total'])
    assert.match(metrics.text, new RegExp(`^${name}\\{?`, 'm'));
  for (const bound of ['0.05', '0.1', '0.9']) assert.match(metrics.text, new RegExp(`le="${bound.replace('.', '\\.')}"`));

  client.close();
  await server.stop();
  const lines = readFileSync(`${data}.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const told = lines.filter((line) => line.correlation_id === 'till-7');
  assert.deepEqual(new Set(told.map((line) => line.msg)), new Set(['request', 'processor called']));
  for (const line of told) assert.equal(line.payment_id, json.payment.id);
  assert.equal(told.find((line) => line.msg === 'request').trace_id, traceId);
  place.passed();
});
