// Reads a .scenario file into its header and steps; README.md says what may stand in one.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const headerNames = ['title', 'why', 'server', 'merchant', 'todo'];
const methods = 'GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|BREW';

export class FormatError extends Error {}

export function readScenario(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const scenario = { file, name: basename(file, '.scenario'), header: {}, steps: [] };
  const wrong = (number, what) => {
    throw new FormatError(`${basename(file)}:${number}: ${what}`);
  };
  let at = 0;
  for (; at < lines.length && lines[at].trim() !== ''; at += 1) {
    const found = /^(\w+): (.+)$/.exec(lines[at]);
    if (!found || !headerNames.includes(found[1])) wrong(at + 1, `a header line is one of ${headerNames.join(', ')}`);
    scenario.header[found[1]] = found[2];
  }
  for (const name of ['title', 'why']) if (!scenario.header[name]) wrong(1, `${name}: is missing`);
  while (at < lines.length) {
    const line = lines[at], number = at + 1;
    at += 1;
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (line.startsWith(' ')) wrong(number, 'an indented line belongs to a step');
    const block = [];
    while (at < lines.length && (lines[at].startsWith('  ') || (lines[at].trim() === '' && lines[at + 1]?.startsWith('  ')))) {
      block.push({ text: lines[at].slice(2), number: at + 1 });
      at += 1;
    }
    addStep(scenario, line.trimEnd(), block.filter(({ text }) => text.trim() !== ''), number, wrong);
  }
  if (scenario.steps.length === 0) wrong(lines.length, 'there is no step');
  return scenario;
}

function addStep(scenario, line, block, number, wrong) {
  if (line.startsWith('->')) {
    const step = scenario.steps.at(-1);
    if (!step || step.expect || !['request', 'run'].includes(step.kind)) wrong(number, 'there is no request before this ->');
    step.expect = readExpectation(line.slice(2).trim(), block, number, wrong);
    return;
  }
  const step = readStep(line, block, number, wrong);
  for (const one of Array.isArray(step) ? step : [step]) scenario.steps.push(one);
}

function readStep(line, block, number, wrong) {
  if (/^(restart|crash)$/.test(line)) return { kind: line, number };
  if (line === 'each of') return block.map((row) => oneLine(row.text, row.number, wrong));
  let found = /^let ([a-z_][a-z0-9_]*) = (.*)$/.exec(line);
  if (found) return { kind: 'let', name: found[1], value: found[2], number };
  found = /^nowhere (.+)$/.exec(line);
  if (found) return { kind: 'nowhere', text: found[1], number };
  found = /^run (.+)$/.exec(line);
  if (found) return { kind: 'run', words: found[1].split(' '), number };
  if (line.includes(' => ')) return oneLine(line, number, wrong);
  found = /^(.*) each of$/.exec(line);
  if (!found) return readRequest(line, block, number, wrong);
  const headers = block.filter(({ text }) => text.startsWith('header '));
  return block
    .filter((row) => !headers.includes(row))
    .map((row) => {
      const cut = row.text.lastIndexOf(' => ');
      if (cut < 0) wrong(row.number, 'a row is: body => expectation');
      const step = readRequest(found[1], [...headers, { text: row.text.slice(0, cut).trimEnd(), number: row.number }], row.number, wrong);
      step.expect = readExpectation(row.text.slice(cut + 4).trim(), [], row.number, wrong);
      return step;
    });
}

function oneLine(line, number, wrong) {
  const cut = line.lastIndexOf(' => ');
  if (cut < 0) wrong(number, 'a row is: METHOD path … => expectation');
  const step = readRequest(line.slice(0, cut).trimEnd(), [], number, wrong);
  step.expect = readExpectation(line.slice(cut + 4).trim(), [], number, wrong);
  return step;
}

function readRequest(line, block, number, wrong) {
  const found = new RegExp(`^(?:within (\\d+) s )?(?:(\\d+) at once )?(sandbox )?(${methods}) (\\S+)(.*)$`).exec(line);
  if (!found) wrong(number, `not a step: ${line}`);
  const [, within, times, sandbox, method, path, options] = found;
  const step = { kind: 'request', number, within: Number(within ?? 0), times: Number(times ?? 1), sandbox: Boolean(sandbox), method, path, headers: [] };
  for (const { text, number: at } of block) {
    const header = step.body === undefined && /^header ([^:]+): ?(.*)$/.exec(text);
    if (header) step.headers.push([header[1], header[2]]);
    else step.body = step.body === undefined ? text : `${step.body}\n${text}`;
    step.lastLine = at;
  }
  readOptions(options.trim(), step, number, wrong);
  return step;
}

const optionForms = [
  [/^as (\S+)/, (step, [, who]) => (step.as = who)],
  [/^no key/, (step) => (step.key = null)],
  [/^key (\S+)/, (step, [, key]) => (step.key = key)],
  [/^signed by (\S+)/, (step, [, secret]) => (step.signed = { secret, age: 0 })],
  [/^signed (-?\d+) s ago/, (step, [, age]) => (step.signed = { age: Number(age) })],
  [/^signed/, (step) => (step.signed = { age: 0 })],
];

function readOptions(text, step, number, wrong) {
  for (let rest = text; rest !== ''; ) {
    const form = optionForms.find(([pattern]) => pattern.test(rest));
    if (!form) wrong(number, `not understood: ${rest}`);
    const found = form[0].exec(rest);
    form[1](step, found);
    rest = rest.slice(found[0].length).trim();
  }
}

// "201", "201 or 409", "201 once or 409" (of requests sent at once), "404 order_not_found", "422 required at /user_id, too_small at /items/0/quantity", "exit 0".
function readExpectation(text, block, number, wrong) {
  const expect = { number, headers: [], texts: [], json: '' };
  const exit = /^exit (\d+)$/.exec(text);
  if (exit) expect.exit = Number(exit[1]);
  else readStatus(text, expect, number, wrong);
  for (const { text: line, number: at } of block) {
    let found;
    if (expect.json) expect.json += `\n${line}`;
    else if ((found = /^header ([^:]+): (.+)$/.exec(line))) expect.headers.push([found[1], found[2]]);
    else if ((found = /^text (has|lacks|matches) (.+)$/.exec(line))) expect.texts.push([found[1], found[2]]);
    else if ((found = /^save body as ([a-z_][a-z0-9_]*)$/.exec(line))) expect.saveBody = found[1];
    else if ((found = /^body is \$([a-z_][a-z0-9_]*)$/.exec(line))) expect.bodyIs = found[1];
    else if (/^[{["]/.test(line)) (expect.json = line), (expect.jsonAt = at);
    else wrong(at, `not understood: ${line}`);
  }
  return expect;
}

function readStatus(text, expect, number, wrong) {
  const found = /^(\d{3}(?: once)?(?: or \d{3})*)(?: (.+))?$/.exec(text);
  if (!found) wrong(number, `not an expectation: ${text}`);
  expect.statuses = found[1].split(' or ').map((status) => parseInt(status, 10));
  expect.once = found[1].includes('once');
  expect.problems = (found[2] ?? '').split(', ').filter(Boolean).map((problem) => {
    const parts = /^([a-z0-9_]+)(?: at (\S+))?$/.exec(problem);
    if (!parts) wrong(number, `not a problem: ${problem}`);
    return { code: parts[1], pointer: parts[2] === 'root' ? '' : parts[2] };
  });
}
