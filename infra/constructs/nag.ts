import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts a finding of the AwsSolutions rules for a construct and all below it.
 * The reason is what an auditor reads: it says why the rule does not apply, not that it is ignored.
 */
export function acknowledge(scope: IConstruct, rule: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/**
 * Accepts the wildcards in these resources of a policy, each by its own name and no others.
 *
 * The names are made when the app is validated, which is before the rules look: only then is it
 * settled how a template refers to a resource of another stack.
 */
export function acknowledgeWildcards(
  scope: IConstruct,
  resources: readonly string[],
  reason: string,
): void {
  scope.node.addValidation({
    validate: () => {
      const names = resources.map((resource) => flatten(Stack.of(scope).resolve(resource)));
      for (const name of names.filter((text) => text.includes('*'))) {
        acknowledge(scope, `IAM5[Resource::${name}]`, reason);
      }
      return [];
    },
  });
}

/** A resolved ARN in the notation in which the rules name their findings. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll('${', '<').replaceAll('}', '>');
  const { Ref, ...intrinsic } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return `<${Ref}>`;
  if ('Fn::GetAtt' in intrinsic) return `<${(intrinsic['Fn::GetAtt'] as string[]).join('.')}>`;
  if ('Fn::Join' in intrinsic) {
    const [separator, parts] = intrinsic['Fn::Join'] as [string, unknown[]];
    return parts.map(flatten).join(separator);
  }
  return JSON.stringify(value);
}
