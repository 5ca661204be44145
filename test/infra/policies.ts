import type { Template } from 'aws-cdk-lib/assertions';
import type { Resource } from './fixtures.ts';

/** A statement of a policy, with its resources as readable text. */
export interface Statement {
  Effect: string;
  Action: string[];
  Resource: string[];
  Condition?: Record<string, Record<string, unknown>>;
}

interface Document {
  Statement: {
    Effect: string;
    Action: string | string[];
    Resource: unknown;
    Condition?: Record<string, Record<string, unknown>>;
  }[];
}

/** What the role whose logical id begins so may do, by all policies attached to it. */
export function statementsOf(template: Template, role: string): Statement[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy') as Resources);
  const attached = policies.filter(({ Properties }) =>
    (Properties['Roles'] as { Ref: string }[]).some(({ Ref }) => Ref.startsWith(role)),
  );
  return attached
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as Document).Statement)
    .map((statement) => ({
      ...statement,
      Action: [statement.Action].flat(),
      Resource: [statement.Resource].flat().map(readable),
    }));
}

/** The resources on which statements allow the role this; a denial of some of them stands elsewhere. */
export function allowedOn(template: Template, role: string, action: string): string[] {
  return resourcesOf('Allow', template, role, action);
}

/** The resources on which the role is forbidden this, whatever else is allowed. */
export function deniedOn(template: Template, role: string, action: string): string[] {
  return resourcesOf('Deny', template, role, action);
}

function resourcesOf(effect: string, template: Template, role: string, action: string): string[] {
  return statementsOf(template, role)
    .filter(({ Effect, Action }) => Effect === effect && Action.includes(action))
    .flatMap(({ Resource }) => Resource)
    .sort();
}

type Resources = Record<string, Resource>;

/** An ARN with `<Name.Arn>` for a reference, without the hash that makes a logical id unique. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value;
  const intrinsic = value as Record<string, unknown>;
  if ('Ref' in intrinsic) return `<${bare(String(intrinsic['Ref']))}>`;
  if ('Fn::GetAtt' in intrinsic) {
    const [id = '', attribute = ''] = intrinsic['Fn::GetAtt'] as string[];
    return `<${bare(id)}.${attribute}>`;
  }
  if ('Fn::Join' in intrinsic) {
    const [separator, parts] = intrinsic['Fn::Join'] as [string, unknown[]];
    return parts.map(readable).join(separator);
  }
  return JSON.stringify(value);
}

function bare(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}
