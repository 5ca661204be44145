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

/** The agents whose syncs the deployment has a schedule for. */
export async function scheduledAgents(setup: Setup): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const GroupName = (await existing(setup))?.outputs['ScheduleGroupName'];
  if (GroupName === undefined) return found;
  const client = new SchedulerClient(setup.target.client);
  for await (const { Schedules = [] } of paginateListSchedules({ client }, { GroupName })) {
    for (const { Name } of Schedules) {
      const { Target } = await client.send(new GetScheduleCommand({ GroupName, Name }));
      const input: unknown = JSON.parse(Target?.Input ?? '{}');
      if (isRecord(input) && input['job'] === 'sync') found.add(String(input['agent']));
    }
  }
  return found;
}

/**
 * Other agents that are to be synced and have no schedule yet, mostly because their own setup ended
 * early: nobody may have seen what their first run does. Pure.
 */
export function unscheduledBeside(
  agent: string,
  agents: readonly AgentConfig[],
  scheduled: ReadonlySet<string>,
): string[] {
  return agents
    .filter(({ sync }) => sync.provider !== 'off' && sync.interval > 0)
    .map(({ name }) => name)
    .filter((name) => name !== agent && !scheduled.has(name));
}

/** Deploys a configuration that differs from what its file says, such as in an interval. */
export async function deployWith(setup: Setup, json: Raw): Promise<void> {
  const { shell, options } = setup;
  await inPrivateFolder(shell.env, async (folder) => {
    const file = join(folder, 'workspace-sync.json');
    await writeFile(file, JSON.stringify(json));
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
