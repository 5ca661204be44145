import { Option, type Command } from 'commander';

/** What every command can be told. */
export interface General {
  /** By default the deployment's only agent. */
  agent?: string;
  /** By default what WORKSPACE_SYNC_DEPLOYMENT says, or else the configuration file, or `default`. */
  deployment?: string;
  config?: string;
  json: boolean;
  yes: boolean;
  local: boolean;
  profile?: string;
  region?: string;
}

/** Gives a command the options that all have, under a heading of their own in its help. */
export function withGeneral(command: Command): Command {
  command.optionsGroup('General options:');
  for (const option of generalOptions()) command.addOption(option);
  return command;
}

function generalOptions(): Option[] {
  return [
    new Option('-a, --agent <name>', "which agent; the deployment's only one by default"),
    new Option('-d, --deployment <name>', 'which deployment').env('WORKSPACE_SYNC_DEPLOYMENT'),
    new Option('-c, --config <file>', 'the configuration file').env('WORKSPACE_SYNC_CONFIG'),
    new Option('--json', 'print JSON for programs instead of text').default(false, 'off'),
    new Option(
      '-y, --yes',
      'ask nothing: questions are answered with yes, but for those that want a word',
    ).default(false, 'off'),
    new Option('--local', 'talk to the emulator of a running "npm start"').default(false, 'off'),
    new Option('--profile <name>', 'the AWS profile'),
    new Option('--region <name>', 'the AWS region'),
  ];
}
