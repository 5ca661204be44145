import { Argument, Command } from 'commander';
import type { General } from '../general.ts';
import type { Made } from '../program.ts';

/** `workspace-sync completion`. */
export function completionCommand({ shell, exit }: Made): Command {
  return new Command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description(
      'Print a completion script for bash, zsh or fish. It completes commands, options, their choices, ' +
        'agents of the configuration file, and file names.',
    )
    .addArgument(
      new Argument('<shell>', 'for which shell; agents prints what the scripts ask for').choices([
        'bash',
        'zsh',
        'fish',
        'agents',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  source <(workspace-sync completion bash)
  workspace-sync completion zsh > ~/.zfunc/_workspace-sync
  workspace-sync completion fish > ~/.config/fish/completions/workspace-sync.fish`,
    )
    .action(async (name: string, _options: unknown, command: Command) => {
      const { agentNames, completionScript, shells } = await import('../completion/completion.ts');
      const chosen = shells.find((each) => each === name);
      const config = shell.env['WORKSPACE_SYNC_CONFIG'];
      const general: Pick<General, 'config'> = config === undefined ? {} : { config };
      const text =
        chosen && command.parent ? completionScript(command.parent, chosen) : agentNames(general);
      if (text !== '') shell.out(text.trimEnd());
      exit(0);
    });
}
