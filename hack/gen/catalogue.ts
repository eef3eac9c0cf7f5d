import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { API_VERSION } from '../../src/api/common.ts';
import { type ServiceClass, type ServiceClassSpec, serviceClass } from '../../src/api/service-class.ts';

const FOLDER = join(import.meta.dirname, '../../charts/switchback/catalogue');
const manifest = z.looseObject({ metadata: z.object({ name: z.string() }), spec: z.unknown() });

export type CatalogueName = 'today' | 'next';

/** The classes of a catalogue, by the order of their files. */
export function readCatalogue(name: CatalogueName): readonly ServiceClass[] {
  const folder = join(FOLDER, name);
  if (name === 'next' && !existsSync(folder)) return readCatalogue('today').map(asNext);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => {
      const { metadata, spec } = manifest.parse(document.toJS());
      const { name: called } = metadata;
      const parsed = serviceClass.spec.parse(spec);
      return { apiVersion: API_VERSION, kind: 'ServiceClass', metadata: { name: called }, spec: parsed };
    });
}

type CrossRegion = Partial<ServiceClassSpec['crossRegion']>;
const active: CrossRegion = { mode: 'Active' };

/** What catalogue "next" changes of each class: only what people feel of a failure follows from it. */
const NEXT: Readonly<Record<string, CrossRegion>> = {
  'real-time-reporting': { mode: 'Active', view: 'Limited' },
  'workforce-management': { mode: 'Backup', standby: 'Cold' },
  'digital-routing': active,
  designer: { mode: 'Backup', standby: 'Warm' },
  webrtc: active,
  'callback-web': active,
  'callback-queue': active,
  'historical-reporting': { mode: 'Backup', standby: 'Cold' },
  outbound: active,
  'agent-setup': { mode: 'Backup', standby: 'ReadOnly' },
  'co-browse': active,
};

/** A class of "today" as "next" has it: with a place in other regions, and a copy of its data there. */
export function asNext({ spec, ...rest }: ServiceClass): ServiceClass {
  const change = NEXT[rest.metadata.name];
  if (!change) return { ...rest, spec };
  const crossRegion = { ...spec.crossRegion, fromTier: 'CrossRegionVoice' as const, ...change };
  const dataStores = spec.dataStores?.map((store) => ({ ...store, crossRegion: true }));
  return { ...rest, spec: { ...spec, crossRegion, ...(dataStores && { dataStores }) } };
}
