/** Every image that specs start, in one place. A variable of that name takes another one: a mirror's, or another version. */
export const containerImages = {
  kafka: process.env["KAFKA_IMAGE"] ?? "apache/kafka:4.1.1",
  postgres: process.env["POSTGRES_IMAGE"] ?? "postgres:17",
  nginx: process.env["NGINX_IMAGE"] ?? "nginx:1.26",
  node: process.env["NODE_IMAGE"] ?? "node:24-bookworm-slim",
} as const;
