import type { WebhookConfig } from '../config/index.ts';
import { WorkspaceSyncError } from '../errors.ts';
import type { NotifyDependencies } from './dependencies.ts';
import type { Knock } from './knock.ts';
import type { Answer } from './post.ts';
import { emptyWakeRequest } from './request.ts';
import { readyWebhook } from './webhook.ts';

/**
 * How an agent's webhook answers, seen from where notifications are posted. A `stranger` answers,
 * but not as OpenClaw does.
 */
export interface WebhookCheck {
  agent: string;
  /** `none`: the agent has no webhook. */
  outcome: 'answers' | 'refuses' | 'stranger' | 'unreachable' | 'unusable' | 'none';
  /** For people; holds neither the address nor a secret. */
  message: string;
}

/** What the check needs from outside. */
export interface CheckDependencies extends Pick<
  NotifyDependencies,
  'agentConfig' | 'secrets' | 'post'
> {
  knock: Knock;
}

/**
 * Tries an agent's webhook without telling it anything: a gateway is asked to wake nobody for no
 * reason, which it refuses only after it has looked at the token; any other receiver is merely
 * knocked at. It costs no turn and leaves nothing behind.
 */
export async function checkWebhook(
  agent: string,
  dependencies: CheckDependencies,
): Promise<WebhookCheck> {
  try {
    const { webhook } = await dependencies.agentConfig(agent);
    if (!webhook) return { agent, outcome: 'none', message: 'The agent has no webhook.' };
    const answer = await tryOut(agent, webhook, dependencies);
    return { agent, ...answer };
  } catch (error) {
    // A secret that is missing or no token: what the error says is the answer.
    if (!(error instanceof WorkspaceSyncError)) throw error;
    return { agent, outcome: 'unusable', message: error.message };
  }
}

type Verdict = Omit<WebhookCheck, 'agent'>;

async function tryOut(
  agent: string,
  webhook: WebhookConfig,
  { secrets, post, knock }: CheckDependencies,
): Promise<Verdict> {
  const ready = await readyWebhook(agent, webhook, secrets);
  if (webhook.mode === 'generic') return verdictOfKnock(await knock(webhook.url));
  return verdictOfPost(await post(emptyWakeRequest(ready.webhook)));
}

function verdictOfKnock(answer: Awaited<ReturnType<Knock>>): Verdict {
  if ('code' in answer) return unreachable(answer.code);
  const message = `The receiver can be reached (it answered ${answer.status} to a HEAD); its secret was not tried.`;
  return { outcome: 'answers', message };
}

function verdictOfPost(answer: Answer): Verdict {
  if (answer.kind === 'unanswered') return unreachable(answer.code);
  const { status, body } = answer;
  if (isOfOpenClaw(status, body)) {
    return { outcome: 'answers', message: 'The gateway answers and takes the token.' };
  }
  return status === 400 || isSuccess(status)
    ? { outcome: 'stranger', message: strangeness(status) }
    : { outcome: 'refuses', message: refusal(status) };
}

/** Whether it is what OpenClaw says to a request without a text, once it has taken the token. */
function isOfOpenClaw(status: number, body: string): boolean {
  const ok = okOf(body);
  return status === 400
    ? ok === false || body.trim() === 'text required'
    : isSuccess(status) && ok === true;
}

function okOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { ok?: unknown } | null)?.ok;
  } catch {
    return undefined;
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function strangeness(status: number): string {
  return (
    `Something answers (${status}), but not as OpenClaw does, so nobody can tell that it takes the ` +
    'token: does webhook.url name the gateway and its hooks, and does no proxy, login page or parked ' +
    'domain answer in its place?'
  );
}

function refusal(status: number): string {
  if (status === 401 || status === 403) {
    return `The gateway refuses the token (${status}): it is not the one in "hooks.token" of the gateway's configuration.`;
  }
  if (status === 429) {
    return 'The gateway has locked us out for a while (429): too many requests had a wrong token.';
  }
  if (status === 404 || status === 405) {
    return `There are no hooks at that address (${status}): are they enabled on the gateway, and does webhook.url end in their path?`;
  }
  return `The gateway answered ${status}.${status >= 300 && status < 400 ? ' Redirects are not followed.' : ''}`;
}

function unreachable(code: string): Verdict {
  return {
    outcome: 'unreachable',
    message: `The webhook cannot be reached from Lambda: ${code}.`,
  };
}
