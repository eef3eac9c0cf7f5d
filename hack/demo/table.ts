import type { Cell, Count, DemoRegion, Row } from './rows.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** A line of the table. Lines of one `key` are the same row at different times. */
export interface Line {
  readonly key: string;
  readonly text: string;
}

/** A region as the table's head shows it. */
export interface RegionHead extends DemoRegion {
  /** Diagnosis of the hub, for example `Healthy`. */
  readonly state: string;
}

const TITLE_WIDTH = 38;
const MODE_WIDTH = 7;
const EPOCH_WIDTH = 6;
const PHASE_WIDTH = 9;
const ZONE_WIDTH = 7;

/** The whole table: two lines of head, a line for each row. */
export function formatTable(rows: readonly Row[], regions: readonly RegionHead[], paint: Paint): readonly Line[] {
  return [...headOf(regions, paint), ...rows.map((row) => ({ key: row.key, text: formatRow(row, regions, paint) }))];
}

/** One row; the note comes last, so that a narrow terminal cuts off the least. */
export function formatRow(row: Row, regions: readonly DemoRegion[], paint: Paint): string {
  const cells = row.cells.map((cell, index) => formatCell(cell, regions[index]?.zones.length ?? 0, paint));
  const title = pad(row.title, TITLE_WIDTH);
  const note =
    row.state === 'Ready' ? paint('dim', row.note) : paint(row.state === 'Held' ? 'yellow' : 'red', row.note);
  return `${title}${pad(row.mode, MODE_WIDTH)}${pad(row.epoch, EPOCH_WIDTH)}${cells.join('')}${note}`.trimEnd();
}

function headOf(regions: readonly RegionHead[], paint: Paint): Line[] {
  const names = regions.map(({ name, state, zones }) => {
    const text = pad(`${name} ${state}`, widthOf(zones.length));
    return paint(state === 'Healthy' ? 'green' : 'red', text);
  });
  const columns = regions.map(({ name, zones }) => {
    const labels = zones.map((zone) => pad(zone.replace(`${name}-`, 'zone '), ZONE_WIDTH));
    return `${pad('is', PHASE_WIDTH)}${labels.join('')}`;
  });
  const left = TITLE_WIDTH + MODE_WIDTH + EPOCH_WIDTH;
  return [
    { key: 'head/regions', text: `${''.padEnd(left)}${names.join('')}`.trimEnd() },
    {
      key: 'head/columns',
      text: paint(
        'dim',
        `${pad('SERVICE', TITLE_WIDTH)}${pad('MODE', MODE_WIDTH)}${pad('EPOCH', EPOCH_WIDTH)}${columns.join('')}`.trimEnd(),
      ),
    },
  ];
}

const widthOf = (zones: number): number => PHASE_WIDTH + ZONE_WIDTH * zones;

function formatCell({ phase, zones }: Cell, zoneCount: number, paint: Paint): string {
  const missing = zones.reduce((sum, { planned, ready }) => sum + planned - ready, 0);
  const counts = Array.from({ length: zoneCount }, (_, index) => formatCount(zones[index], missing > 0, paint));
  return `${paint(styleOf(phase), pad(phase, PHASE_WIDTH))}${counts.join('')}`;
}

/** A single instance may stand in another zone than planned: it is red only where instances are missing in all. */
function formatCount(count: Count | undefined, isShort: boolean, paint: Paint): string {
  if (!count) return ''.padEnd(ZONE_WIDTH);
  const text = pad(`${count.ready}/${count.planned}`, ZONE_WIDTH);
  return isShort && count.ready < count.planned ? paint('red', text) : text;
}

function styleOf(phase: string): Style {
  switch (phase) {
    case 'Active':
      return 'green';
    case 'Standby':
    case '':
      return 'dim';
    case '?':
      return 'red';
    default:
      return 'yellow';
  }
}

/** Exactly `width` characters, the last one a blank. */
function pad(text: string, width: number): string {
  return text.length < width ? text.padEnd(width) : `${text.slice(0, width - 2)}… `;
}
