// JSON as a careful client reads it: an object that names a member twice is refused, and integers that a double cannot hold
// become BigInt, so that no amount is ever compared after rounding.

export function parseJson(text) {
  let at = 0;
  const fail = (what) => {
    throw new SyntaxError(`not JSON at offset ${at}: ${what}`);
  };
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at])) at += 1;
  };
  const expect = (word) => {
    if (!text.startsWith(word, at)) fail(`${word} expected`);
    at += word.length;
  };
  const string = () => {
    const begin = at;
    expect('"');
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    expect('"');
    return JSON.parse(text.slice(begin, at));
  };
  const number = () => {
    const found = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(at, at + 400));
    if (!found) fail('a value expected');
    at += found[0].length;
    const value = Number(found[0]);
    return found[2] || found[3] || Number.isSafeInteger(value) ? value : BigInt(found[0]);
  };
  const object = () => {
    const members = {};
    expect('{');
    space();
    while (text[at] !== '}') {
      const name = string();
      if (Object.hasOwn(members, name)) fail(`the member ${name} comes twice`);
      space();
      expect(':');
      members[name] = value();
      space();
      if (text[at] === '}') break;
      expect(',');
      space();
      if (text[at] === '}') fail('a member expected');
    }
    expect('}');
    return members;
  };
  const array = () => {
    const elements = [];
    expect('[');
    space();
    while (text[at] !== ']') {
      elements.push(value());
      space();
      if (text[at] === ']') break;
      expect(',');
      space();
      if (text[at] === ']') fail('a value expected');
    }
    expect(']');
    return elements;
  };
  const value = () => {
    space();
    if (text[at] === '{') return object();
    if (text[at] === '[') return array();
    if (text[at] === '"') return string();
    for (const [word, meaning] of [['true', true], ['false', false], ['null', null]])
      if (text.startsWith(word, at)) return (at += word.length), meaning;
    return number();
  };
  const all = value();
  space();
  if (at !== text.length) fail('the end expected');
  return all;
}

export const showJson = (value) =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? 'nothing';
