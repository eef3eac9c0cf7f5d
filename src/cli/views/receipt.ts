import { counted } from '../../api/common.ts';
import type { MovedService, RegionSwitch } from '../../api/region-switch.ts';

/** A table of a receipt; cells are plain text. */
interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  readonly table?: Table;
}

/** What is left of a switch for who was not there: one structure, whatever it is written as. */
export interface Receipt {
  readonly title: string;
  readonly sections: readonly Section[];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const between = (from: string | undefined, to: string | undefined): string =>
  from === undefined || to === undefined ? '' : seconds(Date.parse(to) - Date.parse(from));

function summary({ metadata, spec, status }: RegionSwitch): Section {
  const state = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status ?? 'Unknown';
  const said = [
    ['asked for by', spec.trigger === 'Automatic' ? 'the operator itself' : `a person (${spec.trigger ?? 'Manual'})`],
    ['why', spec.reason ?? spec.cause ?? 'not said'],
    ['made', metadata.creationTimestamp ?? ''],
    ['begun', status?.startTime ?? 'not begun'],
    ['ended', status?.endTime ?? 'not ended'],
    ['took', between(status?.startTime, status?.endTime)],
    ['facts', ['SwitchedOver', 'CleanedUp', 'Protected'].map((type) => `${type} ${state(type)}`).join(', ')],
    ['trace', status?.traceID ?? ''],
    ['result', status?.drill?.result ?? status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? ''],
  ];
  return {
    title: 'Summary',
    lines: [],
    table: { heads: ['', ''], rows: said.filter(([, text]) => text !== '') as string[][] },
  };
}

function evidence({ status }: RegionSwitch): Section[] {
  if (!status?.evidence?.length) return [];
  const rows = status.evidence.map(({ source, saw }) => [source, saw]);
  return [
    {
      title: 'Evidence',
      lines: ['What was known of the region that was left when the first service was moved.'],
      table: { heads: ['who', 'saw'], rows },
    },
  ];
}

function approvals({ spec, status }: RegionSwitch): Section[] {
  const all = [...(spec.approved ? [spec.approved] : []), ...(spec.approvals ?? [])];
  const waited = status?.approval?.waitedSeconds;
  if (all.length === 0 && status?.approval === undefined) return [];
  const rows = all.map((one): string[] => [one.by, one.at, 'comment' in one ? `${one.comment ?? ''}` : '']);
  const lines = [
    status?.approval
      ? `Asked for since ${status.approval.requestedTime}${waited === undefined ? ', and not given yet' : `; people took ${waited} s, which is no part of the recovery time`}.`
      : 'Nothing waited for it.',
  ];
  return [
    { title: 'Approvals', lines, ...(rows.length > 0 && { table: { heads: ['who', 'when', 'comment'], rows } }) },
  ];
}

function timeline({ status }: RegionSwitch): Section[] {
  const steps = [
    ...(status?.steps ?? []).map((step) => ({ ...step, way: 'there' })),
    ...(status?.back?.steps ?? []).map((step) => ({ ...step, way: 'home' })),
  ];
  if (steps.length === 0) return [];
  const rows = steps.map(({ way, name, state, done, total, startTime, endTime }) => [
    way,
    name,
    state,
    `${done}/${total}`,
    startTime ?? '',
    endTime ?? '',
    between(startTime, endTime),
  ]);
  return [
    {
      title: 'Timeline',
      lines: [],
      table: { heads: ['way', 'step', 'state', 'services', 'begun', 'ended', 'took'], rows },
    },
  ];
}

/** Undefined where it cannot be told: what is not known is not called met. */
function withinDataObjective({ dataLagSeconds, dataLossObjectiveSeconds }: MovedService): boolean | undefined {
  if (dataLagSeconds === undefined || dataLossObjectiveSeconds === undefined) return undefined;
  return dataLagSeconds <= dataLossObjectiveSeconds;
}

function measured({ spec, status }: RegionSwitch): Section[] {
  const moved = status?.services ?? [];
  if (moved.length === 0) return [];
  const objectiveMs = (spec.drill?.objectiveSeconds ?? 0) * 1000;
  const recovery = (ms: number | undefined): string => {
    if (ms === undefined) return 'not measured';
    return objectiveMs === 0
      ? seconds(ms)
      : `${seconds(ms)} of ${seconds(objectiveMs)}${ms <= objectiveMs ? '' : ', missed'}`;
  };
  const data = (one: MovedService): string => {
    if (one.dataLagSeconds === undefined) return one.lastSignTime === undefined ? 'none (planned)' : 'unknown';
    const met = withinDataObjective(one);
    return `at most ${one.dataLagSeconds} s${one.dataLossObjectiveSeconds === undefined ? '' : ` of ${one.dataLossObjectiveSeconds} s${met ? '' : ', missed'}`}`;
  };
  const rows = moved.map((one) => [
    one.name,
    `${one.from} → ${one.to}`,
    `${one.epoch}`,
    one.lastSignTime ?? '',
    one.decidedTime,
    one.promotedTime ?? '',
    one.readyTime ?? '',
    recovery(one.recoveryMilliseconds),
    data(one),
  ]);
  const total = status?.servicesTotal ?? moved.length;
  const slowest = status?.slowestRecoveryMilliseconds;
  return [
    {
      title: 'Services',
      lines: [
        `${total} moved${total > moved.length ? `; the first ${moved.length} are shown` : ''}. Slowest recovery: ${slowest === undefined ? 'not measured' : seconds(slowest)}.`,
        'Recovery counts from the last sign of life of the old side to ready at the new one.',
      ],
      table: {
        heads: ['service', 'way', 'epoch', 'last sign', 'decided', 'promoted', 'ready', 'recovery', 'data lost'],
        rows,
      },
    },
  ];
}

/** What left a zone, and how long a part of it served nobody. */
function emptied({ spec, status }: RegionSwitch): Section[] {
  const left = status?.emptied ?? [];
  if (left.length === 0) return [];
  const objectiveMs = (spec.drill?.objectiveSeconds ?? 0) * 1000;
  const unserved = (ms: number | undefined): string => {
    if (ms === undefined) return 'not measured';
    return objectiveMs === 0
      ? seconds(ms)
      : `${seconds(ms)} of ${seconds(objectiveMs)}${ms <= objectiveMs ? '' : ', missed'}`;
  };
  const rows = left.map((one) => [
    one.name,
    one.beganTime,
    one.emptyTime ?? '',
    one.filledTime ?? '',
    unserved(one.notServingMilliseconds),
  ]);
  return [
    {
      title: `Zone ${spec.drill?.zone ?? ''}`,
      lines: [`${counted(status?.servicesTotal ?? left.length, 'service')} left it.`],
      table: { heads: ['service', 'begun', 'empty', 'filled', 'longest time unserved'], rows },
    },
  ];
}

/** Of a switch that has ended, or as far as it is. */
export function buildReceipt(one: RegionSwitch): Receipt {
  const { metadata, spec } = one;
  const title = `${spec.type}${spec.region === undefined ? '' : ` ${spec.region}`} of ${spec.iuGroupRef.name}: ${metadata.name}`;
  return {
    title,
    sections: [summary(one), ...evidence(one), ...approvals(one), ...timeline(one), ...measured(one), ...emptied(one)],
  };
}

const bar = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** For a wiki, an issue, a terminal. */
export function receiptAsMarkdown({ sections, title }: Receipt): string {
  const row = (cells: readonly string[]) => `| ${cells.map(bar).join(' | ')} |`;
  const parts = sections.map(({ lines, table, title: head }) =>
    [
      `## ${head}`,
      ...lines,
      ...(table ? [[row(table.heads), row(table.heads.map(() => '---')), ...table.rows.map(row)].join('\n')] : []),
    ].join('\n\n'),
  );
  return `${[`# ${title}`, ...parts].join('\n\n')}\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const html = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}';

/** One file that needs nothing else: it can be sent by mail. What regions and people wrote in is text, never markup. */
export function receiptAsHtml({ sections, title }: Receipt): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((text) => `<${tag}>${html(text)}</${tag}>`).join('');
  const parts = sections.map(({ lines, table, title: head }) =>
    [
      `<h2>${html(head)}</h2>`,
      ...lines.map((line) => `<p>${html(line)}</p>`),
      ...(table
        ? [
            `<table><tr>${cells('th', table.heads)}</tr>${table.rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</table>`,
          ]
        : []),
    ].join('\n'),
  );
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${html(title)}</title><style>${STYLE}</style></head><body>\n<h1>${html(title)}</h1>\n${parts.join('\n')}\n</body></html>\n`;
}
