import { expect, it } from 'vitest';
import { anAssignment, anInstance } from '../../../test/support/objects.ts';
import { type GatewayPolicy, trafficPolicy } from '../../api/traffic.ts';
import { computeHttpRoute } from './http-route.ts';

const gatewayOf = (more: object = {}): GatewayPolicy => {
  const gateway = { name: 'edge', classes: ['chat'], backend: { port: 8080 }, ...more };
  const parsed = trafficPolicy.parse({ domain: 'example.com', gateway }).gateway;
  if (!parsed) throw new Error('it was given');
  return parsed;
};
const routeFor = (more: object, weights?: { region: string; weight: number }[]) =>
  computeHttpRoute(anInstance('chat'), anAssignment('4 east>west'), weights, {
    domain: 'example.com',
    gateway: gatewayOf(more),
  });

it('a route sends requests to each region as the shares say, and names the epoch it was made from', () => {
  const route = routeFor({ namespace: 'gateways', sectionName: 'https' }, [
    { region: 'east', weight: 70 },
    { region: 'west', weight: 30 },
  ]);
  expect(route.metadata.annotations).toEqual({ 'switchback.dev/epoch': '4' });
  expect(route.spec).toEqual({
    parentRefs: [{ name: 'edge', namespace: 'gateways', sectionName: 'https' }],
    hostnames: ['chat.example.com'],
    rules: [
      {
        backendRefs: [
          { group: '', kind: 'Service', name: 'chat-east', port: 8080, weight: 70 },
          { group: '', kind: 'Service', name: 'chat-west', port: 8080, weight: 30 },
        ],
      },
    ],
  });
});

it('a route of a service that is active in one region sends all there', () => {
  const { backendRefs } = routeFor({ backend: { kind: 'ServiceImport', port: 443 } }).spec.rules[0] ?? {};
  expect(backendRefs).toEqual([
    { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'chat-east', port: 443, weight: 100 },
  ]);
});
