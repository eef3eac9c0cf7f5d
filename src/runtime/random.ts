/** A source of randomness as an argument, so that a simulated history can be replayed from its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A unique token, for nonces and identities; never repeated between process starts. */
  token(): string;
}

export const systemRandom: Random = {
  next: () => Math.random(),
  token: () => crypto.randomUUID(),
};

/** Spreads `ms` by up to `fraction` in both directions, so that many clients do not act in step. */
export function jitter(random: Random, ms: number, fraction = 0.1): number {
  return ms * (1 + fraction * (2 * random.next() - 1));
}
