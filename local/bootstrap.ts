/** What `cdk bootstrap` would leave behind, as far as a deployment with the CDK looks at it. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Emulator, account } from './emulator.ts';

const qualifier = 'hnb659fds';
const bootstrapVersion = '30';

/** Creates the bucket for assets and the parameter with the bootstrap's version. */
export async function bootstrap({ client }: Emulator): Promise<void> {
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const ssm = new SSMClient(client);
  const Bucket = `cdk-${qualifier}-assets-${account}-${client.region}`;
  const Name = `/cdk-bootstrap/${qualifier}/version`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await ssm.send(
    new PutParameterCommand({ Name, Value: bootstrapVersion, Type: 'String', Overwrite: true }),
  );
  s3.destroy();
  ssm.destroy();
}
