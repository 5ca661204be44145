import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import type { Target } from './target.ts';

/** AWS clients for one target. Clients that few commands need are made where they are used. */
export interface Clients {
  cloudFormation: CloudFormationClient;
  lambda: LambdaClient;
  s3: S3Client;
}

/** Makes the clients; nothing is asked for yet. */
export function clientsFor({ client, forcePathStyle }: Target): Clients {
  return {
    cloudFormation: new CloudFormationClient(client),
    lambda: new LambdaClient(client),
    s3: new S3Client({ ...client, forcePathStyle, followRegionRedirects: true }),
  };
}
