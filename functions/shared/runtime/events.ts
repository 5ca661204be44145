import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { environment, eventSources } from '../contract/index.ts';
import { WorkspaceSyncError } from '../errors.ts';
import { required, type Runtime } from './runtime.ts';

/** Puts one event of ours on the deployment's bus. */
export async function putEvent(runtime: Runtime, type: string, detail: object): Promise<void> {
  const answer = await runtime.events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: required(runtime.env, environment.eventBus),
          Source: eventSources.own,
          DetailType: type,
          Detail: JSON.stringify(detail),
        },
      ],
    }),
  );
  if ((answer.FailedEntryCount ?? 0) > 0) {
    throw new WorkspaceSyncError(
      `The event "${type}" was not accepted: ${answer.Entries?.[0]?.ErrorMessage ?? 'no reason given'}.`,
      { code: 'event-refused', retryable: true },
    );
  }
}
