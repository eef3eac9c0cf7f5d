import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Story } from './story.ts';
import { TenantStory } from './tenant-story.ts';
import { TrafficStory } from './traffic-story.ts';
import { TransitStory } from './transit-story.ts';
import { ZoneStory } from './zone-story.ts';

/**
 * Transcripts to be read: each block is what happens, a line `----`, and what hub and regions make of it. With
 * UPDATE_SCENARIOS=1 the answers are written anew, to be reviewed as prose.
 */
const here = import.meta.dirname;
const isUpdate = process.env['UPDATE_SCENARIOS'] === '1';
const SEPARATOR = '----';

interface Teller {
  tell(line: string): string[];
}

function tellerOf(name: string): Teller {
  if (name.startsWith('transit-')) return new TransitStory();
  if (name.startsWith('zone-')) return new ZoneStory();
  if (name.startsWith('traffic-')) return new TrafficStory();
  return name.startsWith('tenant-') ? new TenantStory() : new Story();
}

/** Tells the story of one transcript again; returns the transcript as it should be. */
function retell(story: Teller, transcript: string): string {
  const blocks = transcript.trimEnd().split(/\n\n+/);
  return `${blocks.map((block) => retellBlock(story, block)).join('\n\n')}\n`;
}

function retellBlock(story: Teller, block: string): string {
  const lines = block.split('\n');
  const end = lines.indexOf(SEPARATOR);
  const told = end < 0 ? lines : lines.slice(0, end);
  const answer = told.filter((line) => !line.startsWith('#')).flatMap((line) => story.tell(line));
  const isComment = told.every((line) => line.startsWith('#'));
  return isComment ? told.join('\n') : [...told, SEPARATOR, ...answer].join('\n');
}

describe('scenario', () => {
  const files = readdirSync(here).filter((name) => name.endsWith('.txt'));
  it.each(files)('%s', (name) => {
    const file = join(here, name);
    const transcript = readFileSync(file, 'utf8');
    const retold = retell(tellerOf(name), transcript);
    if (isUpdate) writeFileSync(file, retold);
    else expect(retold).toBe(transcript);
  });
});
