import type { IUGroup } from '../../api/iu-group.ts';
import type { ServiceInstance } from '../../api/service-instance.ts';
import type { View } from '../output.ts';
import type { Paint } from '../terminal.ts';

interface Node {
  readonly text: string;
  readonly children: readonly Node[];
}

/** Services that stand alike are one line: what differs is what is read. */
function serviceNodes(instances: readonly ServiceInstance[], region: string, paint: Paint): Node[] {
  const lines = new Map<string, string[]>();
  for (const instance of instances) {
    const placed = instance.status?.placements?.find((entry) => entry.region === region);
    if (!placed) continue;
    const { role, phase, ready, planned, standby } = placed;
    const count = role === 'Standby' ? standby : { ready, planned };
    const isWhole = count === undefined || count.ready >= count.planned;
    const state = `${role === phase ? role : `${role}, ${phase}`}${isWhole ? '' : `, ${count.ready} of ${count.planned} ready`}`;
    const names = lines.get(state) ?? [];
    lines.set(state, [...names, instance.metadata.name]);
  }
  return [...lines]
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([state, names]) => ({
      text: `${paint(state.includes(' of ') ? 'red' : 'dim', state)}: ${names.length > 4 ? `${names.length} services` : names.join(', ')}`,
      children: [],
    }));
}

function draw({ children, text }: Node, lead = ''): string[] {
  return [
    text,
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      const [head = '', ...rest] = draw(child, `${lead}${isLast ? '   ' : '│  '}`);
      return [`${lead}${isLast ? '└─ ' : '├─ '}${head}`, ...rest];
    }),
  ];
}

/** Group, regions, and what runs in each; services that stand alike are counted. */
export function treeView(group: IUGroup, instances: readonly ServiceInstance[]): View {
  const build = (paint: Paint): Node => ({
    text: paint('bold', `IU group ${group.metadata.name}`),
    children: group.spec.infrastructureUnits.map(({ region, zones }) => ({
      text: `${paint('cyan', region)} (${zones.join(', ')}): ${group.status?.regions?.find((entry) => entry.region === region)?.state ?? 'Unknown'}`,
      children: serviceNodes(instances, region, paint),
    })),
  });
  const data = group.spec.infrastructureUnits.map(({ region }) => ({
    region,
    services: instances.flatMap((instance) => {
      const placed = instance.status?.placements?.find((entry) => entry.region === region);
      return placed ? [{ instance: instance.metadata.name, ...placed }] : [];
    }),
  }));
  return { data, text: (paint) => draw(build(paint)).join('\n') };
}
