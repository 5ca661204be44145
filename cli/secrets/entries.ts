import {
  CreateSecretCommand,
  DescribeSecretCommand,
  InvalidRequestException,
  ListSecretsCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { isoTime, type Clock } from '../../functions/shared/clock.ts';
import { product, secretName, type SecretScope } from '../../functions/shared/contract/index.ts';
import { MissingSecretError } from '../../functions/shared/secrets/errors.ts';
import { type ChangeOutcome, secretStore } from '../../functions/shared/secrets/store.ts';
import { awsCommandLine } from '../command-line.ts';
import type { Target } from '../aws/target.ts';
import { CommandFailure } from '../failure.ts';

/** Where one value lies. */
export interface SecretPlace {
  agent: string;
  scope: SecretScope;
  reference: string;
}

/** What an entry holds, without saying it. */
export interface EntryFacts {
  /** Names that have a value. */
  names: string[];
  /** ISO 8601, of the whole entry; runs change it too, when they get a new token. */
  changedAt?: string;
}

/** The secret entries of one deployment, for the person who owns them. */
export interface Entries {
  /** `undefined` where there is no such entry. */
  look(agent: string, scope: SecretScope): Promise<EntryFacts | undefined>;
  /** The values of an entry, for what has to be tried with them; empty where there is none. */
  read(agent: string, scope: SecretScope): Promise<Record<string, string>>;
  /**
   * Sets one value. Every other value of the entry stays what it is at that moment, also where a run
   * saves a fresh token meanwhile.
   */
  set(place: SecretPlace, value: string): Promise<void>;
  /** Replaces a value where it is still what was read: a newer one, of a run or a person, stays. */
  swap(place: SecretPlace, from: string | undefined, to: string): Promise<ChangeOutcome>;
  /** Agents and scopes of all entries there are. */
  all(): Promise<{ agent: string; scope: SecretScope }[]>;
}

/** How long faults of Secrets Manager are put up with. */
const patienceMs = 30_000;

/** How often somebody else may change the very same value before it is given up. */
const maxRaces = 10;

/** The entries in Secrets Manager. */
export function secretEntries(target: Target, deployment: string, clock: Clock): Entries {
  const client = new SecretsManagerClient(target.client);
  const store = secretStore(client, deployment);
  const read: Entries['read'] = async (agent, scope) => {
    try {
      return (await store.read(agent, scope)).values;
    } catch (error) {
      if (error instanceof MissingSecretError) return {};
      throw explained(error, secretName(deployment, agent, scope), target);
    }
  };
  return {
    read,
    async look(agent, scope) {
      const SecretId = secretName(deployment, agent, scope);
      try {
        const { LastChangedDate } = await client.send(new DescribeSecretCommand({ SecretId }));
        const values = await read(agent, scope);
        const changedAt = LastChangedDate ? { changedAt: isoTime(LastChangedDate.getTime()) } : {};
        return { names: Object.keys(values).filter((name) => values[name] !== ''), ...changedAt };
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
    async set({ agent, scope, reference }, value) {
      const entry = secretName(deployment, agent, scope);
      for (let races = 0; races < maxRaces; races++) {
        if (await setOnce()) return;
      }
      throw new CommandFailure(`${entry} was changed by others ${maxRaces} times in a row.`, {
        code: 'secret-contended',
      });

      /** @returns false where somebody was faster: their value is what is to be replaced now. */
      async function setOnce(): Promise<boolean> {
        const patience = { clock, until: clock.now() + patienceMs };
        const from = (await read(agent, scope))[reference];
        const change = { agent, scope, name: reference, from, to: value };
        const outcome = await store.replace(change, patience);
        if (outcome === 'gone') return create(entry, { [reference]: value });
        return outcome === 'written';
      }
    },
    async swap({ agent, scope, reference }, from, to) {
      const patience = { clock, until: clock.now() + patienceMs };
      return store.replace({ agent, scope, name: reference, from, to }, patience);
    },
    async all() {
      const prefix = `${product}/${deployment}/`;
      const found: { agent: string; scope: SecretScope }[] = [];
      let NextToken: string | undefined;
      do {
        const Filters = [{ Key: 'name' as const, Values: [prefix] }];
        const page = await client.send(new ListSecretsCommand({ Filters, NextToken }));
        for (const { Name = '' } of page.SecretList ?? []) {
          const [agent, scope] = Name.slice(prefix.length).split('/');
          if (Name.startsWith(prefix) && agent && isScope(scope)) found.push({ agent, scope });
        }
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return found;
    },
  };

  /** @returns false where somebody else has just made it. */
  async function create(Name: string, values: Record<string, string>): Promise<boolean> {
    const Description = 'Secrets of Workspace Sync for AWS: one text under each name';
    const SecretString = JSON.stringify(values);
    try {
      await client.send(new CreateSecretCommand({ Name, Description, SecretString }));
      return true;
    } catch (error) {
      if (error instanceof ResourceExistsException) return false;
      throw explained(error, Name, target);
    }
  }
}

/** The scopes there are, in the order in which people meet them. */
export const scopes = [
  'sync',
  'backup',
  'passphrase',
  'webhook',
  'workspace',
] as const satisfies readonly SecretScope[];

/** Whether a text names a scope. */
export function isScope(text: string | undefined): text is SecretScope {
  return scopes.some((scope) => scope === text);
}

/** An entry that was deleted keeps its name for some days, and can be neither read nor made. */
function explained(error: unknown, entry: string, target: Target): unknown {
  if (!(error instanceof InvalidRequestException)) return error;
  const words = ['secretsmanager', 'restore-secret', '--secret-id', entry];
  return new CommandFailure(
    `The secret ${entry} is waiting for its deletion. Bring it back with ` +
      `"${awsCommandLine(words, target)}", then try again.`,
    { code: 'secret-deleted' },
  );
}
