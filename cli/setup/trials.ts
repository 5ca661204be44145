import { type AgentConfig, resolveReferences } from '../../functions/shared/config/index.ts';
import type { TokenSource } from '../../functions/shared/credentials/credential.ts';
import { checkWebhook } from '../../functions/shared/notification/check.ts';
import { knock } from '../../functions/shared/notification/knock.ts';
import { poster } from '../../functions/shared/notification/post.ts';
import { CommandFailure } from '../failure.ts';
import { confirmed } from '../output/ask.ts';
import { counted } from '../output/words.ts';
import { cloudOf } from '../rclone/cloud.ts';
import { reach } from '../rclone/reach.ts';
import type { PendingSecrets } from './secrets.ts';
import type { Setup } from './setup.ts';

/** Lists the cloud folder from here, with what will be stored. */
export async function tryCloud(
  setup: Setup,
  agent: AgentConfig,
  secrets: PendingSecrets,
  region: string,
): Promise<void> {
  const { shell, target } = setup;
  const { sync } = agent;
  if (sync.provider === 'off') return;
  const remote = await cloudOf(agent, secrets, region, target);
  const keep = tokenKeeper(setup, remote.tokenSource, secrets);
  let newest = remote.options['token'];
  const found = await reach(shell, remote, async (token) => {
    await keep(newest, token);
    newest = token;
  });
  switch (found.outcome) {
    case 'listed':
      shell.say(`The cloud folder answers: ${counted(found.files, 'file')} at its top.`);
      return;
    case 'not-found':
      shell.say('The account answers; the folder is not there yet, the first run makes it.');
      return;
    case 'failed':
      await goOnAnyway(setup, found.why);
  }
}

/**
 * Keeps a token that the provider has given in the place of another: at once, because the other may be
 * worth nothing from then on, and a setup may end for many reasons.
 */
function tokenKeeper(
  { shell }: Setup,
  source: TokenSource | undefined,
  secrets: PendingSecrets,
): (from: string | undefined, to: string) => Promise<void> {
  return async (from, to) => {
    if (!source) return;
    const renewed = `The provider has given a new token in the place of ${source.reference}`;
    try {
      const isStored = await secrets.supersede(source, from, to);
      shell.say(
        `${renewed}: ${isStored ? 'it is stored' : 'somebody has stored another meanwhile'}.`,
      );
    } catch (error) {
      secrets.add(source, to);
      // Its message may quote what was to be written.
      const why = error instanceof Error ? error.name : 'no reason was given';
      shell.say(
        `${renewed}, and it cannot be stored now (${why}). It is tried again at the end. Where this setup ` +
          'ends before, log in once more: the old one may be worth nothing any more.',
      );
    }
  };
}

/** Tries the webhook from here; from Lambda it may look otherwise, which `doctor` tells. */
export async function tryWebhook(
  setup: Setup,
  agent: AgentConfig,
  secrets: PendingSecrets,
): Promise<void> {
  const { webhook } = agent;
  if (!webhook) return;
  const values = await secrets.read(agent.name, 'webhook');
  const ready = resolveReferences(webhook, values);
  const { outcome, message } = await checkWebhook(agent.name, {
    agentConfig: () => Promise.resolve({ webhook: ready }),
    secrets: { read: () => Promise.resolve({ values, versionId: 'none' }) },
    post: poster(),
    knock,
  });
  if (outcome === 'answers') setup.shell.say(message);
  else await goOnAnyway(setup, message.replace('from Lambda', 'from here'));
}

/** @throws CommandFailure unless a person wants to go on. */
async function goOnAnyway({ shell, options }: Setup, why: string): Promise<void> {
  // --yes is for what goes well: a script must learn of this.
  if (shell.canAsk && !options.yes) {
    shell.say(why);
    if (await confirmed({ shell, general: options }, 'Go on all the same?')) return;
  }
  throw new CommandFailure(`${why} No configuration was written, and nothing deployed.`, {
    code: 'check-failed',
  });
}
