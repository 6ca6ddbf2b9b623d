/**
 * The life of the daemon's process, from start to exit code.
 *
 *   starting ──► ready ──TERM, INT──► draining ──done, or a second signal──► exit 0
 *        any ──part died, uncaught error──► taken down at once ──► exit 70
 */
import { Exit, WormholeError } from '../lib/errors.ts';
import { notify } from '../sys/notify.ts';
import type { Settings } from './config/settings.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { openLog } from './log.ts';
import type { Schemas } from './schema/schema.ts';

/** Milliseconds beyond the drain after which taking down is given up; something hangs then. */
const GRACE_MS = 5000;

export interface ServeOptions {
  readonly settings: Settings;
  readonly schemas: Schemas;
  readonly version: string;
}

/** Serves until a signal or a fatal error; ends the process. */
export async function serve({ settings, schemas, version }: ServeOptions): Promise<never> {
  const log = openLog(settings.logLevel);
  const { logger } = log;
  const tell = (state: string): void => {
    const { NOTIFY_SOCKET: address } = process.env;
    if (address !== undefined && address !== '') notify(state, address);
  };
  const starting = new AbortController();
  let daemon: Daemon | undefined;
  let code: number | undefined;
  let ended: (() => void) | undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));

  /** @param drainMs for connections; 0 ends them at once */
  const stop = (drainMs: number, exitCode: number): void => {
    code = Math.max(code ?? exitCode, exitCode);
    starting.abort(new WormholeError('WH_ERR_ABORTED', 'stopped while starting'));
    tell('STOPPING=1');
    setTimeout(() => {
      logger.fatal('taking down takes too long; giving up');
      log.flush();
      process.exit(Exit.software);
    }, drainMs + GRACE_MS).unref();
    if (daemon === undefined) return;
    daemon
      .stop(drainMs)
      .catch((err: unknown) => {
        logger.error({ err }, 'not everything closed cleanly');
        code = Exit.software;
      })
      .finally(() => ended?.());
  };
  const onFatal = (err: unknown): void => {
    logger.fatal({ err }, 'fatal');
    stop(0, Exit.software);
  };
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    logger.info({ signal, drainMs: signals === 1 ? settings.drainMs : 0 }, 'stopping');
    stop(signals === 1 ? settings.drainMs : 0, Exit.ok);
  };
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);

  try {
    daemon = await startDaemon({ settings, schemas, version, log, signal: starting.signal, onFatal });
    tell('READY=1');
    if (code !== undefined) stop(0, code);
    await end;
  } catch (error) {
    const known = WormholeError.is(error) && error.code !== 'WH_ERR_INTERNAL';
    // Where it was found says nothing to whoever has to repair it.
    if (code === undefined) {
      logger.fatal(
        known ? { code: error.code, reason: error.message, ...error.detail } : { err: error },
        'cannot start',
      );
      if (known) logger.debug({ err: error }, 'cannot start');
    }
    code ??= WormholeError.is(error) ? error.exitCode : Exit.software;
    if (code !== Exit.ok)
      process.stderr.write(
        `wormholed: ${WormholeError.is(error) ? `${error.message} [${error.code}]` : String(error)}\n`,
      );
  }
  logger.info({ code: code ?? Exit.ok }, 'stopped');
  log.flush();
  process.exit(code ?? Exit.ok);
}
