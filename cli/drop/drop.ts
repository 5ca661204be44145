import { explainFault, wordsFor } from '../aws/faults.ts';
import { openContext, withAgent, type AgentContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { CommandFailure, type Suggest } from '../failure.ts';
import type { General } from '../general.ts';
import { interrupted } from '../output/ask.ts';
import { nameInLine } from '../output/names.ts';
import { commandInQuotes } from '../command-line.ts';
import { Pace } from '../runs/pace.ts';
import { progressView } from '../runs/progress-view.ts';
import type { Shell } from '../shell.ts';
import { outcomeOf, type Outcome } from './delivery.ts';
import { otherName } from './names.ts';
import { send, type Sent } from './send.ts';
import { dropSources, type DropSource } from './sources.ts';
import { outcomeText } from './text.ts';

/** What `workspace-sync drop` can be told. */
export interface DropOptions extends General {
  as?: string;
  folder?: string;
  /** `--no-wait` makes it false. */
  wait: boolean;
}

/** Sends files to an agent, and waits until it has them. */
export async function drop(
  shell: Shell,
  files: readonly string[],
  options: DropOptions,
): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const sources = await dropSources(files, options, context);
  const leaving = new AbortController();
  const release = shell.onInterrupt(() => {
    leaving.abort();
  });
  const sent: Sent[] = [];
  try {
    tellOtherNames(shell, sources);
    await sendAll(context, { sources, sent }, leaving.signal);
    const outcomes = options.wait ? await delivered(context, sent, leaving.signal) : waiting(sent);
    return tell(context, { sources, sent, outcomes, isLeft: leaving.signal.aborted });
  } catch (error) {
    throw withSent(context, error, { sources, sent });
  } finally {
    release();
  }
}

function tellOtherNames(shell: Shell, sources: readonly DropSource[]): void {
  for (const { path } of sources) {
    const other = otherName(path);
    if (other === undefined) continue;
    shell.say(
      `${nameInLine(path)} cannot be used as it is: it will be called ${nameInLine(other)}.`,
    );
  }
}

/** What is to be sent, and what has been, in the same order. */
interface Sending {
  sources: readonly DropSource[];
  sent: Sent[];
}

async function sendAll(
  context: AgentContext,
  { sources, sent }: Sending,
  leaving: AbortSignal,
): Promise<void> {
  const { shell } = context;
  const view = await progressView(shell);
  const pace = new Pace();
  const isKnown = sources.every(({ size }) => size !== undefined);
  const total = { files: sources.length, bytes: sum(sources.map(({ size = 0 }) => size)) };
  try {
    for (const source of sources) {
      const before = sum(sent.map(({ size }) => size));
      const show = (bytes: number): void => {
        const done = { files: sent.length, bytes: before + bytes };
        pace.note(shell.clock.now(), done);
        const known = isKnown ? { total } : {};
        view.show({
          doing: sources.length > 1 ? 'sending' : `sending ${nameInLine(source.path)}`,
          done,
          ...known,
          speed: pace.speed(known.total),
        });
      };
      show(0);
      sent.push(await send(context, source, { onBytes: show, leaving }));
    }
  } catch (error) {
    throw leaving.aborted ? interrupted() : error;
  } finally {
    view.end();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

/** Whatever ends a drop, what was sent before lies in `_outbox`, and will be delivered. */
function withSent({ general }: AgentContext, error: unknown, sending: Sending): CommandFailure {
  const fault = explainFault(error);
  const { sources, sent } = sending;
  return new CommandFailure(
    (suggest) => `${wordsFor(error, general)} ${whatWasSent(sending, suggest)}`,
    {
      code: fault?.code ?? 'unexpected',
      exitCode: fault?.exitCode ?? exitCodes.failed,
      facts: { sent, unsent: sources.slice(sent.length).map(({ from }) => from) },
    },
  );
}

function whatWasSent({ sources, sent }: Sending, suggest: Suggest): string {
  if (sent.length === 0) return 'Nothing was sent.';
  const names = (which: readonly { path: string }[]): string =>
    which.map(({ path }) => nameInLine(path)).join(', ');
  const [ended, ...untouched] = sources.slice(sent.length);
  return [
    `Sent before: ${names(sent)}.`,
    ...(ended ? [`Cut short: ${names([ended])}.`] : []),
    ...(untouched.length > 0 ? [`Not sent: ${names(untouched)}.`] : []),
    `What has arrived of it says ${suggest('inbox')}.`,
  ].join(' ');
}

/** Deliveries take a second; a busy agent, or a schedule that has to come round, a few minutes. */
const patienceMs = 300_000;
const pauseMs = 500;

async function delivered(
  context: AgentContext,
  sent: readonly Sent[],
  leaving: AbortSignal,
): Promise<Outcome[]> {
  const { shell } = context;
  const view = await progressView(shell);
  const until = shell.clock.now() + patienceMs;
  try {
    for (;;) {
      const outcomes = await Promise.all(sent.map((each) => outcomeOf(context, each)));
      const left = outcomes.filter(({ state }) => state === 'waiting').length;
      if (left === 0 || leaving.aborted || shell.clock.now() > until) return outcomes;
      const done = { files: sent.length - left, bytes: 0 };
      view.show({ doing: 'waiting for the delivery', done });
      await shell.clock.sleep(pauseMs, leaving).catch(() => undefined);
    }
  } finally {
    view.end();
  }
}

function waiting(sent: readonly Sent[]): Outcome[] {
  return sent.map(() => ({ state: 'waiting' }));
}

interface Told {
  sources: readonly DropSource[];
  sent: readonly Sent[];
  outcomes: readonly Outcome[];
  isLeft: boolean;
}

function tell(context: AgentContext, { sources, sent, outcomes, isLeft }: Told): ExitCode {
  const { shell, general } = context;
  const drops = sent.map((each, index) => ({
    sent: each,
    from: sources[index]?.from ?? each.path,
    outcome: outcomes[index] ?? { state: 'waiting' as const },
  }));
  if (general.json) {
    const shown = drops.map((each) => ({ file: each.from, ...each.sent, ...each.outcome }));
    shell.out(JSON.stringify(shown, null, 2));
  } else {
    for (const { sent: each, outcome } of drops) shell.out(outcomeText(each, outcome));
  }
  return exitCodeFor(context, outcomes, isLeft);
}

function exitCodeFor(
  { shell, general }: AgentContext,
  outcomes: readonly Outcome[],
  isLeft: boolean,
): ExitCode {
  const isWaiting = outcomes.some(({ state }) => state === 'waiting');
  const isAside = outcomes.some(({ state }) => state === 'quarantined');
  const waits = (general as DropOptions).wait;
  if (isWaiting && waits) {
    const look = commandInQuotes(['inbox'], general);
    shell.say(`What is sent lies safe in _outbox until it is taken. Look later with ${look}.`);
    return isLeft ? exitCodes.detached : exitCodes.partial;
  }
  return isAside ? exitCodes.partial : exitCodes.ok;
}
