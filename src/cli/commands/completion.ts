import type { Command, Option } from 'commander';
import { RESOURCES } from '../../api/resources.ts';
import type { KubeObject, Resource } from '../../kube/object.ts';
import { CommandError, EXIT } from '../exit.ts';
import { readGroups } from '../picture.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Asked by the scripts, and by kubectl (`kubectl_complete-switchback`): the words so far, the one being written last. */
const ASK = '__complete';
/** To kubectl: offer no files beside these. */
const NO_FILES = ':4';

const names =
  <T extends KubeObject>(resource: Resource<T>) =>
  async ({ client }: Session): Promise<string[]> =>
    (await client.list(resource)).items.map(({ metadata }) => metadata.name);

/** What there is on the hub, by the name of an argument or an option. */
const THERE_IS: Readonly<Record<string, (session: Session) => Promise<readonly string[]>>> = {
  group: names(RESOURCES.iuGroup),
  service: names(RESOURCES.serviceInstance),
  switch: names(RESOURCES.regionSwitch),
  tenant: names(RESOURCES.tenant),
  region: async ({ client }) =>
    (await readGroups(client)).groups.flatMap(({ spec }) => spec.infrastructureUnits.map(({ region }) => region)),
};

/** All but the one that only shells ask. */
export const commandsOf = (program: Command): readonly Command[] =>
  program.commands.filter((command) => command.name() !== ASK);

/** Where the word that is being written stands. */
interface Place {
  readonly command?: Command | undefined;
  /** It is the value of this option. */
  readonly option?: Option | undefined;
  /** How many arguments the command has got. */
  readonly position: number;
  /** Values of the options of the program that were given. */
  readonly globals: ReadonlyMap<string, string>;
}

const START: Place = { position: 0, globals: new Map() };

function after(program: Command, { command, globals, option, position }: Place, word: string): Place {
  if (option) {
    const isGlobal = program.options.includes(option);
    return { command, position, globals: isGlobal ? new Map(globals).set(option.attributeName(), word) : globals };
  }
  if (word.startsWith('-')) {
    const all = [...(command?.options ?? []), ...program.options];
    const known = all.find(({ long, short }) => word === long || word === short);
    return { command, position, globals, option: known && (known.required || known.optional) ? known : undefined };
  }
  if (command) return { command, globals, position: position + 1 };
  return { command: commandsOf(program).find((each) => each.name() === word), position, globals };
}

/** What may stand there; `asks` is a key of `THERE_IS`: the hub knows what. */
function wantedAt(
  program: Command,
  { command, option, position }: Place,
  word: string,
): { offers: readonly string[]; asks?: string } {
  if (option) return { offers: option.argChoices ?? [], asks: option.attributeName() };
  if (word.startsWith('-')) return { offers: [...(command ? flagsOf(command) : []), ...flagsOf(program)] };
  if (!command) return { offers: commandsOf(program).map((each) => each.name()) };
  const argument = command.registeredArguments[position];
  return { offers: argument?.argChoices ?? [], asks: argument?.name() ?? '' };
}

const flagsOf = (command: Command): string[] =>
  command.options.flatMap(({ long }) => (long === undefined ? [] : [long]));

/** One word list for each command, and one for where none was given yet. */
function wordsOf(program: Command): readonly (readonly [command: string, words: string])[] {
  const global = flagsOf(program);
  return commandsOf(program).map((command) => [command.name(), [...flagsOf(command), ...global].join(' ')]);
}

function bash(program: Command): string {
  const commands = commandsOf(program)
    .map((command) => command.name())
    .join(' ');
  const cases = wordsOf(program).map(([name, words]) => `      ${name}) words="${words}"; command=$word; break ;;`);
  return `_switchback() {
  local words="${commands} ${flagsOf(program).join(' ')}" word command=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
${cases.join('\n')}
    esac
  done
  case "$command:\${COMP_WORDS[COMP_CWORD]}" in
    :* | *:-*) ;;
    *) words=$(switchback ${ASK} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null | grep -v '^:') ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _switchback switchback
`;
}

function fish(program: Command): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  return [
    'complete -c switchback -f',
    `complete -c switchback -n 'not __fish_use_subcommand' -a '(switchback ${ASK} -- (commandline -opc)[2..] (commandline -ct) 2> /dev/null | string match -v ":*")'`,
    ...commandsOf(program).flatMap((command) => {
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

async function offer(program: Command, run: Run, words: readonly string[], out: (text: string) => void): Promise<void> {
  const word = words.at(-1) ?? '';
  const place = words.slice(0, -1).reduce<Place>((before, each) => after(program, before, each), START);
  const { asks = '', offers } = wantedAt(program, place, word);
  const answer = (all: readonly string[]): void => {
    const matching = [...new Set(all)].filter((each) => each.startsWith(word)).sort();
    out([...matching, NO_FILES, ''].join('\n'));
  };
  const read = THERE_IS[asks];
  if (!read || offers.length > 0) return answer(offers);
  for (const [name, value] of place.globals) program.setOptionValue(name, value);
  await run(async (session) => {
    answer(await read(session));
    return EXIT.ok;
  })(program);
}

/** The script needs no hub: it is made from the commands themselves. What is there it asks for when it is used. */
export function addCompletionCommand(program: Command, run: Run, out: (text: string) => void): void {
  program
    .command(ASK, { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) => offer(program, run, words, out));
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
