import type { AgentConfig, ParsedConfig } from '../../functions/shared/config/index.ts';
import { clientsFor, type Clients } from '../aws/clients.ts';
import { findDeployment, type Deployment } from '../aws/deployment.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import { openConfiguredSite, openSite, type Site } from '../secrets/site.ts';
import type { Shell } from '../shell.ts';
import type { Found } from './finding.ts';

/** What all checks look at. What one of them finds out, the others do not ask for again. */
export interface Examination {
  shell: Shell;
  general: General;
  clients: Clients;
  target: Site['target'];
  /** @throws where there is no configuration, or a wrong one. */
  site: () => Site & { parsed: ParsedConfig };
  /** Agents that are asked about. */
  agents: () => AgentConfig[];
  /** @throws CommandFailure where there is none. */
  deployment: () => Promise<Deployment>;
}

/** One check. It may throw: then it says so, and the others go on. */
export interface Check {
  name: string;
  /** Milliseconds that it may take; 20 s. */
  limit?: number;
  /** Name of a check that comes before it and is waited for: both would use what can be used once. */
  after?: string;
  look: (examination: Examination) => Promise<Found | Found[]>;
}

/** Gathers what the checks have in common, none of which is asked for before it is needed. */
export function openExamination(shell: Shell, general: General): Examination {
  const target = targetFor(shell, general);
  const clients = clientsFor(target);
  let deployment: Promise<Deployment> | undefined;
  const site = (): ReturnType<typeof openConfiguredSite> => openConfiguredSite(shell, general);
  return {
    shell,
    general,
    clients,
    target,
    site,
    agents() {
      const { agents } = site().parsed.config;
      const chosen = agents.filter(
        ({ name }) => general.agent === undefined || name === general.agent,
      );
      if (chosen.length > 0) return chosen;
      throw new CommandFailure(`The configuration has no agent "${general.agent ?? ''}".`, {
        code: 'no-agent',
      });
    },
    deployment() {
      deployment ??= findDeployment(clients.cloudFormation, nameOf(shell, general));
      return deployment;
    },
  };
}

function targetFor(shell: Shell, general: General): Site['target'] {
  try {
    return openSite(shell, general).target;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    // A wrong configuration is a finding; the account can be looked at without it.
    return openSite(shell, { ...general, config: '/dev/null/none' }).target;
  }
}

function nameOf(shell: Shell, general: General): string {
  try {
    return openSite(shell, general).deployment;
  } catch {
    return openSite(shell, { ...general, config: '/dev/null/none' }).deployment;
  }
}
