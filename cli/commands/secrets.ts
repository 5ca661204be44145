import { Command, Option } from 'commander';
import { type General, withGeneral } from '../general.ts';
import type { Made } from '../program.ts';
import type { SetOptions } from '../secrets/set.ts';

/** `workspace-sync secrets`. */
export function secretsCommand(made: Made): Command {
  return new Command('secrets')
    .summary('set the secrets of the configuration, and see which are missing')
    .description('Set the secrets that the configuration refers to, and see which are missing.')
    .addHelpText(
      'after',
      `
A \${NAME} in the configuration stands for a secret of that name in AWS Secrets Manager.

Examples:
  workspace-sync secrets list
  workspace-sync secrets set DROPBOX_TOKEN`,
    )
    .addCommand(setCommand(made))
    .addCommand(listCommand(made));
}

function setCommand({ shell, exit }: Made): Command {
  const command = new Command('set')
    .summary('set one secret, or all that are missing')
    .description('Set one secret, or be asked for each that is missing.')
    .argument('[name]', 'the name that stands in the configuration as ${NAME}')
    .option('--from-file <file>', 'read the value from a file')
    .option('--generate', 'make a passphrase and show it, once')
    .option('--replace', 'let it take the place of a passphrase that is stored already')
    .option('--accept-weak', 'take a passphrase that could be guessed')
    .option('--obscured', "the password is in rclone's obscured form already")
    .addOption(
      new Option('--scope <scope>', 'which entry, where the configuration does not say it').choices(
        ['sync', 'backup', 'passphrase', 'webhook', 'workspace'],
      ),
    )
    .addHelpText(
      'after',
      `
The value is asked for without being shown, or read from standard input, or from a file; it never
stands in the command line. Other secrets stay as they are, and what a run saves at the same moment
is kept. A passphrase is asked for twice, and refused when it is weak. Where one is stored already, a
word has to be typed, or --replace be said: the snapshots that exist keep the old one. With --json a
passphrase that was made is the field "passphrase".

Examples:
  workspace-sync secrets set                                asks for each that is missing
  workspace-sync secrets set WEBHOOK_TOKEN
  workspace-sync secrets set BACKUP_PASSPHRASE --generate
  workspace-sync secrets set BACKUP_PASSPHRASE --generate --replace
  pass show gateway/token | workspace-sync secrets set WEBHOOK_TOKEN`,
    )
    .action(async (name: string | undefined, options: SetOptions) => {
      const { setSecrets } = await import('../secrets/set.ts');
      exit(await setSecrets(shell, name, options));
    });
  return withGeneral(command);
}

function listCommand({ shell, exit }: Made): Command {
  const command = new Command('list')
    .summary('show which secrets are needed and which are set')
    .description('Show which secrets the configuration needs and which are set; never a value.')
    .addHelpText(
      'after',
      `
Ends with exit code 1 where one is missing.

Examples:
  workspace-sync secrets list
  workspace-sync secrets list --json | jq '.[] | select(.isSet | not).cure'`,
    )
    .action(async (options: General) => {
      const { listSecrets } = await import('../secrets/list.ts');
      exit(await listSecrets(shell, options));
    });
  return withGeneral(command);
}
