import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject } from '../support/json.ts';

const SANDBOX = join(import.meta.dirname, 'argocd-sandbox.lua');

export interface LuaCall {
  readonly script: string;
  readonly object: unknown;
  readonly params?: Readonly<Record<string, string>>;
  /** What the clock shows, in seconds; absent: the time. */
  readonly now?: number;
  /** Where Argo CD runs; UTC when absent. */
  readonly timeZone?: string;
}

/** Runs a script of Argo CD under its own Lua machine, with no more libraries than it opens. @throws what the script throws */
export function runLua(glua: string, { now, object, params, script, timeZone = 'UTC' }: LuaCall): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'switchback-lua-'));
  try {
    const input = join(folder, 'input.lua');
    writeFileSync(input, `return ${literal(object)}, ${literal(params ?? {})}\n`);
    const env = { ...process.env, TZ: timeZone, ...(now === undefined ? {} : { LUA_NOW: `${now}` }) };
    const text = execFileSync(glua, [SANDBOX, script, input], { encoding: 'utf8', env, timeout: 20_000 });
    const { error, result } = JSON.parse(text);
    if (error !== undefined) throw new Error(String(error));
    return restored(result, object);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lua cannot tell an empty list from an empty map: what was a map stays one (`cleanReturnedObj` of Argo CD). */
function restored(next: unknown, before: unknown): unknown {
  if (Array.isArray(next) && next.length === 0 && isJsonObject(before)) return before;
  if (Array.isArray(next)) return next.map((item, i) => restored(item, Array.isArray(before) ? before[i] : undefined));
  if (!isJsonObject(next)) return next;
  const known = isJsonObject(before) ? before : {};
  return Object.fromEntries(Object.entries(next).map(([name, value]) => [name, restored(value, known[name])]));
}

/** A value as Lua writes it. */
function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `{${value.map(literal).join(',')}}`;
  if (isJsonObject(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
    return `{${fields.map(([name, field]) => `[${quoted(name)}]=${literal(field)}`).join(',')}}`;
  }
  return value === null || value === undefined ? 'nil' : String(value);
}

const quoted = (text: string): string =>
  `"${text.replaceAll(/["\\\n\r]/g, (char) => `\\${char.charCodeAt(0).toString().padStart(3, '0')}`)}"`;
