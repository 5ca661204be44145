import { DeleteObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { inParallel } from '../parallel.ts';
import { failed, type Carried, type Carrier, type Parcel } from './ports.ts';
import { copyVersion } from './s3-copy.ts';
import { versionSource, type DropPlace } from './s3-outbox.ts';

/** Requests under way at once. */
const parallel = 4;

/**
 * Carries drops for a workspace that only rclone can write to. rclone reads the newest version of a
 * key, and takes some keys for other paths than they are, so the very version that was listed is
 * first copied, inside S3, to a key of ours: below `prefix`, under the name that it is to have.
 */
export function stagedCarrier(place: DropPlace, prefix: string, carrier: Carrier): Carrier {
  return {
    foundInInbox: (decisions, taken) => carrier.foundInInbox(decisions, taken),
    async carry(parcels) {
      const outcomes = await inParallel(parallel, parcels, (parcel) =>
        stage(place, prefix, parcel).catch((error: unknown) => failed(parcel, error)),
      );
      const left = outcomes.filter((outcome) => outcome !== 'staged');
      const staged = parcels.filter((_, index) => outcomes[index] === 'staged');
      try {
        const carried = await carrier.carry(staged.map(underItsOwnName));
        return [...carried.map((outcome) => forParcel(outcome, staged)), ...left];
      } finally {
        await inParallel(parallel, staged, ({ name }) =>
          place.client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: prefix + name })),
        );
      }
    },
  };
}

async function stage(
  place: DropPlace,
  prefix: string,
  parcel: Parcel,
): Promise<'staged' | Carried> {
  const { decision, name } = parcel;
  try {
    await copyVersion(place.client, {
      bucket: place.bucket,
      source: versionSource(place, decision.drop),
      target: prefix + name,
      size: decision.drop.size,
    });
    return 'staged';
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) {
      return { state: 'gone', parcel };
    }
    throw error;
  }
}

function underItsOwnName({ decision, name }: Parcel): Parcel {
  return { decision: { ...decision, drop: { ...decision.drop, path: name } }, name };
}

function forParcel(outcome: Carried, parcels: Parcel[]): Carried {
  const { id } = outcome.parcel.decision;
  const decision = parcels.find((parcel) => parcel.decision.id === id)?.decision;
  return decision ? { ...outcome, parcel: { ...outcome.parcel, decision } } : outcome;
}
