import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The layers of the project: a zone may not import what stands after it. */
const zones = [
  {
    target: './functions/shared/contract',
    from: ['./functions', './infra', './local', './test', './node_modules'],
    except: ['./shared/contract'],
    message: 'The contract is shared by infrastructure and runtime: it imports nothing.',
  },
  {
    target: './infra',
    from: './functions',
    except: ['./shared/contract', './shared/config'],
    message:
      'Infrastructure knows the contract and the config schema, nothing else of the runtime.',
  },
  {
    target: './functions',
    from: ['./infra', './recovery', './local', './test', './bench', './scripts', './layers'],
    message: 'What runs on Lambda does not know how it is deployed or tested.',
  },
  {
    target: './cli',
    from: ['./functions', './infra', './test', './bench', './scripts'],
    except: ['./shared'],
    message: 'The command knows what functions share, and deploys by the CDK, not by its code.',
  },
  {
    target: './functions',
    from: './cli',
    message: 'What runs on Lambda does not know the command.',
  },
  {
    target: './recovery',
    from: ['./functions', './infra', './local', './test', './bench', './scripts', './layers'],
    except: ['./shared/snapshot', './shared/retention', './shared/clock.ts', './shared/errors.ts'],
    message:
      'The recovery kit reads snapshots from a folder, and needs nothing else of the project.',
  },
];

const clock = ['Date', 'performance'].map((name) => ({
  name,
  message: 'Time comes from functions/shared/clock.ts, so that tests can hold it still.',
}));

export default defineConfig(
  globalIgnores(['node_modules', '.tools', 'build', 'cdk.out', 'coverage']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-shadow': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['functions/**/*.ts', 'recovery/**/*.ts'],
    ignores: ['functions/shared/rclone/process.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['child_process', 'node:child_process'].map((name) => ({
            name,
            message: 'Only functions/shared/rclone/process.ts spawns processes.',
          })),
        },
      ],
    },
  },
  {
    files: ['functions/**/*.ts', 'recovery/**/*.ts'],
    ignores: ['functions/shared/clock.ts'],
    rules: {
      'no-restricted-globals': ['error', ...clock],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time comes from functions/shared/clock.ts.',
        },
      ],
    },
  },
  {
    files: ['local/**/*.ts', 'scripts/**', 'bench/**/*.ts', 'layers/**', 'infra/app.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'URL', 'fetch', 'AbortSignal', 'Buffer', 'setTimeout'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
);
