import { UnreachableError } from '../../src/kube/errors.ts';
import type { ApiRequest, ApiResponse } from '../../src/kube/transport.ts';
import { ApiFailure, failureResponse, tooManyRequests } from './api-status.ts';
import type { Call, ErrorAnswer, RequestPlan } from './faults.ts';
import { cloneJson } from './json.ts';
import type { Link } from './link.ts';

const ANSWERS: Readonly<Record<ErrorAnswer, ApiResponse>> = {
  refused: failureResponse(tooManyRequests('too many requests, please try again later', 1)),
  unavailable: failureResponse(
    new ApiFailure(503, 'ServiceUnavailable', 'the server is currently unable to handle it'),
  ),
  unknown: failureResponse(new ApiFailure(504, 'Timeout', 'request did not complete within the deadline')),
  failed: failureResponse(new ApiFailure(500, 'InternalError', 'an error on the server has prevented the request')),
};

export const errorAnswer = (error: ErrorAnswer): ApiResponse => ANSWERS[error];

/**
 * Lets one request travel: out of the process, over the wire, into the server, and back, each leg an event of virtual
 * time and each with the fate that `plan` gives it. Without an answer the process hears of its own deadline only.
 */
export function sendRequest(link: Link, call: Call, plan: RequestPlan, request: ApiRequest): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const { process, time } = link;
    // What the process does with the body after sending must not reach the server, nor a late second delivery.
    const sent = { ...request, body: cloneJson(request.body) };
    let isSettled = false;
    const settle = (finish: () => void) => {
      if (isSettled) return;
      isSettled = true;
      deadline.cancel();
      request.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (why: string) => reject(new UnreachableError(`${link.endpoint.server.name}: ${call.tag}: ${why}`));
    const onAbort = () => settle(() => fail('aborted'));
    const deadline = process.setTimer(request.timeoutMs, () =>
      settle(() => fail(`no answer within ${request.timeoutMs} ms`)),
    );
    request.signal?.addEventListener('abort', onAbort, { once: true });
    if (request.signal?.aborted) return onAbort();

    const execute = (): ApiResponse => {
      if (plan.error === 'refused' || plan.error === 'unavailable') return errorAnswer(plan.error);
      const response = link.endpoint.server.handle(sent, { from: process.id, staleMs: plan.staleMs });
      return plan.error !== undefined && response.status < 300 ? errorAnswer(plan.error) : response;
    };
    const reply = (delayMs: number | undefined, finish: () => void) => {
      if (delayMs === undefined || !link.isOpen('reply')) return;
      time.schedule(delayMs, () => process.deliver(() => settle(finish)));
    };
    const arrival = {
      execute: () => {
        const response = execute();
        reply(plan.replyMs, () => resolve(response));
      },
      refuse: () => reply(plan.replyMs, () => fail('connection refused')),
    };
    const transmit = () => {
      if (!link.isOpen('request')) return;
      if (plan.requestMs !== undefined) time.schedule(plan.requestMs, () => link.endpoint.arrive(arrival));
      if (plan.duplicateMs !== undefined) time.schedule(plan.duplicateMs, () => link.endpoint.arrive(repeated));
    };
    const repeated = { execute: () => void execute(), refuse: () => {} };
    // A process that is stopped here has already made up its mind: it sends when it wakes up.
    process.deliver(transmit);
  });
}
