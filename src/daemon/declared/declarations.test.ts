import { describe, expect, test } from 'vitest';
import { DeclaredWorld } from '../../../test/support/declared-world.ts';

const LABEL = 'dev.wormhole.create';
const never = new AbortController().signal;

describe('labels', () => {
  test('make wormholes of containers that run already, that start, and that were missed', async () => {
    await using world = new DeclaredWorld();
    const { engine } = world.runner;
    const early = engine.add('early', { image: 'sha256:plain', labels: { [LABEL]: 'url :1' } });
    await world.follow();
    const late = await world.run('late', { [LABEL]: 'url :2', [`${LABEL}.admin`]: 'url :3 tail url :8080' });
    const missed = engine.add('missed', { image: 'sha256:plain', labels: { [LABEL]: 'url :4' } });
    await world.resync('connect');
    expect(world.made).toEqual({
      early: `url :1 tail docker-ns ${early.id}`,
      late: `url :2 tail docker-ns ${late.id}`,
      'late.admin': `url :3 tail url :8080 docker-ns ${late.id}`,
      missed: `url :4 tail docker-ns ${missed.id}`,
    });
    expect(world.logged).toEqual([
      `info early ${LABEL}: declared`,
      `info late ${LABEL}: declared`,
      `info late ${LABEL}.admin: declared`,
      `info missed ${LABEL}: declared`,
    ]);
  });

  test('are followed through a restart of the container, and their wormholes go with it', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const web = await world.run('web', { [LABEL]: 'url :80' });
    world.runner.exit(web.id);
    await world.runner.start(web.id, never);
    await world.settled();
    expect(world.wormholes.attempts).toBe(1);
    await world.runner.remove(web.id, never);
    await world.settled();
    expect(world.made).toEqual({});
  });

  test('of a container that was removed unheard of are found out by the next whole look', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const web = await world.run('web', { [LABEL]: 'url :80' });
    world.runner.engine.remove(web.id);
    await world.resync('connect');
    expect(world.made).toEqual({});
  });

  test('of a container that is made anew lead to the new one', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const old = await world.run('web', { [LABEL]: 'url :80' });
    // Both events are there before anything was done about the first.
    world.runner.engine.remove(old.id);
    world.runner.engine.tell('destroy', old);
    const { id } = await world.run('web', { [LABEL]: 'url :80' }, { id: 'f'.repeat(64) });
    expect(world.made).toEqual({ web: `url :80 tail docker-ns ${id}` });
  });

  test('whose wormhole somebody deleted wait for the next start of the container', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const web = await world.run('web', { [LABEL]: 'url :80' });
    await world.wormholes.remove('web');
    await world.resync('connect');
    await world.tell('start', web);
    expect(world.made).toEqual({});
    world.runner.exit(web.id);
    await world.runner.start(web.id, never);
    await world.settled();
    expect(Object.keys(world.made)).toEqual(['web']);
  });

  test('outlast an engine that does not answer', async () => {
    await using world = new DeclaredWorld();
    world.runner.engine.down = true;
    world.runner.engine.add('web', { image: 'sha256:plain', labels: { [LABEL]: 'url :80' } });
    await world.follow();
    world.runner.engine.down = false;
    await world.resync();
    expect(Object.keys(world.made)).toEqual(['web']);
    expect(world.logged).toEqual([`info web ${LABEL}: declared`]);
  });

  test('are no longer followed once it is closed; the wormholes stay', async () => {
    const world = new DeclaredWorld();
    await world.follow();
    await world.run('web', { [LABEL]: 'url :80' });
    await world[Symbol.asyncDispose]();
    expect(world.runner.engine.watchers).toBe(0);
    expect(Object.keys(world.made)).toEqual(['web']);
  });
});

describe('A27: an image commands nothing', () => {
  test('by labels that a container has from it, however many; what the container says for itself counts', async () => {
    await using world = new DeclaredWorld();
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${LABEL}.${n}`, `url :${n + 1}`]));
    const labels = { ...many, [LABEL]: 'url :22' };
    world.runner.images.set('sha256:evil', { id: 'sha256:evil', labels, healthcheck: false });
    await world.follow();
    const { id } = await world.run(
      'web',
      { ...labels, [`${LABEL}.own`]: 'url :8080', [`${LABEL}.7`]: 'url :9090' },
      { imageId: 'sha256:evil', image: 'evil:1' },
    );
    expect(world.made).toEqual({
      'web.7': `url :9090 tail docker-ns ${id}`,
      'web.own': `url :8080 tail docker-ns ${id}`,
    });
    expect(world.logged).toContain(`warn web ${LABEL}: it is the image's own, and images command nothing`);
    expect(world.logged).toHaveLength(3);
  });

  test('nor when its name means another image by now, or it is gone', async () => {
    await using world = new DeclaredWorld();
    const labels = { [LABEL]: 'url :22' };
    world.runner.images.set('sha256:evil', { id: 'sha256:evil', labels, healthcheck: false });
    world.runner.images.set('evil:1', { id: 'sha256:harmless', labels: {}, healthcheck: false });
    await world.follow();
    await world.run('web', labels, { imageId: 'sha256:evil', image: 'evil:1' });
    await world.run('lost', labels, { imageId: 'sha256:lost', image: 'evil:1' });
    await world.resync();
    await world.resync();
    expect(world.made).toEqual({});
    expect(world.logged).toEqual([
      `warn web ${LABEL}: it is the image's own, and images command nothing`,
      `warn lost ${LABEL}: its image is not to be found, so whose label it is cannot be told`,
    ]);
  });
});

describe('A32: a container that is named like somebody else’s wormhole', () => {
  test('does not get its id, is told of, gets it when it is free, and never removes the other', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    await world.wormholes.create(['id', 'shop', 'url', ':80'], never);
    const thief = await world.run('shop', { [LABEL]: 'url :8080' });
    await world.resync();
    await world.resync();
    expect(world.made).toEqual({ shop: 'url :80' });
    expect(world.logged).toEqual([`warn shop ${LABEL}: there is a wormhole shop`]);
    await world.wormholes.remove('shop');
    await world.resync();
    expect(world.made).toEqual({ shop: `url :8080 tail docker-ns ${thief.id}` });
    // Deleted, and its id taken by somebody else: not the container's to remove.
    await world.wormholes.remove('shop');
    await world.wormholes.create(['id', 'shop', 'url', ':80'], never);
    await world.runner.remove(thief.id, never);
    await world.settled();
    expect(world.made).toEqual({ shop: 'url :80' });
  });

  test('nor do two containers share one: the first keeps it', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const first = await world.run('a', { [`${LABEL}.b`]: 'url :1' });
    await world.run('a.b', { [LABEL]: 'url :2' });
    expect(world.made).toEqual({ 'a.b': `url :1 tail docker-ns ${first.id}` });
  });
});

describe('a label that comes to nothing', () => {
  test('is told once with its reason, and never tried again when it cannot be right', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const web = await world.run('web', { [LABEL]: 'url 0.0.0.0:80', [`${LABEL}.x`]: 'remote db-host' });
    await world.resync('connect');
    await world.resync();
    world.runner.exit(web.id);
    await world.runner.start(web.id, never);
    await world.settled();
    expect(world.wormholes.attempts).toBe(0);
    expect(world.logged).toEqual([
      expect.stringMatching(
        /^warn web dev\.wormhole\.create: .*may not listen on "0\.0\.0\.0"; the setting labels allows loopback$/,
      ),
      expect.stringMatching(/^warn web dev\.wormhole\.create\.x: .*a label has no remote/),
    ]);
  });

  test('for a port that is taken is tried again with each resync, and told once', async () => {
    await using world = new DeclaredWorld();
    world.wormholes.taken.add(':80');
    await world.follow();
    await world.run('web', { [LABEL]: 'url :80' });
    await world.resync();
    await world.resync();
    expect(world.wormholes.attempts).toBe(3);
    world.wormholes.taken.clear();
    await world.resync();
    await world.resync();
    expect(world.wormholes.attempts).toBe(4);
    expect(world.logged).toEqual([`warn web ${LABEL}: :80 is in use`, `info web ${LABEL}: declared`]);
  });

  test('because the container has the host’s network is refused', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    await world.run('web', { [LABEL]: 'url :80 tail url :22' }, { hostNetwork: true });
    expect(world.made).toEqual({});
    expect(world.logged[0]).toContain("in the host's network");
  });

  test('beyond 16 of a container, or 256 in all, waits its turn or is refused', async () => {
    await using world = new DeclaredWorld();
    await world.follow();
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${LABEL}.${n}`, `url :${n + 1}`]));
    for (let n = 0; n < 17; n++) await world.run(`c${n}`, many);
    expect(Object.keys(world.made)).toHaveLength(256);
    const warnings = world.logged.filter((line) => line.startsWith('warn'));
    expect(warnings.filter((line) => line.endsWith('declares at most 16 wormholes'))).toHaveLength(17);
    expect(warnings.filter((line) => line.endsWith('256 wormholes by labels already'))).toHaveLength(16);
    expect(warnings).toHaveLength(33);
  });
});
