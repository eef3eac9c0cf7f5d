import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Edit, PLANTED, type PlantedBug } from './planted.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * From now on this thread loads `src` with a planted bug: call it before the first import of anything from there.
 * Throws when the name is unknown; loading throws when a text to replace does not stand in its file exactly once.
 */
export function plant(name: string): void {
  const bug = PLANTED.find((planted) => planted.name === name);
  if (!bug) throw new Error(`no planted bug is called ${name}`);
  plantBug(bug);
}

/** The same, with a bug of another list. */
export function plantBug(bug: PlantedBug): void {
  const byUrl = Map.groupBy(bug.edits, ({ file }) => pathToFileURL(join(ROOT, file)).href);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = byUrl.get(url);
      return edits ? { ...loaded, source: applyEdits(textOf(loaded.source), edits) } : loaded;
    },
  });
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits.reduce((edited, { file, find, replace }) => {
    if (edited.split(find).length !== 2) throw new Error(`${file} must hold exactly once: ${find}`);
    return edited.replace(find, () => replace);
  }, text);
}

const textOf = (source: unknown): string => {
  if (typeof source === 'string') return source;
  if (source instanceof Uint8Array) return new TextDecoder().decode(source);
  throw new Error('a module has no text');
};
