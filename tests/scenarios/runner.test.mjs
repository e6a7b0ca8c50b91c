// The runner must be able to fail: what it compares, it refuses where it differs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bodyBytes, stripeSignature } from './client.mjs';
import { FormatError, readScenario } from './format.mjs';
import { parseJson } from './json.mjs';
import { Mismatch, Variables, match } from './match.mjs';

const fits = (pattern, value, variables = new Variables()) => match(parseJson(pattern), parseJson(value), variables);
const differs = (pattern, value) => assert.throws(() => fits(pattern, value), Mismatch, `${pattern} against ${value}`);

test('patterns fit what they name and nothing else', () => {
  fits('{"a": 1}', '{"a": 1, "b": 2}');
  fits('["...", 2, "..."]', '[1, 2, 3]');
  fits('[1, "...", 3]', '[1, 2, 3]');
  fits('{"a": "<absent>", "t": "<time>", "i": "<id:ord>"}', '{"t": "2026-11-21T11:45:45.125Z", "i": "ord_01h455vb4pex5vsknk084sn02q"}');
  differs('{"a": 1}', '{"a": 2}');
  differs('{"a": 1}', '{"a": "1"}');
  differs('{"a": 9007199254740992}', '{"a": 9007199254740993}');
  differs('[1]', '[1, 2]');
  differs('[1, "..."]', '[2, 1]');
  differs('["...", 4, "..."]', '[1, 2, 3]');
  differs('{"a": "<absent>"}', '{"a": null}');
  differs('"<time>"', '"2026-11-21 11:45"');
  differs('"<id:ord>"', '"ord_01H455VB4PEX5VSKNK084SN02Q"');
  differs('{}', '[]');
});

test('a name captures once and compares afterwards', () => {
  const variables = new Variables();
  fits('{"a": "$x", "b": "$x"}', '{"a": "1", "b": "1"}', variables);
  assert.equal(variables.get('x'), '1');
  assert.throws(() => fits('"$x"', '"2"', variables), Mismatch);
  assert.throws(() => fits('"<not $x>"', '"1"', variables), Mismatch);
  assert.throws(() => variables.fill('$unknown'), /no value/);
});

test('JSON is read strictly', () => {
  for (const text of ['{"a": 1, "a": 2}', '01', '[1,]', '{"a": 1,}', '[1 2]', '{"a" 1}', '1 2', '']) assert.throws(() => parseJson(text), SyntaxError, text);
  assert.equal(parseJson('9007199254740993'), 9007199254740993n);
});

test('bodies are made as they are written', () => {
  const variables = new Variables({ x: 'X' });
  assert.equal(bodyBytes('[@times<2>({"n": #})]$x@repeat<3>(a)', variables).toString(), '[{"n": 1},{"n": 2}]Xaaa');
  assert.deepEqual([...bodyBytes('@hex(ff 00)', variables)], [255, 0]);
  assert.match(stripeSignature('s', 'body', 0), /^t=\d+,v1=[0-9a-f]{64}$/);
});

test('a file that cannot be read says where', () => {
  const folder = mkdtempSync(join(tmpdir(), 'purser-format-'));
  const file = join(folder, 'x.scenario');
  const read = (text) => (writeFileSync(file, text), readScenario(file));
  const head = 'title: t\nwhy: w\n\n';
  try {
    assert.throws(() => read(`${head}FETCH /x\n`), /x\.scenario:4: not a step/);
    assert.throws(() => read(`${head}GET /x\n-> fine\n`), /x\.scenario:5: not an expectation/);
    assert.throws(() => read(`${head}GET /x by me\n`), FormatError);
    assert.throws(() => read('title: t\n\nGET /x\n'), /why: is missing/);
    assert.equal(read(`${head}GET /x as merchant key k\n-> 201 once or 409\n`).steps[0].expect.once, true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
