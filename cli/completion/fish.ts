import { allCommands } from './bash.ts';
import type { CommandNode, OptionNode, Value } from './tree.ts';

/** A completion script for fish. */
export function fishScript(tree: CommandNode): string {
  return `# fish completion for workspace-sync: put this file into ~/.config/fish/completions.
function __workspace_sync_path
    set -l words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a words $word
    end
    string join ' ' $words
end
function __workspace_sync_at
    set -l path (__workspace_sync_path)
    test "$path" = "$argv[1]"; and return
    test -z "$argv[2]"; and string match -q -- "$argv[1] *" $path
end
complete -c workspace-sync -f
${allCommands(tree).flatMap(linesOf).join('\n')}
`;
}

function linesOf(node: CommandNode): string[] {
  const path = node.path.join(' ');
  // Where commands follow, only the path itself counts; else whatever stands behind it.
  const at =
    node.commands.length > 0
      ? `__workspace_sync_at '${path}' exactly`
      : `__workspace_sync_at '${path}'`;
  const start = `complete -c workspace-sync -n "${at}"`;
  const { argument } = node;
  return [
    ...node.commands.map(
      ({ path: child, summary }) => `${start} -a ${child.at(-1) ?? ''} -d '${summary}'`,
    ),
    ...(argument.kind === 'none' || argument.kind === 'text'
      ? []
      : [`${start} ${values(argument)}`]),
    ...node.options.map((option) => `${start} ${optionOf(option)}`),
  ];
}

function optionOf({ flags, description, value }: OptionNode): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const takes = value.kind === 'none' ? '' : ` -r ${values(value)}`;
  return `${names.join(' ')}${takes} -d '${description}'`.replace(/ {2,}/g, ' ');
}

function values(value: Value): string {
  switch (value.kind) {
    case 'choices':
      return `-a '${value.choices.join(' ')}'`;
    case 'file':
      return '-F';
    case 'agent':
      return "-a '(workspace-sync completion agents 2>/dev/null)'";
    case 'none':
    case 'text':
      return '';
  }
}
