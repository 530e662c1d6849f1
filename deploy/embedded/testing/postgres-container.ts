import { containerImages } from "@chat/shared/testing/container-images";
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from "@testcontainers/postgresql";

/**
 * A server whose health is asked for without a shell and with all the time that it takes. By default a shell asks, and is
 * killed when it is late; what it leaves behind becomes a child of the server, which is the container's first process, and
 * a child that dies by a signal makes the server end all connections and recover.
 */
export function startPostgresContainer(): Promise<StartedPostgreSqlContainer> {
  return new PostgreSqlContainer(containerImages.postgres)
    .withHealthCheck({
      test: ["CMD", "pg_isready", "--host", "localhost"],
      interval: 500,
      timeout: 60_000,
      retries: 1_000,
    })
    .start();
}
