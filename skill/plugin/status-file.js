/** What the deployment last wrote into a workspace: `.workspace-sync/status.json`. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

const maxBytes = 1_000_000;

/**
 * The status in a workspace, or undefined where there is none, or one of another agent or deployment.
 * The agent can write there, too: nothing is taken for what it says it is.
 */
export async function readStatus(folder, { agent, deployment }) {
  const found = await parseFile(join(folder, '.workspace-sync', 'status.json'));
  if (!isStatus(found)) return undefined;
  if (agent !== undefined && found.agent !== agent) return undefined;
  if (deployment !== undefined && found.deployment !== deployment) return undefined;
  return found;
}

async function parseFile(file) {
  try {
    const { size, isFile } = await facts(file);
    return isFile && size <= maxBytes ? JSON.parse(await readFile(file, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}

async function facts(file) {
  const stats = await stat(file);
  return { size: stats.size, isFile: stats.isFile() };
}

function isStatus(value) {
  return (
    value?.version === 1 &&
    typeof value.agent === 'string' &&
    Number.isFinite(Date.parse(value.asOf)) &&
    Array.isArray(value.problems) &&
    value.problems.every((problem) => typeof problem?.message === 'string')
  );
}

/** The status in words: the answer first, then what it rests on. */
export function statusText(status, now) {
  const { healthy, paused, problems } = status;
  const verdict = paused ? 'paused: the monthly cap is reached' : wellness(healthy, problems);
  const warnings = problems.map(
    ({ message, runbook }) =>
      `! ${line(message)}${runbook ? `\n  docs/runbook.md#${line(runbook)}` : ''}`,
  );
  return [`${line(status.agent)}: ${verdict}`, ...warnings, table(rows(status, now))].join('\n\n');
}

function wellness(healthy, problems) {
  if (healthy) return 'all was well';
  return `${problems.length} ${problems.length === 1 ? 'thing deserves' : 'things deserve'} a look`;
}

function rows(status, now) {
  const { lastSyncAt, asOf } = status;
  return [
    ['provider', status.provider],
    ['mode', status.mode],
    ['running', status.running ? 'yes' : 'no'],
    ['last sync', lastSyncAt === undefined ? 'never' : `${lastSyncAt}, ${age(lastSyncAt, now)}`],
    ['sync count', status.syncCount],
    ['error count', status.errorCount],
    ['recovery point', status.recoveryPoint?.text],
    ['as of', `${asOf}, ${age(asOf, now)}`],
  ];
}

function table(found) {
  return found
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(16)}${line(value)}`)
    .join('\n');
}

function age(at, now) {
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (!Number.isFinite(minutes)) return 'at an unknown time';
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} minutes ago`;
  return minutes < 2_880
    ? `${Math.floor(minutes / 60)} hours ago`
    : `${Math.floor(minutes / 1_440)} days ago`;
}

/** One line, without what a terminal obeys or what shows text in another order than it has. */
function line(value) {
  return String(value).replace(/[\p{C}\u2028\u2029]/gu, '\uFFFD');
}
