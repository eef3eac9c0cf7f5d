import {
  type PathStatus,
  type TransitCentre,
  type TransitPath,
  type TransitPolicy,
  transitPath,
} from '../../api/transit-centre.ts';
import { decideIngress, type IngressDecisions } from './ingress.ts';
import type { CentreView, Ingress, IngressView } from './ingress-view.ts';
import { type MatrixReading, type Row, readMatrix } from './matrix.ts';
import {
  advancePath,
  nameLoss,
  type PathHistory,
  type PathView,
  type SteadinessPolicy,
  viewPath,
} from './path-history.ts';

/** By `<centre> <path>`. */
export type PathHistories = ReadonlyMap<string, PathHistory>;

/** What was last recorded of a centre. */
export interface Recorded {
  readonly voice?: PathStatus | undefined;
  readonly mpls?: PathStatus | undefined;
  readonly ingress?: Ingress | undefined;
}

export interface TransitQuestion extends Omit<IngressView, 'centres' | 'policy' | 'cutOff'> {
  readonly centres: readonly TransitCentre[];
  readonly policy: TransitPolicy;
  readonly rows: readonly Row[];
  /** By name of the centre. */
  readonly recorded: ReadonlyMap<string, Recorded>;
  readonly histories: PathHistories;
  /** Of a clock that only goes forward. */
  readonly monoMs: number;
}

export interface CentreLook {
  readonly name: string;
  readonly voice: PathView | undefined;
  readonly mpls: PathView | undefined;
}

export interface TransitLook {
  readonly centres: readonly CentreLook[];
  readonly view: IngressView;
  readonly decisions: IngressDecisions;
  readonly matrix: Pick<MatrixReading, 'uplinks' | 'suspects'>;
  readonly histories: PathHistories;
}

export const steadinessOf = ({ flapping, probeIntervalSeconds }: TransitPolicy): SteadinessPolicy => ({
  confirmMs: probeIntervalSeconds * 1000,
  flapping: { changes: flapping.changes, windowMs: flapping.windowSeconds * 1000 },
});

const pathsOf = ({ mpls, voice }: TransitCentre): TransitPath[] =>
  transitPath.options.filter((path) => (path === 'Voice' ? voice !== undefined : mpls));

/** One look at the transit centres of a group: what they are, and what becomes of their callers. */
export function lookAtTransit(question: TransitQuestion): TransitLook {
  const { centres, monoMs, policy, recorded, rows } = question;
  const steadiness = steadinessOf(policy);
  const matrix = readMatrix(
    rows,
    centres.map((centre) => ({
      name: centre.name,
      isPending: centre.state === 'Pending',
      paths: pathsOf(centre),
    })),
  );
  const histories = new Map<string, PathHistory>();
  const lookAt = (name: string, path: TransitPath): PathView | undefined => {
    const finding = matrix.of(name, path)?.finding;
    if (!finding) return undefined;
    const key = `${name} ${path}`;
    const told = recorded.get(name)?.[path === 'Voice' ? 'voice' : 'mpls'];
    const history = advancePath(question.histories.get(key), told, finding, steadiness, monoMs);
    histories.set(key, history);
    return viewPath(history, steadiness, monoMs);
  };
  const looks = centres.map(
    ({ name }): CentreLook => ({
      name,
      ...nameLoss(lookAt(name, 'Voice'), lookAt(name, 'Mpls')),
    }),
  );
  const view: IngressView = {
    ...question,
    cutOff: matrix.uplinks.flatMap(({ path, region }) => (path === 'Voice' ? [region] : [])),
    centres: centres.map(
      (spec, index): CentreView => ({
        spec,
        voice: looks[index]?.voice,
        reachedFrom: matrix.of(spec.name, 'Voice')?.reachedFrom ?? new Set(),
        ingress: recorded.get(spec.name)?.ingress,
      }),
    ),
  };
  return { centres: looks, view, decisions: decideIngress(view), matrix, histories };
}
