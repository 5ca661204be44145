import { allCommands } from './bash.ts';
import type { CommandNode, OptionNode, Value } from './tree.ts';

/** A completion script for zsh's own system. */
export function zshScript(tree: CommandNode): string {
  return `#compdef workspace-sync
# zsh completion for workspace-sync: put this file as _workspace-sync into a folder of $fpath.

_workspace_sync_agents() {
  local -a agents
  agents=(\${(f)"$(workspace-sync completion agents 2>/dev/null)"})
  compadd -a agents
}

${allCommands(tree).map(functionOf).join('\n\n')}

if [ "$funcstack[1]" = '_workspace-sync' ]; then
  ${nameOf(tree)} "$@"
else
  compdef ${nameOf(tree)} workspace-sync
fi
`;
}

function nameOf({ path }: CommandNode): string {
  return ['_workspace_sync', ...path.map((word) => word.replaceAll('-', '_'))].join('_cmd_');
}

function functionOf(node: CommandNode): string {
  const options = node.options.map((option) => `    ${optionSpec(option)} \\`);
  if (node.commands.length === 0) {
    const argument = node.argument.kind === 'none' ? '' : ` '*:argument:${action(node.argument)}'`;
    return `${nameOf(node)}() {
  _arguments \\
${options.join('\n')}
   ${argument}
}`;
  }
  const described = node.commands.map(
    ({ path, summary }) => `      '${path.at(-1) ?? ''}:${summary}'`,
  );
  const cases = node.commands.map(
    (child) => `        ${child.path.at(-1) ?? ''}) ${nameOf(child)} ;;`,
  );
  return `${nameOf(node)}() {
  local state
  local -a commands
  _arguments -C \\
${options.join('\n')}
    '1: :->command' '*:: :->rest'
  case $state in
    command)
      commands=(
${described.join('\n')}
      )
      _describe command commands
      ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}`;
}

function optionSpec({ flags, description, value }: OptionNode): string {
  const takes = value.kind === 'none' ? '' : `:value:${action(value)}`;
  const [only] = flags;
  const text = `[${description}]${takes}`;
  if (flags.length === 1) return `'${only ?? ''}${text}'`;
  return `'(${flags.join(' ')})'{${flags.join(',')}}'${text}'`;
}

function action(value: Value): string {
  switch (value.kind) {
    case 'choices':
      return `(${value.choices.join(' ')})`;
    case 'file':
      return '_files';
    case 'agent':
      return '_workspace_sync_agents';
    case 'none':
    case 'text':
      return ' ';
  }
}
