import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../functions/shared/config/index.ts';
import { epochOf } from '../../functions/shared/clock.ts';
import { runProcess } from '../../functions/shared/rclone/process.ts';
import { bootstrapCommand, bootstrapVersion, identity, regionOf } from '../deploy/bootstrapped.ts';
import { wordsFor } from '../aws/faults.ts';
import { commandInQuotes } from '../command-line.ts';
import { CommandFailure } from '../failure.ts';
import { counted, durationInWords } from '../output/words.ts';
import { projectRclone } from '../rclone/local.ts';
import { projectRoot } from '../root.ts';
import { lookUp } from '../secrets/list.ts';
import { secretNeeds } from '../secrets/needs.ts';
import { cloudFromHere } from './cloud.ts';
import type { Check } from './examination.ts';
import { unknown, well, wrong } from './finding.ts';

const oldestNode = 24;

/** Requests that are signed with a time further off than this are refused. */
const worstSkewMs = 4 * 60_000;

/** What can be seen from the operator's machine. */
export function machineChecks(): Check[] {
  return [
    {
      name: 'node',
      look: () => {
        const { node } = process.versions;
        return Promise.resolve(
          Number(node.split('.')[0]) >= oldestNode
            ? well(`Node ${node}`)
            : wrong(
                `Node is ${node}`,
                `Install Node ${oldestNode} or newer: "npm run prepare-tools"`,
              ),
        );
      },
    },
    {
      name: 'rclone',
      look: async ({ shell }) => {
        const file = await projectRclone(shell.env);
        const env = { RCLONE_CONFIG: '/dev/null' };
        const { stdout } = await runProcess({ file, args: ['version'], env, cwd: '/' });
        return well(stdout.split('\n')[0] ?? 'rclone');
      },
    },
    {
      name: 'emulator',
      look: ({ general }) => {
        if (!general.local) return Promise.resolve([]);
        const python = join(projectRoot, '.tools', 'emulator', 'bin', 'python');
        return Promise.resolve(
          existsSync(python)
            ? well('The emulator is installed')
            : wrong('The emulator is not installed', 'Run "npm run prepare-tools"'),
        );
      },
    },
    {
      name: 'credentials',
      look: async ({ target }) => {
        const [{ account, arn }, region] = await Promise.all([identity(target), regionOf(target)]);
        return well(`Account ${account} in ${region}, as ${arn}`);
      },
    },
    {
      name: 'clock',
      look: async ({ target, shell }) => {
        const region = await regionOf(target);
        const url = target.client.endpoint ?? `https://sts.${region}.amazonaws.com`;
        const { headers } = await fetch(url, { method: 'HEAD', redirect: 'manual' });
        const theirs = epochOf(headers.get('date') ?? '');
        if (Number.isNaN(theirs)) return unknown('AWS did not say what time it is');
        const skew = Math.abs(shell.clock.now() - theirs);
        return skew < worstSkewMs
          ? well('The clock of this machine is right')
          : wrong(
              `The clock of this machine is ${durationInWords(skew)} off`,
              'Set it, by NTP: AWS refuses requests that are signed with a wrong time',
            );
      },
    },
    {
      name: 'bootstrap',
      look: async ({ target, general }) => {
        const version = await bootstrapVersion(target);
        if (version !== undefined) return well(`The CDK’s bootstrap is there, version ${version}`);
        const [{ account }, region] = await Promise.all([identity(target), regionOf(target)]);
        return wrong(
          'The account is not prepared for the CDK in this region',
          `Run ${bootstrapCommand(account, region, general.profile)}`,
        );
      },
    },
    {
      name: 'configuration',
      look: ({ site, general }) => {
        try {
          const { parsed, file } = site();
          return Promise.resolve(
            well(`${file} is in order: ${counted(parsed.config.agents.length, 'agent')}`),
          );
        } catch (error) {
          if (!(error instanceof ConfigError || error instanceof CommandFailure)) throw error;
          const deploy = commandInQuotes(['deploy'], general);
          return Promise.resolve(
            wrong(wordsFor(error, general), `Correct the file, then ${deploy}`),
          );
        }
      },
    },
    {
      name: 'secrets',
      look: async ({ site, general }) => {
        const { parsed, entries } = site();
        const listed = await lookUp(entries, secretNeeds(parsed.config), general);
        const missing = listed.filter(({ isSet }) => !isSet);
        if (missing.length === 0)
          return well(`${counted(listed.length, 'secret is', 'secrets are')} set`);
        return missing.map(({ agent, reference, cure = '' }) =>
          wrong(`The secret ${reference} is missing`, `Run "${cure}"`, { about: agent }),
        );
      },
    },
    {
      name: 'cloud-from-here',
      limit: 100_000,
      look: cloudFromHere,
    },
  ];
}
