/** Who speaks to the hub, as its token says. */
export type Principal = AgentPrincipal | UserPrincipal;

/** A host, a watchdog, or whatever else sends records: they are stored under its name, and it sees its own. */
export interface AgentPrincipal {
  readonly kind: 'agent';
  /** The agent: what records are stored under. */
  readonly name: string;
}

export interface UserPrincipal {
  readonly kind: 'user';
  readonly name: string;
  readonly role: Role;
  /** The agents that the user may see, in the order in which they were given; undefined: all. */
  readonly agents: readonly string[] | undefined;
}

/** Each may what those before it may. */
export const ROLES = ['view', 'operate', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The agents whose records may be seen; undefined: all. */
export function visibleAgents(principal: Principal): readonly string[] | undefined {
  return principal.kind === 'agent' ? [principal.name] : principal.agents;
}

/** Whether a user has at least a role; an agent has none. */
export function hasRole(principal: Principal, role: Role): boolean {
  return principal.kind === 'user' && ROLES.indexOf(principal.role) >= ROLES.indexOf(role);
}
