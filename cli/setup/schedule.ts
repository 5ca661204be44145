import {
  GetScheduleCommand,
  paginateListSchedules,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../../functions/shared/config/index.ts';
import { isRecord, objectAt, type Raw } from '../../functions/shared/config/raw.ts';
import { configFile } from '../context.ts';
import { cdkSettings, deployNow, existing } from '../deploy/deploy.ts';
import { inPrivateFolder } from '../rclone/private-folder.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import type { Stage } from './course.ts';
import type { Setup } from './setup.ts';

/** Seconds between the syncs of an agent as a configuration has them; `undefined` where it does not. */
export function intervalIn(json: Raw | undefined, agent: string): number | undefined {
  const agents = objectAt(json ?? {}, 'agents');
  const { interval } = objectAt(objectAt(agents, agent), 'sync');
  return typeof interval === 'number' ? interval : undefined;
}

/** Seconds between syncs as somebody says it, or else as settings that are taken over have it. */
export function wantedInterval(
  said: number | undefined,
  sync: Pick<AgentConfig['sync'], 'provider' | 'interval'> | undefined,
): number {
  return sync === undefined || sync.provider === 'off' ? 0 : (said ?? sync.interval);
}

/** The same configuration with another interval of an agent. */
export function withInterval(json: Raw, agent: string, interval: number): Record<string, unknown> {
  const agents = objectAt(json, 'agents');
  const blocks = objectAt(agents, agent);
  const changed = { ...blocks, sync: { ...objectAt(blocks, 'sync'), interval } };
  return { ...json, agents: { ...agents, [agent]: changed } };
}

/** Whether the deployment has a schedule for the syncs of an agent. */
export async function hasSchedule(setup: Setup, agent: string): Promise<boolean> {
  const GroupName = (await existing(setup))?.outputs['ScheduleGroupName'];
  if (GroupName === undefined) return false;
  const client = new SchedulerClient(setup.target.client);
  for await (const { Schedules = [] } of paginateListSchedules({ client }, { GroupName })) {
    for (const { Name } of Schedules) {
      const { Target } = await client.send(new GetScheduleCommand({ GroupName, Name }));
      const input: unknown = JSON.parse(Target?.Input ?? '{}');
      if (isRecord(input) && input['job'] === 'sync' && input['agent'] === agent) return true;
    }
  }
  return false;
}

/**
 * Deploys a configuration with this interval of an agent, whatever interval its file has: what is
 * wanted stands there from the beginning, so that `deploy` schedules it whenever the person says so.
 */
export async function deployWith(
  setup: Setup,
  whole: Raw,
  agent: string,
  interval: number,
): Promise<void> {
  const { shell, options } = setup;
  await inPrivateFolder(shell.env, async (folder) => {
    const file = join(folder, 'workspace-sync.json');
    await writeFile(file, JSON.stringify(withInterval(whole, agent, interval)));
    await deployNow(shell, setup, cdkSettings({ ...setup, file }, options));
  });
}

/** What commands have to repeat that come after a setup: also the file, where they would take another. */
export function chosenAfter({
  options,
  file,
  target,
}: Pick<Setup, 'options' | 'file' | 'target'>): Chosen {
  const isFound = options.config === undefined && configFile({}, target) === file;
  return isFound ? options : { ...options, config: file };
}

/** What is not done, and the commands that do it. Pure. */
export function unfinishedText(
  { chosen, file }: { chosen: Chosen; file: string },
  { agent, interval, mode }: { agent: string; interval: number; mode: unknown },
  { isDeployed, isScheduled, hasRun }: Stage,
): string {
  const line = (...words: string[]): string => commandLine(words, chosen);
  const lineOfAgent = (...words: string[]): string => commandLine(words, { ...chosen, agent });
  const deploy = line('deploy');
  if (!isDeployed) {
    const goesOn = isScheduled ? 'what is scheduled stays as it was' : 'nothing is scheduled';
    const atOnce =
      interval > 0
        ? `deploys what is written, and schedules a sync every ${interval} seconds at once, before anybody has seen what the first one does`
        : 'deploys what is written';
    return `It is not deployed; ${goesOn}. ${file} is written. To go on:

  ${line('setup')}

It asks again, and shows the plan of the first run before anything is scheduled. This one ${atOnce}:

  ${deploy}`;
  }
  const first =
    mode === 'bisync'
      ? [lineOfAgent('sync', '--resync')]
      : [lineOfAgent('sync', '--dry-run'), lineOfAgent('sync')];
  const steps = hasRun ? [] : first;
  return `Nothing is scheduled yet: no sync of agent "${agent}" runs by itself. The interval that is wanted, ${interval} seconds,
stands in ${file}. To finish:

${[...steps, deploy].map((step) => `  ${step}`).join('\n')}

The last one schedules it.`;
}
