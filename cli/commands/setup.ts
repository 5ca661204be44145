import { Command, InvalidArgumentError, Option } from 'commander';
import { withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import type { SetupOptions } from '../setup/setup.ts';
import { minutes } from './deploy.ts';

/** `workspace-sync setup`. */
export function setupCommand({ shell, exit }: Made): Command {
  const command = new Command('setup')
    .summary('from nothing to a first run, by questions')
    .description('From nothing to a first run: ask, check, write the configuration, deploy, run.')
    .option('--import <openclaw.json>', "take over the plugin's settings and secrets, as --agent")
    .option('--answers <file>', 'read answers from a JSON file, secrets among them')
    .option('--no-first-run', 'deploy, and leave the first run and the schedule to you')
    .option('--timeout <minutes>', 'how long one deployment may take', minutes, 60)
    .optionsGroup('Answers:')
    .addOption(
      new Option('--provider <name>', 'where the cloud folder is').choices([
        'dropbox',
        'gdrive',
        'onedrive',
        's3',
        'custom',
        'off',
      ]),
    )
    .addOption(
      new Option('--mode <name>', 'how both sides are kept in step').choices([
        'mailbox',
        'mirror',
        'bisync',
      ]),
    )
    .option('--remote-path <folder>', 'folder of the cloud storage')
    .option('--local-path <folder>', 'folder of the workspace; "/" is all of it')
    .option('--interval <seconds>', 'between syncs; 0 is only when asked', seconds)
    .option('--client-id <id>', 'of an OAuth app of your own')
    .option('--app-folder', 'the Dropbox app sees its own folder only')
    .option('--drive-id <id>', 'OneDrive: id of the drive')
    .addOption(
      new Option('--drive-type <type>', 'OneDrive: kind of the drive').choices([
        'personal',
        'business',
        'sharepoint',
      ]),
    )
    .option('--endpoint <url>', 'S3: endpoint, where it is not Amazon’s')
    .option('--bucket <name>', 'S3: bucket')
    .option('--s3-region <name>', 'S3: region of the bucket')
    .option('--rclone-type <backend>', 'custom: backend of rclone')
    .option('--webhook-url <url>', "the gateway's hooks; empty for none")
    .addOption(
      new Option('--webhook-mode <mode>', 'how the agent is told').choices([
        'wake',
        'agent',
        'generic',
      ]),
    )
    .option('--agent-id <id>', "the agent's id on the gateway")
    .option('--backup', 'take a snapshot every day')
    .option('--no-backup', 'take no snapshots')
    .option('--alarm-email <address>', 'who is written to when an alarm rings; empty for nobody')
    .option('--generate-passphrase', 'make a passphrase for the snapshots and show it, once')
    .option('--accept-weak', 'take a passphrase that could be guessed')
    .addHelpText(
      'after',
      `
It asks for what it is not told, tries the cloud folder and the webhook before anything is written,
and shows what the first run would do before it is done: that run may delete on the side that follows,
as far as its plan says. Syncs are scheduled after it and not before; wherever setup ends earlier, it says
so, and how to finish. An agent that has a schedule keeps one. An existing configuration keeps what setup does not know. Secrets are never
given by options: they are asked for, or stand in the file of --answers, under "secrets".

Examples:
  workspace-sync setup
  workspace-sync setup --import ~/.openclaw/openclaw.json
  workspace-sync setup --local                     tries it on the emulator of "npm start -- --empty"
  workspace-sync setup --answers answers.json --yes`,
    )
    .action(async (options: Parsed) => {
      const { setup } = await import('../setup/setup.ts');
      exit(await setup(shell, { ...options, given: givenIn(options) }));
    });
  return withGeneral(command);
}

type Given = SetupOptions['given'];
type Parsed = Omit<SetupOptions, 'given'> & Given;

const answerNames = [
  'deployment',
  'agent',
  'provider',
  'mode',
  'remotePath',
  'localPath',
  'interval',
  'clientId',
  'appFolder',
  'driveId',
  'driveType',
  'endpoint',
  'bucket',
  's3Region',
  'rcloneType',
  'webhookUrl',
  'webhookMode',
  'agentId',
  'backup',
  'alarmEmail',
  'generatePassphrase',
  'acceptWeak',
] as const satisfies (keyof Given)[];

/** The answers among the options. */
function givenIn(options: Parsed): Given {
  const found = answerNames.filter((name) => options[name] !== undefined);
  return Object.fromEntries(found.map((name) => [name, options[name]]));
}

function seconds(text: string): number {
  const value = Number(text);
  if (value === 0 || value >= 60) return value;
  throw new InvalidArgumentError('It is 0, or a number of seconds from 60.');
}
