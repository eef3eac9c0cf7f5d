import { GenericContainer, PullPolicy } from 'testcontainers';
import { NODE_IMAGE } from './node-image.ts';

/** A privileged container at an address of its own, with disks that keep what they hold when it is started again. */
export class NodeContainer extends GenericContainer {
  constructor(name: string) {
    super(NODE_IMAGE);
    // Nothing removes it but the end of the enclosure; and all nodes would wait for each other to be noted for removal.
    this.withName(name).withHostname(name).withPrivilegedMode().withAutoCleanup(false);
    this.withPullPolicy(PullPolicy.neverPull());
  }

  /** @param network name of a network of Docker, in which the address is free */
  withAddress(network: string, ip: string): this {
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: ip } } } };
    return this.withNetworkMode(network);
  }

  withDisks(...paths: readonly string[]): this {
    this.createOpts.Volumes = Object.fromEntries(paths.map((path) => [path, {}]));
    return this;
  }
}
