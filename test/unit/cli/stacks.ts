import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';

/** An account that has these stacks, each with its outputs. */
export function givenStacks(stacks: Record<string, Record<string, string>>): void {
  mockClient(CloudFormationClient)
    .on(DescribeStacksCommand)
    .callsFake(({ StackName }: { StackName: string }) => {
      const outputs = stacks[StackName];
      if (!outputs) {
        const error = new Error(`Stack with id ${StackName} does not exist`);
        return Promise.reject(Object.assign(error, { name: 'ValidationError' }));
      }
      const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({
        OutputKey,
        OutputValue,
      }));
      return Promise.resolve({ Stacks: [{ Outputs }] });
    });
}

/** Options of a command that reads no configuration file and finds the stacks of "default". */
export const general = {
  json: false,
  yes: false,
  local: false,
  deployment: 'default',
  config: '/dev/null/none',
  region: 'eu-central-1',
};
