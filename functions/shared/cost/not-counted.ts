/** What no figure of this product has in it, in sentences for people. */
export const notCounted: readonly string[] = [
  'Free tiers: an account that uses nothing else pays less, at first nearly nothing.',
  'In a month so far: what lies in the buckets, until S3 has said how much it is (once a day).',
  'What the model costs that answers the turns which notifications cause.',
  'Your cloud storage, a KMS key of your own, EFS, a NAT gateway or VPC endpoints.',
  'The start of functions that have not run for a while, some tenths of a second each.',
  'Taxes, support, and regions that are dearer than us-east-1.',
];
