import type { FastifyInstance } from 'fastify';
import type { Doors } from '../server/doors.ts';
import type { Access } from './access.ts';
import { registerAuditRoute } from './routes-audit.ts';
import { registerBrowserRoutes } from './routes-browser.ts';
import { registerOwnPassword } from './routes-own-password.ts';
import { registerTokenRoutes } from './routes-tokens.ts';
import { registerUserRoutes } from './routes-users.ts';

/** Everything of HTTP that is about who may come in. See docs/hub-access.md. */
export function registerAccess(app: FastifyInstance, doors: Doors, access: Access): void {
  registerBrowserRoutes(app, doors, access);
  registerOwnPassword(app, doors, access);
  registerTokenRoutes(app, doors, access);
  registerUserRoutes(app, doors, access);
  registerAuditRoute(app, doors, access);
}
