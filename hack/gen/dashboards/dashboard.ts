export interface Target {
  readonly expr: string;
  /** Labels as `{{region}}`. */
  readonly legend: string;
}

type Kind = 'timeseries' | 'stat' | 'table' | 'state-timeline' | 'bargauge';

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly kind: Kind;
  readonly targets: readonly Target[];
  readonly unit?: 's' | 'short' | 'percentunit' | 'dateTimeFromNow' | 'ops' | 'bytes';
  /** Of 24. */
  readonly width: number;
  readonly height?: number;
  /** Values in words, for panels that show states. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
  /** From here on it is red; below it is green. Absent: no colours. */
  readonly redFrom?: number;
}

export interface Variable {
  readonly name: string;
  /** The metric that has it as a label. */
  readonly metric: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly Panel[];
}

export const YES_IS_GOOD = {
  0: { text: 'no', color: 'red' },
  1: { text: 'yes', color: 'green' },
} as const;
export const YES_IS_BAD = {
  0: { text: 'no', color: 'green' },
  1: { text: 'yes', color: 'red' },
} as const;

/** As Prometheus would be asked if everything were chosen. */
export const withoutVariables = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$[a-z_]+/g, '.*');

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

/** The JSON model of Grafana 10 and later, with the panels set in rows from left to right. */
export function modelOf({ description, panels, title, uid, variables }: Dashboard): Readonly<Record<string, unknown>> {
  const places = layOut(panels);
  return {
    uid,
    title,
    description,
    tags: ['switchback'],
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [datasource(), ...variables.map(queryVariable)] },
    panels: panels.map((panel, i) => panelOf(panel, i + 1, places[i])),
  };
}

const datasource = () => ({
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
  current: {},
  hide: 0,
});

const queryVariable = ({ metric, name }: Variable) => ({
  name,
  label: name.replaceAll('_', ' '),
  type: 'query',
  datasource: DATASOURCE,
  query: { query: `label_values(${metric}, ${name})`, refId: name },
  refresh: 2,
  includeAll: true,
  allValue: '.*',
  multi: true,
  current: { text: 'All', value: '$__all' },
  sort: 1,
});

function panelOf(panel: Panel, id: number, gridPos: unknown) {
  const { description, kind, redFrom, targets, title, unit = 'short', words } = panel;
  const isTable = kind === 'table';
  const steps = [{ color: 'green', value: null }, ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }])];
  return {
    id,
    title,
    description,
    type: kind,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        ...(redFrom === undefined ? {} : { color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } }),
        ...(words && { mappings: [{ type: 'value', options: wordsOf(words) }] }),
      },
      overrides: [],
    },
    ...(kind === 'stat' ? { options: { textMode: 'value_and_name', reduceOptions: { calcs: ['lastNotNull'] } } } : {}),
    ...(isTable ? { transformations: [{ id: 'merge', options: {} }] } : {}),
    targets: targets.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(isTable ? { instant: true, format: 'table' } : {}),
    })),
  };
}

const wordsOf = (words: NonNullable<Panel['words']>) =>
  Object.fromEntries(Object.entries(words).map(([value, word], index) => [value, { ...word, index }]));

function layOut(panels: readonly Panel[]): readonly unknown[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return panels.map(({ height: h = 8, width: w }) => {
    if (x + w > 24) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const place = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return place;
  });
}
