import * as z from 'zod';
import { notes, secret } from './fields.ts';
import { urlFault } from './webhook-url.ts';

/** How a delivery is announced. */
export const webhookModes = ['wake', 'agent', 'generic'] as const;
export type WebhookMode = (typeof webhookModes)[number];

const text = (description: string): z.ZodOptional<z.ZodString> =>
  z.string().min(1).optional().meta(notes(description));

const target = {
  url: z
    .string()
    .superRefine((url, context) => {
      const fault = urlFault(url);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .meta(
      notes(
        'For `wake` and `agent` the base of the gateway’s hooks, such as ' +
          '`https://gateway.example:18789/hooks`; for `generic` the URL that is posted to.',
        {
          allowed:
            'an https URL without user name, query or fragment; http only to loopback, private ' +
            'addresses, *.ts.net, *.local and *.internal',
          hidden: true,
        },
      ),
    ),
  mode: z
    .enum(webhookModes)
    .default('wake')
    .meta(
      notes(
        '`wake` queues a system event for the agent, `agent` starts a run of its own, `generic` ' +
          'posts a signed Standard Webhooks request.',
      ),
    ),
  token: secret('The gateway’s hooks token, as a reference. Required for `wake` and `agent`.'),
  secret: secret(
    'The signing secret (`whsec_…`), as a reference. Required for `generic`, unused otherwise.',
  ),
  window: z
    .number()
    .min(0)
    .max(900)
    .default(10)
    .meta(notes('Seconds within which further deliveries join the same notification.')),
};

const gateway = {
  agentId: text('The agent’s id on the gateway. Name it: a wake without it can reach every agent.'),
  wakeMode: z
    .enum(['now', 'next-heartbeat'])
    .default('now')
    .meta(notes('`now` costs a turn at once; `next-heartbeat` waits for the next one.')),
  name: text('Mode `agent`: label of the run.'),
  deliver: z
    .boolean()
    .optional()
    .meta(notes('Mode `agent`: send the agent’s answer to a channel.')),
  channel: text('Mode `agent`: channel of the answer; needs `to`.'),
  to: text('Mode `agent`: recipient of the answer; needs `channel`.'),
  model: text('Mode `agent`: model of the run.'),
  thinking: text('Mode `agent`: level of thinking.'),
  timeoutSeconds: z
    .number()
    .gt(0)
    .optional()
    .meta(
      notes('Mode `agent`: seconds that the run may take.', {
        allowed: 'a number of seconds above 0',
      }),
    ),
};

/** The `webhook` block: who is told about deliveries. */
export const webhookSchema = z
  .strictObject({ ...target, ...gateway })
  .transform((webhook) => ({ ...webhook, url: urlFor(webhook.mode, webhook.url) }))
  .meta(notes('Who is told when files arrive in `_inbox`.', { added: true }));

/** A hooks base carries no trailing slash; a generic URL is posted to exactly as it is. */
function urlFor(mode: WebhookMode, url: string): string {
  return mode === 'generic' ? url : url.replace(/\/+$/, '');
}

export type WebhookConfig = z.output<typeof webhookSchema>;
