/**
 * A docker-run means what `docker run` means: Docker's own command line is the oracle.
 *
 *     line ─┬─► docker create ──────────┐
 *           └─► recipeOf ─► POST /create ┴─► one engine ─► two inspects, which are to be equal
 */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recipeOf } from '../../src/spec/recipe/recipe.ts';
import { readRun } from '../../src/spec/run.ts';
import { runFlagNames } from '../../src/spec/run-flags.ts';
import { splitWords } from '../../src/spec/shell.ts';
import { DockerHost, IMAGE } from '../support/docker-host.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`docker-run-config.test.ts is skipped: ${missing}`);

/** Flags; the image stands at IMG, after it the command. */
const lines = [
  'IMG',
  'IMG sleep -e 5',
  '-- IMG echo "a b" \'\'',
  '-e A=b --env "B=x y" --env=C= -e A=later -eD==d IMG',
  '-l a=b --label "c=d e" -l f -l a=later IMG',
  '-v data:/data IMG',
  '-v /cache -v /var/tmp:/t:ro,z --volume=/var/tmp/x:/x:rslave -v data:/d:nocopy -v data:/d2:ro IMG',
  '--mount type=bind,source=/tmp,target=/t,readonly IMG',
  '--mount type=bind,src=/tmp,dst=/t,ro=true,bind-propagation=rslave,bind-nonrecursive IMG',
  '--mount target=/anonymous --mount source=data,destination=/d,volume-nocopy=1 IMG',
  `--mount 'type=volume,src=opts,dst=/o,volume-driver=local,volume-label=a=b,"volume-opt=o=size=1m,uid=1",volume-opt=type=tmpfs,volume-opt=device=tmpfs' IMG`,
  '--mount type=tmpfs,target=/m,tmpfs-size=64m,tmpfs-mode=1777 --mount type=tmpfs,target=/n,consistency=cached IMG',
  '--tmpfs /run --tmpfs /tmp:size=64m,mode=1777,noexec --tmpfs /run:ro IMG',
  '-w /srv --workdir /tmp IMG',
  '-u 1000 IMG',
  '--user nobody:0 IMG',
  '--entrypoint /bin/echo IMG',
  '--entrypoint /bin/echo IMG a b',
  '--entrypoint "" IMG sleep 1',
  '--entrypoint= IMG true',
  '--hostname shop IMG',
  '-h shop.example IMG',
  '--network bridge IMG',
  '--network host -p 80:80 --add-host a:10.0.0.1 IMG',
  '--net none IMG',
  '--network shopnet IMG',
  '--network container:peer IMG',
  '--add-host db:10.0.0.7 --add-host six:fd00::1 --add-host up:host-gateway --dns 10.0.0.1 --dns ::ffff:10.0.0.2 IMG',
  '-m 512m IMG',
  '--memory 1.5GiB --shm-size 64k IMG',
  '-m 0 --shm-size=1g IMG',
  '--cpus 1.5 IMG',
  '--cpus .25 --cpus 0.123456789 IMG',
  '--ulimit nofile=1024:2048 --ulimit nproc=5 --ulimit core=-1 --ulimit nofile=10 --ulimit data=5:-1 IMG',
  '--cap-add NET_ADMIN --cap-add cap_sys_time --cap-drop ALL --cap-drop chown IMG',
  '--read-only --privileged IMG',
  '--read-only=false --privileged=false IMG',
  '--device /dev/null --device /dev/zero:/dev/nought --device /dev/null:r --device /dev/full:/dev/f:mr IMG',
  '--security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt label=disable IMG',
  '--security-opt no-new-privileges=false --security-opt apparmor=unconfined IMG',
  '--security-opt systempaths=unconfined --security-opt seccomp:unconfined IMG',
  '--restart always IMG',
  '--restart on-failure:3 IMG',
  '--restart=always --restart on-failure IMG',
  '--restart unless-stopped IMG',
  '--restart no --rm IMG',
  '--rm --init IMG',
  '--rm=false --init=false IMG',
  '--platform linux/amd64 --pull never IMG',
  '--pull missing IMG',
  '-p 80 --publish 8080:80 -p 127.0.0.1:8081:80/udp -p 127.0.0.1::81 IMG',
  '-p 8000-8002:80-82 -p 9000-9005:90 -p 53:53/UDP -p 7:7/sctp -p [::1]:8443:443 -p 80-81 IMG',
  '-p published=8080,target=80,protocol=udp -p target=81,published=82 IMG',
  '--stop-timeout 3 --stop-signal SIGINT IMG',
  '--stop-timeout -1 --stop-signal rtmin+3 IMG',
  '--stop-timeout 0 --stop-signal 9 IMG',
  `--health-cmd 'test -e "/a b" || exit 1' --health-interval 1m30s --health-timeout=1.5s --health-retries 3 IMG`,
  '--health-interval 500ms --health-timeout 0 IMG',
  '--health-retries 0 --no-healthcheck IMG',
  '-it IMG',
  '-i IMG',
  '-t=true IMG'.replace('-t=true', '--tty=true --interactive=false'),
];

const refused = [
  '-e =x IMG',
  '-v data:/ IMG',
  '-v data:y IMG',
  '-v a1:/x:ro,rw IMG',
  '-v a1:/x:wide IMG',
  '-v x/y:/x IMG',
  '-v a1:/x -v b1:/x IMG',
  '-v a1:/x --tmpfs /x IMG',
  '--mount type=bind,target=/x IMG',
  '--mount type=bind,source=/tmp,target=x IMG',
  '--mount type=tmpfs,source=/tmp,target=/x IMG',
  '--mount type=bind,source=/tmp,target=/x,tmpfs-size=1m IMG',
  '--mount source=a1,target=/x,frob=1 IMG',
  '-w srv IMG',
  '--name x IMG',
  '--network container: IMG',
  '--network a1 --network b1 IMG',
  '--network container:peer -p 80:80 IMG',
  '--network container:peer --hostname x IMG',
  '--network container:peer --dns 10.0.0.1 IMG',
  '--network container:peer --add-host a:10.0.0.1 IMG',
  '--add-host a IMG',
  '--add-host a:b IMG',
  '--dns name IMG',
  '-m lots IMG',
  '-m 5m IMG',
  '--cpus many IMG',
  '--cpus 0.1234567891 IMG',
  '--ulimit files=1 IMG',
  '--ulimit nofile=2:1 IMG',
  '--cap-add NET_ADMN IMG',
  '--device /a:/b:/c:/d IMG',
  '--device /dev/null:/dev/x:rwx IMG',
  '--security-opt frob=1 IMG',
  '--security-opt apparmor IMG',
  '--restart always:3 IMG',
  '--restart sometimes IMG',
  '--rm --restart always IMG',
  '--platform frob/ IMG',
  '-p 80:0x50 IMG',
  '-p 80-81:80-82 IMG',
  '-p 80:80/icmp IMG',
  '-p name:80:80 IMG',
  '--stop-signal SIGFROB IMG',
  '--health-interval 30 IMG',
  '--health-interval 500us IMG',
  '--health-retries -1 IMG',
  '--no-healthcheck --health-cmd true IMG',
  '-- --privileged',
  '-d',
];

/** Answers of the engine's API. */
interface Inspect {
  readonly Config: Record<string, unknown>;
  readonly HostConfig: Record<string, unknown>;
  readonly Mounts: ReadonlyArray<Record<string, unknown>>;
  readonly NetworkSettings: { readonly Networks: Record<string, unknown> };
}

describe.skipIf(missing !== undefined)('a docker-run', () => {
  let host: DockerHost;
  beforeAll(async () => {
    host = await DockerHost.start();
    await host.docker(['network', 'create', 'shopnet']);
    await host.run({ name: 'peer' });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const wordsOf = (line: string): string[] => splitWords(line).map((word) => (word === 'IMG' ? IMAGE : word));

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const call = request({ socketPath: host.socketPath, method, path: `/v1.41${path}`, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => (text += part));
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          if (status < 300) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${status} ${text}`));
        });
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function inspect(id: string): Promise<Pick<Inspect, 'Config'>> {
    return comparable((await ask('GET', `/containers/${id}/json`)) as Inspect) as Inspect;
  }

  async function createOurs(words: readonly string[]): Promise<string> {
    const { platform, body } = recipeOf(words);
    const query = platform === undefined ? '' : `?platform=${encodeURIComponent(platform)}`;
    return ((await ask('POST', `/containers/create${query}`, body)) as { Id: string }).Id;
  }

  test.each(lines)('is made as by docker create: %s', async (line) => {
    const words = wordsOf(line);
    // `create` has no --detach: what it attaches is set right by its `start`.
    const theirs = await host.docker(['create', ...words]);
    const ours = await createOurs(words);
    const expected = await inspect(theirs);
    const attached = { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };
    expect(await inspect(ours)).toEqual({ ...expected, Config: { ...expected.Config, ...attached } });
  });

  test.each(refused)('Docker refuses it, too: %s', async (line) => {
    const words = wordsOf(line);
    expect(() => recipeOf(words)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
    await expect(host.docker(['create', ...words])).rejects.toThrow();
  });

  test('attaches nothing, as docker run --detach does', async () => {
    const words = ['-d', '-i', '-t', '--detach', IMAGE];
    const theirs = await host.docker(['run', ...words]);
    const { Config } = await inspect(theirs);
    expect((await inspect(await createOurs(words))).Config).toEqual(Config);
  });

  test('the lines above cover every flag that a recipe may hold', () => {
    const used = new Set(lines.flatMap((line) => readRun(wordsOf(line)).flags.map(({ name }) => name)));
    // The command line resolves the first, there is nothing to see of the second, the last is no part of the body.
    const elsewhere = new Set<string>(['env-file', 'detach', 'name']);
    expect(runFlagNames.filter((name) => !used.has(name) && !elsewhere.has(name))).toEqual([]);
  });
});

/** What an inspect says of a container's making, without names that the engine drew, without what is empty, in one order. */
function comparable({ Config, HostConfig, Mounts, NetworkSettings }: Inspect): unknown {
  const drawn = /^[0-9a-f]{12}$/.test(String(Config['Hostname']));
  const { Binds, Ulimits, Mounts: asked, CapAdd, CapDrop, ...rest } = HostConfig;
  return filled({
    Config: { ...Config, Hostname: drawn ? 'drawn' : Config['Hostname'] },
    HostConfig: {
      ...rest,
      Binds: sorted(Binds),
      Ulimits: sorted(Ulimits),
      Mounts: sorted(asked),
      // Docker's command line of before 23 leaves them as they were typed.
      CapAdd: sorted(CapAdd)?.map(capability),
      CapDrop: sorted(CapDrop)?.map(capability),
    },
    Mounts: sorted(
      Mounts.map(({ Name, Source, ...mount }) =>
        /^[0-9a-f]{64}$/.test(String(Name)) ? mount : { Name, Source, ...mount },
      ),
    ),
    Networks: Object.keys(NetworkSettings.Networks),
  });
}

/** The engine tells an empty list from none, and means the same; where it does not, it has filled in a default. */
function filled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, filled(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Docker keeps some of its lists in maps, which have no order. */
function sorted(list: unknown): string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.map((item) => (typeof item === 'string' ? item : JSON.stringify(filled(item)))).sort();
}

function capability(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}
