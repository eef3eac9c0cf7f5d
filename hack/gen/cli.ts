import type { Command } from 'commander';
import { commandsOf } from '../../src/cli/commands/completion.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { createProgram } from '../../src/cli/main.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from src/cli/ by `npm run gen`: do not edit. -->';

const CODES: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'It was done, or the answer is yes.',
  failed: 'It could not be done: the API server refused or did not answer.',
  usage: 'The command line is wrong.',
  no: 'It was asked, and the answer is no: not safe, not survived, held.',
  timeout: 'What was waited for did not come in time.',
};

/** The page of all commands, with their options and what they end with. */
export function renderCli(): readonly GeneratedFile[] {
  const nowhere = () => undefined;
  const program = createProgram({ out: nowhere, err: nowhere }, () => async () => undefined);
  const text = [
    NOTE,
    '# Commands',
    '`switchback`, or `kubectl switchback` with [hack/kubectl-switchback](../../hack/kubectl-switchback) on the `PATH`. [docs/cli.md](../cli.md) shows them at work.',
    '## For every command',
    options(program),
    ...commandsOf(program).map(section),
    '## What a command ends with',
    table(
      ['code', 'meaning'],
      Object.entries(EXIT).map(([name, number]) => [`${number}`, CODES[name as keyof typeof EXIT]]),
    ),
  ].join('\n\n');
  return [{ path: 'docs/reference/cli.md', text: `${text}\n` }];
}

function section(command: Command): string {
  const signature = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const args = command.registeredArguments.map((argument) => [code(argument.name()), cell(argument.description)]);
  return [
    `## ${[command.name(), ...signature].map((part) => cell(part)).join(' ')}`,
    `${cell(command.description())}.`,
    ...(args.length > 0 ? [table(['argument', 'meaning'], args)] : []),
    ...(command.options.length > 0 ? [options(command)] : []),
  ].join('\n\n');
}

const options = (command: Command): string =>
  table(
    ['option', 'meaning', 'default'],
    command.options.map(({ defaultValue, description, flags }) => [
      code(flags),
      cell(description),
      defaultValue === undefined ? '' : code(String(defaultValue)),
    ]),
  );
