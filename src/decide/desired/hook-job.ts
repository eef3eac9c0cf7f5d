import type { DataStoreOrder, HookSpec } from '../../api/data-store.ts';
import { FENCED_HOOKS, LABELS, MANAGED_BY } from '../../api/labels.ts';
import type { HookAction } from '../hook-jobs.ts';
import { hashedName, labelValue } from '../name.ts';
import { type DesiredMetadata, type Labels, type Order, objectMetadata } from './object.ts';
import { CONTAINER_SECURITY, POD_SECURITY } from './pod.ts';

/** What is made for one hook. */
export interface DesiredJob {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: DesiredMetadata;
  readonly spec: {
    readonly suspend: boolean;
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly ttlSecondsAfterFinished: number;
    readonly podReplacementPolicy: 'Failed';
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly containers: readonly { readonly name: string; readonly [field: string]: unknown }[];
        readonly [field: string]: unknown;
      };
    };
  };
}

/** Who has lost sight of a Job does not keep it for ever; the agent deletes it long before. */
const KEPT_SECONDS = 86_400;
/** Within the stop budget of a fence, like every process that writes. */
const GRACE_SECONDS = 2;
const CONTAINER = 'hook';

export interface HookCall {
  readonly order: Order;
  readonly store: DataStoreOrder;
  readonly action: HookAction;
  readonly hook: HookSpec;
  /** The run that it is for. */
  readonly run: number;
  readonly region: string;
}

/** The same for each attempt of the same thing, so that nobody makes it twice. */
export const hookJobName = (service: string, store: string, action: HookAction, run: number): string =>
  hashedName([service, store, action, ...(action === 'lag' ? [] : [`${run}`])], 63);

/** Suspended: it is started by a compare-and-swap of its own (`decide/hook-jobs.ts`). */
export function buildHookJob(call: HookCall): DesiredJob {
  const { action, hook, order, run, store } = call;
  const service = labelValue(order.metadata.name);
  const labels = {
    [LABELS.dataStore]: store.name,
    [LABELS.hook]: action,
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.partOf]: MANAGED_BY,
  };
  const metadata = objectMetadata(order, hookJobName(order.metadata.name, store.name, action, run), {
    ...labels,
    [LABELS.service]: service,
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      suspend: true,
      // Only an agent with a right tries again: a controller would start a further pod whatever became of the right.
      backoffLimit: 0,
      activeDeadlineSeconds: hook.deadlineSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      // A further pod only when the one before has certainly ended: two at once could undo each other's work.
      podReplacementPolicy: 'Failed',
      template: {
        metadata: { labels: FENCED_HOOKS.includes(action) ? { ...labels, [LABELS.service]: service } : labels },
        spec: podOf(call),
      },
    },
  };
}

function podOf({ hook, ...call }: HookCall) {
  const { args, command, deadlineSeconds, image, secrets, serviceAccountName } = hook;
  const ours = environmentOf(call);
  const theirs = (hook.env ?? []).filter(({ name }) => !name.startsWith(PREFIX));
  return {
    restartPolicy: 'Never',
    // Kept by the kubelet: it ends the pod also where neither API server nor agent is left.
    activeDeadlineSeconds: deadlineSeconds,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    automountServiceAccountToken: serviceAccountName !== undefined,
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    enableServiceLinks: false,
    securityContext: POD_SECURITY,
    containers: [
      {
        name: CONTAINER,
        image,
        ...(command?.length ? { command } : {}),
        ...(args?.length ? { args } : {}),
        env: [...theirs, ...ours],
        ...(secrets?.length ? { envFrom: secrets.map((name) => ({ secretRef: { name } })) } : {}),
        securityContext: CONTAINER_SECURITY,
      },
    ],
  };
}

const PREFIX = 'SWITCHBACK_';

function environmentOf({ action, order, region, run, store }: Omit<HookCall, 'hook'>) {
  const { activeRegion, cameFrom, handOver } = order.spec;
  const values = {
    ACTION: action,
    SERVICE: order.metadata.name,
    NAMESPACE: order.metadata.namespace ?? '',
    DATA_STORE: store.name,
    REGION: region,
    ACTIVE_REGION: activeRegion,
    FROM_REGION: cameFrom,
    EPOCH: `${order.spec.epoch}`,
    RUN: `${run}`,
    HAND_OVER: handOver,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [{ name: `${PREFIX}${name}`, value }],
  );
}
