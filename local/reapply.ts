/**
 * Makes good what the emulator drops from templates without a word: dead-letter settings of queues
 * and reserved concurrency of functions. Reads what should be from the synthesized assembly, looks
 * at what is, and sets what is missing through the API.
 */
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import {
  GetFunctionConcurrencyCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import {
  GetQueueAttributesCommand,
  SQSClient,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Emulator } from './emulator.ts';

/** One property that had been dropped and is now set. */
export interface Reapplied {
  stack: string;
  /** Logical id of the resource. */
  resource: string;
  property: 'RedrivePolicy' | 'ReservedConcurrentExecutions';
}

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      displayName: z.string().optional(),
      properties: z
        .object({ templateFile: z.string().optional(), stackName: z.string().optional() })
        .optional(),
    }),
  ),
});

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});

/** The CDK writes the target of a dead-letter setting as the ARN of a queue of the same stack. */
const redriveSchema = z.object({
  deadLetterTargetArn: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
  maxReceiveCount: z.number(),
});

type Resources = z.infer<typeof templateSchema>['Resources'];

interface Stack {
  name: string;
  resources: Resources;
  /** Physical ids by logical id. */
  physical: Map<string, string>;
}

/** Sets every dropped property of every stack of the assembly; what the emulator kept is left. */
export async function reapplyDropped(
  emulator: Pick<Emulator, 'client'>,
  assembly: string,
): Promise<Reapplied[]> {
  const sqs = new SQSClient(emulator.client);
  const lambda = new LambdaClient(emulator.client);
  const reapplied: Reapplied[] = [];
  for (const stack of await readStacks(emulator, assembly)) {
    for (const [id, { Type, Properties = {} }] of Object.entries(stack.resources)) {
      const note = (property: Reapplied['property']): void => {
        reapplied.push({ stack: stack.name, resource: id, property });
      };
      if (Type === 'AWS::SQS::Queue' && Properties['RedrivePolicy'] !== undefined) {
        if (await setRedrive(sqs, stack, id, Properties['RedrivePolicy'])) note('RedrivePolicy');
      }
      const reserved = Properties['ReservedConcurrentExecutions'];
      if (Type === 'AWS::Lambda::Function' && typeof reserved === 'number') {
        if (await setConcurrency(lambda, physicalId(stack, id), reserved)) {
          note('ReservedConcurrentExecutions');
        }
      }
    }
  }
  sqs.destroy();
  lambda.destroy();
  return reapplied;
}

async function setRedrive(
  sqs: SQSClient,
  stack: Stack,
  id: string,
  value: unknown,
): Promise<boolean> {
  const policy = redriveSchema.safeParse(value);
  if (!policy.success) {
    throw new Error(
      `${stack.name}/${id}: this RedrivePolicy is not understood here: ${JSON.stringify(value)}`,
    );
  }
  const QueueUrl = physicalId(stack, id);
  const before = await attributes(sqs, QueueUrl, 'RedrivePolicy');
  if (before !== undefined) return false;
  const deadLetters = physicalId(stack, policy.data.deadLetterTargetArn['Fn::GetAtt'][0]);
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: await attributes(sqs, deadLetters, 'QueueArn'),
    maxReceiveCount: policy.data.maxReceiveCount,
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
  return true;
}

async function attributes(
  sqs: SQSClient,
  QueueUrl: string,
  name: 'RedrivePolicy' | 'QueueArn',
): Promise<string | undefined> {
  const found = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] }));
  return found.Attributes?.[name];
}

async function setConcurrency(
  lambda: LambdaClient,
  FunctionName: string,
  reserved: number,
): Promise<boolean> {
  const before = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
  if (before.ReservedConcurrentExecutions === reserved) return false;
  await lambda.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: reserved }),
  );
  return true;
}

function physicalId(stack: Stack, logicalId: string): string {
  const id = stack.physical.get(logicalId);
  if (id === undefined) throw new Error(`${stack.name}/${logicalId} was not deployed.`);
  return id;
}

async function readStacks(emulator: Pick<Emulator, 'client'>, assembly: string): Promise<Stack[]> {
  const manifest = manifestSchema.parse(await readJson(join(assembly, 'manifest.json')));
  const cloudFormation = new CloudFormationClient(emulator.client);
  const stacks: Stack[] = [];
  for (const [id, { type, properties }] of Object.entries(manifest.artifacts)) {
    if (type !== 'aws:cloudformation:stack' || properties?.templateFile === undefined) continue;
    const name = properties.stackName ?? id;
    const template = templateSchema.parse(await readJson(join(assembly, properties.templateFile)));
    const physical = await physicalIds(cloudFormation, name);
    stacks.push({ name, resources: template.Resources, physical });
  }
  cloudFormation.destroy();
  return stacks;
}

async function physicalIds(
  client: CloudFormationClient,
  StackName: string,
): Promise<Map<string, string>> {
  const { StackResources = [] } = await client.send(
    new DescribeStackResourcesCommand({ StackName }),
  );
  return new Map(
    StackResources.flatMap(({ LogicalResourceId, PhysicalResourceId }) =>
      LogicalResourceId && PhysicalResourceId ? [[LogicalResourceId, PhysicalResourceId]] : [],
    ),
  );
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8')) as unknown;
}
