import type { Command } from 'commander';
import { CommandError, EXIT } from '../exit.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const flagsOf = (command: Command): string[] =>
  command.options.flatMap(({ long }) => (long === undefined ? [] : [long]));

/** One word list for each command, and one for where none was given yet. */
function wordsOf(program: Command): readonly (readonly [command: string, words: string])[] {
  const global = flagsOf(program);
  return program.commands.map((command) => [command.name(), [...flagsOf(command), ...global].join(' ')]);
}

function bash(program: Command): string {
  const commands = program.commands.map((command) => command.name()).join(' ');
  const cases = wordsOf(program).map(([name, words]) => `      ${name}) words="${words}"; break ;;`);
  return `_switchback() {
  local words="${commands} ${flagsOf(program).join(' ')}" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
${cases.join('\n')}
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _switchback switchback
`;
}

function fish(program: Command): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  return [
    'complete -c switchback -f',
    ...program.commands.flatMap((command) => {
      const name = command.name();
      return [
        `complete -c switchback -n __fish_use_subcommand -a ${name} -d ${quoted(command.description())}`,
        ...command.options.flatMap(({ description, long }) =>
          long
            ? [
                `complete -c switchback -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)} -d ${quoted(description)}`,
              ]
            : [],
        ),
      ];
    }),
    '',
  ].join('\n');
}

/** The completion of zsh understands that of bash. */
const scriptFor = (shell: string, program: Command): string => {
  if (shell === 'bash') return bash(program);
  if (shell === 'zsh') return `autoload -U +X bashcompinit && bashcompinit\n${bash(program)}`;
  return fish(program);
};

/** Needs no hub: it is made from the commands themselves. */
export function addCompletionCommand(program: Command, out: (text: string) => void): void {
  program
    .command('completion')
    .description('a completion script, to be read by the shell: source <(switchback completion bash)')
    .argument('<shell>', SHELLS.join(', '))
    .action((shell: string) => {
      if (!SHELLS.some((known) => known === shell))
        throw new CommandError(`${shell} is none of ${SHELLS.join(', ')}`, EXIT.usage);
      out(scriptFor(shell, program));
    });
}
