import { DescribeStacksCommand, type CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { commandInQuotes, type Chosen } from '../command-line.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';

/** Outputs of a stack, by name. */
export type Outputs = Record<string, string>;

/** A deployment as its stacks describe it. */
export interface Deployment {
  name: string;
  stack: string;
  /** Of the stack that every deployment has. */
  outputs: Outputs;
  /** Of each stack with functions of its own: the main one, and one for each EFS access point. */
  sets: Outputs[];
  /** Stacks that it names and that are not there: what their agents do is not known. */
  missing: string[];
  /** Names of all agents of the stacks that are there; `undefined` where there are too many for the stacks to say. */
  agents: string[] | undefined;
}

/**
 * Looks a deployment up by the outputs of its stacks.
 * @throws CommandFailure where there is none.
 */
export async function findDeployment(
  client: CloudFormationClient,
  name: string,
): Promise<Deployment> {
  const stack = `WorkspaceSync-${name}`;
  const outputs = await outputsOf(client, stack);
  if (!outputs) {
    throw new CommandFailure(
      (suggest) =>
        `There is no deployment "${name}" in this account and region (no stack ${stack}). Deploy it with ` +
        `${suggest('deploy')} or ${suggest('setup')}, or name another with --deployment, --profile ` +
        'or --region.',
      { code: 'no-deployment', exitCode: exitCodes.unreachable },
    );
  }
  const others = (outputs['Stacks'] ?? stack)
    .split(',')
    .filter((other) => /-Efs-[^-]+$/.test(other));
  const mounted = await Promise.all(others.map((other) => outputsOf(client, other)));
  const sets = [outputs, ...mounted.filter((found) => found !== undefined)];
  const missing = others.filter((_other, index) => mounted[index] === undefined);
  return { name, stack, outputs, sets, missing, agents: agentsOf(sets) };
}

/** Why the agents of a missing stack are not spoken of, and what to do. */
export function missingText({ missing }: Pick<Deployment, 'missing'>, chosen: Chosen): string {
  return (
    `The deployment names the stack ${missing.join(', ')}, and it is not there: of its agents nothing is ` +
    `known, and they have no functions. Run ${commandInQuotes(['deploy'], chosen)}.`
  );
}

async function outputsOf(
  client: CloudFormationClient,
  stack: string,
): Promise<Outputs | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(
      outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') return undefined;
    throw error;
  }
}

function agentsOf(sets: Outputs[]): string[] | undefined {
  const lists = sets.map((outputs) => outputs['Agents']);
  if (lists.some((list) => list === undefined)) return undefined;
  return lists.flatMap((list) => (list ?? '').split(',')).filter((name) => name !== '');
}

/** An output that the stack must have; an older release may have deployed it. */
export function outputOf(outputs: Outputs, name: string): string {
  const value = outputs[name];
  if (value !== undefined) return value;
  throw new CommandFailure(
    (suggest) =>
      `The deployment does not say its ${name}: an older release has deployed it. Run ${suggest('deploy')}.`,
    { code: 'old-deployment', exitCode: exitCodes.unreachable },
  );
}
