import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { iuGroup } from '../../src/api/iu-group.ts';
import { type ServiceClass, type ServiceClassSpec, serviceClass, tier } from '../../src/api/service-class.ts';
import { type Tenant, tenant } from '../../src/api/tenant.ts';
import { judgeRequirements } from '../../src/decide/class-dependencies.ts';
import { computeCohorts } from '../../src/decide/cohort.ts';
import { placeInstance } from '../../src/decide/placement.ts';
import { tierHasSecondary } from '../../src/decide/regions.ts';

const ROOT = join(import.meta.dirname, '../..');
const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  spec: z.unknown().optional(),
});

/** All manifests of a folder, in the order of the file names. */
function readManifests(folder: string) {
  const files = readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.yaml'));
  return files.sort().flatMap((file) =>
    parseAllDocuments(readFileSync(join(ROOT, folder, file), 'utf8')).map((document) => {
      expect(document.errors).toEqual([]);
      return { file, ...manifest.parse(document.toJS()) };
    }),
  );
}

const classesOf = (manifests: ReturnType<typeof readManifests>): ServiceClass[] =>
  manifests.map(({ apiVersion, kind, metadata, spec }) => ({
    apiVersion,
    kind,
    metadata: { name: metadata.name },
    spec: serviceClass.spec.parse(spec),
  }));
const specIn = (list: readonly ServiceClass[], name: string): ServiceClassSpec => {
  const found = list.find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`the catalogue has no class ${name}`);
  return found.spec;
};

const CATALOGUES = {
  today: readManifests('charts/switchback/catalogue/today'),
  next: readManifests('charts/switchback/catalogue/next'),
};
const classes = classesOf(CATALOGUES.today);
const next = classesOf(CATALOGUES.next);
const specOf = (name: string): ServiceClassSpec => specIn(classes, name);

/** The words of the platform's own table of services. */
const patternsOf = ({ components }: ServiceClassSpec): string =>
  components.map(({ pattern, of }) => (of === 'Instance' ? pattern : `${pattern} of ${of} pairs`)).join(', ');
const storesOf = ({ dataStores = [] }: ServiceClassSpec): string =>
  dataStores.map(({ pattern, crossRegion }) => (crossRegion ? `${pattern} cross-region` : pattern)).join(', ') ||
  'none';
const crossRegionOf = ({ crossRegion }: ServiceClassSpec): string =>
  crossRegion.mode === 'None'
    ? 'no'
    : [crossRegion.mode, crossRegion.fromTier, ...(crossRegion.promotion === 'Approval' ? ['Approval'] : [])].join(' ');

/** Display name, class, pattern in a region, across regions, data stores. */
const TABLE = [
  ['Workforce Management', 'workforce-management', 'A-B, N+1', 'no', 'A-B'],
  ['Voice Routing', 'voice-routing', 'N+1 of A-A pairs', 'Active CrossRegionVoice', 'N+1 cross-region'],
  ['Voice Mail', 'voice-mail', 'N+1 of A-B pairs', 'Backup CrossRegionVoice', 'N+1'],
  ['Telephone Network (SBC)', 'telephone-network', 'A-A', 'Active AdvancedIvr', 'none'],
  ['Screen/Interaction Recording', 'recording', 'A-A, A-B, N+1', 'Backup CrossRegionVoice', 'N+1, A-B'],
  ['Real-time Reporting', 'real-time-reporting', 'N+1 of A-B pairs', 'no', 'A-B'],
  ['Digital/Task Routing', 'digital-routing', 'A-B, N+1', 'no', 'A-B, N+1'],
  ['IWD (task distribution)', 'iwd', 'N+1', 'no', 'N+1, A-B'],
  ['Platform Administration', 'platform-administration', 'A-B', 'no', 'A-B'],
  ['Outbound', 'outbound', 'A-B, N+1', 'no', 'A-B'],
  ['Interaction Analytics', 'interaction-analytics', 'A-B', 'no', 'A-B'],
  ['Inbound Voice IVR', 'inbound-ivr', 'N+1, A-A', 'Active AdvancedIvr', 'none'],
  ['Historical Reporting', 'historical-reporting', 'A-B, A', 'Backup CrossRegionVoice', 'A-B'],
  ['Designer, Analytics and Post-Call Survey', 'designer', 'A-B', 'no', 'A-B'],
  ['Data Download', 'data-download', 'A, N+1', 'no', 'N+1'],
  ['Co-Browse', 'co-browse', 'N+1', 'no', 'none'],
  ['Callback, web', 'callback-web', 'N+1', 'no', 'N+1'],
  ['Callback, in queue', 'callback-queue', 'N+1', 'no', 'N+1'],
  ['Agent/Supervisor Desktop (WWE/GWS)', 'agent-desktop', 'N+1', 'Active AdvancedAgents', 'N+1, A-B'],
  ['Agent Setup', 'agent-setup', 'N+1', 'no', 'N+1, A-B'],
  ['WebRTC', 'webrtc', 'N+1', 'no', 'none'],
  ['Third-party WFM', 'third-party-wfm', 'A-B', 'Backup CrossRegionVoice Approval', 'none'],
  ['Voice and Digital Bots', 'bots', 'N+1', 'no', 'N+1, A-B'],
] as const;

describe('catalogue "today"', () => {
  it('has the 23 services of the platform and no other', () => {
    expect(classes.map(({ metadata }) => metadata.name)).toEqual(TABLE.map(([, name]) => name).toSorted());
  });

  it.each(TABLE)('%s is as the table says', (displayName, name, patterns, crossRegion, stores) => {
    const spec = specOf(name);
    expect([spec.displayName, patternsOf(spec), crossRegionOf(spec), storesOf(spec)]).toEqual([
      displayName,
      patterns,
      crossRegion,
      stores,
    ]);
  });

  it('keeps the data mart of historical reporting in its region', () => {
    expect(specOf('historical-reporting').dataStores).toEqual([
      { name: 'data-mart', pattern: 'A-B', crossRegion: false, driver: 'None' },
    ]);
  });
});

describe.each([
  ['today', CATALOGUES.today, classes],
  ['next', CATALOGUES.next, next],
] as const)('each manifest of "%s"', (_name, manifests, ofCatalogue) => {
  it.each(manifests)('$file is named after its class, and says nothing that the schema does not know', (given) => {
    expect(given.kind).toBe('ServiceClass');
    expect(given.file).toBe(`${given.metadata.name}.yaml`);
    expect(serviceClass.spec.parse(given.spec)).toMatchObject(z.looseObject({}).parse(given.spec));
  });

  it.each(ofCatalogue)(
    '$metadata.name accepts agent fencing where one of two may be active, and only there',
    ({ spec }) => {
      const needed =
        spec.crossRegion.mode === 'Backup' ||
        spec.components.some(({ pattern, of }) => pattern === 'A-B' || of === 'A-B');
      expect(spec.fencing).toBe(needed ? 'Agent' : undefined);
    },
  );

  it.each(ofCatalogue)('$metadata.name requires only what it can have wherever it has a place', (given) => {
    const classOf = (name: string) => ofCatalogue.find(({ metadata }) => metadata.name === name);
    expect(judgeRequirements(given, classOf)).toMatchObject({ status: 'True' });
    const places = ({ crossRegion }: ServiceClassSpec): readonly string[] =>
      tier.options.filter((each) => tierHasSecondary(each, crossRegion));
    for (const { serviceClass: name } of given.spec.requires ?? [])
      expect(places(specIn(ofCatalogue, name))).toEqual(expect.arrayContaining([...places(given.spec)]));
  });
});

/** What the second table of the platform wants; `stores` cross regions, and by `standby` it stands by. */
interface Row {
  readonly mode: string;
  readonly standby?: string;
  readonly view?: string;
  readonly balance?: string;
  readonly stores: readonly string[];
}
const NEXT: Readonly<Record<string, Row>> = {
  'real-time-reporting': { mode: 'Active', view: 'Limited', stores: [] },
  'workforce-management': { mode: 'Backup', standby: 'Cold', stores: ['database'] },
  'digital-routing': { mode: 'Active', stores: ['interactions'] },
  designer: { mode: 'Backup', standby: 'Warm', view: 'Limited', stores: ['applications'] },
  webrtc: { mode: 'Active', stores: [] },
  'callback-web': { mode: 'Active', balance: 'PrimaryFirst', stores: ['requests'] },
  'callback-queue': { mode: 'Active', balance: 'PrimaryFirst', stores: ['requests'] },
  'historical-reporting': { mode: 'Backup', standby: 'Cold', stores: ['data-mart'] },
  outbound: { mode: 'Active', balance: 'PrimaryFirst', stores: ['lists'] },
  'agent-setup': { mode: 'Backup', standby: 'ReadOnly', stores: ['settings'] },
  'co-browse': { mode: 'Active', stores: [] },
};

describe('catalogue "next"', () => {
  it('has the same 23 services', () => {
    expect(next.map(({ metadata }) => metadata.name)).toEqual(classes.map(({ metadata }) => metadata.name));
  });

  it('has its digital services and bots in one region for tenants of tier Global', () => {
    const digital = classes
      .filter(({ spec }) => spec.placement === 'DigitalRegion')
      .map(({ metadata }) => metadata.name);
    expect(digital).toEqual(['bots', 'digital-routing', 'iwd']);
  });

  it.each(Object.entries(NEXT))('%s is as the table says', (name, { balance, mode, standby, stores, view }) => {
    const { crossRegion, dataStores = [] } = specIn(next, name);
    const wanted = { fromTier: 'CrossRegionVoice', promotion: 'Automatic', objectives: undefined };
    expect(crossRegion).toEqual({
      ...wanted,
      mode,
      standby: standby ?? 'Cold',
      view: view ?? 'Full',
      balance: balance ?? 'Even',
    });
    expect(dataStores.filter((store) => store.crossRegion).map((store) => store.name)).toEqual(stores);
  });

  it.each(classes.filter(({ metadata }) => !(metadata.name in NEXT)))('leaves $metadata.name as it is', (given) => {
    expect(specIn(next, given.metadata.name)).toEqual(given.spec);
  });

  it.each(Object.keys(NEXT))('changes nothing of %s that would start its instances anew', (name) => {
    const inOneRegion = ({ components, dataStores = [], ...spec }: ServiceClassSpec) => ({
      ...spec,
      crossRegion: undefined,
      fencing: undefined,
      components: components.map(({ standby: _standby, ...component }) => component),
      dataStores: dataStores.map(({ crossRegion: _crossRegion, ...store }) => store),
    });
    expect(inOneRegion(specIn(next, name))).toEqual(inOneRegion(specOf(name)));
  });

  it('tells every copy that it writes nothing', () => {
    const standing = next.filter(({ spec }) => spec.crossRegion.standby !== 'Cold');
    expect(standing.map(({ metadata }) => metadata.name)).toEqual(['agent-setup', 'designer']);
    for (const { spec } of standing)
      for (const { standby } of spec.components) expect(standby).toEqual({ instances: 1, args: ['--read-only'] });
  });
});

describe('quick start', () => {
  const manifests = readManifests('hack/samples/quickstart');
  const ofKind = (kind: string) => manifests.filter((m) => m.kind === kind);
  const groups = ofKind('IUGroup').map(({ metadata, spec }) => ({
    metadata: { name: metadata.name },
    spec: iuGroup.spec.parse(spec),
  }));
  const tenants = ofKind('Tenant').map(
    ({ apiVersion, kind, metadata: { name, namespace = '' }, spec }): Tenant => ({
      apiVersion,
      kind,
      metadata: { name, namespace },
      spec: tenant.spec.parse(spec),
    }),
  );
  const plan = computeCohorts({ groups, classes, tenants });

  it('declares tenants of different tiers and primary regions in namespaces that it makes', () => {
    const told = tenants.map(({ metadata, spec }) => `${metadata.name} ${spec.tier} ${spec.primaryRegion}`);
    expect(told).toEqual([
      'acme Advanced us-east',
      'blue-sky AdvancedAgents us-west',
      'crown CrossRegionVoice us-east',
    ]);
    const namespaces = ofKind('Namespace').map(({ metadata }) => metadata.name);
    for (const { metadata } of [...tenants, ...plan.instances]) expect(namespaces).toContain(metadata.namespace);
  });

  it('gives every tenant all 23 services, and says that all is well', () => {
    for (const outcome of plan.tenants.values()) {
      expect(outcome.services).toHaveLength(23);
      expect(outcome.conditions.filter(({ status }) => status !== 'True')).toEqual([]);
    }
  });

  it('has a place for every instance in every region of it', () => {
    const [group] = groups;
    if (!group) throw new Error('the quick start has a group');
    for (const instance of plan.instances) {
      const serviceClass = classes.find(({ metadata }) => metadata.name === instance.spec.serviceClassRef.name);
      if (!serviceClass) throw new Error('the catalogue has the class');
      expect(placeInstance(instance, serviceClass, group)).toMatchObject({ ok: true, refusals: [] });
    }
  });
});
