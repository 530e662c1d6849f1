/** Every image that specs start, in one place. A variable of that name takes another one: a mirror's, or another version. */
export const containerImages = {
  kafka: process.env["KAFKA_IMAGE"] ?? "apache/kafka:4.1.1",
  postgres: process.env["POSTGRES_IMAGE"] ?? "postgres:17",
} as const;
