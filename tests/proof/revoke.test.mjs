// API keys: made, listed and revoked while the server runs; a revoked key ends within moments; its text is nowhere on the disk.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { aCheckout, anOrder, Client, command, createKey, pause, range, readFileSync, report, serve, startSandbox, workspace } from './harness.mjs';

const endsWithinMs = 1500;

function filesUnder(folder) {
  return readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? filesUnder(join(folder, name)) : [join(folder, name)]));
}

// The moment the last request under `key` was still let in, while eight clients never stop asking.
async function lastAdmitted(server, key, whileAsking) {
  const client = new Client(server.url, key, 8);
  let last = 0, open = true, refused = 0;
  const asking = Promise.all(
    range(8).map(async () => {
      while (open) {
        const { status, json } = await client.get('/orders?limit=1');
        if (status === 200) last = performance.now();
        else refused += 1, assert.deepEqual([status, json.code], [401, 'unauthenticated']);
      }
    }),
  );
  await whileAsking();
  open = false;
  await asking;
  client.close();
  assert.ok(refused > 0);
  return last;
}

test('keys create, list, revoke', async (t) => {
  const place = workspace(t);
  const sandbox = await startSandbox(t, { data: place.path('sandbox') });
  const data = place.path('data');
  const server = await serve(t, { data, sandbox, dev: false, args: ['--log-level', 'debug'] });
  const admin = await createKey(data, '--scope', 'admin', '--name', 'till 1');
  const colleague = await createKey(data, '--merchant', admin.merchant, '--scope', 'merchant');
  const reader = await createKey(data, '--merchant', admin.merchant, '--scope', 'readonly');
  const stranger = await createKey(data);
  const keys = [admin, colleague, reader, stranger];

  for (const key of keys) {
    const client = new Client(server.url, key.secret, 2);
    const made = await client.post('/checkout', aCheckout(1500));
    assert.equal(made.status, key === reader ? 403 : 200, made.text);
    assert.equal((await client.get('/orders')).status, 200);
    client.close();
  }
  const read = (key) => new Client(server.url, key.secret, 1).list('/orders');
  assert.deepEqual([(await read(admin)).length, (await read(reader)).length, (await read(stranger)).length], [2, 2, 1]);

  const listed = await command(['keys', '--data-dir', data, 'list']);
  for (const key of keys) {
    assert.ok(listed.includes(key.id) && listed.includes(key.secret.slice(0, 12)), 'each key is listed by its id and its beginning');
    assert.ok(!listed.includes(key.secret), 'a list shows no key');
  }

  const ended = {};
  for (const [key, name] of [[colleague, colleague.id], [stranger, stranger.secret.slice(0, 12)]]) {
    let revoked;
    const last = await lastAdmitted(server, key.secret, async () => {
      await pause(300);
      await command(['keys', '--data-dir', data, 'revoke', name]);
      revoked = performance.now();
      await pause(endsWithinMs + 500);
    });
    ended[name.slice(0, 4)] = Math.round(last - revoked);
    assert.ok(last - revoked < endsWithinMs, `admitted ${last - revoked} ms after it was revoked`);
  }
  assert.match(await command(['keys', '--data-dir', data, 'list']), new RegExp(`${colleague.id}.*Z .*Z `), 'the list shows when');
  await assert.rejects(command(['keys', '--data-dir', data, 'revoke', 'key_unknown']));
  assert.equal((await new Client(server.url, admin.secret, 1).get('/orders')).status, 200, 'other keys live on');

  const refused = async (headers) => (await new Client(server.url, '', 1).get('/orders', { headers })).status;
  const live = admin.secret.replace('sk_test_', 'sk_live_');
  for (const authorization of [live, `${admin.secret}x`, admin.secret.slice(0, -1), '', 'sk_test_'].map((key) => `Bearer ${key}`).concat(`Basic ${admin.secret}`))
    assert.equal(await refused({ authorization }), 401, authorization.slice(0, 12));
  assert.equal((await new Client(server.url, '', 1).post('/orders', anOrder(1))).status, 401);

  // While it runs, so that the write-ahead log is there too; and again after it has ended.
  const search = () => {
    for (const file of filesUnder(place.folder))
      for (const { secret } of keys) assert.ok(!readFileSync(file).includes(secret), `${file} holds a key`);
    assert.ok(filesUnder(place.folder).some((file) => readFileSync(file).includes(admin.id)), 'the search would find what is there');
  };
  search();
  assert.equal((await server.stop()).code, 0);
  for (const { secret } of keys) assert.ok(!server.errors.includes(secret) && !server.announced.includes(secret), 'a key was printed or logged');
  search();
  report(t, { 'ms after the revocation': JSON.stringify(ended), files: filesUnder(place.folder).length });
  place.passed();
});
