#!/usr/bin/env bash
# Whether the service of this container is ready, asked every few seconds in each: without starting another Node for it.
exec 3<>"/dev/tcp/127.0.0.1/${PORT:?}"
printf 'GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
IFS= read -r -t 4 status <&3
[[ $status == *" 200 "* ]]
