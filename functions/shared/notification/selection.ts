import type { Delivery } from '../contract/index.ts';
import type { NotificationTask } from './message.ts';
import type { NotificationState } from './state.ts';
import { byCodeUnit } from './text.ts';

/** Tasks without the deliveries that have been announced before; `known` are those left empty. */
export function freshTasks(
  tasks: readonly NotificationTask[],
  { recent }: NotificationState,
): { known: NotificationTask[]; fresh: NotificationTask[] } {
  const announced = new Set(recent);
  const remaining = tasks.map((task) => ({
    ...task,
    deliveries: task.deliveries.filter(({ id }) => !announced.has(id)),
  }));
  const isKnown = ({ deliveries }: NotificationTask): boolean => deliveries.length === 0;
  return {
    known: remaining.filter(isKnown),
    fresh: remaining.filter((task) => !isKnown(task)),
  };
}

/** The files of the next announcement. */
export interface Selection {
  deliveries: Delivery[];
  /** Tasks that have nothing to announce beyond it. */
  tasks: NotificationTask[];
  /** Tasks that wait for another one. */
  others: NotificationTask[];
  /** When the announcement of these same files was first tried, if it was. */
  startedAt: string | undefined;
}

/**
 * Joins the files of all tasks, each file once.
 *
 * If an announcement did not come to its end, its files alone are announced again: the receiver may
 * have got it, and recognises a repetition only if it is exactly the same.
 */
export function selectFiles(
  tasks: readonly NotificationTask[],
  { attempt }: NotificationState,
): Selection {
  const files = uniqueFiles(tasks);
  const repeats = attempt?.ids.every((id) => files.has(id)) ?? false;
  const chosen = new Set(repeats ? attempt?.ids : files.keys());
  const isCovered = ({ deliveries }: NotificationTask): boolean =>
    deliveries.every(({ id }) => chosen.has(id));
  return {
    deliveries: [...files.values()].filter(({ id }) => chosen.has(id)).sort(byName),
    tasks: tasks.filter(isCovered),
    others: tasks.filter((task) => !isCovered(task)),
    startedAt: repeats ? attempt?.startedAt : undefined,
  };
}

function uniqueFiles(tasks: readonly NotificationTask[]): Map<string, Delivery> {
  const all = tasks.flatMap(({ deliveries }) => deliveries);
  return new Map(all.map((delivery) => [delivery.id, delivery]));
}

function byName(a: Delivery, b: Delivery): number {
  return byCodeUnit(a.name, b.name) || byCodeUnit(a.id, b.id);
}
