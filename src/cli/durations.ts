import { CommandError, EXIT } from './exit.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90`, `90s`, `15m`, `4h`, `1h30m` or `2d`. @throws CommandError when it is something else */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  const isWhole = parts.map(([part]) => part).join('') === text && text !== '';
  if (/^\d+$/.test(text)) return Number(text);
  if (!isWhole) throw new CommandError(`${text} is no duration: write for example 90s, 15m, 4h or 1h30m`, EXIT.usage);
  return parts.reduce((sum, [, count = '0', unit = 's']) => sum + Number(count) * (UNITS[unit] ?? 1), 0);
}
