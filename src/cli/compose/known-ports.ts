/**
 * Ports of images that everybody knows: compose files name none for a database that only other services use, since the
 * image itself says it, which cannot be seen without an engine.
 */

/** By the last part of the image's name. */
const known: Readonly<Record<string, number>> = {
  adminer: 8080,
  caddy: 80,
  cassandra: 9042,
  clickhouse: 8123,
  'clickhouse-server': 8123,
  couchdb: 5984,
  elasticsearch: 9200,
  grafana: 3000,
  httpd: 80,
  influxdb: 8086,
  kafka: 9092,
  keydb: 6379,
  mailhog: 1025,
  mariadb: 3306,
  memcached: 11_211,
  minio: 9000,
  mongo: 27_017,
  mongodb: 27_017,
  mysql: 3306,
  'mysql-server': 3306,
  nats: 4222,
  neo4j: 7687,
  nginx: 80,
  opensearch: 9200,
  phpmyadmin: 80,
  postgis: 5432,
  postgres: 5432,
  postgresql: 5432,
  prometheus: 9090,
  rabbitmq: 5672,
  redis: 6379,
  'redis-stack-server': 6379,
  registry: 5000,
  timescaledb: 5432,
  valkey: 6379,
  vault: 8200,
  wordpress: 80,
};

/** The port that containers of this image listen on, if that is known. */
export function knownPort(image: string): number | undefined {
  // FastCGI, whatever the name says.
  if (/:[^/]*\bfpm\b/.test(image)) return 9000;
  const name = image.replace(/@.*$/, '').split('/').at(-1)?.split(':')[0] ?? '';
  return Object.hasOwn(known, name) ? known[name] : undefined;
}
