/**
 * An engine whose containers are bare namespaces: what Docker's API says of them is made up, the kernel's part is real.
 *
 * For the virtual machine, where a real engine takes half a minute to start; needs the second version of control groups.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { EngineApi } from './engine-api.ts';
import type { Host } from './host.ts';
import type { Running } from './program.ts';
import { until } from './relay-wait.ts';

export class RoomEngine implements AsyncDisposable {
  /** What programs find it by. */
  readonly env: Readonly<Record<string, string>>;
  readonly #api: EngineApi;
  readonly #listeners = new Set<ServerResponse>();
  readonly #rooms = new Map<string, Room>();

  private constructor(api: EngineApi) {
    this.#api = api;
    this.env = { DOCKER_HOST: `unix://${api.socketPath}` };
    api.say('GET /version', 200, { Version: '20.10.24', ApiVersion: '1.41' }).say('GET /_ping', 200);
    api.on('GET /events', (response) => {
      response.writeHead(200).flushHeaders();
      this.#listeners.add(response);
      response.on('close', () => this.#listeners.delete(response));
    });
    api.on('GET /containers/json', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify([...this.#rooms.values()].map((room) => room.listed)));
    });
  }

  static async start(): Promise<RoomEngine> {
    return new RoomEngine(await EngineApi.start());
  }

  /** Has a container of that name run, another one than before if there was one. */
  async run(host: Host, name: string): Promise<void> {
    const before = this.#rooms.get(name);
    await before?.end();
    if (before !== undefined) this.#tell('die', before);
    const room = await Room.start(host, name, before?.id);
    this.#rooms.set(name, room);
    this.#api.say(`GET /containers/${room.id}/json`, 200, room.inspected);
    this.#tell('start', room);
  }

  /** Words that run a program in a container's network. */
  inside(name: string): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#rooms.get(name)?.pid}/ns/net`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const room of this.#rooms.values()) await room.end();
    await this.#api[Symbol.asyncDispose]();
  }

  #tell(action: string, { id, name }: Room): void {
    const event = { Type: 'container', Action: action, Actor: { ID: id, Attributes: { name } } };
    for (const listener of this.#listeners) listener.write(`${JSON.stringify(event)}\n`);
  }
}

class Room {
  readonly id: string;
  readonly name: string;
  readonly #running: Running;
  readonly #group: string;
  readonly #startedAt = new Date().toISOString();

  private constructor(id: string, name: string, running: Running) {
    this.id = id;
    this.name = name;
    this.#running = running;
    this.#group = `/sys/fs/cgroup/docker-${id}.scope`;
  }

  static async start(host: Host, name: string, id = randomBytes(32).toString('hex')): Promise<Room> {
    const script = 'ip link set lo up; echo up; exec sleep infinity';
    const running = host.start(['unshare', '--net', 'sh', '-c', script]);
    await until('there is a room', () => running.output.stdout === 'up\n');
    const room = new Room(id, name, running);
    mkdirSync(room.#group, { recursive: true });
    writeFileSync(`${room.#group}/cgroup.procs`, `${room.pid}`);
    return room;
  }

  get pid(): number {
    return this.#running.child.pid;
  }

  get listed(): object {
    const { id, name } = this;
    return { Id: id, Names: [`/${name}`], State: 'running', Image: 'room', HostConfig: { NetworkMode: 'none' } };
  }

  get inspected(): object {
    const { id, name, pid } = this;
    return {
      Id: id,
      Name: `/${name}`,
      Image: 'room',
      Created: this.#startedAt,
      State: { Running: true, Status: 'running', Pid: pid, StartedAt: this.#startedAt },
      HostConfig: { NetworkMode: 'none' },
      Config: { Image: 'room', Labels: {} },
    };
  }

  async end(): Promise<void> {
    this.#running.child.kill('SIGKILL');
    await this.#running.ended;
    rmdirSync(this.#group);
  }
}
