import { CfnOutput } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * The outputs of a stack, under exactly these names. They have a scope of their own, because the
 * name of an output may be that of a construct.
 */
export class Outputs extends Construct {
  constructor(scope: Construct, values: Readonly<Record<string, string>>) {
    super(scope, 'Outputs');
    for (const [key, value] of Object.entries(values)) {
      new CfnOutput(this, key, { value }).overrideLogicalId(key);
    }
  }
}
