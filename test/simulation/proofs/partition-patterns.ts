/** The four nodes of the matrix. `A` is where the service is at home, `B` its first successor, `C` its second. */
export const NODES = ['H', 'A', 'B', 'C'] as const;
export type Node = (typeof NODES)[number];
export const SITES = { H: 'hub', A: 'east', B: 'west', C: 'north' } as const;

/** A direction in which nothing passes. */
export type Way = `${Node}>${Node}`;

export interface Pattern {
  readonly name: string;
  readonly cuts: readonly Way[];
}

const way = (from: Node, to: Node): Way => `${from}>${to}`;
const PAIRS = NODES.flatMap((one, index) => NODES.slice(index + 1).map((other) => [one, other] as const));
const without = (...nodes: readonly Node[]): Node[] => NODES.filter((node) => !nodes.includes(node));

const oneWay = (from: readonly Node[], to: readonly Node[]): Way[] =>
  from.flatMap((one) => to.map((other) => way(one, other)));
const bothWays = (one: readonly Node[], other: readonly Node[]): Way[] => [
  ...oneWay(one, other),
  ...oneWay(other, one),
];

/** Two against two. */
const HALVES = [
  ['H', 'A'],
  ['H', 'B'],
  ['H', 'C'],
] as const;

/** The 45 patterns: each single link both ways and one way, each node alone, the halves, and what is between. */
export const PATTERNS: readonly Pattern[] = [
  ...PAIRS.map(([one, other]) => ({ name: `${one}-${other}`, cuts: bothWays([one], [other]) })),
  ...PAIRS.flatMap(([one, other]) => [
    { name: `${one}>${other}`, cuts: [way(one, other)] },
    { name: `${other}>${one}`, cuts: [way(other, one)] },
  ]),
  ...NODES.map((node) => ({ name: `${node} | rest`, cuts: bothWays([node], without(node)) })),
  ...NODES.map((node) => ({ name: `${node} mute`, cuts: oneWay([node], without(node)) })),
  ...NODES.map((node) => ({ name: `${node} deaf`, cuts: oneWay(without(node), [node]) })),
  ...HALVES.map(([one, other]) => ({
    name: `${one}${other} | ${without(one, other).join('')}`,
    cuts: bothWays([one, other], without(one, other)),
  })),
  ...HALVES.flatMap(([one, other]) => {
    const rest = without(one, other);
    return [
      { name: `${one}${other} > ${rest.join('')}`, cuts: oneWay([one, other], rest) },
      { name: `${rest.join('')} > ${one}${other}`, cuts: oneWay(rest, [one, other]) },
    ];
  }),
  { name: 'H-A H-B', cuts: bothWays(['H'], ['A', 'B']) },
  { name: 'H-A H-C', cuts: bothWays(['H'], ['A', 'C']) },
  { name: 'H-B H-C', cuts: bothWays(['H'], ['B', 'C']) },
  { name: 'A-B A-C', cuts: bothWays(['A'], ['B', 'C']) },
  { name: 'A-B A-C B-C', cuts: PAIRS.slice(3).flatMap(([one, other]) => bothWays([one], [other])) },
  { name: 'all apart', cuts: PAIRS.flatMap(([one, other]) => bothWays([one], [other])) },
];
