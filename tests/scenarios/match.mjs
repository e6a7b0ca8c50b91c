// Compares an answer with the pattern a scenario gives: objects name the members that matter, arrays are exact unless they hold
// "...", texts may be matchers or captures (README.md).
import { showJson } from './json.mjs';

export class Mismatch extends Error {}

const named = {
  any: () => true,
  time: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) && !Number.isNaN(Date.parse(value)),
  number: (value) => typeof value === 'number' || typeof value === 'bigint',
  text: (value) => typeof value === 'string' && value !== '',
  url: (value) => typeof value === 'string' && URL.canParse(value),
};

function satisfies(matcher, value) {
  if (Object.hasOwn(named, matcher)) return named[matcher](value);
  if (matcher.startsWith('id:')) return typeof value === 'string' && new RegExp(`^${matcher.slice(3)}_[0-7][0-9a-hjkmnp-tv-z]{25}$`).test(value);
  if (matcher.startsWith('has ')) return typeof value === 'string' && value.includes(matcher.slice(4));
  if (matcher.startsWith('not ')) return String(value) !== matcher.slice(4);
  if (matcher.startsWith('re ')) return new RegExp(matcher.slice(3)).test(String(value));
  throw new Error(`there is no matcher <${matcher}>`);
}

const same = (a, b) => typeof a === typeof b && a === b;

export class Variables {
  constructor(values = {}) {
    this.values = new Map(Object.entries(values));
  }
  copy() {
    const other = new Variables();
    other.values = new Map(this.values);
    return other;
  }
  has(name) {
    return this.values.has(name);
  }
  get(name) {
    if (!this.values.has(name)) throw new Error(`$${name} has no value here`);
    return this.values.get(name);
  }
  set(name, value) {
    this.values.set(name, value);
  }
  // "$name" becomes its value; "$$" is a dollar sign.
  fill(text) {
    return text.replace(/\$(\$|[a-z_][a-z0-9_]*)/g, (_, name) => (name === '$' ? '$' : String(this.get(name))));
  }
}

// Throws Mismatch, saying where; captures into `variables`.
export function match(pattern, value, variables, where = '') {
  const differ = (wanted) => {
    throw new Mismatch(`at ${where || 'the root'}: expected ${wanted}, came ${value === undefined ? 'nothing' : showJson(value)}`);
  };
  if (typeof pattern === 'string') return matchText(pattern, value, variables, differ);
  if (Array.isArray(pattern)) return matchArray(pattern, value, variables, where, differ);
  if (pattern === null || typeof pattern !== 'object') return same(pattern, value) || differ(showJson(pattern));
  if (value === null || typeof value !== 'object' || Array.isArray(value)) differ('an object');
  for (const [name, inner] of Object.entries(pattern)) {
    const here = `${where}/${variables.fill(name)}`;
    const member = Object.hasOwn(value, variables.fill(name)) ? value[variables.fill(name)] : undefined;
    match(inner, member, variables, here);
  }
  return true;
}

export function matchText(pattern, value, variables, differ) {
  if (pattern === '<absent>') return value === undefined || differ('nothing');
  if (value === undefined) differ(showJson(pattern));
  const parts = /^(?:\$([a-z_][a-z0-9_]*))?(?:<(.+)>)?$/.exec(pattern);
  if (!parts || pattern === '') return same(variables.fill(pattern), value) || differ(showJson(variables.fill(pattern)));
  const [, name, matcher] = parts;
  if (matcher && !satisfies(variables.fill(matcher), value)) differ(`<${variables.fill(matcher)}>`);
  if (!name) return true;
  if (variables.has(name)) return same(variables.get(name), value) || differ(`${showJson(variables.get(name))} ($${name})`);
  variables.set(name, value);
  return true;
}

// Between two "...", a run of elements may stand anywhere; the first place that fits is taken.
function matchArray(pattern, value, variables, where, differ) {
  if (!Array.isArray(value)) differ('a list');
  if (!pattern.includes('...')) {
    if (value.length !== pattern.length) differ(`a list of ${pattern.length} (there are ${value.length})`);
    pattern.forEach((inner, i) => match(inner, value[i], variables, `${where}/${i}`));
    return true;
  }
  const runs = [[]];
  for (const inner of pattern) inner === '...' ? runs.push([]) : runs.at(-1).push(inner);
  let from = 0;
  runs.forEach((run, number) => {
    const first = number === 0, last = number === runs.length - 1;
    const begin = last && !first ? Math.max(from, value.length - run.length) : from;
    from = place(run, value, begin, first || last ? begin : value.length - run.length, variables, where, differ);
  });
  return true;
}

function place(run, value, begin, end, variables, where, differ) {
  let problem;
  for (let at = begin; at <= end; at += 1) {
    const trial = variables.copy();
    try {
      run.forEach((inner, i) => match(inner, value[at + i], trial, `${where}/${at + i}`));
      variables.values = trial.values;
      return at + run.length;
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      problem ??= error;
    }
  }
  if (begin === end && problem) throw problem;
  return differ(`a list that holds ${showJson(run)}`);
}
