// The server is killed with SIGKILL at a random moment, again and again, under load; the processor lives on. Clients repeat what
// was not answered under the same key. Nothing that was acknowledged may be lost, and our books must equal the processor's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkBooks, compareWithLedger, fault, inBetween, ledger, pause, query, range, report, serve, startSandbox, workspace } from './harness.mjs';
import { checkAcknowledged, closeShop, goShopping, Shop, shoppers } from './shop.mjs';

const rounds = Number(process.env.PURSER_KILL_ROUNDS ?? 50);

// Starts the server, waits a random while, and kills it; the last start is left running.
async function killAgainAndAgain(t, shop, start) {
  const readyMs = [];
  for (const round of range(rounds)) {
    const server = await start();
    readyMs.push(server.readyMs);
    shop.isUp(server);
    await pause(20 + Math.random() * (round % 5 === 0 ? 1200 : 350));
    server.signal('SIGKILL');
    const { signal } = await server.exit;
    assert.equal(signal, 'SIGKILL', `the server ended by itself in round ${round}: ${server.errors.slice(-3000)}`);
    shop.isDown();
  }
  const server = await start();
  shop.isUp(server);
  return { server, readyMs };
}

test(`kill -9 under load, ${rounds} times`, async (t) => {
  const began = performance.now();
  const place = workspace(t);
  const sandbox = await startSandbox(t, { data: place.path('sandbox'), args: ['--delay-ms', '15'] });
  const data = place.path('data');
  // Some answers are lost on the way too, so that the janitor of one life takes up what another left in doubt.
  await fault(sandbox.url, { fault: 'drop_response', probability: 0.03, match: { method: 'POST', path_prefix: '/v1/' } });
  const start = () => serve(t, { data, sandbox, env: { PURSER_PROCESSOR_TOTAL_TIMEOUT_MS: '3000' } });

  const shop = new Shop(t);
  const shopping = Promise.all(range(shoppers).map(() => goShopping(shop)));
  shopping.catch(() => (shop.open = false));
  const { server, readyMs } = await killAgainAndAgain(t, shop, start);
  shop.open = false;
  await shopping;
  const atTheEnd = await inBetween(server.database);

  const { setAside } = await closeShop(shop, server.database);

  await checkAcknowledged(shop);
  const lines = await ledger(sandbox.url);
  const compared = await compareWithLedger(server.database, lines);
  await checkBooks(server.database);
  const [{ n: orders }] = await query(server.database, 'select count(*) n from orders');
  assert.ok(shop.acknowledged.length > rounds, 'there was no load to speak of');
  assert.ok(shop.lostAnswers > 0, 'no request was cut: the kills hit nothing');
  assert.equal((await server.stop()).code, 0);
  report(t, {
    kills: rounds,
    acknowledged: shop.acknowledged.length,
    'cut requests': shop.lostAnswers,
    'set aside': setAside,
    orders,
    payments: compared.payments,
    'ledger lines': lines.length,
    'open at the end of the load': atTheEnd.sum,
    'slowest start ms': Math.round(Math.max(...readyMs)),
    refused: [...shop.refused].map(([code, count]) => `${code}:${count}`).join(','),
    seconds: (performance.now() - began) / 1000,
  });
  shop.client.close();
  place.passed();
});
