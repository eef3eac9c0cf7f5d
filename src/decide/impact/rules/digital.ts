import { effectIf } from '../effect.ts';
import { usual } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { shortBreak } from './sessions.ts';

/** Chat and its like come in over the internet, and by no transit centre. Mail is another matter. */
export const digital: Rule = {
  region(world) {
    const outcome = world.outcomeOf('Digital');
    const { services } = outcome.out;
    const channels = world
      .servicesOf('Digital')
      .filter(({ outside, serviceClass }) => outside.includes('CustomerChannel') && services.includes(serviceClass))
      .map(({ serviceClass }) => serviceClass)
      .sort();
    return {
      operations: usual(outcome),
      representative: [...world.representative, ...effectIf(services.length > 0, 'NoWork', { services })],
      customer: effectIf(channels.length > 0, 'ChannelsUnavailable', { services: channels }),
    };
  },
  // The way to the mail server of the tenant is made once, through its primary transit centre, and counts as lost with
  // it whichever of its paths is. What runs in another region too goes by the centre of that one.
  transit({ hasOtherWay, hasPrivateMail, isPrimary, servicesOf }) {
    const services = servicesOf('Digital')
      .filter((service) => service.outside.includes('CustomerMail') && !hasOtherWay(service))
      .map(({ serviceClass }) => serviceClass);
    return { operations: effectIf(isPrimary && hasPrivateMail && services.length > 0, 'MailCut', { services }) };
  },
  planned: (world) => ({ operations: shortBreak('Digital', world) }),
};
