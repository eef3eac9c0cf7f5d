import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER, NOTES } from './manifests.ts';

/** The disk of `store.ts`, as its owner sees it. */
export interface Disk {
  /** The id in each slot of a service. */
  read(service: string): readonly (string | undefined)[];
  /** What the disk refused, because the time of its writer was over: `pod_start_slot`, and how old the writer was. */
  refused(): readonly string[];
}

/** Makes the disk of the services in a folder. Whatever the umask: pods run as nobody in particular. */
export function makeDisk(dir: string): Disk {
  chmodSync(dir, 0o777);
  for (const folder of [`${LEDGER}.0.nobody`, NOTES, 'drafts', 'refused']) {
    mkdirSync(join(dir, folder));
    chmodSync(join(dir, folder), 0o777);
  }
  return {
    read(service) {
      const folder = readdirSync(dir).find((file) => file === service || file.startsWith(`${service}.`)) ?? service;
      const slots: string[] = [];
      for (const slot of readdirSync(join(dir, folder))) {
        slots[Number(slot)] = JSON.parse(readFileSync(join(dir, folder, slot), 'utf8')).id;
      }
      return slots;
    },
    refused: () => readdirSync(join(dir, 'refused')),
  };
}
