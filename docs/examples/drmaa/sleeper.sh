#!/bin/sh
echo "Hello world, the answer is $1"
sleep "${SLEEP_SECONDS:-3}"
echo "$2 Bye world!"
