import { hash32 } from './name.ts';

/** What must stay together in one shard. */
export interface ShardMember {
  /** What its place follows from; unique. */
  readonly key: string;
  /** How much of a shard it fills. */
  readonly size: number;
}

export interface Shard<Member> {
  /** The first bits of the hashes of its members: `''` for the only one. */
  readonly prefix: string;
  /** In the order of their keys. */
  readonly members: readonly Member[];
}

const BITS = 32;
const bitsOf = (key: string): string => hash32(key).toString(2).padStart(BITS, '0');

/**
 * Members in shards of a bounded size. Which shard a member is in follows from its key and from how many there are around
 * it, so one that comes or goes changes one shard. A shard that overflows becomes two; two become one again only when
 * they are half empty together, so that a member that comes and goes does not move the others each time.
 *
 * @param present prefixes of the shards that are there now
 */
export function divide<Member extends ShardMember>(
  members: readonly Member[],
  present: readonly string[],
  most: number,
): Shard<Member>[] {
  const placed = members
    .map((member) => ({ member, bits: bitsOf(member.key) }))
    .sort((x, y) => (x.member.key < y.member.key ? -1 : 1));
  const split = (prefix: string, inside: typeof placed): Shard<Member>[] => {
    const size = inside.reduce((sum, { member }) => sum + member.size, 0);
    const wasSplit = present.some((other) => other.length > prefix.length && other.startsWith(prefix));
    const isOne = inside.length <= 1 || prefix.length === BITS || size <= (wasSplit ? most / 2 : most);
    if (isOne) return inside.length > 0 ? [{ prefix, members: inside.map(({ member }) => member) }] : [];
    return ['0', '1'].flatMap((bit) =>
      split(
        prefix + bit,
        inside.filter(({ bits }) => bits[prefix.length] === bit),
      ),
    );
  };
  return split('', placed);
}
