// Stands between the server and the processor, and cuts the connection of one request after so many bytes of it, or after so many
// bytes of its reply. Every other request passes whole; each gets a connection of its own, so that a cut is never mistaken for a
// kept-alive connection that had gone stale.
import net from 'node:net';

const port = (url) => Number(new URL(url).port);

// The length of the message that `bytes` begin with, or nothing while its end is not known.
function lengthOf(bytes) {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const body = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head + 2));
  return head + 4 + Number(body?.[1] ?? 0);
}

// Resolves with the first whole message that comes over `socket`, or with nothing when it closes before.
function message(socket) {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (part) => {
      bytes = Buffer.concat([bytes, part]);
      if (bytes.length >= (lengthOf(bytes) ?? Infinity)) resolve(bytes);
    });
    socket.once('close', () => resolve(undefined));
    socket.on('error', () => {});
  });
}

const write = (socket, bytes) => new Promise((resolve) => (bytes.length === 0 ? resolve() : socket.write(bytes, resolve)));

// In turn as a peer that goes and as a network that breaks.
const hangUp = (socket, abruptly) => (abruptly ? socket.resetAndDestroy() : socket.destroy());

// `planOf(text of the request)` gives {of: 'request' | 'reply', at: bytes}, or nothing where the request is to pass.
// `seen` holds the sizes of the last request and reply that passed whole.
export async function startCutWire(t, processorUrl, planOf) {
  const wire = { cuts: { request: 0, reply: 0 }, passed: 0, seen: {} };
  const carry = async (near) => {
    const request = await message(near);
    if (!request) return;
    const plan = planOf(request.toString('latin1'));
    const far = net.connect({ port: port(processorUrl), host: '127.0.0.1', noDelay: true });
    const reply = message(far);
    await write(far, plan?.of === 'request' ? request.subarray(0, plan.at) : request);
    if (plan?.of !== 'request') {
      const answer = await reply;
      await write(near, plan ? answer.subarray(0, plan.at) : answer);
      if (!plan) wire.seen = { request: request.length, reply: answer.length };
    }
    if (plan) wire.cuts[plan.of] += 1;
    else wire.passed += 1;
    const abruptly = plan !== undefined && plan.at % 2 === 1;
    hangUp(near, abruptly);
    hangUp(far, abruptly);
  };
  const server = net.createServer({ noDelay: true }, (near) => void carry(near));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  wire.url = `http://127.0.0.1:${server.address().port}`;
  return wire;
}
