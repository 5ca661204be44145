import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { authorizeCommand } from './commands/authorize.ts';
import { backupCommand } from './commands/backup.ts';
import { completionCommand } from './commands/completion.ts';
import { costCommand } from './commands/cost.ts';
import { deployCommand } from './commands/deploy.ts';
import { destroyCommand } from './commands/destroy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { dropLinkCommand } from './commands/drop-link.ts';
import { dropCommand } from './commands/drop.ts';
import { historyCommand } from './commands/history.ts';
import { inboxCommand } from './commands/inbox.ts';
import { listCommand } from './commands/list.ts';
import { logsCommand } from './commands/logs.ts';
import { secretsCommand } from './commands/secrets.ts';
import { setupCommand } from './commands/setup.ts';
import { statusCommand } from './commands/status.ts';
import { syncCommand } from './commands/sync.ts';
import { commandLine } from './command-line.ts';
import { wrongUsage } from './failure.ts';
import type { Shell } from './shell.ts';

/** What a command is made with: where it speaks, and how it says its exit code. */
export interface Made {
  shell: Shell;
  exit: (code: number) => void;
}

const description = `Keeps an OpenClaw agent's workspace in step with your cloud folder, from your own AWS account.

Every command finds the deployment by itself and uses the AWS credentials of your environment.`;

const examples = `
Examples:
  workspace-sync setup                      from nothing to a first run
  workspace-sync status                     is it working, and what would be lost?
  workspace-sync sync --dry-run             what would a run do?
  workspace-sync drop report.pdf            a file for the agent
  workspace-sync backup restore --path notes.md

Help for one command: workspace-sync help <command>`;

/** The whole command line. Commands load what they need when they run. */
export function createProgram(shell: Shell, exit: Made['exit']): Command {
  const program = new Command('workspace-sync')
    .description(description)
    .version(manifest.version, '-V, --version', 'print the version')
    .addHelpText('after', examples)
    .configureHelp({ helpWidth: Math.min(shell.columns, 100), sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => {
        shell.out(text.trimEnd());
      },
      writeErr: (text) => {
        shell.say(text.trimEnd());
      },
    })
    .showHelpAfterError(`(${commandLine(['--help'])} lists the commands)`)
    .helpCommand(false)
    .exitOverride();
  for (const make of commands) program.addCommand(inherit(program, make({ shell, exit })));
  return program.addCommand(inherit(program, helpCommand(program)));
}

/** Commander's own knows the first word only. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .summary('show the help of a command')
    .description('Show the help of a command, such as "backup restore".')
    .argument('[words...]', 'the command')
    .action((words: string[]) => {
      let command = program;
      for (const word of words) {
        const found = command.commands.find((child) => child.name() === word);
        if (!found) throw wrongUsage(`There is no command "${words.join(' ')}".`);
        command = found;
      }
      command.outputHelp();
    });
}

/** In the order of the help: what people do daily comes first. */
const commands: readonly ((made: Made) => Command)[] = [
  statusCommand,
  syncCommand,
  listCommand,
  backupCommand,
  dropCommand,
  dropLinkCommand,
  inboxCommand,
  historyCommand,
  logsCommand,
  doctorCommand,
  costCommand,
  setupCommand,
  authorizeCommand,
  secretsCommand,
  deployCommand,
  destroyCommand,
  completionCommand,
];

/** A command that was made by itself takes over how the program speaks and ends. */
function inherit(program: Command, command: Command, words: readonly string[] = []): Command {
  const path = [...words, command.name()];
  const what = command.commands.length > 0 ? 'commands' : 'options';
  command
    .copyInheritedSettings(program)
    .showHelpAfterError(`(${commandLine([...path, '--help'])} lists its ${what})`);
  for (const child of command.commands) inherit(program, child, path);
  return command;
}
