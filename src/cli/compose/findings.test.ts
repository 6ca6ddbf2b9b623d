import { describe, expect, test } from 'vitest';
import { refusal, translated, useFolder } from '../../../test/support/compose-world.ts';

useFolder();

describe('what cannot be kept', () => {
  test('is told of each service, with the remedy', async () => {
    const { lines, notes } = await translated(`
name: shop
networks: {back: {internal: true}, front: }
services:
  web:
    image: web
    ports: ["127.0.0.1:80:80"]
    networks: {back: {ipv4_address: 10.0.0.2}}
    secrets: [s]
    sysctls: {a: 1}
    annotations: {a: b}
    depends_on: {job: {condition: service_completed_successfully}}
    scale: 3
    deploy: {replicas: 2, placement: {}}
    x-own: 1
  job: {image: job}
  debug: {image: debug, profiles: [debug], ports: ["127.0.0.1:1:1"]}
secrets: {s: {file: ./s}}
`);
    expect(lines).toHaveLength(1);
    expect(notes).toEqual([
      "the file: networks: back: internal left out; containers are in Docker's default network and reach each other through wormholes",
      'debug: it is in profile debug and left out; name it to have it: wormhole compose FILE debug',
      'web: deploy: replicas: one container is started, however many clients come',
      'web: deploy: placement is left out; it belongs to a swarm, or docker-run has no flag for it',
      'web: depends_on: job is not run before it; run it once by hand: docker compose run --rm job',
      'web: networks: back: ipv4_address is left out; the service is reached through wormholes',
      'web: secrets is left out; mount the file with volumes: ./FILE:/run/secrets/NAME:ro',
      'web: sysctls is left out; docker-run has no flag for it',
      'web: annotations is left out; docker-run has no flag for it',
      'web: scale is left out; one container is started, however many clients come',
      'job: nobody can connect to it, so nothing would start it; start it yourself, or give it ports: or expose:',
      'web: job has no port that is known; give it expose: and the port it listens on',
    ]);
  });

  test('some of the services can be had by their names, with those they talk to', async () => {
    const text =
      'services: {a: {build: .}, b: {image: b, expose: [1], depends_on: [c]}, c: {image: redis}, d: {image: d, expose: [2]}}';
    const { sentences } = await translated(text, { only: ['b'] });
    // Nobody talks to b, and it has no port of the host.
    expect(sentences.map(({ service }) => service)).toEqual(['c']);
    await expect(translated(text, { only: ['x'] })).rejects.toThrow('no service x; there are a, b, c, d');
  });

  test.each([
    ['services: {web: {build: .}}', /^web: build: nothing is built here; docker compose build web/],
    ['services: {web: {ports: ["1:1"]}}', /^web: image is missing/],
    ['services: {web: {image: web, network_mode: host}}', /^web: network_mode: host has no namespace of its own/],
    ['services: {web: {image: web, volumes: ["data:/d"]}}', /^web: volumes: data is not declared/],
    ['services: {web: {image: web, env_file: none.env}}', /^web: env_file: none.env does not exist/],
    ['services: {web: {image: web, privileged: maybe}}', /^web: privileged: write true or false/],
    ['services: {web: {image: "UPPER case", ports: ["1:1"]}}', /^web: .* is not an image/],
    ['services: {web: {image: web, ports: ["1:1"], mem_limit: lots}}', /^web: .*--memory/],
    ['services: {web: 1}', /^web: it is not a mapping/],
    ['include: [other.yaml]\nservices: {web: {image: web}}', /^include: .*docker compose config/],
    ['services: {}', /no services/],
    [
      'services: {web: {image: nginx, ports: ["8080:80"], depends_on: [app]}, app: {image: httpd}}',
      /^web: it reaches app at its own loopback, where port 80\/tcp is its own already/,
    ],
    ['services: {a: {build: .}, b: {build: .}, c: {image: c, ports: ["1:1"]}}', /^a: build: .* \(and 1 more, above\)$/],
  ])('%s is refused', async (text, message) => {
    expect(await refusal(text)).toMatch(message);
  });
});
