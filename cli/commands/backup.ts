import { Argument, Command, Option } from 'commander';
import { restoreTargets } from '../../functions/shared/contract/jobs.ts';
import type { PruneOptions } from '../backup/prune.ts';
import type { RestoreOptions } from '../backup/restore.ts';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import { collected, percentage, snapshotId } from './arguments.ts';

/** `workspace-sync backup …`. */
export function backupCommand(made: Made): Command {
  const command = new Command('backup')
    .summary('take, list, restore, verify and prune snapshots')
    .description(
      "Take, list, restore, verify and prune an agent's snapshots. docs/snapshots.md says what they hold.",
    );
  const parts = [
    nowCommand,
    listCommand,
    restoreCommand,
    statusCommand,
    verifyCommand,
    pruneCommand,
  ];
  for (const make of parts) command.addCommand(make(made));
  return command;
}

type Detaching = General & { detach?: boolean };

const detach = ['--detach', 'start the run and do not wait for it'] as const;

function nowCommand({ shell, exit }: Made): Command {
  const command = new Command('now')
    .summary('take a snapshot now')
    .description('Take a snapshot now, and show how it gets on. Ctrl-C leaves the run alone.')
    .option(...detach)
    .addHelpText('after', '\nExample:\n  workspace-sync backup now')
    .action(async (options: Detaching) => {
      const { now } = await import('../backup/now.ts');
      exit(await now(shell, options));
    });
  return withGeneral(command);
}

function listCommand({ shell, exit }: Made): Command {
  const command = new Command('list')
    .summary('list the snapshots of an agent')
    .description('List the snapshots of an agent, newest first.')
    .addHelpText(
      'after',
      "\nExample:\n  workspace-sync backup list --json | jq -r '.snapshots[0].id'",
    )
    .action(async (options: General) => {
      const { list } = await import('../backup/list.ts');
      exit(await list(shell, options));
    });
  return withGeneral(command);
}

function restoreCommand({ shell, exit }: Made): Command {
  const command = new Command('restore')
    .summary('bring files back from a snapshot')
    .description(
      "Bring files back from a snapshot, by default into a new folder beside the agent's files, where " +
        "nothing is replaced. With --to live it WRITES OVER the agent's files: it adds and replaces, " +
        'deletes nothing, and asks for a word first.',
    )
    .addArgument(snapshotArgument('the newest one that is good, by default'))
    .addOption(
      new Option(
        '--path <pattern>',
        'only this path or pattern of the workspace, such as notes.md or "memory/**", or below state/; can be repeated',
      ).argParser(collected),
    )
    .addOption(
      new Option(
        '--to <target>',
        "staging: a new folder; cloud: a new folder of the cloud folder's storage; live: over the agent's files",
      )
        .choices(restoreTargets)
        .default('staging'),
    )
    .option('--dry-run', 'say which files would come, and write nothing')
    .option('--confirm <word>', 'with --to live in a script: overwrite-live-files')
    .option('--accept-unencrypted', 'take a snapshot that nothing vouches for')
    .option(...detach)
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync backup restore --path notes.md --path memory
  workspace-sync backup restore 20261122T101500Z-0a1b2c3d --dry-run
  workspace-sync backup restore 20261122T101500Z-0a1b2c3d --to live`,
    )
    .action(async (snapshot: string | undefined, options: RestoreOptions) => {
      const { restore } = await import('../backup/restore.ts');
      exit(await restore(shell, snapshot, options));
    });
  return withGeneral(command);
}

function statusCommand({ shell, exit }: Made): Command {
  const command = new Command('status')
    .summary('show whether backups work')
    .description(
      'Show whether backups work: last and next run, what would be lost now, what is verified, what is kept.',
    )
    .addHelpText('after', '\nExample:\n  workspace-sync backup status')
    .action(async (options: General) => {
      const { status } = await import('../backup/status.ts');
      exit(await status(shell, options));
    });
  return withGeneral(command);
}

function verifyCommand({ shell, exit }: Made): Command {
  const command = new Command('verify')
    .summary('read a snapshot back, and record whether it is good')
    .description(
      'Read a snapshot back from the storage, and record whether every byte of it is good.',
    )
    .addArgument(snapshotArgument('the newest one, by default'))
    .addOption(new Option('--percent <share>', 'read only this share of it').argParser(percentage))
    .option(...detach)
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync backup verify
  workspace-sync backup verify 20261122T101500Z-0a1b2c3d --percent 10`,
    )
    .action(async (snapshot: string | undefined, options: Detaching & { percent?: number }) => {
      const { verify } = await import('../backup/now.ts');
      exit(await verify(shell, snapshot, options));
    });
  return withGeneral(command);
}

function pruneCommand({ shell, exit }: Made): Command {
  const command = new Command('prune')
    .summary('delete the snapshots that retention does not keep')
    .description(
      'DELETE the snapshots that backup.retain does not keep, which also happens after each backup. It ' +
        'shows what would go and asks.',
    )
    .option(
      '--dry-run',
      'say what would go and what would stay, with the reasons, and delete nothing',
    )
    .addOption(
      new Option(
        '--confirm-anomaly <snapshot>',
        'somebody has looked at this strange snapshot: pruning goes on',
      ).argParser(snapshotId),
    )
    .option(...detach)
    .addHelpText(
      'after',
      `
Examples:
  workspace-sync backup prune --dry-run
  workspace-sync backup prune --yes
  workspace-sync backup prune --confirm-anomaly 20261122T101500Z-0a1b2c3d`,
    )
    .action(async (options: PruneOptions) => {
      const { prune } = await import('../backup/prune.ts');
      exit(await prune(shell, options));
    });
  return withGeneral(command);
}

function snapshotArgument(otherwise: string): Argument {
  return new Argument('[snapshot]', `id of the snapshot; ${otherwise}`).argParser(snapshotId);
}
