import { environment, type JobReport, product } from './contract/index.ts';

/** What a trace can be searched by. */
type Traced = Pick<JobReport, 'agent' | 'job' | 'runId'>;

/**
 * Does work inside a segment of its own, with annotations that say whose run it is and how it ended,
 * where tracing is on. Where it is off, nothing of it is loaded, and the work is all that happens.
 * Tracing that fails is no failure of the run.
 */
export async function traced<T extends { state: string }>(
  env: NodeJS.ProcessEnv,
  run: Traced,
  work: () => Promise<T>,
): Promise<T> {
  if (env[environment.tracing] !== 'on') return work();
  const end = await begin(run).catch(() => undefined);
  const result = await work();
  try {
    end?.(result.state);
  } catch {
    // The trace lacks its end; the run does not.
  }
  return result;
}

async function begin(run: Traced): Promise<(state: string) => void> {
  const { Tracer } = await import('@aws-lambda-powertools/tracer');
  // Requests are not patched: their addresses hold names of files.
  const tracer = new Tracer({ serviceName: product, captureHTTPsRequests: false });
  const outer = tracer.getSegment();
  const segment = outer?.addNewSubsegment(`## ${run.job}`);
  if (!outer || !segment) return () => undefined;
  tracer.setSegment(segment);
  for (const key of ['agent', 'job', 'runId'] as const) tracer.putAnnotation(key, run[key]);
  return (state) => {
    tracer.putAnnotation('state', state);
    segment.close();
    tracer.setSegment(outer);
  };
}
