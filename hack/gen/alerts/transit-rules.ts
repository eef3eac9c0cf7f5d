import type { Alert } from './alert.ts';

export const TRANSIT: readonly Alert[] = [
  {
    name: 'SwitchbackTransitVoiceLost',
    severity: 'critical',
    expr: 'max by (iu_group, centre) (switchback_transit_state{path="voice", state="Lost"}) == 1',
    summary: 'Transit centre {{ $labels.centre }} is lost for voice',
    description:
      'No region of IU group {{ $labels.iu_group }} reaches transit centre {{ $labels.centre }} for voice. Its callers come in through the other one of the pair if it can take them.',
  },
  {
    name: 'SwitchbackTransitMplsLost',
    severity: 'warning',
    expr: 'max by (iu_group, centre) (switchback_transit_state{path="mpls", state="Lost"}) == 1',
    summary: 'Transit centre {{ $labels.centre }} is lost for private networks',
    description:
      'No region of IU group {{ $labels.iu_group }} reaches transit centre {{ $labels.centre }} for private networks. Sites that are connected by MPLS alone feel it; Switchback cannot move them.',
  },
  {
    name: 'SwitchbackIngressMoved',
    severity: 'warning',
    expr: 'max by (iu_group, centre, served_by) (switchback_transit_ingress_moved) == 1',
    summary: 'Callers of {{ $labels.centre }} come in through {{ $labels.served_by }}',
    description:
      'Voice ingress of transit centre {{ $labels.centre }} (IU group {{ $labels.iu_group }}) was moved to {{ $labels.served_by }}. It returns by itself when its own centre has been well for long enough.',
  },
  {
    name: 'SwitchbackIngressHeld',
    severity: 'critical',
    expr: 'sum by (iu_group, reason) (switchback_transit_holds{wanted="Move"}) > 0',
    for: '2m',
    summary: 'Callers of {{ $labels.iu_group }} should come in elsewhere and are held: {{ $labels.reason }}',
    description:
      'For two minutes callers of a transit centre of IU group {{ $labels.iu_group }} have had to be moved, and something holds them ({{ $labels.reason }}).',
  },
  {
    name: 'SwitchbackTransitNotProtected',
    severity: 'warning',
    expr: 'max by (iu_group) (switchback_group_condition{type="TransitProtected", status="false"}) == 1',
    for: '15m',
    summary: 'The loss of one transit centre, or of one region, would cut callers of {{ $labels.iu_group }} off',
    description:
      'In IU group {{ $labels.iu_group }} one more loss of a transit centre or a region would leave callers without a way to their agents.',
  },
];
