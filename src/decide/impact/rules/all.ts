import type { Functionality } from '../../../api/service-class.ts';
import type { Rule } from '../worlds.ts';
import { agentLogin } from './agent-login.ts';
import { callRouting } from './call-routing.ts';
import { callback } from './callback.ts';
import { designer } from './designer.ts';
import { digital } from './digital.ts';
import { historicalDataFeed } from './historical-data-feed.ts';
import { outbound } from './outbound.ts';
import { provisioning } from './provisioning.ts';
import { recordingPlayback } from './recording-playback.ts';
import { reporting } from './reporting.ts';
import { voicemail } from './voicemail.ts';
import { workforceManagement } from './workforce-management.ts';

export const RULES: Readonly<Record<Functionality, Rule>> = {
  AgentLogin: agentLogin,
  Callback: callback,
  HistoricalDataFeed: historicalDataFeed,
  Designer: designer,
  CallRouting: callRouting,
  Provisioning: provisioning,
  Reporting: reporting,
  RecordingPlayback: recordingPlayback,
  WorkforceManagement: workforceManagement,
  Voicemail: voicemail,
  Digital: digital,
  Outbound: outbound,
};
