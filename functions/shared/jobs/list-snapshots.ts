import type { AgentConfig } from '../config/index.ts';
import type { JobResult } from '../runtime/report.ts';
import type { RunContext } from '../runtime/run.ts';
import { pluginSummary, readCatalog, summaryOf, type Catalog } from '../snapshot/read/catalog.ts';
import { withPlaces } from './snapshot-places.ts';

/** Lists an agent's snapshots, newest first; nothing is changed, and nothing is read of their content. */
export function listSnapshots(context: RunContext, agent: AgentConfig): Promise<JobResult> {
  return withPlaces(context, agent, {}, async ({ store }) => {
    const catalog = await readCatalog(store, agent.name);
    const own = catalog.snapshots.map(({ manifest, verification }) =>
      summaryOf(manifest, verification),
    );
    const all = [...own, ...catalog.plugin.map(pluginSummary)];
    all.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    return { state: 'succeeded', snapshots: all, warnings: oddities(catalog) };
  });
}

/** What lies there and is no snapshot of this agent. */
export function oddities({ damaged, foreign, orphans }: Catalog): string[] {
  const unfinished = new Set(orphans.map(({ id }) => id)).size;
  return [
    ...damaged.map(({ id, problem }) => `${id} does not count as a snapshot: ${problem}`),
    ...(foreign > 0 ? [`${foreign} snapshots of other agents lie there, too`] : []),
    ...(unfinished > 0
      ? [`${unfinished} backups were not finished, or are under way: they have no manifest`]
      : []),
  ];
}
