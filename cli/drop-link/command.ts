import { s3ObjectStore } from '../../functions/shared/state/s3-object-store.ts';
import { tellLeftOut } from '../aws/state.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { bucketOf, openContext, withAgent, type AgentContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { wrongUsage } from '../failure.ts';
import type { General } from '../general.ts';
import { table } from '../output/table.ts';
import { counted, timeInWords, timesInWords } from '../output/words.ts';
import type { Shell } from '../shell.ts';
import { parseDuration, parseSize } from './amounts.ts';
import { createDropLink, type DropLink, type DropLinkDeps } from './create.ts';
import { listDropLinks, type LinkListDeps } from './list.ts';
import { bytesInWords } from './page/words.js';
import { revokeDropLink, type RevokeDeps } from './revoke.ts';

/** What `drop-link` is told, as it stands on the command line. */
export interface DropLinkChoice {
  files: string;
  maxSize: string;
  type?: string[];
  expires: string;
  label?: string;
}

/** Makes a link and prints it: the address alone on standard output, so that it can be piped. */
export async function makeLink(shell: Shell, options: General & DropLinkChoice): Promise<ExitCode> {
  const limits = {
    files: wholeNumber(options.files),
    maxBytes: parseSize(options.maxSize),
    types: options.type ?? [],
    lifetimeMs: parseDuration(options.expires),
    label: options.label,
  };
  const context = withAgent(await openContext(shell, options));
  const link = await createDropLink(depsOf(context), { agent: context.agent, ...limits });
  if (options.json) shell.out(JSON.stringify(link, null, 2));
  else {
    shell.out(link.url);
    shell.say(`\n${linkInWords(link, shell.clock.now(), options)}`);
  }
  for (const warning of link.warnings) {
    shell.say(`\nNote: ${timesInWords(warning, shell.clock.now())}`);
  }
  return exitCodes.ok;
}

/** Shows the links of an agent. */
export async function showLinks(shell: Shell, options: General): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const leftOut: string[] = [];
  const links = await listDropLinks(depsOf(context), context.agent, leftOut);
  if (options.json) shell.out(JSON.stringify(links, null, 2));
  else if (links.length + leftOut.length === 0) shell.say(`Agent "${context.agent}" has no links.`);
  else {
    const now = shell.clock.now();
    const rows = links.map(({ id, state, used, files, maxBytes, types, folder, expiresAt }) => [
      ...[id, state, `${used} of ${files}`, bytesInWords(maxBytes), types.join(', ') || 'any'],
      ...[folder, timeInWords(expiresAt, now)],
    ]);
    shell.out(table(['link', 'state', 'files', 'each', 'types', 'folder', 'ends'], rows));
  }
  return tellLeftOut(shell, leftOut);
}

/** Ends a link. */
export async function endLink(shell: Shell, options: General, id: string): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const record = await revokeDropLink(depsOf(context), context.agent, id);
  shell.out(
    options.json
      ? JSON.stringify(record, null, 2)
      : `Link ${id} is revoked: its page is gone, and nothing more that comes by it is delivered.`,
  );
  return exitCodes.ok;
}

function depsOf(context: AgentContext): DropLinkDeps & LinkListDeps & RevokeDeps {
  const { s3 } = context.clients;
  const [exchangeBucket, stateBucket] = [bucketOf(context, 'Exchange'), bucketOf(context, 'State')];
  return {
    s3,
    exchangeBucket,
    stateBucket,
    state: s3ObjectStore(s3, stateBucket),
    exchange: s3ObjectStore(s3, exchangeBucket),
    clock: context.shell.clock,
  };
}

function linkInWords(link: DropLink, now: number, chosen: Chosen): string {
  const types = link.types.length === 0 ? 'of any type' : `only ${link.types.join(', ')}`;
  const revoke = ['drop-link', 'revoke', link.id];
  return [
    `For agent "${link.agent}", into _inbox/${link.folder}/`,
    `${counted(link.files, 'file')}, each up to ${bytesInWords(link.maxBytes)}, ${types}`,
    `Ends ${timeInWords(link.expiresAt, now)}`,
    '',
    'Whoever has this link can use it: give it to the person whom it is for, and to nobody else.',
    `To end it before its time: ${commandLine(revoke, { ...chosen, agent: link.agent })}`,
  ].join('\n');
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw wrongUsage(`--files is "${text}"; give a whole number.`);
  return Number(text);
}
