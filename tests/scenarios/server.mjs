// The real binary, `purser serve --dev`, on free ports with a data folder of its own, and the keys made for it by `purser keys`.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const webhookSecret = 'whsec_for_the_scenarios_only';

export function findBinary() {
  const places = [process.env.PURSER_BINARY, join(root, 'build/release/app/purser'), join(root, 'build/dev/app/purser')];
  const found = places.filter(Boolean).find((place) => existsSync(place));
  if (!found) throw new Error(`there is no purser to test; build it, or name it in PURSER_BINARY (looked for ${places.filter(Boolean).join(', ')})`);
  return found;
}

// Every process started here, so that none outlives the run, however it ends.
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
export const killAll = () => running.forEach((child) => child.kill('SIGKILL'));

// One line of `purser keys create`: its second word.
const field = (output, name) => new RegExp(`^${name} +(\\S+)`, 'm').exec(output)?.[1];

export class Server {
  constructor(settings = []) {
    this.binary = findBinary();
    this.folder = mkdtempSync(join(tmpdir(), 'purser-scenarios-'));
    this.data = join(this.folder, 'data');
    this.logFile = join(this.folder, 'log');
    this.flags = settings.filter((setting) => setting.startsWith('--'));
    this.environment = Object.fromEntries(settings.filter((setting) => !setting.startsWith('--')).map((setting) => setting.split(/=(.*)/s)));
    this.ports = { http: 0, sandbox: 0 };
    this.trouble = [];
  }

  environmentOfProcess() {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PURSER_')));
    return { ...inherited, PURSER_STRIPE_WEBHOOK_SECRET: webhookSecret, ...this.environment };
  }

  async start() {
    const log = openSync(this.logFile, 'a');
    const words = ['serve', '--dev', '--http-port', this.ports.http, '--grpc-port', 0, '--sandbox-port', this.ports.sandbox, '--data-dir', this.data];
    this.process = spawn(this.binary, [...words.map(String), ...this.flags], { env: this.environmentOfProcess(), stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    const child = this.process;
    running.add(child);
    this.ended = new Promise((resolved) => child.once('exit', (code, signal) => running.delete(child) && resolved({ code, signal })));
    this.stopping = false;
    this.ended.then(({ code, signal }) => {
      if (!this.stopping) this.trouble.push(`the server ended by itself (${signal ?? `exit ${code}`})`);
    });
    const printed = await this.firstWords(child);
    this.http = /REST +(http:\S+)/.exec(printed)[1];
    this.sandbox = /Sandbox +(http:\S+)/.exec(printed)?.[1] ?? '';
    this.ports = { http: new URL(this.http).port, sandbox: this.sandbox ? new URL(this.sandbox).port : 0 };
    this.devKey = /API key +(\S+)/.exec(printed)[1];
  }

  firstWords(child) {
    let printed = '';
    return new Promise((resolved, refused) => {
      const patience = setTimeout(() => refused(new Error(`the server did not say where it listens; it said: ${printed}\n${this.log()}`)), 30_000);
      child.stdout.on('data', (chunk) => {
        printed += chunk;
        if (!/^ {2}API key +\S+$/m.test(printed)) return;
        clearTimeout(patience);
        resolved(printed);
      });
      this.ended.then(() => {
        clearTimeout(patience);
        refused(new Error(`the server ended before it listened; it said: ${printed}\n${this.log()}`));
      });
    });
  }

  // Ends it as an operator would, or as a power cut would.
  async stop(signal = 'SIGTERM') {
    this.stopping = true;
    this.process.kill(signal);
    const patience = setTimeout(() => this.process.kill('SIGKILL'), 30_000);
    const { code, signal: by } = await this.ended;
    clearTimeout(patience);
    if (signal === 'SIGTERM' && code !== 0) this.trouble.push(`a graceful stop ended with ${by ?? `exit ${code}`}`);
  }

  async end() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await this.stop();
    for (const [line] of this.log().matchAll(/^.*(AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|assertion).*$/gim)) this.trouble.push(line);
    this.errors = this.log().split('\n').filter((line) => line.includes('"level":"error"'));
    if (this.trouble.length === 0 && !process.env.PURSER_SCENARIOS_KEEP) rmSync(this.folder, { recursive: true, force: true });
  }

  run(words) {
    const folder = words.includes('--data-dir') ? [] : ['--data-dir', this.data];
    const done = spawnSync(this.binary, [words[0], ...folder, ...words.slice(1)], { env: this.environmentOfProcess(), encoding: 'utf8', timeout: 30_000 });
    return { status: done.status, output: `${done.stdout}${done.stderr}` };
  }

  // { id, merchant, key } of a new key.
  makeKey(scope, merchant) {
    const { status, output } = this.run(['keys', 'create', '--scope', scope, '--name', `scenario-${scope}`, ...(merchant ? ['--merchant', merchant] : [])]);
    if (status !== 0) throw new Error(`purser keys create: ${output}`);
    return { id: field(output, 'id'), merchant: field(output, 'merchant'), key: field(output, 'key') };
  }

  // Of a merchant of its own: merchant, readonly and admin.
  makeMerchant() {
    const merchant = this.makeKey('merchant');
    return { merchant, readonly: this.makeKey('readonly', merchant.merchant), admin: this.makeKey('admin', merchant.merchant) };
  }

  log() {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  // The log and every file of the data folder that holds `text`.
  holding(text) {
    const files = [this.logFile, ...readdirSync(this.data, { recursive: true }).map((name) => join(this.data, name))];
    return files.filter((file) => statSync(file).isFile() && readFileSync(file).includes(text));
  }
}
