import type { CommandNode, Value } from './tree.ts';

/** Every command of a tree, the program itself first. */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}

/** A completion script for bash 3.2 and later. */
export function bashScript(tree: CommandNode): string {
  const nodes = allCommands(tree);
  return `# bash completion for workspace-sync: source this file, or put it where bash-completion looks.
_workspace_sync() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
${nodes
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      ' ${path.join(' ')}') path=' ${path.join(' ')}' ;;`)
  .join('\n')}
    esac
  done
  case "$path|$previous" in
${nodes.flatMap(optionCases).join('\n')}
  esac
  case "$path" in
${nodes.map(wordCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _workspace_sync workspace-sync
`;
}

function key({ path }: CommandNode): string {
  return path.map((word) => ` ${word}`).join('');
}

/** What may stand behind an option that takes a value. */
function optionCases(node: CommandNode): string[] {
  return node.options.flatMap(({ flags, value }) => {
    if (value.kind === 'none') return [];
    const patterns = flags.map((flag) => `'${key(node)}|${flag}'`).join(' | ');
    return [`    ${patterns}) ${completing(value)}; return ;;`];
  });
}

function completing(value: Value): string {
  switch (value.kind) {
    case 'choices':
      return `COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$current"))`;
    case 'file':
      return 'local IFS=$\'\\n\'; compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))';
    case 'agent':
      return 'COMPREPLY=($(compgen -W "$(workspace-sync completion agents 2>/dev/null)" -- "$current"))';
    case 'none':
    case 'text':
      return 'COMPREPLY=()';
  }
}

/** What may stand where a command or an option is expected. */
function wordCase(node: CommandNode): string {
  const commands = node.commands.map(({ path }) => path.at(-1) ?? '');
  const flags = node.options.flatMap((option) =>
    option.flags.filter((flag) => flag.startsWith('--')),
  );
  const { argument } = node;
  const choices = argument.kind === 'choices' ? argument.choices : [];
  const words = [...commands, ...choices, ...flags].join(' ');
  const files =
    argument.kind === 'file'
      ? `; if [[ $current != -* ]]; then ${completing(argument)}; return; fi ;;`
      : ' ;;';
  return `    '${key(node)}') words='${words}'${files}`;
}
