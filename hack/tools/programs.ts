import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of a program: from one of the folders, or else from the PATH; undefined when it is nowhere. */
export function findProgram(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
  folders: readonly string[] = [],
): string | undefined {
  const all = [...folders, ...(env['PATH'] ?? '').split(delimiter)];
  return all.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
