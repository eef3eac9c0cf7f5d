/**
 * Bugs planted one at a time into the text of `src` while it is loaded: each removes one rule of the authority
 * protocol. Production code carries no switches for this. The simulation is worth something only as long as it finds
 * every one of them, in a history that the unbroken code survives.
 */
export interface Edit {
  /** Below the root of the repository. */
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface PlantedBug {
  readonly name: string;
  readonly what: string;
  readonly edits: readonly Edit[];
  /** Name of the directed history that shows it (see `directed.ts`); histories of chance when absent. */
  readonly directed?: string;
}

const AUTHORITY = 'src/decide/authority.ts';
const INHERITANCE = 'src/decide/inheritance.ts';
const AGENT_AUTHORITY = 'src/agent/authority.ts';
const ACKNOWLEDGE = 'src/hub/acknowledge.ts';
const FENCE = 'src/act/fence.ts';
const PROMISES = 'src/agent/promises.ts';
const STANDBY = 'src/decide/desired/standby.ts';
const PEERS = 'src/agent/peers.ts';
const SUCCESSORS = 'src/decide/successors.ts';
const KEPT_EMPTY = 'src/decide/kept-empty.ts';
/** Without it a service that asks for a gate has none: its processes start with their pods and stop with them. */
const NO_GATE: readonly Edit[] = [
  {
    file: 'src/decide/desired/gate.ts',
    find: "spec.fencing === 'Gate' && writeBearing;",
    replace: "spec.fencing === 'Gate' && writeBearing && spec.epoch < 0;",
  },
];

export const PLANTED: readonly PlantedBug[] = [
  {
    name: 'ackArrival',
    what: 'a right is counted from the arrival of the acknowledgement, not from before the nonce was sent',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'rights.set(epoch, asked);',
        replace: 'rights.set(epoch, { ...asked, sentAt: now });',
      },
      {
        file: AGENT_AUTHORITY,
        find: 'if (this.#remaining(asked, sentAt) <= 0) this.#asked.delete(old);',
        replace: 'if (this.#asked.size > 1000) this.#asked.delete(old);',
      },
    ],
    directed: 'lateAcknowledgements',
  },
  {
    name: 'noWait',
    what: 'a promotion does not wait for the lease of the old side',
    edits: [
      { file: AUTHORITY, find: 'const remainingMs = view.waitMs -', replace: 'const remainingMs = 0 * view.waitMs -' },
    ],
    directed: 'newHubLeader',
  },
  {
    name: 'newLeaderNoWait',
    what: 'a new hub leader does not count from its own start',
    edits: [
      {
        file: AUTHORITY,
        find: 'Math.min(facts.sinceAckMs ?? Number.POSITIVE_INFINITY, view.sinceLeadMs)',
        replace: '(facts.sinceAckMs ?? Number.POSITIVE_INFINITY)',
      },
    ],
    directed: 'newHubLeader',
  },
  {
    name: 'ackCheckFirst',
    what: 'the hub checks its leadership, then reads the nonce, then acknowledges',
    edits: [
      {
        file: ACKNOWLEDGE,
        find: 'if (!context.leadership.isCertain() || !context.assignments.loaded ||',
        replace: 'if (!context.assignments.loaded ||',
      },
      {
        file: ACKNOWLEDGE,
        find: 'const isProbe = now - probedAt',
        replace: 'if (!context.leadership.isCertain()) return;\n    const isProbe = now - probedAt',
      },
      // The deadline of the read bounds the harm: without it the answer may be late by any amount.
      {
        file: ACKNOWLEDGE,
        find: "{ lane: 'control', timeoutMs: heartbeatMs, signal },",
        replace: "{ lane: 'control', timeoutMs: 60_000, signal },",
      },
    ],
    directed: 'pausedHub',
  },
  {
    name: 'lastAckOnReply',
    what: 'the hub notes the time of an acknowledgement when its reply arrives',
    edits: [
      { file: ACKNOWLEDGE, find: '  context.grants.note(link.region, Object.keys(grants));\n', replace: '' },
      {
        file: ACKNOWLEDGE,
        find: '  link.leases.store.apply(written);\n',
        replace: '  context.grants.note(link.region, Object.keys(grants));\n  link.leases.store.apply(written);\n',
      },
    ],
    directed: 'lostReplies',
  },
  {
    name: 'certainFromReply',
    what: 'leadership is certain from the reply of a renewal, not from its sending',
    edits: [
      {
        file: 'src/runtime/elector.ts',
        find: 'if (written) this.#leadership = { ...leadership, record: written, sentAt };',
        replace: 'if (written) this.#leadership = { ...leadership, record: written, sentAt: clock.now() };',
      },
      // The deadline of the call bounds the harm: without it the reply may be late by any amount.
      {
        file: 'src/hub/hub.ts',
        find: 'timeoutMs: electionMs,',
        replace: 'timeoutMs: 60_000,',
      },
    ],
    directed: 'lateRenewal',
  },
  {
    name: 'adoptNonce',
    what: 'a new agent leader takes the time at which it first saw a nonce as the time at which it was sent',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'const asked = acknowledgement && this.#asked.get(acknowledgement.nonce);',
        replace: `if (acknowledgement && !this.#asked.has(acknowledgement.nonce)) {
      this.#asked.set(acknowledgement.nonce, { order: ++this.#made, sentAt: this.#clock.now() });
    }
    const asked = acknowledgement && this.#asked.get(acknowledgement.nonce);`,
      },
    ],
    directed: 'agentDiesAlone',
  },
  {
    name: 'regionAck',
    what: 'a right for any service of a region is a right for all of them',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'const asked = this.#rights.get(service)?.get(epoch);',
        replace: `const all = [...this.#rights.values()].flatMap((rights) => [...rights.values()]);
    const asked = epoch && service ? all.toSorted((x, y) => y.order - x.order)[0] : undefined;`,
      },
    ],
    directed: 'lostOrders',
  },
  {
    name: 'staleAssign',
    what: 'a new hub leader takes the assignments from a cache that may lag',
    edits: [
      {
        file: 'src/hub/assignments.ts',
        find: 'async load(signal?: AbortSignal): Promise<readonly ServiceInstance[]> {',
        replace:
          'async load(signal?: AbortSignal, cached?: readonly ServiceInstance[]): Promise<readonly ServiceInstance[]> {',
      },
      {
        file: 'src/hub/assignments.ts',
        find: 'const { items } = await this.#client.list(',
        replace: 'const { items } = cached ? { items: cached } : await this.#client.list(',
      },
      {
        file: 'src/hub/placement-loop.ts',
        find: 'await context.assignments.load(signal);',
        replace: 'await context.assignments.load(signal, context.instances.store.list());',
      },
    ],
    directed: 'staleSuccessor',
  },
  {
    name: 'onlyOldRegion',
    what: 'only the region that was active last is confirmed or waited out',
    edits: [
      {
        file: AUTHORITY,
        find: 'const others = [...view.regions].filter(([region]) => region !== target);',
        replace: `const last = view.assignment.history.findLast((entry) => entry.region !== target)?.region;
  const others = [...view.regions].filter(([region]) => region === last);`,
      },
    ],
    directed: 'twoMoves',
  },
  {
    name: 'noTakeover',
    what: 'the wait has no allowance for the change of the agent',
    edits: [
      {
        file: 'src/decide/timing.ts',
        find: 'waitMs: (leaseMs + takeoverMs + stopBudgetMs) * clockRatio,',
        replace: 'waitMs: (leaseMs + stopBudgetMs) * clockRatio,',
      },
    ],
    directed: 'agentDiesAlone',
  },
  {
    name: 'startNotCas',
    what: 'workloads are started by a forced apply, not by a compare-and-swap',
    edits: [
      {
        file: 'src/agent/converge.ts',
        find: 'const swap = { ...options, resourceVersion, uid };',
        replace: 'const swap = { ...options, resourceVersion: undefined, uid };',
      },
    ],
    directed: 'lateStart',
  },
  {
    name: 'fenceNoop',
    what: 'a fence writes nothing when the workload is at zero already',
    edits: [
      {
        file: FENCE,
        find: 'if (markOf(workload) === mark && workload.spec?.replicas === 0) return;',
        replace: 'if (workload.spec?.replicas === 0) return;',
      },
      { file: FENCE, find: '  markOf(workload) === mark &&\n', replace: '  mark.length > 0 &&\n' },
    ],
    directed: 'lateStart',
  },
  {
    name: 'confirmTerminating',
    what: 'Standby is confirmed while pods are still ending',
    edits: [
      {
        file: FENCE,
        find: 'if (pod) return',
        replace: 'if (pod && !pod.metadata.deletionTimestamp) return',
      },
      {
        file: 'src/observe/service-picture.ts',
        find: 'caches.pods.store.byIndex(SERVICE_INDEX, key).length > 0 ||',
        replace: 'caches.pods.store.byIndex(SERVICE_INDEX, key).some((pod) => !pod.metadata.deletionTimestamp) ||',
      },
    ],
  },
  {
    name: 'succLoose',
    what: 'a region without successors, which runs on alone, is waited out all the same',
    edits: [
      {
        file: AUTHORITY,
        find: "entry.onHubLoss === 'Fence' && entry.successors.includes(target);",
        replace: "entry.onHubLoss === 'Fence' && target.length > 0;",
      },
    ],
    directed: 'newSuccessor',
  },
  {
    name: 'fenceWaits',
    what: 'a fence waits until a start of the same service that hangs has run out of time',
    edits: [
      {
        file: 'src/agent/agent.ts',
        find: "context.starting.get(key)?.abort(new Error('the right to run has ended'));",
        replace: '',
      },
    ],
    directed: 'hangingStart',
  },
  {
    name: 'oneFencePerLeader',
    what: 'a leadership that fences a service for the second time writes nothing, so a start of its own may still come',
    edits: [
      {
        file: 'src/agent/service-loop.ts',
        find: 'standing?.token === context.leadership.token ? standing.mark : context.random.token()',
        replace: 'standing === undefined ? context.leadership.token : context.leadership.token',
      },
      {
        file: 'src/agent/service-loop.ts',
        find: '?.mark === target.token &&',
        replace: '?.token === target.token &&',
      },
    ],
    directed: 'lateStart',
  },
  {
    name: 'promiseLease',
    what: 'a promise is kept for one lease: without the stop budget, the take-over and the error of the clocks',
    edits: [{ file: PROMISES, find: 'this.#waitMs - Math.min(', replace: 'this.#waitMs / 2.57 - Math.min(' }],
    directed: 'lateOrder',
  },
  {
    name: 'promiseNotAwaited',
    what: 'a region that is given its right starts at once, whatever it has promised',
    edits: [{ file: PROMISES, find: "spec.mode !== 'Backup' ||", replace: "spec.mode === 'Backup' ||" }],
    directed: 'lateOrder',
  },
  {
    name: 'promiseForgotten',
    what: 'a new agent leader does not await what the one before it may have promised',
    edits: [{ file: PROMISES, find: 'Math.min(sinceMs, this.#leadership.sinceMs())', replace: 'sinceMs' }],
    directed: 'promiserDies',
  },
  {
    name: 'regionPromise',
    what: 'a promise is for a region, whatever services and epochs it names',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'return promise?.epochs.get(service) === epoch ?',
        replace: 'return promise && epoch > 0 && service ?',
      },
    ],
    directed: 'promiseForAnother',
  },
  {
    name: 'promiseAny',
    what: 'the promise of one successor is enough',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'return each.length === 0 ? 0 : Math.min(...each);',
        replace: 'return each.length === 0 ? 0 : Math.max(...each);',
      },
    ],
    directed: 'onePromise',
  },
  {
    name: 'grantBeforePromise',
    what: 'a region records a grant while its own promise still lets another one run on',
    edits: [
      {
        file: 'src/agent/service-report.ts',
        find: 'hasNewRight && holdMs === 0',
        replace: 'hasNewRight && holdMs >= 0',
      },
    ],
    directed: 'placeLost',
  },
  {
    name: 'blindToPeers',
    what: 'the hub does not believe a peer that sees a region live, and moves what runs there well',
    edits: [
      {
        file: 'src/decide/evidence.ts',
        find: "state === 'Reachable' && withoutRight === false",
        replace: "state === 'Reachable' && withoutRight === null",
      },
    ],
    directed: 'linkLost',
  },
  {
    name: 'neverWithoutRight',
    what: 'a region that has fenced for want of a right does not say so, and is taken to run on',
    edits: [
      {
        file: 'src/agent/without-right.ts',
        find: "if (action === 'Fence' || action === 'Rest') return true;",
        replace: '',
      },
    ],
    directed: 'linkLostWithoutRight',
  },
  {
    name: 'standbyWrites',
    what: 'what runs on standby is started as if it were active',
    edits: [
      { file: STANDBY, find: 'const args = section.args ?? (', replace: 'const args = (' },
      {
        file: STANDBY,
        find: 'const isArgs = isCommand || filled(standby.args);',
        replace: 'const isArgs = isCommand;',
      },
    ],
  },
  {
    name: 'unlabelledIgnored',
    what: 'of the pods that are left only those count that carry the label of the standby',
    edits: [
      {
        file: FENCE,
        find: 'const [pod] = await target.reads.children(POD, target);',
        replace: `const [pod] = (await target.reads.children(POD, target)).filter(
    ({ metadata }) => metadata.labels?.[LABELS.standbyOf] !== undefined,
  );`,
      },
      {
        file: 'src/observe/service-picture.ts',
        find: 'caches.pods.store.byIndex(SERVICE_INDEX, key).length > 0 ||',
        replace: '',
      },
    ],
  },
  {
    name: 'disguiseBelieved',
    what: 'whatever carries the labels of the standby is taken for it, whoever made it',
    edits: [
      {
        file: FENCE,
        find: 'if (!isOnStandby) return undefined;',
        replace: 'if (isOnStandby !== null) return undefined;',
      },
    ],
    directed: 'disguisedPod',
  },
  {
    name: 'noDemotion',
    what: 'a region confirms that it stands by before its data store is demoted',
    edits: [
      {
        file: 'src/agent/service-loop.ts',
        find: "if (order.spec.role === 'Standby') {",
        replace: "if (order.spec.role !== 'Standby') {",
      },
    ],
  },
  {
    name: 'noPromotion',
    what: 'a service starts as soon as it has its right, whatever its data store is',
    edits: [
      {
        file: 'src/decide/data-stores.ts',
        find: "return record?.state === 'Promoted' && record.run >= runOf(order);",
        replace: 'return record === undefined || record.run >= 0;',
      },
    ],
  },
  {
    name: 'lateJob',
    what: 'a fence leaves the Jobs that promote alone',
    edits: [
      {
        file: FENCE,
        find: 'const jobs = target.hasJobs ?',
        replace: 'const jobs = target.hasJobs && target.token === "" ?',
      },
    ],
    directed: 'lateJobStart',
  },
  {
    name: 'counterNonce',
    what: 'nonces are a counter that is continued from the status, not unique to a process',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'const nonce = this.#random.token();',
        replace: 'const nonce = String(this.#made + 1);',
      },
      {
        file: AGENT_AUTHORITY,
        find: 'const acknowledgement = lease.spec.hub;',
        replace: `this.#made = Math.max(this.#made, Number(lease.spec.agent?.nonce ?? 0));
    const acknowledgement = lease.spec.hub;`,
      },
    ],
    directed: 'lateCounter',
  },
  {
    name: 'timeTravel',
    what: 'an agent follows a cache back to a lower epoch that it has already left',
    edits: [
      {
        file: 'src/agent/orders.ts',
        find: 'if (!known || !isOlder(order, known)) this',
        replace: 'if (!known || isOlder(order, known) || !isOlder(order, known)) this',
      },
      // The cache takes nothing older than an own write: without that it goes back too.
      {
        file: 'src/kube/cache.ts',
        find: 'if (isNewer(written, version)) return true;',
        replace: 'if (isNewer(written, version)) return false;',
      },
    ],
    directed: 'lateOldOrder',
  },
  {
    name: 'oldRights',
    what: 'an agent keeps the rights of an earlier leadership of its own',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: `    this.#asked = new Map();
    this.#rights = new Map();
    this.#promises`,
        replace: '    this.#promises',
      },
      // A start asks for sure orders too, which hides it.
      {
        file: 'src/agent/service-loop.ts',
        find: `if (!context.leadership.isCertain() || !context.orders.sure) return { requeueAfterMs: RECHECK_STOP_MS };
  const holdMs`,
        replace: `if (!context.leadership.isCertain()) return { requeueAfterMs: RECHECK_STOP_MS };
  const holdMs`,
      },
    ],
    directed: 'oldLeaderReturns',
  },
  {
    name: 'regionAckEager',
    what: 'an acknowledgement is a right for whatever the region is told to run, before the old side is known to be stopped',
    edits: [
      {
        file: AGENT_AUTHORITY,
        find: 'if (!asked) return [];',
        replace: `if (!asked) return [];
    this.#rights.set('any', new Map([[0, asked]]));`,
      },
      {
        file: AGENT_AUTHORITY,
        find: 'const asked = this.#rights.get(service)?.get(epoch);',
        replace: "const asked = epoch && service ? this.#rights.get('any')?.get(0) : undefined;",
      },
    ],
  },
  {
    name: 'rateEach',
    what: 'a wait makes no allowance for clocks of different rates',
    edits: [
      {
        file: 'src/decide/timing.ts',
        find: 'waitMs: (leaseMs + takeoverMs + stopBudgetMs) * clockRatio,',
        replace: 'waitMs: leaseMs + takeoverMs + stopBudgetMs,',
      },
    ],
    directed: 'agentDiesAlone',
  },
  {
    name: 'promiseCheckFirst',
    what: 'an agent checks its leadership and its orders, then reads the nonce of the peer, then promises',
    edits: [
      {
        file: PEERS,
        find: 'const lease = await peer.client.read(',
        replace: `const early = promiseFor(context, peer.region, '');
    const lease = await peer.client.read(`,
      },
      // The deadline of the read bounds the harm: without it the answer may be late by any amount.
      { file: PEERS, find: 'timeoutMs: options.heartbeatMs, signal', replace: 'timeoutMs: 60_000, signal' },
      {
        file: PEERS,
        find: 'await answer(context, peer, lease);',
        replace: 'await answer(context, peer, lease, early);',
      },
      {
        file: PEERS,
        find: 'peer: Peer, { spec }: RegionLease): Promise<void> {',
        replace: 'peer: Peer, { spec }: RegionLease, early?: LeasePromise): Promise<void> {',
      },
      {
        file: PEERS,
        find: 'const promise = promiseFor(context, peer.region, nonce);',
        replace: 'const promise = early && { ...early, nonce };',
      },
      // It promises at the first look, so that one pause is enough.
      {
        file: PEERS,
        find: 'if (isAnswered || !isSecondLook || peer',
        replace: 'if (isAnswered || (!isSecondLook && !early) || peer',
      },
    ],
    directed: 'pausedPromiser',
  },
  {
    name: 'promiseStale',
    what: 'a new agent leader promises from a view that is older than its leadership',
    edits: [
      {
        file: PEERS,
        find: 'if (!leadership.isCertain() || !orders.sure) return undefined;',
        replace: 'if (!leadership.isCertain()) return undefined;',
      },
    ],
    directed: 'stalePromiser',
  },
  {
    name: 'joinedRead',
    what: 'an agent joins a quorum read that was already sent when it asks',
    edits: [
      {
        file: 'src/act/quorum-reads.ts',
        find: 'for (const { of, resolve } of waiters) resolve(childrenOf(of));',
        replace: 'for (const { of, resolve } of [...waiters, ...this.#waiting.splice(0)]) resolve(childrenOf(of));',
      },
      // All wait for the one that is under way; one read is for all services, and the deadline does not bound the harm.
      {
        file: 'src/act/quorum-reads.ts',
        find: 'else if (this.#waiting.length === 1) this',
        replace: 'else if (!this) this',
      },
      { file: 'src/act/quorum-reads.ts', find: 'if (only && services.every', replace: 'if (!only && services.every' },
      {
        file: 'src/act/quorum-reads.ts',
        find: "const CALL = { lane: 'fence' } as const;",
        replace: "const CALL = { lane: 'fence', timeoutMs: 60_000 } as const;",
      },
    ],
    directed: 'readUnderWay',
  },
  {
    name: 'noGate',
    what: 'the processes of a service start with the power of their region',
    edits: NO_GATE,
    directed: 'powerReturns',
  },
  {
    name: 'apiDown',
    what: 'nothing but the agents stops a service, and the API server of its region is lost',
    edits: NO_GATE,
    directed: 'serverLost',
  },
  {
    name: 'agentsDead',
    what: 'nothing but the agents stops a service, and all agents of its region stop',
    edits: NO_GATE,
    directed: 'agentsLost',
  },
  {
    name: 'gateGoesOn',
    what: 'a gate that has started its command lets it go on when the right ends',
    edits: [
      {
        file: 'src/gate/right.ts',
        find: "if (phase === 'Killed' || (phase === 'Running' && lasts)) return { phase };",
        replace: "if (phase === 'Killed' || phase === 'Running') return { phase };",
      },
      {
        file: 'src/gate/right.ts',
        find: 'Math.min(LOOK_EVERY_MS, leftMs - STOP_EARLY_MS);',
        replace: 'LOOK_EVERY_MS;',
      },
    ],
    directed: 'serverLost',
  },
  {
    name: 'gateTakesMore',
    what: 'a gate takes a right for longer than it was given',
    edits: [
      {
        file: 'src/gate/right.ts',
        find: 'forMs - elapsedAtMost(sentAt, now);',
        replace: '5 * forMs - elapsedAtMost(sentAt, now);',
      },
    ],
    directed: 'serverLost',
  },
  {
    name: 'noOrder',
    what: 'a promotion waits for nothing that the service needs',
    edits: [
      {
        file: 'src/decide/needs.ts',
        find: '.filter(({ isAwaited }) => isAwaited)',
        replace: '.filter(({ isAwaited }) => !isAwaited)',
      },
    ],
    directed: 'dependentInOrder',
  },
  {
    name: 'waitsForEver',
    what: 'a promotion waits for what the service needs as long as it takes',
    edits: [
      {
        file: 'src/hub/dependency-waits.ts',
        find: 'const remainingMs = timeoutMs - elapsedAtMost(entry.since, this.#clock.now());',
        replace: 'const remainingMs = timeoutMs + elapsedAtMost(entry.since, entry.since);',
      },
    ],
    directed: 'dependentTimesOut',
  },
  {
    name: 'tornStays',
    what: 'services that must live in one region are decided about alone',
    edits: [
      {
        file: 'src/hub/placement-loop.ts',
        find: 'turnsOf(looked, sets)',
        replace: 'turnsOf(looked, sets.slice(sets.length))',
      },
    ],
    directed: 'tornSet',
  },
  {
    name: 'lostStays',
    what: 'a region that is lost stays among the successors',
    edits: [{ file: SUCCESSORS, find: 'return leaving === undefined ?', replace: 'return leaving !== null ?' }],
    directed: 'lostSuccessor',
  },
  {
    name: 'leavesOnLostLink',
    what: 'a region that only the hub cannot see is left out of the successors',
    edits: [
      {
        file: 'src/hub/instance-view.ts',
        find: "...(seen?.reason === 'RegionLost' && link?.lostForMs !== undefined && { lostForMs: link.lostForMs }),",
        replace: "...(seen && stateFor(seen, false) === 'Lost' && { lostForMs: 60_000 }),",
      },
    ],
    directed: 'linkLostToSuccessor',
  },
  {
    name: 'joinsUnheard',
    what: 'a region that was left out is a successor again before it has seen the present epoch',
    edits: [
      {
        file: SUCCESSORS,
        find: 'refusal || !standsBy(view, assignment, region)) return false;',
        replace: 'refusal) return false;',
      },
    ],
    directed: 'backWithoutOrder',
  },
  {
    name: 'leftOutPromoted',
    what: 'a region that was left out is promoted as if it were a successor',
    edits: [
      {
        file: 'src/decide/target.ts',
        find: 'if (isLeftOut(assignment, region)) return false;',
        replace: "if (isLeftOut(assignment, '')) return false;",
      },
      {
        file: 'src/decide/invariants.ts',
        find: 'isLeftOut(current, next.activeRegion)',
        replace: "isLeftOut(current, '')",
      },
      {
        file: AUTHORITY,
        find: "entry.onHubLoss === 'Fence' && entry.successors.includes(target);",
        replace: "entry.onHubLoss === 'Fence' && entry.successors.length > 0 && target.length > 0;",
      },
    ],
    directed: 'leftOutIsAsked',
  },
  {
    name: 'smallerSetForgotten',
    what: 'a new epoch of the same region takes the place of the ones before, which the region may still run at',
    edits: [
      {
        file: 'src/decide/assignment.ts',
        find: 'const kept = openEntries(current?.history ?? [], epochsOf);',
        replace:
          'const kept = openEntries(current?.history ?? [], epochsOf).filter(({ region }) => region !== intent.activeRegion);',
      },
    ],
    directed: 'backUnheard',
  },
  {
    name: 'unfencedWaitedOut',
    what: 'a region that runs a service without a right is waited out as if it had one that ends',
    edits: [
      {
        file: 'src/decide/instance-view.ts',
        find: "const places = view.mode === 'Backup' ? others(view, activeRegion) : [];",
        replace: 'const places = others(view, activeRegion);',
      },
      {
        file: 'src/hub/grants.ts',
        find: 'isAsked || isConverting(openHistory(context, key, assignment))',
        replace: 'isAsked && openHistory(context, key, assignment) !== undefined',
      },
    ],
    directed: 'modeThenLost',
  },
  {
    name: 'orderBeforeRight',
    what: 'the order of what runs without a right asks for one before it is there',
    edits: [
      { file: 'src/decide/desired/order.ts', find: '  !hasRight;', replace: '  !hasRight && assignment.epoch < 0;' },
    ],
    directed: 'modeThereAndBack',
  },
  {
    name: 'noneTooSoon',
    what: 'a service needs no right any more while another region may still be running it',
    edits: [
      {
        file: 'src/decide/mode-change.ts',
        find: '[notAtHome, notServing] : [notAtHome, runsElsewhere]',
        replace: '[notAtHome, notServing] : [notAtHome, runsElsewhere].slice(0, 1)',
      },
    ],
    directed: 'modeTooSoon',
  },
  {
    name: 'unfencedIgnored',
    what: 'a service becomes active/backup although a region that is not seen serves it without a right',
    edits: [
      {
        file: 'src/decide/mode-change.ts',
        find: "if (next === 'Backup') return [notAtHome, notAlone];",
        replace: "if (next === 'Backup') return [notAtHome, notAlone].slice(0, 1);",
      },
      {
        file: 'src/hub/grants.ts',
        find: 'isAsked || isConverting(openHistory(context, key, assignment))',
        replace: 'isAsked && openHistory(context, key, assignment) !== undefined',
      },
    ],
    directed: 'modeUnseen',
  },
  {
    name: 'setBackDelaysTakeover',
    what: 'a candidate waits longer by what its wall clock is set back by',
    edits: [
      {
        file: 'src/runtime/stopwatch.ts',
        find: 'this.#sumMs += Math.max(0, elapsedAtLeast(this.#last, now));',
        replace: 'this.#sumMs += elapsedAtLeast(this.#last, now);',
      },
    ],
    directed: 'standbySetBack',
  },
  {
    name: 'proofAsLongAsClockIsBack',
    what: 'an agent that leads takes a clock that is set back for the beginning of its leadership, and lets run what has no right',
    edits: [
      {
        file: 'src/agent/facts.ts',
        find: 'sinceLeadMs: context.leadership.sinceAtMostMs(),',
        replace: 'sinceLeadMs: context.leadership.sinceMs(),',
      },
    ],
    directed: 'leaderSetBack',
  },
  {
    name: 'rightsByOtherTimings',
    what: 'a hub gives rights to regions that count by other timings than it does',
    edits: [
      {
        file: 'src/hub/acknowledge.ts',
        find: 'groupOf(link.region)).length > 0) return undefined;',
        replace: 'groupOf(link.region)).length > 99) return undefined;',
      },
    ],
    directed: 'groupMadeAnew',
  },
  {
    name: 'newcomersUnread',
    what: 'an agent that hears late of its orders does not read those which it never had',
    edits: [
      {
        file: 'src/agent/catch-up.ts',
        find: 'known === undefined || known.spec.epoch < epoch',
        replace: 'known !== undefined && known.spec.epoch < epoch',
      },
    ],
    directed: 'firstOrderUnheard',
  },
  {
    name: 'readInVain',
    what: 'an agent that reads its orders again takes none that it did not have',
    edits: [
      {
        file: 'src/agent/orders.ts',
        find: 'if (!droppedSince.has(order.metadata.uid)) this.#put(order);',
        replace: 'if (!this.#sure || this.#orders.has(keyOf(order))) this.#put(order);',
      },
    ],
    directed: 'firstOrderUnheard',
  },
  {
    name: 'grantUnrecorded',
    what: 'a right that comes while a promise of the region still holds is never recorded as granted',
    edits: [
      {
        file: 'src/agent/service-report.ts',
        find: 'return holdMs > 0 ? { requeueAfterMs: Math.max(RETRY_UNCERTAIN_MS, holdMs) } : undefined;',
        replace: 'return undefined;',
      },
    ],
    directed: 'firstOrderUnheard',
  },
  {
    name: 'marksByVersion',
    what: 'a restored hub takes for its own what any hub has left behind, if only the version of the record is not ahead',
    edits: [
      {
        file: INHERITANCE,
        find: 'own.past.find((leader) => leader.by === by && leader.term === term)',
        replace: 'own.past.at(-1)',
      },
    ],
    directed: 'restoredTwice',
  },
  {
    name: 'seizedByVersion',
    what: 'a restored hub takes what it has only seized for acknowledged, once its API server has counted far enough',
    edits: [
      {
        file: INHERITANCE,
        find: "return seized === false ? 'Ours'",
        replace: "return isBehind(record ?? '', own.record) ? 'Ours'",
      },
    ],
    directed: 'restoredAtOnce',
  },
  {
    name: 'continuedBeside',
    what: 'a hub continues the region that it gave a service to, although another hub gave it to another one at the same epoch',
    edits: [{ file: AUTHORITY, find: 'if (isAlone && grantedOf', replace: 'if (grantedOf' }],
    directed: 'restoredAtOnce',
  },
  {
    name: 'followsNobody',
    what: 'a hub that was made anew acts at once, whoever the regions remember',
    edits: [
      {
        file: INHERITANCE,
        find: "if (isTakenOver(bound)) return { kind: 'Own' };",
        replace: "if (isTakenOver(bound) || own.term > 0) return { kind: 'Own' };",
      },
    ],
    directed: 'oldHubIsolated',
  },
  {
    name: 'answersIgnored',
    what: 'a person is believed who says that a hub is stopped which was just seen to answer',
    edits: [{ file: INHERITANCE, find: 'if (answered.length > 0) {', replace: 'if (answered.length > 99) {' }],
    directed: 'wronglyConfirmed',
  },
  {
    name: 'nothingSeized',
    what: 'a hub that follows another one does not leave its term in every region before it acts',
    edits: [{ file: INHERITANCE, find: 'return toSeize.length > 0 ?', replace: 'return toSeize.length > 99 ?' }],
    directed: 'oldHubWakes',
  },
  {
    name: 'inheritedAtOnce',
    what: 'what the hub before has permitted is not waited out',
    edits: [{ file: 'src/hub/inheritance.ts', find: 'if (leftMs > 0 || isBehind()) {', replace: 'if (isBehind()) {' }],
    directed: 'confirmedAtOnce',
  },
  {
    name: 'restoredUnnoticed',
    what: 'a hub that was restored from a backup takes itself for the one that led until now',
    edits: [
      {
        file: INHERITANCE,
        find: 'return uid === otherUid && isNotAfter(version, otherVersion);',
        replace: 'return uid === otherUid && (isNotAfter(version, otherVersion) || version.length > 0);',
      },
    ],
    directed: 'staleBackupBeside',
  },
  {
    name: 'zoneKeptForEver',
    what: 'a region does not give a zone back at the time that its order names',
    edits: [{ file: KEPT_EMPTY, find: 'if (leftMs <= 0) return', replace: 'if (leftMs <= -600_000) return' }],
    directed: 'zoneDrillWithoutHub',
  },
  {
    name: 'zoneKeptAtAllCosts',
    what: 'a region does not give a zone back when the rest of it carries the load no longer',
    edits: [
      { file: KEPT_EMPTY, find: 'if (short !== undefined) {', replace: 'if (short !== undefined && !hasBegun) {' },
    ],
    directed: 'zoneDrillOtherZoneLost',
  },
  {
    name: 'zoneDrillDeaf',
    what: 'a drill of a zone goes on while its region is lost',
    edits: [
      {
        file: 'src/decide/zone-drill.ts',
        find: "seen.state !== 'Unknown' && (seen.state !== 'Healthy' ||",
        replace: "seen.state !== 'Unknown' && (",
      },
    ],
    directed: 'zoneDrillRegionLost',
  },
];
